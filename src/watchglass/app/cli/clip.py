"""``watchglass clip``."""

import typer


def clip(context: typer.Context) -> None:
    """Soon."""
