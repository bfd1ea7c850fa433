"""Restreams: cameras that the recorder hands on by RTSP, to an old system that runs beside it.

The words of the supervisor to the relay-worker and back go by its standard input and output alone.
"""

import hashlib
from typing import NewType

import msgspec

from watchglass.base.fence import FenceMode
from watchglass.base.ids import CameraId
from watchglass.model.assignment import Shutdown
from watchglass.model.mask import BARE, Masking
from watchglass.model.stream import StreamName
from watchglass.model.way import Stand, Way

RestreamId = NewType("RestreamId", str)
REALM = "Watchglass relay"
USUAL_HOST, USUAL_PORT = "127.0.0.1", 8554


class Restream(msgspec.Struct, frozen=True):
    """One stream of a camera, handed on to who shows ``user`` and the token.

    Of the token only ``secret`` is kept: what digest authentication takes for it (HA1, hex).
    ``unmasked``: made although masks hide a part of the picture; ``reason`` says why then.
    ``masked``: with masks painted on, where there are any; that is made anew, as H.264 of at most
    1280 pixels across. Of one that is neither, nothing is handed on while a mask hides anything.
    ``masking`` is what is painted on now. ``sound``: with the camera's sound, as it is recorded.
    """

    id: RestreamId
    camera: CameraId
    stream: StreamName
    host: str
    port: int
    user: str
    secret: str
    unmasked: bool
    made_ns: int
    made_by: str
    reason: str
    masked: bool = False
    masking: Masking = BARE
    sound: bool = False

    @property
    def path(self) -> str:
        """Of its URL, without a slash before it."""
        return f"{self.camera[:8]}/{self.stream.value}"

    @property
    def url(self) -> str:
        """Without user and token."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"rtsp://{host}:{self.port}/{self.path}"

    def __repr__(self) -> str:
        return f"Restream({self.id})"


def secret_of(user: str, token: str) -> str:
    """HA1 of RFC 2617. The token is random and long, so that there is nothing to guess."""
    text = f"{user}:{REALM}:{token}"
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def user_of(relay: RestreamId) -> str:
    """As whom the other system logs in."""
    return f"relay-{relay[:8]}"


# --- orders of people ----------------------------------------------------------------------------


class AddRestreamRequest(msgspec.Struct, frozen=True, tag="add_restream"):
    """Hand on a stream of a camera. ``unmask``: although masks hide a part of it; ``masked``: with
    them painted on."""

    restream: RestreamId
    camera: str
    stream: StreamName
    host: str
    port: int
    user: str
    secret: str
    by: str
    unmask: bool = False
    reason: str = ""
    masked: bool = False
    sound: bool = False

    def __repr__(self) -> str:
        return f"AddRestreamRequest({self.restream})"


class DropRestreamRequest(msgspec.Struct, frozen=True, tag="drop_restream"):
    """Hand it on no longer."""

    restream: RestreamId
    by: str
    reason: str = ""


class RestreamsRequest(msgspec.Struct, frozen=True, tag="how_are_relays"):
    """Who takes what now, and what cannot be served."""


class Unserved(msgspec.Struct, frozen=True):
    """An address at which nothing can be served; ``problem`` is a sentence that says what to do."""

    host: str
    port: int
    problem: str


class Taker(msgspec.Struct, frozen=True):
    """Somebody at ``peer`` (an address) takes a restream since then (UTC)."""

    restream: RestreamId
    peer: str
    since_ns: int


class RestreamsTold(msgspec.Struct, frozen=True, tag="relays_are"):
    """How restreams stand. ``served``: those that hold now."""

    served: tuple[RestreamId, ...]
    takers: tuple[Taker, ...]
    unserved: tuple[Unserved, ...]


RestreamRequest = AddRestreamRequest | DropRestreamRequest
RestreamErrand = RestreamRequest | RestreamsRequest


# --- supervisor and relay-worker -----------------------------------------------------------------


class RestreamStart(msgspec.Struct, frozen=True, tag="restream_start"):
    """The first message, and said again when what is handed on changes. ``stand``: where
    camera-workers bring pictures; ``media``: where masks are painted on them."""

    stand: Stand
    media: Way
    vitals: Way
    restreams: tuple[Restream, ...]
    log_level: str
    log_json: bool
    fences: FenceMode

    def __repr__(self) -> str:
        return f"RestreamStart({len(self.restreams)})"


class Fetched(msgspec.Struct, frozen=True, tag="fetched"):
    """Somebody at ``peer`` (an address) takes a restream from ``from_ns`` (UTC) on; ``to_ns``:
    not any more. ``session`` is another each time."""

    session: str
    restream: RestreamId
    peer: str
    from_ns: int
    to_ns: int | None


class Opened(msgspec.Struct, frozen=True, tag="opened"):
    """What cannot be served, of all that is to be; the first that a relay-worker says."""

    unserved: tuple[Unserved, ...]


FromRelayWorker = Fetched | Opened
ToRelayWorker = RestreamStart | Shutdown
