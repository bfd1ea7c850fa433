"""Log lines by TCP: a newline behind each, or a count of octets before it (RFC 6587)."""

import re

from watchglass.cameras.egress.lines import MOST_LINE_BYTES

_COUNTED = re.compile(rb"([1-9]\d{0,4}) <")
_MAYBE_COUNTED = re.compile(rb"[1-9]\d{0,4} ?$")


class SyslogStream:
    """Of one connection; takes pieces of any size. What is longer than a line is, is cut."""

    def __init__(self) -> None:
        self._left = b""

    def feed(self, data: bytes) -> list[bytes]:
        """The lines that are whole now."""
        self._left += data
        found: list[bytes] = []
        while (line := self._next()) is not None:
            if line:
                found.append(line)
        return found

    def end(self) -> list[bytes]:
        """What is left, where the connection ended without a newline."""
        left, self._left = self._left, b""
        return [left] if left else []

    def _next(self) -> bytes | None:
        if _MAYBE_COUNTED.fullmatch(self._left):
            return None  # whether it is a count shows with the next octet
        counted = _COUNTED.match(self._left)
        if counted is not None and int(counted[1]) <= MOST_LINE_BYTES:
            start = counted.end() - 1
            end = start + int(counted[1])
            if len(self._left) < end:
                return None
            line, self._left = self._left[start:end], self._left[end:].lstrip(b"\n")
            return line
        end = self._left.find(b"\n", 0, MOST_LINE_BYTES)
        if end >= 0:
            line, self._left = self._left[:end], self._left[end + 1 :]
            return line
        if len(self._left) >= MOST_LINE_BYTES:
            line, self._left = self._left[:MOST_LINE_BYTES], self._left[MOST_LINE_BYTES:]
            return line
        return None
