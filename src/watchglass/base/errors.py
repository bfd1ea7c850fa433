"""The one error tree.

Each error has a stable ``code``, a retry class, an exit code for the command line, and one sentence
for the user that says what is wrong and what to do. Errors of other libraries are mapped to these
once, where they enter.
"""

from enum import StrEnum
from typing import ClassVar


class Retry(StrEnum):
    """What may help: nothing, time, or the user."""

    NEVER = "never"
    BACKOFF = "backoff"
    ASK_USER = "ask_user"


class WatchglassError(Exception):
    """Base of all our errors; ``str(error)`` is the sentence for the user."""

    code: ClassVar[str] = "internal"
    retry: ClassVar[Retry] = Retry.NEVER
    exit_code: ClassVar[int] = 70

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


# --- what the user asked for cannot be done as asked -------------------------------------------


class UsageError(WatchglassError):
    """The call itself is off: a bad time, an unknown camera, a missing reason."""

    code = "usage"
    retry = Retry.ASK_USER
    exit_code = 2


class NotFoundError(UsageError):
    """What was named does not exist."""

    code = "not_found"
    exit_code = 3


class ConfigError(UsageError):
    """A setting or a folder that cannot work."""

    code = "config"
    exit_code = 4


class AlreadyRunningError(UsageError):
    """Another process holds what this one needs: the state folder or a port."""

    code = "already_running"
    exit_code = 5


class RefusedError(UsageError):
    """A rule of the product forbids it: an address, a scheme, footage on hold."""

    code = "refused"
    exit_code = 6


# --- cameras ------------------------------------------------------------------------------------


class CameraError(WatchglassError):
    """Something between us and a camera; base of what a source may raise."""

    code = "camera"
    retry = Retry.BACKOFF
    exit_code = 20


class CameraUnreachableError(CameraError):
    """No answer at the address, or the connection ended."""

    code = "camera_unreachable"
    exit_code = 21


class AuthFailedError(CameraError):
    """The camera refuses the user name or password."""

    code = "auth_failed"
    retry = Retry.ASK_USER
    exit_code = 22


class CertificateError(CameraError):
    """Who answers over TLS is not known to be the camera; ``fingerprint`` is of the key shown."""

    code = "certificate_untrusted"
    retry = Retry.ASK_USER
    exit_code = 26

    def __init__(self, sentence: str, fingerprint: str = "") -> None:
        super().__init__(sentence)
        self.fingerprint = fingerprint


class StreamInvalidError(CameraError):
    """What answers is not RTSP, or its media cannot be understood."""

    code = "stream_invalid"
    exit_code = 23


class CodecUnsupportedError(CameraError):
    """The camera sends a codec that is not recorded."""

    code = "codec_unsupported"
    retry = Retry.ASK_USER
    exit_code = 24


class StreamStalledError(CameraError):
    """The connection is open and no media comes."""

    code = "stalled"
    exit_code = 25


# --- storage ------------------------------------------------------------------------------------


class StorageError(WatchglassError):
    """The disk did not do what was asked."""

    code = "storage"
    retry = Retry.BACKOFF
    exit_code = 30


class DiskFullError(StorageError):
    """No room (ENOSPC, EDQUOT)."""

    code = "disk_full"
    exit_code = 31


class WriteFailedError(StorageError):
    """A write, sync, rename or unlink failed (EIO, EROFS, ...)."""

    code = "write_failed"
    exit_code = 32


class VolumeMissingError(StorageError):
    """The volume is not there, or another one is mounted in its place."""

    code = "volume_missing"
    exit_code = 33


class DamagedError(WatchglassError):
    """Bytes on disk are not what the format says; the text names file and offset."""

    code = "damaged"
    exit_code = 40


class OutdatedError(DamagedError):
    """A cache that an older version made, whole but of no use to this one: it is made anew."""

    code = "outdated"


# --- between processes --------------------------------------------------------------------------


class BusError(WatchglassError):
    """A message that cannot be understood, or a peer that is gone."""

    code = "bus"
    retry = Retry.BACKOFF
    exit_code = 50
