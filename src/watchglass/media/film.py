"""A media file as a recorder would hand on its frames, as fast as they are taken."""

from collections.abc import Iterator
from pathlib import Path

from watchglass.base.clock import NS_PER_S, SimulatedClock
from watchglass.base.errors import CameraUnreachableError, StreamInvalidError
from watchglass.base.ids import RunId
from watchglass.media.file_source import FileSource
from watchglass.media.header import file_header
from watchglass.media.parameter_sets import ParameterSets
from watchglass.model.live import LiveFrame, LiveItem, LiveShape
from watchglass.model.stream import Packet

START_NS = 1_000_000 * NS_PER_S
"""When the first frame arrived, as they tell it: a film has no time of day."""

_TICKS = 90_000
_RUN = RunId("f" * 32)


class Film:
    """The frames of a file in order, each behind its shape. To be closed.

    What can be read is what can be played as a camera (see `FileSource`): H.264, H.265, MJPEG.
    """

    def __init__(self, path: Path) -> None:
        """CameraError in a sentence for what is no such file."""
        path = path.absolute()
        clock = SimulatedClock(START_NS)
        played: tuple[set[str], str] = (set(), str(path))
        self._source = FileSource(
            path, path.parent, sound=False, clock=clock, loop=False, played=played
        )
        self._source.open()
        self._name = path.name

    @property
    def length_ns(self) -> int:
        """How long it says that it is; 0 where it does not."""
        return self._source.length_ns

    def items(self) -> Iterator[LiveItem]:
        """To be gone through once."""
        assert self._source.codec is not None
        sets, shape, last = ParameterSets(self._source.codec), b"", -1
        for packet, duration in _with_durations(self._packets()):
            sets.update(packet.parameter_sets)
            if packet.is_key and sets.complete:
                parameters = sets.parameters()
                init = file_header(parameters, None).data
                if init != shape:
                    shape = init
                    codec = str(parameters.codec)
                    yield LiveShape(_RUN, codec, "", parameters.width, parameters.height, init)
            if not shape:
                continue
            at = packet.dts
            assert at is not None
            shown = packet.pts if packet.pts is not None else at
            yield LiveFrame(
                _RUN, at, last, duration, shown - at, packet.is_key,
                START_NS + at * NS_PER_S // _TICKS, packet.data,
            )  # fmt: skip
            last = at

    def close(self) -> None:
        self._source.close()

    def _packets(self) -> Iterator[Packet]:
        """Those with a picture and a time; times only run forward."""
        last = None
        while True:
            try:
                packet = self._source.read()
            except CameraUnreachableError:
                return
            except StreamInvalidError:
                if last is None:
                    raise
                return
            at = packet.dts if packet.dts is not None else packet.pts
            if packet.has_picture and at is not None and (last is None or at > last):
                packet.dts = last = at
                yield packet


def _with_durations(packets: Iterator[Packet]) -> Iterator[tuple[Packet, int]]:
    """Each with the time to the next, and the last with that of the one before."""
    before, duration = next(packets, None), _TICKS // 25
    for packet in packets:
        assert before is not None
        assert before.dts is not None
        assert packet.dts is not None
        duration = packet.dts - before.dts
        yield before, duration
        before = packet
    if before is not None:
        yield before, duration
