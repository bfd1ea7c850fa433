"""ONVIF: setting a camera up, turning it, and hearing what it says happens."""
