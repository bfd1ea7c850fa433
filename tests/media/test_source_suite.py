"""Every kind of source passes the suite, and the suite finds what is wrong with a bad one."""

import itertools
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.media import source_making
from tests.media.source_making import memory_rig, of_file, packets, write_video
from watchglass.base.clock import SystemClock
from watchglass.base.errors import CameraError, CameraUnreachableError, StreamInvalidError
from watchglass.media import source_suite as suite
from watchglass.media.file_source import FileSource
from watchglass.media.memory_source import MemorySource
from watchglass.media.rtsp import RtspSource
from watchglass.media.source_suite import CHECKS, Broken, Rig
from watchglass.model.camera import Transport
from watchglass.model.source import VideoSource
from watchglass.model.stream import Packet, Track, VideoCodec
from watchglass.simulate.process import Simulator

Check = Callable[[Rig], None]
checks = pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)


@checks
def test_packets_in_memory(check: Check) -> None:
    check(memory_rig())


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("files")
    write_video(folder / "sound.mov")
    write_video(folder / "hevc.mkv", VideoCodec.H265)
    write_video(folder / "jpeg.avi", VideoCodec.MJPEG)
    return folder


@pytest.mark.full
@checks
@pytest.mark.parametrize("name", ["sound.mov", "hevc.mkv", "jpeg.avi"])
def test_files(folder: Path, name: str, check: Check) -> None:
    heard = (lambda: of_file(folder / name, sound=True)) if name == "sound.mov" else None
    rig = Rig(
        make=lambda: of_file(folder / name),
        with_sound=heard,
        absent=lambda: of_file(folder / "missing.mp4"),
        pictures=15,
    )
    check(rig)


# --- over the network -----------------------------------------------------------------------------

SIZE = "--width 320 --height 180 --sub-width 160 --sub-height 90 --seconds 2 --bit-rate 300000"


@pytest.fixture(scope="module")
def cameras() -> Iterator[dict[str, Simulator]]:
    plain = Simulator(*SIZE.split(), "--cameras", "2", "--kind", "a")
    tls = Simulator(*SIZE.split(), "--cameras", "2", "--kind", "a", "--tls")
    for each in (plain, tls):
        each.set("camera-1", "burst", True)
        each.set("camera-2", "stall", True)
    with plain, tls:
        yield {"tcp": plain, "udp": plain, "http": plain, "tls": tls}


def _fingerprint(url: str) -> str:
    with pytest.raises(CameraError) as raised:
        RtspSource(url, None, sound=False, clock=SystemClock()).open()
    return str(getattr(raised.value, "fingerprint", ""))


@pytest.mark.full
@pytest.mark.parametrize("way", ["tcp", "udp", "http", "tls"])
def test_rtsp(cameras: dict[str, Simulator], way: str) -> None:
    simulator = cameras[way]
    playing, silent = (each.main for each in simulator.urls)
    key = _fingerprint(playing) if way == "tls" else ""
    transport = Transport.TCP if way == "tls" else Transport(way)

    def make(url: str = playing, *, sound: bool = False, first_s: float = 5.0) -> VideoSource:
        return RtspSource(
            url, None, sound=sound, clock=SystemClock(), transport=transport, fingerprint=key,
            first_picture_timeout_s=first_s,
        )  # fmt: skip

    rig = Rig(
        make=make,
        with_sound=lambda: make(sound=True),
        silent=lambda: make(silent, first_s=1.0),
        absent=lambda: make("rtsp://127.0.0.1:9/"),
    )
    for check in CHECKS:
        # A stream that never played is a stall already in `open`.
        used = rig if check is not suite.closing_ends_a_blocked_call else Rig(make=make)
        with source_making.shown(check.__name__):
            check(used)


# --- devices --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def fake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The device that is not there, built against the kernel's header."""
    compiler = shutil.which("cc")
    if compiler is None or not Path("/usr/include/linux/videodev2.h").exists():
        pytest.skip("no C compiler or kernel headers: apt-get install gcc libc6-dev")
    library = tmp_path_factory.mktemp("v4l2") / "fake_v4l2.so"
    source = Path(__file__).with_name("fake_v4l2.c")
    subprocess.run(
        [compiler, "-shared", "-fPIC", "-O1", "-Wall", "-Wextra", "-Werror",
         "-Wno-sign-compare", "-o", str(library), str(source), "-ldl", "-lpthread"],
        check=True,
    )  # fmt: skip
    return library


@pytest.mark.full
@pytest.mark.parametrize("case", ["h264", "hevc", "mjpeg", "odd"])
def test_devices(fake: Path, tmp_path: Path, case: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.media.v4l2_suite", case, str(tmp_path)],
        env=os.environ | {"LD_PRELOAD": str(fake), "PYTHONWARNINGS": "error"},
        capture_output=True, text=True, check=False, timeout=100,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (0, f"{case} passed\n"), done.stderr


# --- the suite itself -----------------------------------------------------------------------------


class _ReadsNothingWrong(MemorySource):
    """What each broken twin differs from."""


class _OtherError(_ReadsNothingWrong):
    def read(self) -> Packet:
        try:
            return super().read()
        except CameraError:
            raise RuntimeError("mine") from None


class _DeafToClose(_ReadsNothingWrong):
    def close(self) -> None:
        pass


class _TimesRunBack(_ReadsNothingWrong):
    def read(self) -> Packet:
        packet = super().read()
        packet.dts = 900_000 - (packet.dts or 0)
        return packet


class _HasSoundUnasked(_ReadsNothingWrong):
    def read(self) -> Packet:
        packet = super().read()
        return packet if packet.is_key else Packet(Track.SOUND, b"x", 0, 0, 8000, True, 1, 1)


class _AnnexB(_ReadsNothingWrong):
    def read(self) -> Packet:
        packet = super().read()
        packet.data = b"\x00\x00\x00\x01" + packet.data[4:]
        return packet


class _OpensWhatIsAbsent(_ReadsNothingWrong):
    def open(self) -> None:
        self._absent = False
        super().open()


class _EndsInsteadOfStalling(_ReadsNothingWrong):
    def _nothing(self) -> Packet:
        raise CameraUnreachableError("It ended.")


class _Leaks(_ReadsNothingWrong):
    left: list[int] = []  # noqa: RUF012 - what is leaked, by all of them

    def open(self) -> None:
        self.left += os.pipe()
        super().open()


class _Shares(_ReadsNothingWrong):
    closed = False

    def close(self) -> None:
        type(self).closed = True
        super().close()

    def read(self) -> Packet:
        if type(self).closed:
            raise CameraUnreachableError("Closed.")
        return super().read()


@pytest.mark.parametrize(
    ("twin", "check"),
    [
        (_OtherError, suite.before_it_is_opened),
        (_DeafToClose, suite.closing_ends_a_blocked_call),
        (_DeafToClose, suite.after_it_was_closed),
        (_TimesRunBack, suite.its_times),
        (_HasSoundUnasked, suite.no_sound_unasked),
        (_AnnexB, suite.its_packets),
        (_OpensWhatIsAbsent, suite.one_that_is_not_there),
        (_EndsInsteadOfStalling, suite.one_that_falls_silent),
        (_Leaks, suite.what_it_holds_is_given_back),
        (_Shares, suite.two_side_by_side),
    ],
)
def test_what_is_wrong_is_found(
    twin: type[MemorySource], check: Check, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(suite, "_CLOSE_WAIT_S", 0.1)
    video, script = packets(30)

    def make(*, absent: bool = False, stall_s: float = 1.5, count: int = 30) -> MemorySource:
        return twin(video, script[:count], SystemClock(), absent=absent, stall_timeout_s=stall_s)

    rig = Rig(
        make=make, absent=lambda: make(absent=True), silent=lambda: make(count=1, stall_s=1.5)
    )
    with pytest.raises(Broken):
        check(rig)
    for descriptor in _Leaks.left:
        os.close(descriptor)
    _Leaks.left.clear()


# --- files ----------------------------------------------------------------------------------------


@pytest.mark.full
def test_a_file_is_played_at_its_pace_and_goes_on_over_its_end(folder: Path) -> None:
    source = of_file(folder / "sound.mov")
    source.open()
    begun_s = time.monotonic()
    found = [source.read() for _ in range(14)]
    took_s = time.monotonic() - begun_s
    source.close()
    times = [each.dts for each in found if each.dts is not None]
    assert [after - before for before, after in itertools.pairwise(times)] == [9000] * 13
    assert 1.2 < took_s < 5
    assert found[0].data == found[10].data


@pytest.mark.full
def test_a_file_that_is_played_once_ends(folder: Path) -> None:
    source = of_file(folder / "hevc.mkv", loop=False)
    source.open()
    for _ in range(10):
        source.read()
    with pytest.raises(CameraUnreachableError, match="end"):
        source.read()
    source.close()


@pytest.mark.parametrize(
    "name",
    ["../outside.mov", "link.mov", "dir.mkv", "pipe.mkv", "list.m3u8", "text.mp4", "none.mkv"],
)
def test_what_is_no_file_inside_the_folder_is_not_opened(
    tmp_path: Path, folder: Path, name: str
) -> None:
    allowed = tmp_path / "allowed"
    allowed.mkdir()
    shutil.copy(folder / "sound.mov", tmp_path / "outside.mov")
    (allowed / "link.mov").symlink_to(tmp_path / "outside.mov")
    (allowed / "dir.mkv").mkdir()
    os.mkfifo(allowed / "pipe.mkv")
    (allowed / "list.m3u8").write_text("#EXTM3U\nfile:///etc/passwd\n")
    (allowed / "text.mp4").write_text("#EXTM3U\nfile:///etc/passwd\n")
    source = FileSource(allowed / name, allowed, sound=False, clock=SystemClock())
    with pytest.raises((StreamInvalidError, CameraUnreachableError)):
        source.open()
    source.close()
