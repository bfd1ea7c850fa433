"""Addresses of what is on this machine: files that are played, devices that are captured from."""

import re
from pathlib import Path, PurePosixPath
from urllib.parse import unquote_to_bytes

from watchglass.base.errors import RefusedError
from watchglass.media.v4l2.device import FORMATS, Wanted

MOST_URL_CHARS = 1024
_URL = re.compile(r"(?P<scheme>file|v4l2)://(?P<path>/[^?#]*)(?:\?(?P<query>[^#]*))?")
_DEVICE = re.compile(r"/dev/(?:video[0-9]{1,3}|v4l/by-(?:id|path)/[A-Za-z0-9_.:-]{1,255})")
_SIZE = re.compile(r"([1-9][0-9]{0,4})x([1-9][0-9]{0,4})")
_FPS = re.compile(r"[1-9][0-9]{0,2}")


def is_local(url: str) -> bool:
    return url.startswith(("file:", "v4l2:"))


def check_local(url: str, folder: str) -> None:
    """RefusedError for what may not be looked at; ``folder`` is where files have to lie."""
    if url.startswith("v4l2:"):
        split_device(url)
        return
    split_file(url)
    if not folder:
        raise RefusedError(
            "Files are played only from a folder that the operator names: set WATCHGLASS_SOURCES"
            " to it."
        )


def local_name(url: str) -> str:
    """What such a camera may be called."""
    return PurePosixPath(_match(url)["path"]).stem[:60] or "camera"


def split_file(url: str) -> tuple[Path, bool]:
    """Path, and whether it is to be played once only."""
    match = _match(url)
    try:
        text = unquote_to_bytes(match["path"]).decode("utf-8")
    except UnicodeDecodeError:
        raise RefusedError("The path in the address is not UTF-8.") from None
    if not text.isprintable() or ".." in PurePosixPath(text).parts:
        raise RefusedError("The path of a file is whole and plain: no '..', no unprintable signs.")
    options = _options(match["query"], {"play"})
    if options.get("play", "loop") not in ("loop", "once"):
        raise RefusedError("A file is played 'loop' or 'once'.")
    return Path(text), options.get("play") == "once"


def split_device(url: str) -> tuple[str, Wanted]:
    """Device, and what is asked of it."""
    match = _match(url)
    if not _DEVICE.fullmatch(match["path"]):
        raise RefusedError(
            "A camera of this machine is v4l2:///dev/video0, or one under /dev/v4l/by-id."
        )
    options = _options(match["query"], {"size", "fps", "format"})
    size = _SIZE.fullmatch(options.get("size", "1x1"))
    name = options.get("format", "").upper()
    if size is None or not _FPS.fullmatch(options.get("fps", "1")) or name not in ("", *FORMATS):
        raise RefusedError(
            "What may be asked of a camera: size=1280x720, fps=15, format=H264, HEVC or MJPG."
        )
    width, height = (int(size[1]), int(size[2])) if "size" in options else (0, 0)
    return match["path"], Wanted(width, height, int(options.get("fps", "0")), name)


def _match(url: str) -> re.Match[str]:
    match = _URL.fullmatch(url) if len(url) <= MOST_URL_CHARS and url.isprintable() else None
    if match is None:
        raise RefusedError(
            "On this machine a camera's address is v4l2:///dev/video0 or file:///PATH."
        )
    return match


def _options(query: str | None, known: set[str]) -> dict[str, str]:
    pairs = [part.partition("=") for part in (query or "").split("&") if part]
    options = {name: value for name, _, value in pairs}
    if len(options) != len(pairs) or not options.keys() <= known:
        raise RefusedError(f"Behind the ? of this address may stand: {', '.join(sorted(known))}.")
    return options
