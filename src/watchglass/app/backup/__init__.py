"""Backups: made while the recorder runs, checked, and restored from."""
