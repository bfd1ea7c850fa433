"""The same clip twice: written by libavformat, and laid out before it is read."""

from pathlib import Path

import av
import pytest

from tests.recording.clip_making import Recorded, boxes
from tests.recording.keeper_making import QuietDisk
from watchglass.recording.clip import ClipFile, write_clip
from watchglass.recording.cliplayout import LaidOutFile, lay_out, read_out
from watchglass.recording.clipplan import ClipPlan, groups_of


def laid_out(plan: ClipPlan, *, sound: bool = True) -> list[LaidOutFile]:
    files = [lay_out(group, sound=sound) for group in groups_of(plan)]
    return [file for file in files if file is not None]


def written(folder: Path, file: LaidOutFile, name: str = "laid") -> Path:
    path = (folder / name).with_suffix(file.ending)
    with path.open("wb") as out:
        for piece in read_out(file):
            out.write(piece)
    assert path.stat().st_size == file.length
    return path


def packets(path: Path) -> dict[str, list[tuple[float, float, bool, bytes]]]:
    """(shown, decoded, key, bytes) of each track's packets; times in ms from the clip's start.

    Of G.711 the bytes alone, second by second: how they are cut into packets says nothing.
    """
    found: dict[str, list[tuple[float, float, bool, bytes]]] = {}
    with av.open(str(path)) as file:
        for packet in file.demux():
            if not packet.size or packet.pts is None or packet.dts is None:
                continue
            ms = 1000 * packet.time_base
            found.setdefault(packet.stream.type, []).append(
                (round(float(packet.pts * ms), 1), round(float(packet.dts * ms), 1),
                 packet.is_keyframe, bytes(packet))
            )  # fmt: skip
    return found


def sound_of(path: Path) -> bytes:
    return b"".join(data for *_, data in packets(path).get("audio", []))


def same(of: Recorded, from_ns: int, to_ns: int) -> Path:
    """The laid out clip, once it is found to be the same as libavformat's."""
    plan = of.plan(from_ns, to_ns)
    (theirs,) = write_clip(plan, of.folder / "theirs.mp4", QuietDisk(), overwrite=True).files
    (file,) = laid_out(plan)
    return compared(written(of.folder, file), file, theirs)


def compared(ours: Path, file: LaidOutFile, theirs: ClipFile) -> Path:
    """That both tell and hold the same."""
    assert (file.from_ns, file.to_ns, file.pictures) == (
        theirs.from_ns, theirs.to_ns, theirs.pictures,
    )  # fmt: skip
    assert (file.shape.sound, ours.suffix) == (theirs.sound, theirs.path.suffix)
    assert packets(ours)["video"] == packets(theirs.path)["video"]
    assert sound_of(ours) == sound_of(theirs.path)
    with av.open(str(ours)) as mine, av.open(str(theirs.path)) as their:
        assert mine.duration == pytest.approx(their.duration, abs=2000)
        assert [each.start_time for each in mine.streams.video] == [0]
        for one, other in zip(mine.streams.audio, their.streams.audio, strict=True):
            assert one.start_time == pytest.approx(other.start_time, abs=8)
            assert one.codec_context.name == other.codec_context.name
            assert one.rate == other.rate
    assert boxes(ours) == [b"ftyp", b"moov", b"mdat"]
    return ours
