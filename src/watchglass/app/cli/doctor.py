"""``watchglass doctor``."""

import typer


def doctor(context: typer.Context) -> None:
    """Soon."""
