"""JPEG in RTP (RFC 2435): fragments of one picture's scan, and what its headers are made of.

Each picture stands for itself, so after a loss the next whole one goes on. What came of a picture
with a piece missing is thrown away: as a file it could not be told from a whole one.
"""

from collections import deque

from watchglass.base.errors import StreamInvalidError
from watchglass.media import jpeg
from watchglass.media.rtsp.access_unit import MOST_ACCESS_UNIT_BYTES
from watchglass.media.rtsp.arrival import Arrival
from watchglass.media.rtsp.rtp import TimeLine
from watchglass.model.stream import Packet, Track

_HEADER_BYTES = 8
_RESTART_BYTES = 4
_TABLES_BYTES = 4
_WITH_RESTARTS = 64
_OWN_TABLES = 128
_CHANGING_TABLES = 255
_ROWS_SAMPLED = {0: 1, 1: 2}
"""By type (RFC 2435, 4.1): colours at half the width, or at half the width and height."""
_TABLE_SIZES = (jpeg.TABLE_BYTES, 2 * jpeg.TABLE_BYTES)


class JpegDepacketizer:
    """Payloads of JPEG to whole pictures. ``size`` is what SDP says of them, for those over 2040.

    Whole pictures go into ``ready``, each a key frame with its frame header as parameter set.
    """

    # Fragments are rarely more than a few dozen a second, and have no way of their own.
    fragments: bytearray | None = None
    fragment_head = 0
    fragment_head_bytes = 0

    def __init__(
        self,
        time_line: TimeLine,
        arrival: Arrival,
        ready: deque[Packet],
        size: tuple[int, int] = (0, 0),
    ) -> None:
        self._time_line = time_line
        self._arrival = arrival
        self._ready = ready
        self._size = size
        self.access_units = 0
        self._timestamp = -1
        self._frame = b""
        self._data = bytearray()
        self._scan_at = 0
        self._tables: dict[int, tuple[bytes, ...]] = {}
        self._is_lost = False

    def check_size(self) -> None:
        """See `Depacketizer.check_size`."""
        if len(self._data) > MOST_ACCESS_UNIT_BYTES:
            raise StreamInvalidError("The camera sent a picture of more than 16 MiB.")

    def lose(self) -> None:
        """See `Depacketizer.lose`."""
        self._data.clear()
        self._is_lost = True

    def finish(self) -> None:
        """The stream has ended: a picture without its marker may lack its end."""
        self._data.clear()

    def take(self, view: memoryview, begin: int, end: int, timestamp: int, marker: bool) -> None:
        """See `Depacketizer.take`."""
        at = begin + _HEADER_BYTES
        if at >= end:
            self.lose()
            return
        offset = int.from_bytes(view[begin + 1 : begin + 4], "big")
        kind = view[begin + 4]
        restarts = 0
        if kind >= _WITH_RESTARTS:
            restarts = view[at] << 8 | view[at + 1] if at + _RESTART_BYTES <= end else 0
            at += _RESTART_BYTES
        if not offset:
            at = self._begin(view, begin, at, end, restarts)
        elif not self._data or timestamp != self._timestamp or offset != self._scanned:
            # Its begin, or what lies between, never came.
            self.lose()
            return
        self._timestamp = timestamp
        self._data += view[at:end]
        self.check_size()
        if marker and self._data:
            self._close()

    @property
    def _scanned(self) -> int:
        return len(self._data) - self._scan_at

    def _begin(self, view: memoryview, begin: int, at: int, end: int, restarts: int) -> int:
        """The first fragment: begin a picture; where its data begins."""
        if self._data:
            self.lose()  # the end of the picture before never came
        kind, quality = view[begin + 4] % _WITH_RESTARTS, view[begin + 5]
        if kind not in _ROWS_SAMPLED or view[begin + 4] >= 2 * _WITH_RESTARTS:
            raise StreamInvalidError(
                "The camera sends JPEG pictures of an unknown kind: set it to H.264 or H.265."
            )
        if quality >= _OWN_TABLES:
            at = self._take_tables(view, at, end, quality)
        elif quality not in self._tables:
            self._tables[quality] = jpeg.quantisation(quality)
        tables = self._tables.get(quality)
        if tables is None or at >= end:
            self.lose()
            return end
        width, height = 8 * view[begin + 6], 8 * view[begin + 7]
        if not (width and height):
            width, height = self._size
        if not (width and height):
            raise StreamInvalidError(
                "The camera does not say how large its JPEG pictures are: set them to 2040 pixels"
                " a side at most, or the camera to H.264."
            )
        self._frame = jpeg.frame_header(width, height, _ROWS_SAMPLED[kind])
        self._data += jpeg.start_of_picture(tables, self._frame, restarts)
        self._scan_at = len(self._data)
        return at

    def _take_tables(self, view: memoryview, at: int, end: int, quality: int) -> int:
        """Tables that came along; a quality below 255 keeps them for the pictures that follow."""
        if at + _TABLES_BYTES > end:
            return end
        wide, size = view[at + 1], view[at + 2] << 8 | view[at + 3]
        at += _TABLES_BYTES
        if quality == _CHANGING_TABLES:
            self._tables.pop(quality, None)
        if not size or at + size > end:
            return at + size
        tables: list[bytes] = []
        used = at
        while used < at + size and len(tables) < 4:
            table_bytes = _TABLE_SIZES[wide >> len(tables) & 1]
            tables.append(bytes(view[used : used + table_bytes]))
            used += table_bytes
        if used == at + size:
            # One table serves for both.
            self._tables[quality] = tuple(tables) if len(tables) > 1 else (tables[0], tables[0])
        return at + size

    def _close(self) -> None:
        if not self._data.endswith(jpeg.END):
            self._data += jpeg.END
        arrival, time_line = self._arrival, self._time_line
        packet = Packet(
            Track.VIDEO, bytes(self._data), time_line.at(self._timestamp), None,
            time_line.clock_rate, True, arrival.wall_ns, arrival.monotonic_ns,
            parameter_sets=(self._frame,), lost=self._is_lost,
        )  # fmt: skip
        time_line.newest_ns = arrival.monotonic_ns
        self._ready.append(packet)
        self.access_units += 1
        self._data = bytearray()
        self._is_lost = False
