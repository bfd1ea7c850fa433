"""What every `model.source.VideoSource` has to hold: one suite, for ours and for those of plug-ins.

Give it a `Rig`, and run each of `CHECKS` on it; `Broken` says in a sentence what was not held. It
needs no test framework::

    for check in CHECKS:
        check(Rig(make=lambda: MySource(...)))
"""

import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from watchglass.base.errors import CameraError, StreamStalledError
from watchglass.media.parameter_sets import ParameterSets
from watchglass.model.source import VideoSource
from watchglass.model.stream import Packet, Track, VideoCodec

_CLOSE_WAIT_S = 3.0
_BLOCKED_S = 0.4
_ROUNDS = 3
_MOST_READS = 5000


class Broken(AssertionError):
    """A source does not hold what `VideoSource` promises."""


@dataclass(frozen=True, slots=True)
class Rig:
    """Sources to look at: ``make`` gives one of a camera that plays, without sound.

    ``with_sound``: the same, asked for its sound. ``silent``: of one that opens, gives a picture at
    most, and then nothing. ``absent``: of one that is not there. None where there is no such thing.
    ``pictures`` are read of each.
    """

    make: Callable[[], VideoSource]
    with_sound: Callable[[], VideoSource] | None = None
    silent: Callable[[], VideoSource] | None = None
    absent: Callable[[], VideoSource] | None = None
    pictures: int = 12


def before_it_is_opened(rig: Rig) -> None:
    """It can be asked and closed, twice too; to read it is an error of a camera's."""
    source = rig.make()
    _must(source.sound is None, "Sound is told before it was opened.")
    _fails(source.read, "read before open")
    source.close()
    source.close()
    _fails(source.read, "read after close")


def its_packets(rig: Rig) -> None:
    """Each packet is what `model.stream.Packet` says, and they begin with what a player needs."""
    with _Opened(rig.make()) as source:
        _must(source.codec is not None, "After open the codec is not known.")
        assert source.codec is not None
        told = source.video
        sets = ParameterSets(source.codec, told.parameter_sets if told else ())
        seen_key = False
        for packet in _pictures(source, rig.pictures):
            _check_packet(packet, source.codec)
            sets.update(packet.parameter_sets)
            seen_key = seen_key or packet.is_key
            _must(not seen_key or sets.complete, "A key frame came before its parameter sets.")
        _must(seen_key, "No key frame came; give the rig more pictures.")
        video = source.video
        if video is not None:
            found = sets.parameters()
            _must(
                (video.width, video.height) == (found.width, found.height),
                "The size that is told is not that of the pictures.",
            )


def its_times(rig: Rig) -> None:
    """Decode times grow, and so do times of arrival, on both clocks."""
    with _Opened(rig.make()) as source:
        pictures = [each for each in _pictures(source, rig.pictures) if each.has_picture]
        decoded = [each.dts for each in pictures if each.dts is not None]
        _must(decoded == sorted(set(decoded)), "Decode times do not grow.")
        _must(len({each.timescale for each in pictures}) == 1, "The time scale changes.")
        for clock in ("arrival_monotonic_ns", "arrival_wall_ns"):
            arrived = [getattr(each, clock) for each in pictures]
            _must(arrived == sorted(arrived), f"{clock} runs back.")
            _must(arrived[0] > 0, f"{clock} is not set.")


def no_sound_unasked(rig: Rig) -> None:
    """Sound comes only when it is asked for, and with its parameters."""
    with _Opened(rig.make()) as source:
        _must(source.sound is None, "Sound is told, and nobody asked for it.")
        for _ in range(rig.pictures):
            _must(source.read().track is Track.VIDEO, "Sound came, and nobody asked for it.")
    if rig.with_sound is None:
        return
    with _Opened(rig.with_sound()) as source:
        _must(source.sound is not None, "The sound that was asked for is not told.")
        assert source.sound is not None
        for _ in range(_MOST_READS):
            packet = source.read()
            if packet.track is Track.SOUND:
                rate = source.sound.sample_rate
                _must(packet.timescale == rate, "Sound does not count in its sample rate.")
                _must(bool(packet.data), "A sound packet is empty.")
                return
        raise Broken("No sound came.")


def closing_ends_a_blocked_call(rig: Rig) -> None:
    """``close`` in another thread makes a ``read`` that waits raise, soon."""
    source = (rig.silent or rig.make)()
    source.open()
    closer = threading.Timer(_BLOCKED_S, source.close)
    begun_s = time.monotonic()
    closer.start()
    try:
        error = _fails(lambda: _read_on(source), "a blocked read, closed by another thread,")
    finally:
        closer.join()
        source.close()
    took_s = time.monotonic() - begun_s - _BLOCKED_S
    _must(took_s < _CLOSE_WAIT_S, f"A blocked read ended {took_s:.1f} s after close.")
    _must(not isinstance(error, StreamStalledError), "Closing looks like a stall.")


def after_it_was_closed(rig: Rig) -> None:
    """Nothing comes any more, and asking again changes nothing."""
    source = rig.make()
    source.open()
    _pictures(source, 1)
    source.close()
    for _ in range(_ROUNDS):
        error = _fails(lambda: _read_on(source), "read after close")
        _must(not isinstance(error, StreamStalledError), "What is closed looks like a stall.")
    source.close()


def one_that_is_not_there(rig: Rig) -> None:
    """``open`` says so in a sentence, and leaves nothing behind."""
    if rig.absent is None:
        return
    source = rig.absent()
    error = _fails(source.open, "open of a camera that is not there")
    _must(error.sentence.endswith("."), "An error is not told in a sentence.")
    _fails(source.read, "read after an open that failed")
    source.close()


def one_that_falls_silent(rig: Rig) -> None:
    """A stream that gives nothing while it is open is a stall, and told as one."""
    if rig.silent is None:
        return
    source = rig.silent()
    try:
        error = _fails(lambda: _open_and_read_on(source), "a silent stream")
    finally:
        source.close()
    _must(isinstance(error, StreamStalledError), f"A silent stream is told as {error.code}.")


def two_side_by_side(rig: Rig) -> None:
    """Sources share nothing: one that is closed takes no other with it."""
    with _Opened(rig.make()) as kept:
        with _Opened(rig.make()) as other:
            _pictures(other, 1)
        _pictures(kept, rig.pictures)


def what_it_holds_is_given_back(rig: Rig) -> None:
    """Descriptors and threads, after it was read and closed."""
    _use(rig)
    before = _held()
    for _ in range(_ROUNDS):
        _use(rig)
    deadline_s = time.monotonic() + _CLOSE_WAIT_S
    while (left := _held() - before) and time.monotonic() < deadline_s:
        time.sleep(0.05)
    _must(not left, f"After {_ROUNDS} rounds more is open than before: {sorted(left)}.")


CHECKS: tuple[Callable[[Rig], None], ...] = (
    before_it_is_opened,
    its_packets,
    its_times,
    no_sound_unasked,
    closing_ends_a_blocked_call,
    after_it_was_closed,
    one_that_is_not_there,
    one_that_falls_silent,
    two_side_by_side,
    what_it_holds_is_given_back,
)


# --- parts ----------------------------------------------------------------------------------------


def _must(held: bool, sentence: str) -> None:
    if not held:
        raise Broken(sentence)


class _Opened:
    def __init__(self, source: VideoSource) -> None:
        self._source = source

    def __enter__(self) -> VideoSource:
        self._source.open()
        return self._source

    def __exit__(self, *_: object) -> None:
        self._source.close()


def _pictures(source: VideoSource, count: int) -> list[Packet]:
    found: list[Packet] = []
    for _ in range(_MOST_READS):
        try:
            packet = source.read()
        except CameraError as error:
            raise Broken(f"A camera that plays is told as {error.code}: {error}") from error
        if packet.track is Track.VIDEO:
            found.append(packet)
        if sum(each.has_picture for each in found) >= count:
            return found
    raise Broken("Hardly any pictures came.")


def _read_on(source: VideoSource) -> None:
    # What had come before the close may still be handed out.
    for _ in range(_MOST_READS):
        source.read()


def _open_and_read_on(source: VideoSource) -> None:
    source.open()
    _read_on(source)


def _fails(action: Callable[[], object], what: str) -> CameraError:
    try:
        action()
    except CameraError as error:
        return error
    except Exception as error:
        raise Broken(f"{what} raises {type(error).__name__}, which is no CameraError.") from error
    raise Broken(f"{what} raises nothing.")


def _check_packet(packet: Packet, codec: VideoCodec) -> None:
    _must(packet.timescale > 0, "A packet has no time scale.")
    _must(packet.has_picture or not packet.is_key, "A key frame has no picture.")
    if codec is VideoCodec.MJPEG:
        whole = packet.data.startswith(b"\xff\xd8") and packet.data.endswith(b"\xff\xd9")
        _must(whole, "A picture is not a whole JPEG file.")
        return
    at = 0
    while at + 4 <= len(packet.data):
        at += 4 + int.from_bytes(packet.data[at : at + 4], "big")
    _must(at == len(packet.data) > 0, "NAL units do not lie behind their lengths.")
    for each in packet.parameter_sets:
        _must(each in packet.data, "A parameter set is told that is not in the packet.")


def _use(rig: Rig) -> None:
    with _Opened(rig.make()) as source:
        _pictures(source, 1)


def _held() -> Counter[str]:
    """What the process has open, by kind, and how many threads it has."""
    held: Counter[str] = Counter()
    for each in Path("/proc/self/fd").iterdir():
        with suppress(OSError):
            # "socket:[1234]": which one it is does not matter.
            held[str(each.readlink()).partition(":[")[0]] += 1
    held["threads"] = threading.active_count()
    return held
