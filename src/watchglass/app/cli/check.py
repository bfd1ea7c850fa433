"""``watchglass check``."""

import typer


def check(context: typer.Context) -> None:
    """Soon."""
