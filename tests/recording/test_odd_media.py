"""Media and descriptions of others, each recorded for real: it plays, or a gap says why not.

Nothing crashes and nothing is silent. What becomes of each is written down here, so that a change
of it is seen.
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from tests.media.encoded import encode
from tests.media.source_making import packets
from tests.recording.camera_tape import Recorded, Tape, described, packets_of, plays, record
from tests.recording.stream_making import check_order, facts_of, media_files
from watchglass.base.clock import Clock, SimulatedClock
from watchglass.base.disk import Disk
from watchglass.base.errors import CameraError
from watchglass.base.ids import CameraId, random_id
from watchglass.media.file_source import FORMATS, FileSource
from watchglass.media.memory_source import MemorySource
from watchglass.model.gap import GapCause
from watchglass.model.source import VideoSource
from watchglass.model.stream import Packet, StreamName, VideoCodec
from watchglass.recording.outbox import Outbox
from watchglass.recording.recorder import StreamRecorder
from watchglass.recording.volume import create_volume
from watchglass.recording.writer import StreamQueue, VolumeWriter

_WAIT_S = 60.0
_NAMED = {
    GapCause.STREAM_INVALID, GapCause.CODEC_UNSUPPORTED, GapCause.CAMERA_UNREACHABLE,
    GapCause.WAITING_KEY_FRAME, GapCause.CAMERA_DROPPED, GapCause.STALLED,
}  # fmt: skip


def recorded_of(tmp_path: Path, make: Callable[[Clock], VideoSource]) -> Recorded:
    """Record one connection of a source, on a clock that waits for nothing."""
    clock, outbox = SimulatedClock(), Outbox(limit=1_000_000)
    volume = create_volume(tmp_path / random_id(), Disk(), clock)
    writer = VolumeWriter(volume, Disk(), outbox, clock)
    writer.start()
    queue = StreamQueue(CameraId(random_id()), StreamName.MAIN, writer, 256 << 20)
    ended, over, made = threading.Event(), threading.Event(), 0

    def open_source() -> VideoSource:
        nonlocal made
        made += 1
        if made > 1:
            ended.set()
            over.wait(_WAIT_S)
        return make(clock)

    recorder = StreamRecorder(queue, open_source, clock)
    recorder.start()
    assert ended.wait(_WAIT_S)
    recorder.stop(GapCause.RECORDER_STOPPED)
    over.set()
    assert recorder.join(_WAIT_S)
    writer.finish(_WAIT_S)
    facts = facts_of(outbox)
    check_order(facts)
    return Recorded(media_files(volume.path), facts)


def outcome(found: Recorded) -> str:
    """ "recorded", or the cause of the gap; each file has as many pictures as were told of."""
    assert set(found.causes) <= _NAMED, found.causes
    if not found.files:
        return found.causes[0].value
    assert sum(map(packets_of, found.files)) == len(found.samples()) > 0
    return "recorded"


# --- times ----------------------------------------------------------------------------------------


def _changed(change: Callable[[int, Packet], Packet]) -> list[Packet]:
    _, script = packets(30)
    return [change(number, packet) for number, packet in enumerate(script)]


def _from_memory(tmp_path: Path, script: Sequence[Packet | CameraError]) -> Recorded:
    video, _ = packets(30)
    return recorded_of(
        tmp_path, lambda clock: MemorySource(video, script, clock, stall_timeout_s=0.1)
    )


def _times(number: int, packet: Packet, at: int | None) -> Packet:
    return replace(packet, pts=at, dts=at)


@pytest.mark.full
@pytest.mark.parametrize(
    "times",
    [
        [None, *(n * 9000 for n in range(1, 30))],
        [n * 9000 if n % 5 else None for n in range(30)],
        [None] * 30,
        [n * 9090 for n in range(30)],
        [(n * 9000 + (1 << 32) - 90_000) % (1 << 32) for n in range(30)],
        [0] * 30,
        [-n * 9000 for n in range(30)],
        [n * 9000 + (n >= 15) * 149 * 3600 * 90_000 for n in range(30)],
    ],
    ids=["first without", "each fifth without", "none at all", "1 % fast", "wraps", "all the same",
         "backwards", "149 h ahead"],
)  # fmt: skip
def test_times_of_every_kind_lose_no_picture(tmp_path: Path, times: list[int | None]) -> None:
    """They arrive in one burst, as the group that a camera has kept does."""
    script = _changed(lambda number, packet: _times(number, packet, times[number]))
    found = _from_memory(tmp_path, script)
    assert outcome(found) == "recorded"
    sent = [packet.data for packet in script]
    kept = [sample.data for sample in found.samples()]
    # A run that breaks begins again at a key frame, five pictures later at most.
    assert len(kept) >= len(sent) - 5 * max(0, found.runs - 1)
    assert [data for data in sent if data in kept] == kept
    for path in found.files:
        plays(path)


# --- codecs that change ---------------------------------------------------------------------------


@pytest.mark.full
def test_a_camera_that_goes_from_h264_to_h265_and_back(tmp_path: Path) -> None:
    """As over RTSP a camera has to describe itself anew for it, each is another session."""
    codecs = [VideoCodec.H264, VideoCodec.H265, VideoCodec.H264]
    tapes = []
    for codec in codecs:
        tape = Tape(codec)
        for number, unit in enumerate(encode(codec, 64, 48, 10)):
            tape.picture(unit, number * 9000)
        tapes.append(tape)
    found = record(tmp_path, [described(codec) for codec in codecs], tapes)
    assert [each.codec for each in found.opened] == ["h264", "h265", "h264"]
    assert len(found.samples()) == 30
    for path in found.files:
        plays(path)


# --- files of others ------------------------------------------------------------------------------


def _played(path: Path) -> Callable[[Clock], VideoSource]:
    def make(clock: Clock) -> VideoSource:
        return FileSource(path, path.parent, sound=True, clock=clock, loop=False)

    return make


def _become(tmp_path: Path, paths: Sequence[Path]) -> dict[str, str]:
    found = {}
    for path in paths:
        name = str(path.relative_to(path.parents[1]))
        made = recorded_of(tmp_path, _played(path))
        try:
            found[name] = outcome(made)
        except AssertionError as error:
            raise AssertionError(f"{name}: {error}") from error
    return found


def _all_media(shared_dir: Path) -> list[Path]:
    folder = shared_dir / "testdata" / "odd_media"
    return sorted(path for path in folder.rglob("*") if path.is_file())


def _is_right(became: dict[str, str]) -> None:
    for name, what in became.items():
        if Path(name).suffix.lower() not in FORMATS:
            assert what == "stream_invalid", name
    assert set(became.values()) <= {"recorded", *(cause.value for cause in _NAMED)}


@pytest.mark.full
def test_some_media_of_others_as_files(tmp_path: Path, shared_dir: Path) -> None:
    became = _become(tmp_path, _all_media(shared_dir)[::12])
    _is_right(became)
    assert "recorded" in became.values()


@pytest.mark.long
@pytest.mark.timeout(1200)
def test_all_media_of_others_as_files(tmp_path: Path, shared_dir: Path) -> None:
    became = _become(tmp_path, _all_media(shared_dir))
    _is_right(became)
    recorded = [name for name, what in became.items() if what == "recorded"]
    assert len(recorded) >= 30, became


# --- descriptions of real cameras -----------------------------------------------------------------


@pytest.mark.full
def test_what_real_cameras_describe_is_recorded_or_told(tmp_path: Path, shared_dir: Path) -> None:
    """Their SDP in front of pictures of its codec: a gap where it describes none of ours."""
    sdps, tapes = [], []
    for path in sorted((shared_dir / "testdata" / "rtsp").glob("*describe*.txt")):
        _, _, body = path.read_bytes().replace(b"\r\n", b"\n").partition(b"\n\n")
        codec = VideoCodec.H265 if b"H265/" in body else VideoCodec.H264
        tape = Tape(codec)
        for number, unit in enumerate(encode(codec, 64, 48, 10)):
            tape.picture(unit, number * 9000)
        sdps.append(body.replace(b"\n", b"\r\n"))
        tapes.append(tape)
    found = record(tmp_path, sdps, tapes)
    assert set(found.causes) <= _NAMED
    assert found.runs >= 6
    assert found.runs + len(found.causes) >= len(tapes)
    for path in found.files:
        plays(path)
