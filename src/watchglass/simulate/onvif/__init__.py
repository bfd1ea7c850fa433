"""Simulated ONVIF devices: HTTP and SOAP as cameras speak them, in front of simulated streams."""
