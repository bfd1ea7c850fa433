"""Reads what others have written down of a network: port scans, switches' tables, inventories."""
