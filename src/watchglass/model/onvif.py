"""What an ONVIF device tells of itself, before anything of it is stored."""

import msgspec

from watchglass.model.probe import ProbeError

MOST_PROFILES = 32
MOST_TEXT_CHARS = 100


class OnvifRequest(msgspec.Struct, frozen=True):
    """What a process that sets up is asked, by pipe: it holds a password and is never logged.

    ``url`` is http or https, its host already checked; ``name`` is that host as it was written.
    ``picture``: whether a snapshot is wanted too.
    """

    url: str
    name: str
    user: str = ""
    password: str = ""
    picture: bool = True
    timeout_s: float = 30.0

    def __repr__(self) -> str:
        return f"OnvifRequest({self.url!r}, …)"


class OnvifProfile(msgspec.Struct, frozen=True, kw_only=True):
    """A profile with a picture, and where its stream is, as the device says it.

    ``codec`` is FFmpeg's name (``h264``, ``h265``, ``mjpeg``), or what the device calls it.
    ``source`` tells one lens, or one channel of a recorder, from another. ``url`` is as told, and
    not to be gone to (see `cameras.onvif.address`).
    """

    token: str
    name: str
    codec: str
    width: int
    height: int
    fps: float | None = None
    bit_rate: int | None = None
    source: str = ""
    url: str = ""
    ptz: bool = False


class OnvifResult(msgspec.Struct, frozen=True, kw_only=True):
    """A device as it was seen. All text is bounded and printable.

    ``clock_offset_s``: how far its clock is before ours, to about a second; None where it does not
    say. ``told_host``: how it calls its own address. ``picture`` is a JPEG that was made here, or
    empty.
    """

    manufacturer: str
    model: str
    firmware: str
    serial: str
    profiles: tuple[OnvifProfile, ...]
    clock_offset_s: float | None
    ptz: bool
    events: bool
    media2: bool
    told_host: str
    picture: bytes = b""
    notes: tuple[str, ...] = ()


class OnvifAnswer(msgspec.Struct, frozen=True):
    """One of both is set."""

    result: OnvifResult | None = None
    error: ProbeError | None = None
