"""Readers of what lies on disk, given valid samples with bytes changed: an answer, or our error."""

from contextlib import suppress
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.media.encoded import encode
from tests.recording.packet_making import SOUND
from watchglass.base.errors import WatchglassError
from watchglass.media import jpeg
from watchglass.media.bitstream import to_length_prefixed
from watchglass.media.header import file_header
from watchglass.media.parameter_sets import ParameterSets
from watchglass.model.stream import Track, VideoCodec
from watchglass.recording.fileheader import HEADER_BOX_BYTES, decode_header
from watchglass.recording.ledger import Ledger
from watchglass.recording.shape import shape_of
from watchglass.recording.track import track_header, video_configuration

_GOLDEN = Path(__file__).parents[1] / "golden" / "v1" / "state" / "ledger"
Change = tuple[int, int, bool]
# Where (modulo the length), what to (or how many bytes to take out), and which of the two.
changes = st.lists(
    st.tuples(st.integers(0, 1 << 16), st.integers(0, 255), st.booleans()), min_size=1, max_size=4
)


def changed(data: bytes, changes: list[Change]) -> bytes:
    mutable = bytearray(data)
    for at, value, cuts in changes:
        if not mutable:
            break
        at %= len(mutable)
        if cuts:
            del mutable[at : at + value]
        else:
            mutable[at] = value
    return bytes(mutable)


@cache
def header(codec: VideoCodec, sound: bool) -> bytes:
    if codec is VideoCodec.MJPEG:
        sets = ParameterSets(codec, [jpeg.frame_header(64, 48, 2)])
    else:
        sample = to_length_prefixed(encode(codec, 64, 48, 1)[0], codec)
        sets = ParameterSets(codec, sample.parameter_sets)
    return file_header(sets.parameters(), SOUND if sound else None).data + bytes(HEADER_BOX_BYTES)


@given(changes, st.sampled_from(list(VideoCodec)), st.booleans())
def test_a_changed_header(changes: list[Change], codec: VideoCodec, sound: bool) -> None:
    data = changed(header(codec, sound), changes)
    for reader in (shape_of, video_configuration, decode_header):
        with suppress(WatchglassError):
            reader(data)
    for track in Track:
        with suppress(WatchglassError):
            assert track_header(data, track).track is track


@cache
def ledgers() -> tuple[bytes, ...]:
    return tuple(path.read_bytes() for path in sorted(_GOLDEN.glob("*/*.jsonl")))


@given(changes, st.integers(0, 100))
def test_a_changed_ledger(
    tmp_path_factory: pytest.TempPathFactory, changes: list[Change], which: int
) -> None:
    whole = ledgers()[which % len(ledgers())]
    folder = tmp_path_factory.mktemp("ledger")
    (folder / "2026-01.jsonl").write_bytes(changed(whole, changes))
    with suppress(WatchglassError):
        for number, line in enumerate(Ledger.read_lines(folder)):
            assert line.n == number
