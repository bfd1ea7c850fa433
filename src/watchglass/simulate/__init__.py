"""Cameras that speak real RTSP on this machine, for the demo, the tests and the benches."""
