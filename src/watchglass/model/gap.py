"""Why a second is not playable."""

from enum import StrEnum


class GapCause(StrEnum):
    """The one cause of a gap (docs/glossary.md explains each)."""

    CAMERA_UNREACHABLE = "camera_unreachable"
    AUTH_FAILED = "auth_failed"
    CERTIFICATE_UNTRUSTED = "certificate_untrusted"
    STALLED = "stalled"
    STREAM_INVALID = "stream_invalid"
    CODEC_UNSUPPORTED = "codec_unsupported"
    WAITING_KEY_FRAME = "waiting_key_frame"
    CAMERA_DROPPED = "camera_dropped"
    RECORDER_STOPPED = "recorder_stopped"
    RECORDER_CRASHED = "recorder_crashed"
    MACHINE_OFF = "machine_off"
    QUARANTINED = "quarantined"
    OVERLOAD = "overload"
    DISK_FULL = "disk_full"
    VOLUME_MISSING = "volume_missing"
    WRITE_FAILED = "write_failed"
    MEDIA_MISSING = "media_missing"
    MEDIA_DAMAGED = "media_damaged"
    CLOCK_STEP = "clock_step"
    PAUSED = "paused"
    DISABLED = "disabled"
    RETENTION = "retention"
    ERASED = "erased"
    RESTORED = "restored"
