"""A screen at a desk and on a telephone, one after the other."""

from typing import Any

from tests.browser.screens import DESK, PHONE
from tests.browser.test_users import readable
from tests.browser.visitor import Visitor


def at_both_widths(visitor: Visitor, name: str) -> None:
    """Nothing is wider than its screen, and nothing there for axe; on the phone by day."""
    for screen in (PHONE, DESK):
        width = width_of(screen)
        visitor.page.set_viewport_size({"width": width, "height": int(str(screen["height"]))})
        visitor.page.emulate_media(color_scheme="dark" if screen is DESK else "light")
        readable(visitor, f"{name}-{width}")


def width_of(screen: dict[str, object]) -> int:
    return int(str(screen["width"]))


def asked(visitor: Visitor, path: str) -> Any:
    """What the recorder answers to whoever is signed in before the page."""
    script = "path => fetch(`/api/v1/${path}`).then((answer) => answer.json())"
    return visitor.page.evaluate(script, path)
