"""Live pictures on their way to viewers: the hub, and what a feed of frames has to give it."""
