"""What people state of a camera: what it is for, on what ground, and what its sign says."""

from enum import StrEnum

import msgspec


class Place(StrEnum):
    """What a camera watches, where that forbids rules about how people behave and who they are."""

    ORDINARY = "ordinary"
    WORSHIP = "place_of_worship"
    UNION = "union"
    CLINIC = "clinic"
    PROTEST = "protest"


class Statement(msgspec.Struct, frozen=True):
    """All of it free text but the place; ``sign`` empty: the sign is drafted from the rest.

    ``public``: it watches a place where anybody may go. So it is taken to be until somebody states
    otherwise. ``clip_reason``: nobody takes a copy of it without saying why. ``export_consent``:
    evidence of it takes a second person.
    """

    purpose: str = ""
    legal_basis: str = ""
    sign: str = ""
    place: Place = Place.ORDINARY
    public: bool = True
    clip_reason: bool = False
    export_consent: bool = False

    @property
    def refuses_rules(self) -> bool:
        """Whether no rule about crowds, loitering or faces may be set on this camera."""
        return self.place is not Place.ORDINARY
