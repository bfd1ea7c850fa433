"""The command line ``watchglass``: one module for each group of commands."""

from watchglass.app.cli.program import main, run

__all__ = ["main", "run"]
