"""Typed settings of a process, read from its environment."""
