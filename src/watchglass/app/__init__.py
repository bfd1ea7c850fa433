"""The composition root: processes, placement, the command line. ``wiring`` is the map."""
