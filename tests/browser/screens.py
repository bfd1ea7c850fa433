"""The two screens that the page is tried on: one of a desk, and a telephone's.

A story takes up to a minute of each. The full tier tries it on one of the two, in turn, so that
both are tried on about half of all; the long tier tries each story on both.
"""

import pytest

WIDE: dict[str, object] = {"width": 1440, "height": 900, "color_scheme": "dark"}
DESK: dict[str, object] = {"width": 1280, "height": 800, "color_scheme": "dark"}
PHONE: dict[str, object] = {"width": 390, "height": 844, "color_scheme": "light"}

on_wide = pytest.mark.parametrize(
    "screen",
    [pytest.param(WIDE, id="wide"), pytest.param(PHONE, id="phone", marks=pytest.mark.long)],
)
on_phone = pytest.mark.parametrize(
    "screen",
    [pytest.param(WIDE, id="wide", marks=pytest.mark.long), pytest.param(PHONE, id="phone")],
)
