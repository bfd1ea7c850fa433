"""``watchglass timeline``."""

import typer


def timeline(context: typer.Context) -> None:
    """Soon."""
