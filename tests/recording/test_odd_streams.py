"""Streams as cameras really send them: recorded as what they are, and nothing ends for good."""

from itertools import pairwise
from pathlib import Path

import pytest

from tests.media.encoded import encode
from tests.recording.camera_tape import (
    SOUND_SDP,
    Recorded,
    Tape,
    described,
    packets_of,
    plays,
    record,
    reordered,
    shown_times,
    tape_of,
)
from watchglass.media.bitstream import split_nal_units, to_length_prefixed
from watchglass.model.fact import SoundBroke
from watchglass.model.gap import GapCause
from watchglass.model.stream import Track, VideoCodec

pytestmark = pytest.mark.full

FPS = 10
STEP = 90_000 // FPS
H264 = VideoCodec.H264
_UNITS = encode(H264, 64, 48, 30, (("g", "10"),), FPS)


def straight(units: tuple[bytes, ...] = _UNITS, start: int = 0) -> Tape:
    tape = Tape()
    for number, unit in enumerate(units):
        tape.picture(unit, start + number * STEP)
    return tape


def media(found: Recorded) -> list[int]:
    return [sample.media for sample in found.samples()]


def is_all_there(found: Recorded, units: tuple[bytes, ...], codec: VideoCodec = H264) -> None:
    """Byte for byte, in order, and playable."""
    assert [s.data for s in found.samples()] == [to_length_prefixed(u, codec).data for u in units]
    for path in found.files:
        plays(path)


def test_an_ordinary_stream(tmp_path: Path) -> None:
    found = record(tmp_path, described(), [straight()])
    is_all_there(found, _UNITS)
    assert media(found) == [number * STEP for number in range(30)]
    assert found.causes == [GapCause.CAMERA_UNREACHABLE]


# --- what the pictures are ------------------------------------------------------------------------


def test_a_size_that_changes_in_the_middle_begins_another_file(tmp_path: Path) -> None:
    units = (*_UNITS[:10], *encode(H264, 96, 64, 10, (("g", "10"),), FPS), *_UNITS[20:])
    found = record(tmp_path, described(), [straight(units)])
    assert [(each.width, each.sequence) for each in found.opened] == [(64, 0), (96, 1), (64, 2)]
    assert found.runs == 1
    is_all_there(found, units)
    assert media(found) == [number * STEP for number in range(30)]


def test_a_camera_that_reboots_with_another_codec(tmp_path: Path) -> None:
    other = encode(VideoCodec.H265, 64, 48, 10)
    tape = Tape(VideoCodec.H265)
    for number, unit in enumerate(other):
        tape.picture(unit, number * STEP)
    sdps = [described(), described(VideoCodec.H265)]
    found = record(tmp_path, sdps, [straight(), tape])
    assert [each.codec for each in found.opened] == ["h264", "h265"]
    assert len(found.samples()) == 40
    for path in found.files:
        plays(path)


def test_another_codec_under_the_description_of_the_first_is_no_picture(tmp_path: Path) -> None:
    tape = straight()
    lying = Tape(VideoCodec.H265, tape.pieces, tape.sequence)
    for number, unit in enumerate(encode(VideoCodec.H265, 64, 48, 10)):
        lying.picture(unit, (30 + number) * STEP)
    found = record(tmp_path, described(), [lying, straight()])
    assert found.runs == 2
    assert [len(split) for split in _by_run(found)][-1] == 30


@pytest.mark.parametrize("codec", ["VP8", "AV1", "MP4V-ES"])
def test_a_codec_that_is_not_recorded_is_a_gap_that_says_so(tmp_path: Path, codec: str) -> None:
    """Until the camera is set to another: then it is recorded, with nobody's help."""
    other = described().replace(b"H264/90000", f"{codec}/90000".encode())
    assert other != described()
    found = record(tmp_path, [other, described()], [straight(), straight()])
    assert found.causes[0] is GapCause.CODEC_UNSUPPORTED
    is_all_there(found, _UNITS)


def test_parameter_sets_alone_neither_cost_the_key_frame_nor_move_time(tmp_path: Path) -> None:
    tape = Tape()
    for number, unit in enumerate(_UNITS):
        nals = split_nal_units(unit)
        sets = [nal for nal in nals if nal[0] & 0x1F in (7, 8)]
        if sets:
            # A time of their own, shared with nobody: libavformat's muxer ended here.
            tape.nals(sets, number * STEP - STEP // 2)
        tape.nals([nal for nal in nals if nal not in sets], number * STEP)
    found = record(tmp_path, described(), [tape])
    assert len(found.samples()) == 30
    assert [after - before for before, after in pairwise(media(found))] == [STEP] * 29
    for path in found.files:
        plays(path)


def test_b_frames_are_shown_in_their_order(tmp_path: Path) -> None:
    coded = reordered(45, FPS)
    tape = Tape()
    for unit, time in coded:
        tape.picture(unit, time * STEP)
    times = [time for _, time in coded]
    assert times != sorted(times)
    found = record(tmp_path, described(), [tape])
    is_all_there(found, tuple(unit for unit, _ in coded))
    samples = found.samples()
    decoded = [sample.media for sample in samples]
    assert decoded == sorted(set(decoded))
    first = samples[0].shown
    assert [sample.shown - first for sample in samples] == [time * STEP for time in times]
    (path,) = found.files
    seconds = shown_times(path)
    assert [round((s - seconds[0]) * FPS) for s in seconds] == list(range(len(coded)))


def test_a_group_of_a_minute_at_one_picture_a_second(tmp_path: Path) -> None:
    units = encode(H264, 64, 48, 130, (("g", "60"),), 1)
    tape = Tape()
    for number, unit in enumerate(units):
        tape.picture(unit, number * 90_000)
    found = record(tmp_path, described(), [tape])
    is_all_there(found, units)
    assert media(found) == [number * 90_000 for number in range(130)]
    assert found.runs == 1
    assert not found.holes
    assert [at for at, sample in enumerate(found.samples()) if sample.is_key] == [0, 60, 120]


def test_a_camera_that_refreshes_by_and_by_is_recorded_from_its_second_refresh(
    tmp_path: Path,
) -> None:
    options = (("x264-params", "intra-refresh=1:keyint=10:bframes=0"), ("g", "10"))
    units = encode(H264, 64, 48, 60, options, FPS)
    # We come when the one IDR has long gone by; the sets are in the description.
    sets = [nal for nal in split_nal_units(units[0]) if nal[0] & 0x1F in (7, 8)]
    found = record(tmp_path, described(sets=sets), [straight(units[3:])])
    samples = found.samples()
    assert samples[0].is_key
    assert len(samples) >= 60 - 3 - 20
    assert len([sample for sample in samples if sample.is_key]) >= 3
    assert [s.data for s in samples] == [to_length_prefixed(u, H264).data for u in units][
        -len(samples) :
    ]


@pytest.mark.parametrize("size", [0, 1])
def test_packets_of_no_byte_and_a_key_frame_of_8_mb(tmp_path: Path, size: int) -> None:
    tape = Tape()
    for number, unit in enumerate(_UNITS):
        tape.nals([bytes(size)], number * STEP - 1)
        nals = split_nal_units(unit)
        if number == 10:
            nals[-1] += b"\x55" * (8 << 20)
        tape.nals(nals, number * STEP)
    found = record(tmp_path, described(), [tape])
    samples = found.samples()
    assert len(samples) == 30
    assert max(len(sample.data) for sample in samples) > 8 << 20
    assert found.causes == [GapCause.CAMERA_UNREACHABLE]


def test_a_picture_beyond_reason_ends_the_connection_and_not_the_stream(tmp_path: Path) -> None:
    tape = straight(_UNITS[:10])
    nals = split_nal_units(_UNITS[10])
    tape.nals([*nals[:-1], nals[-1] + b"\x55" * (17 << 20)], 10 * STEP)
    found = record(tmp_path, described(), [tape, straight()])
    assert [len(split) for split in _by_run(found)] == [10, 30]
    assert found.causes[0] is GapCause.STREAM_INVALID


# --- time -----------------------------------------------------------------------------------------


def test_timestamps_wrap_at_32_bits(tmp_path: Path) -> None:
    found = record(tmp_path, described(), [straight(start=(1 << 32) - 12 * STEP - 7)])
    assert media(found) == [number * STEP for number in range(30)]
    assert found.runs == 1


def test_a_clock_that_jumps_forward_makes_no_file_of_149_hours(tmp_path: Path) -> None:
    tape = straight(_UNITS[:10])
    hours = 3 * 3600 * 90_000
    for number, unit in enumerate(_UNITS[10:]):
        tape.picture(unit, hours + number * STEP)
    found = record(tmp_path, described(), [tape])
    assert [len(split) for split in _by_run(found)] == [10, 20]
    assert found.causes[0] is GapCause.CAMERA_DROPPED
    assert max(media(found)) < 3 * 90_000
    for path in found.files:
        plays(path)


def test_a_clock_that_runs_back_begins_another_run(tmp_path: Path) -> None:
    tape = straight(_UNITS[:20], start=100 * 90_000)
    for number, unit in enumerate(_UNITS[20:]):
        tape.picture(unit, number * STEP)
    found = record(tmp_path, described(), [tape])
    assert [len(split) for split in _by_run(found)] == [20, 10]
    for path in found.files:
        plays(path)


def test_times_that_repeat_or_step_back_a_little_lose_no_picture(tmp_path: Path) -> None:
    tape = Tape()
    times = [number * STEP for number in range(30)]
    times[5], times[15], times[16] = times[4] + 1, times[14], times[15] - 2 * STEP
    for unit, time in zip(_UNITS, times, strict=True):
        tape.picture(unit, time)
    found = record(tmp_path, described(), [tape])
    assert [s.data for s in found.samples()] == [to_length_prefixed(u, H264).data for u in _UNITS]
    decoded = media(found)
    assert decoded == sorted(set(decoded))
    (path,) = found.files
    assert packets_of(path) == 30


def test_a_pause_of_the_camera_is_a_hole_in_its_run(tmp_path: Path) -> None:
    tape = straight(_UNITS[:10])
    for number, unit in enumerate(_UNITS[10:]):
        tape.picture(unit, (10 + number) * STEP + 4 * 90_000)
    found = record(tmp_path, described(), [tape])
    (hole,) = found.holes
    assert hole.cause is GapCause.CAMERA_DROPPED
    assert hole.media_to - hole.media_from == pytest.approx(4 * 90_000, abs=STEP)
    assert found.runs == 1


def test_a_loss_on_the_way_is_a_hole_up_to_the_next_key_frame(tmp_path: Path) -> None:
    tape = Tape()
    for number, unit in enumerate(_UNITS):
        if number == 13:
            tape.lose(3)
            continue
        tape.picture(unit, number * STEP)
    found = record(tmp_path, described(), [tape])
    (hole,) = found.holes
    assert (hole.media_from, hole.media_to) == (13 * STEP, 20 * STEP)
    assert len(found.samples()) == 29


def test_sender_reports_that_shift_move_nothing(tmp_path: Path) -> None:
    tape = Tape()
    for number, unit in enumerate(_UNITS):
        ntp = (3_900_000_000 + (86_400 if number % 2 else 0)) << 32
        tape.sender_report(ntp, number * STEP * (1 + number % 3))
        tape.picture(unit, number * STEP)
    found = record(tmp_path, described(), [tape])
    is_all_there(found, _UNITS)
    assert media(found) == [number * STEP for number in range(30)]


# --- sound ----------------------------------------------------------------------------------------


def _with_sound(heard: dict[int, int]) -> Tape:
    """Sound of a picture's length with the pictures in ``heard``, at those of its timestamps."""
    tape = Tape()
    for number, unit in enumerate(_UNITS):
        tape.picture(unit, number * STEP)
        if number in heard:
            tape.sound(bytes((number,)) * 800, heard[number])
    return tape


def test_sound_that_starts_late_and_stops_leaves_the_picture_alone(tmp_path: Path) -> None:
    tape = _with_sound({number: number * 800 for number in range(12, 20)})
    found = record(tmp_path, described() + SOUND_SDP, [tape], sound=True)
    is_all_there(found, _UNITS)
    sound = found.samples(Track.SOUND)
    assert [sample.data[0] for sample in sound] == list(range(12, 20))
    assert not found.holes


def test_sound_that_changes_its_rate_is_kept_and_noted(tmp_path: Path) -> None:
    tape = _with_sound({n: n * 800 if n < 15 else 15 * 800 + (n - 15) * 48_000 for n in range(30)})
    found = record(tmp_path, described() + SOUND_SDP, [tape], sound=True)
    is_all_there(found, _UNITS)
    assert {f.what for f in found.facts if isinstance(f, SoundBroke)} >= {"changed"}
    assert not found.holes


# --- files of others ------------------------------------------------------------------------------


def test_odd_media_of_others_played_by_a_camera(tmp_path: Path, shared_dir: Path) -> None:
    """Whatever a camera may play: it is recorded as it came, or a gap, and the reader goes on."""
    folder = shared_dir / "testdata" / "odd_media"
    paths = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    found_tapes = {path: tape_of(path) for path in paths}
    from_where = {path.parent.name for path, tape in found_tapes.items() if tape and tape.pieces}
    assert from_where >= {"androidx", "mp4parse"}
    tapes = [tape for tape in found_tapes.values() if tape is not None and tape.pieces]
    assert len(tapes) > 20
    found = record(tmp_path, [described(tape.codec) for tape in tapes], tapes)
    assert found.runs > len(tapes) // 2
    assert sum(map(packets_of, found.files)) == len(found.samples())


def _by_run(found: Recorded) -> list[list[int]]:
    """Media times, split where they begin anew."""
    runs: list[list[int]] = []
    for time in media(found):
        if not runs or time <= runs[-1][-1]:
            runs.append([])
        runs[-1].append(time)
    return runs
