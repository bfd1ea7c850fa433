"""The command line ``watchglass``: one module for each group of commands."""

import sys

from watchglass.base import heap

_LIVES_LONG = "serve"


def main() -> None:
    """The command ``watchglass``. What lives for months gets the memory that this takes before
    anything is loaded, for it begins once more then."""
    arguments = sys.argv[1:]
    if _LIVES_LONG in arguments:
        heap.begin_without_shelves()
    from watchglass.app.cli.program import run

    sys.exit(run(arguments))
