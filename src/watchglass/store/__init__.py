"""Metadata in SQL, and the secrets in it: the only package that knows a database is there."""
