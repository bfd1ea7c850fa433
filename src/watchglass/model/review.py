"""Review items: events of one camera near in time, which a person clears as one."""

import msgspec

from watchglass.base.ids import CameraId
from watchglass.model.event import ReviewId


class Review(msgspec.Struct, frozen=True, kw_only=True):
    """UTC ns. ``to_ns`` is the end of its last event, or the last that is known of one that goes
    on. ``open``: more may join it; it closes after quiet, and late evidence opens it again.
    ``alarm``: one of its rules goes to those on duty. ``notify``: one of its rules sends a notice;
    one for each item, whatever joins it later.
    """

    id: ReviewId
    camera: CameraId
    from_ns: int
    to_ns: int
    open: bool = True
    alarm: bool = False
    notify: bool = False
