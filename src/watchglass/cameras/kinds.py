"""Kinds of sources by the scheme of an address: the plug-in point ``watchglass.video_source``.

A plug-in names an object like those here in the entry-point group, under its scheme, and runs
`media.source_suite` on it. The schemes that are known here cannot be taken by one.
"""

from functools import cache
from importlib.metadata import entry_points

from watchglass.base import log
from watchglass.base.errors import RefusedError
from watchglass.cameras.address import resolve, split_url
from watchglass.cameras.local import check_local, split_device, split_file
from watchglass.media.rtsp import RtspSource
from watchglass.media.v4l2 import V4l2Source
from watchglass.model.source import SourceKind, SourceSettings, VideoSource

GROUP = "watchglass.video_source"
_LOG = log.get("cameras")


class RtspKind:
    """``rtsp://`` and ``rtsps://``. The name is looked up anew each time, and the connection goes
    to the address that was checked, so a name server cannot send it elsewhere afterwards."""

    def make(self, settings: SourceSettings) -> VideoSource:
        """See `SourceKind.make`."""
        address = settings.address
        parts, _ = split_url(address.url)
        checked = resolve(parts, settings.allow)
        return RtspSource(
            checked.url, settings.credentials, sound=settings.sound, clock=settings.clock,
            open_timeout_s=settings.open_timeout_s, stall_timeout_s=settings.stall_timeout_s,
            first_picture_timeout_s=settings.first_picture_timeout_s,
            transport=address.transport, tls_name=checked.host, fingerprint=address.fingerprint,
        )  # fmt: skip


class FileKind:
    """``file:///PATH`` inside the folder that the operator named; ``?play=once`` does not begin
    again at the end, as long as the process lives that played it."""

    def __init__(self) -> None:
        self._played: set[str] = set()

    def make(self, settings: SourceSettings) -> VideoSource:
        """See `SourceKind.make`."""
        # libavformat is loaded by who plays a file alone: 10 MB in each process that knows kinds.
        from watchglass.media.file_source import FileSource

        url = settings.address.url
        check_local(url, str(settings.folder or ""))
        assert settings.folder is not None
        path, once = split_file(url)
        return FileSource(
            path, settings.folder, sound=settings.sound, clock=settings.clock, loop=not once,
            played=(self._played, url) if once else None,
        )  # fmt: skip


class V4l2Kind:
    """``v4l2:///dev/videoN``, with ``?size=1280x720``, ``fps=15`` and ``format=H264`` by choice."""

    def make(self, settings: SourceSettings) -> VideoSource:
        """See `SourceKind.make`."""
        path, wanted = split_device(settings.address.url)
        return V4l2Source(
            path, wanted, settings.clock, stall_timeout_s=settings.stall_timeout_s,
            first_picture_timeout_s=settings.first_picture_timeout_s,
        )  # fmt: skip


_RTSP = RtspKind()
_KINDS: dict[str, SourceKind] = {
    "rtsp": _RTSP, "rtsps": _RTSP, "file": FileKind(), "v4l2": V4l2Kind(),
}  # fmt: skip


def kind_of(url: str) -> SourceKind:
    """Who makes sources of this address; RefusedError when nobody does."""
    scheme = url.partition(":")[0].lower()
    kind = _KINDS.get(scheme) or _plugged_in(scheme)
    if kind is None:
        raise RefusedError("A camera's address begins with rtsp://, rtsps://, v4l2:// or file://.")
    return kind


@cache
def _plugged_in(scheme: str) -> SourceKind | None:
    for found in entry_points(group=GROUP, name=scheme):
        try:
            kind: SourceKind = found.load()
        except Exception:  # noqa: BLE001 - the border of a plug-in: one that fails is none
            _LOG.exception("plug_in_failed", group=GROUP, name=scheme)
            continue
        return kind
    return None
