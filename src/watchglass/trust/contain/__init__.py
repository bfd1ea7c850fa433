"""Containment: rules that keep cameras in, written for whoever puts them in force."""
