"""Causes, sizes and lengths of time in words."""

from watchglass.base.clock import NS_PER_S
from watchglass.model.gap import GapCause

CAUSES: dict[GapCause, str] = {
    GapCause.CAMERA_UNREACHABLE: "the camera does not answer",
    GapCause.AUTH_FAILED: "the camera refuses user name or password",
    GapCause.CERTIFICATE_UNTRUSTED: "the camera shows another key than the one that is trusted",
    GapCause.STALLED: "the connection is open and no media comes",
    GapCause.STREAM_INVALID: "what comes cannot be read as a stream",
    GapCause.CODEC_UNSUPPORTED: "the camera sends a codec that is not recorded",
    GapCause.WAITING_KEY_FRAME: "waiting for the next whole picture, a key frame",
    GapCause.CAMERA_DROPPED: "the camera left pictures out",
    GapCause.RECORDER_STOPPED: "the recorder was stopped",
    GapCause.RECORDER_CRASHED: "the recorder, or a part of it, had died",
    GapCause.MACHINE_OFF: "the machine was off",
    GapCause.QUARANTINED: "set apart: it made its worker crash again and again",
    GapCause.OVERLOAD: "the machine could not keep up",
    GapCause.DISK_FULL: "the disk was full, and nothing on it may be deleted",
    GapCause.VOLUME_MISSING: "the disk for the recordings was not there",
    GapCause.WRITE_FAILED: "the disk refused to write",
    GapCause.MEDIA_MISSING: "recorded, and the file is gone",
    GapCause.MEDIA_DAMAGED: "recorded, and the file is damaged",
    GapCause.CLOCK_STEP: "the clock was set forward; no time went by",
    GapCause.PAUSED: "paused by somebody",
    GapCause.DISABLED: "switched off by somebody",
    GapCause.RETENTION: "deleted when its time was up",
    GapCause.ERASED: "erased on somebody's decision",
    GapCause.RESTORED: "not in the backup this was restored from",
}

REMEDIES: dict[GapCause, str] = {
    GapCause.CAMERA_UNREACHABLE: "Check its power, its cable and its address.",
    GapCause.AUTH_FAILED: "Remove it and add it again with the right password.",
    GapCause.CERTIFICATE_UNTRUSTED: "If it was replaced or reset: watchglass camera trust CAMERA.",
    GapCause.STALLED: "Restart the camera.",
    GapCause.STREAM_INVALID: "Restart the camera, and see that its address is that of a stream.",
    GapCause.CODEC_UNSUPPORTED: "Set the camera to H.264 or H.265.",
    GapCause.RECORDER_STOPPED: "Start the recorder.",
    GapCause.RECORDER_CRASHED: "Start the recorder.",
    GapCause.QUARANTINED: "Update the camera's firmware.",
    GapCause.OVERLOAD: "Record fewer streams, or on a faster machine or disk.",
    GapCause.DISK_FULL: "Free some space, lift a hold, add a volume, or shorten retention.",
    GapCause.VOLUME_MISSING: "Mount the disk.",
    GapCause.WRITE_FAILED: "Check the disk and its mount.",
    GapCause.PAUSED: "Resume it, or wait until its time is over.",
}


def size_words(count: int) -> str:
    """'640 kB', '3.2 GB': decimal units, as disks are sold."""
    size = float(count)
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if size < 999.5 or unit == "TB":
            break
        size /= 1000
    digits = 0 if unit == "B" or size >= 99.95 else 1
    return f"{size:.{digits}f} {unit}"


def rate_words(bits_per_s: float) -> str:
    """'2.1 Mb/s', '380 kb/s'."""
    if bits_per_s >= 999_500:
        return f"{bits_per_s / 1e6:.1f} Mb/s"
    return f"{bits_per_s / 1e3:.0f} kb/s"


def length_words(ns: int) -> str:
    """'0.4 s', '38 s', '3 min 20 s', '2 h 5 min', '4 days 3 h': two units at most."""
    if ns < 0:
        return "−" + length_words(-ns)
    if ns < 10 * NS_PER_S and ns % NS_PER_S >= NS_PER_S // 20:
        return f"{ns / NS_PER_S:.1f} s"
    seconds = round(ns / NS_PER_S)
    days, rest = divmod(seconds, 86400)
    hours, rest = divmod(rest, 3600)
    minutes, seconds = divmod(rest, 60)
    pieces = [
        (days, "day" if days == 1 else "days"), (hours, "h"), (minutes, "min"), (seconds, "s"),
    ]  # fmt: skip
    while len(pieces) > 1 and not pieces[0][0]:
        pieces.pop(0)
    return " ".join(f"{number} {unit}" for number, unit in pieces[:2] if number) or "0 s"


def count_words(count: int, one: str, many: str | None = None) -> str:
    """'1 camera', '4 cameras'."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"
