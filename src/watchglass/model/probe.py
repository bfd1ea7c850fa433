"""What a look at a camera's stream tells, before anything is stored."""

import msgspec

from watchglass.model.camera import Transport


class ProbeResult(msgspec.Struct, frozen=True, kw_only=True):
    """One stream as it was seen for a few seconds. All text is made harmless already.

    ``codec`` and ``sounds`` are FFmpeg's names (``sounds``: all that the camera offers, kept or
    not). ``fps`` and ``bit_rate`` (bits per second, of the picture) are measured; ``gop_s`` is the
    time between two key frames, None when two were not seen. ``transport`` is the
    one that it came by. ``picture``: its first key frame as JPEG, empty where it cannot be decoded.
    """

    codec: str
    width: int
    height: int
    fps: float | None
    gop_s: float | None
    bit_rate: int
    sounds: tuple[str, ...]
    session_name: str
    seconds: float
    transport: Transport = Transport.TCP
    picture: bytes = b""


class ProbeError(msgspec.Struct, frozen=True):
    """Why a look failed: the code of an error of ``base.errors`` and its sentence.

    ``fingerprint``: of the key that was shown, where it is that which is not trusted.
    """

    code: str
    sentence: str
    fingerprint: str = ""


class ProbeRequest(msgspec.Struct, frozen=True):
    """What a probe process is asked, by pipe: it holds a password and is never logged.

    ``url`` is without user name and password, its host already checked; ``name`` is that host as
    a certificate would name it. ``folder`` is where a file has to lie.
    """

    url: str
    user: str | None = None
    password: str | None = None
    timeout_s: float = 20.0
    measure_s: float = 2.0
    name: str | None = None
    transport: Transport = Transport.AUTO
    fingerprint: str = ""
    folder: str = ""

    def __repr__(self) -> str:
        return f"ProbeRequest({self.url!r}, …)"


class ProbeAnswer(msgspec.Struct, frozen=True):
    """One of both is set."""

    result: ProbeResult | None = None
    error: ProbeError | None = None
