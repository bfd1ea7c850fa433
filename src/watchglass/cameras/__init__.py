"""Cameras: their addresses, what they offer, what the operator may ask of them."""
