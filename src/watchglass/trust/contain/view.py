"""Containment as the page shows it."""

import msgspec


class ContainmentView(msgspec.Struct, frozen=True, kw_only=True):
    """Rules as ``text``, to be kept under ``file``; what will stop working; for which devices."""

    text: str
    file: str
    breaks: tuple[str, ...]
    devices: tuple[str, ...]
