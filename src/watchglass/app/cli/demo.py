"""``watchglass demo``."""

import typer


def demo(context: typer.Context) -> None:
    """Soon."""
