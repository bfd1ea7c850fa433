"""What is true of a device of the bench, and by which of its answers one could know.

An answer *tells* the maker where what is publicly known of its makers leads from that answer to
the one who made it, and to nobody else: a protocol that one firmware speaks, a greeting that one
web server sends, a prefix that the maker itself holds. What a reseller can set (the name in a
scope, the title of a page, his own prefix) tells nothing. Which is which was decided here, from
what a real device of that kind sends, and not from what any judgement makes of it.
"""

from enum import StrEnum

import msgspec


class Group(StrEnum):
    """Why a device is in the fleet."""

    OWN_LABEL = "own_label"
    RELABEL = "relabel"
    UNTABLED = "untabled"
    """Its maker stands in no table of ours."""
    CLONE = "clone"
    """Looks like a known maker's, and is not."""
    CHIP = "chip"
    """Shows the prefix of a chip's maker, and is not his."""
    LIAR = "liar"
    """One answer names a maker who has not made it; others say otherwise."""
    PARTIAL_BRAND = "partial_brand"
    """A brand of which some are made by a listed maker; this one is not."""
    HOSTILE = "hostile"
    """Tries to harm who asks."""
    PREFIX_ONLY = "prefix_only"
    """Answers nothing; its MAC is one of its maker's, which is a hint and no answer."""
    SILENT = "silent"
    """Answers nothing, and its MAC tells nothing of its maker, or is not seen either."""


class Truth(msgspec.Struct, frozen=True, kw_only=True):
    """``origin``: key of who made it, whether or not anything of it tells. ``label``: the brand on
    it. ``tells``: the answers that tell the origin; where there is none, "unknown" is what may be
    said of it, and every other word is a guess, right or wrong. ``behind``: MACs of the cameras on
    a recorder's own ports.
    """

    address: str
    mac: str
    group: Group
    origin: str
    label: str
    kind: str
    tells: tuple[str, ...] = ()
    listed: bool = False
    seen: bool = True
    """Whether anything of it can be seen: an answer, or its MAC."""
    behind: tuple[str, ...] = ()
