"""Addresses on this machine, and who makes sources of an address."""

import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchglass.base.clock import SystemClock
from watchglass.base.errors import CameraUnreachableError, RefusedError
from watchglass.cameras.kinds import GROUP, kind_of
from watchglass.cameras.local import local_name, split_device, split_file
from watchglass.cameras.source import open_camera
from watchglass.media.memory_source import MemorySource
from watchglass.media.rtsp import RtspSource
from watchglass.media.v4l2 import V4l2Source
from watchglass.media.v4l2.device import Wanted
from watchglass.model.camera import StreamAddress
from watchglass.model.source import SourceSettings
from watchglass.model.stream import StreamName


def settings(url: str, folder: Path | None = None) -> SourceSettings:
    return SourceSettings(
        StreamAddress(StreamName.MAIN, url), SystemClock(), folder=folder, allow=frozenset({"::1"})
    )


@pytest.mark.parametrize(
    ("url", "path", "once"),
    [
        ("file:///srv/a.mp4", "/srv/a.mp4", False),
        ("file:///srv/a%20b.mp4?play=once", "/srv/a b.mp4", True),
        ("file:///srv/a.mp4?play=loop", "/srv/a.mp4", False),
    ],
)
def test_files(url: str, path: str, once: bool) -> None:
    assert split_file(url) == (Path(path), once)


@pytest.mark.parametrize(
    "url",
    ["file://host/a.mp4", "file:a.mp4", "file:///srv/../etc/a.mp4", "file:///srv/%2e%2e/a.mp4",
     "file:///srv/a%00.mp4", "file:///srv/%ff.mp4", "file:///a.mp4?play=twice",
     "file:///a.mp4?x=1", "file:///a.mp4?play=once&play=loop", "file:///" + "a" * 1100],
)  # fmt: skip
def test_files_that_are_refused(url: str) -> None:
    with pytest.raises(RefusedError):
        split_file(url)


def test_devices() -> None:
    assert split_device("v4l2:///dev/video0") == ("/dev/video0", Wanted())
    url = "v4l2:///dev/v4l/by-id/usb-046d_HD_Pro-video-index0?size=1280x720&fps=15&format=mjpg"
    path = "/dev/v4l/by-id/usb-046d_HD_Pro-video-index0"
    assert split_device(url) == (path, Wanted(1280, 720, 15, "MJPG"))


@pytest.mark.parametrize(
    "url",
    ["v4l2:///dev/sda", "v4l2:///dev/video", "v4l2:///dev/../etc/passwd", "v4l2://host/dev/video0",
     "v4l2:///dev/video0?size=big", "v4l2:///dev/video0?fps=0", "v4l2:///dev/video0?format=YUYV",
     "v4l2:///dev/v4l/by-id/../../sda"],
)  # fmt: skip
def test_devices_that_are_refused(url: str) -> None:
    with pytest.raises(RefusedError):
        split_device(url)


@given(st.text(max_size=60))
def test_any_address(text: str) -> None:
    for url in (text, "file://" + text, "v4l2:///dev/" + text):
        for split in (split_file, split_device):
            try:
                found = split(url)
            except RefusedError as error:
                assert error.sentence.endswith((".", "fps, size.", "play."))  # noqa: PT017
            else:
                assert ".." not in Path(str(found[0])).parts


def test_what_a_camera_of_this_machine_is_called() -> None:
    assert local_name("v4l2:///dev/video0") == "video0"
    assert local_name("file:///srv/Front%20door.mp4?play=once") == "Front%20door"


# --- kinds ----------------------------------------------------------------------------------------


def test_each_scheme_has_its_source(tmp_path: Path) -> None:
    assert isinstance(kind_of("rtsp://x/").make(settings("rtsp://[::1]/")), RtspSource)
    device = kind_of("v4l2:///dev/video0").make(settings("v4l2:///dev/video0"))
    assert isinstance(device, V4l2Source)
    with pytest.raises(RefusedError, match="WATCHGLASS_SOURCES"):
        kind_of("file:///a.mp4").make(settings("file:///a.mp4"))
    kind_of("file:///a.mp4").make(settings("file:///a.mp4", tmp_path))
    for url in ("http://x/", "/etc/passwd", "", "RTSP//", "memory://x"):
        with pytest.raises(RefusedError, match="begins with"):
            kind_of(url)


def test_what_is_refused_is_an_error_of_the_camera_when_it_is_recorded() -> None:
    for url in ("file:///a.mp4", "nothing://x", "rtsp://127.0.0.1/"):
        with pytest.raises(CameraUnreachableError):
            open_camera(settings(url))


def test_a_plug_in_brings_a_scheme(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As an installed package would: found by its metadata, loaded when an address asks for it."""
    info = tmp_path / "plugged-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: plugged\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        f"[{GROUP}]\nplugged = plugged_kind:KIND\nbroken = plugged_kind:NOTHING\n"
    )
    (tmp_path / "plugged_kind.py").write_text(
        "from tests.media.source_making import memory\n"
        "class Kind:\n"
        "    def make(self, settings):\n"
        "        return memory()\n"
        "KIND = Kind()\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    source = open_camera(settings("plugged://anything"))
    assert isinstance(source, MemorySource)
    source.open()
    assert source.read().is_key
    source.close()
    with pytest.raises(RefusedError):
        kind_of("broken://x")
    sys.modules.pop("plugged_kind", None)
