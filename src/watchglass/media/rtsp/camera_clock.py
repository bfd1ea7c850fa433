"""How far a camera's clock is from ours, by the sender reports that come with its stream."""

_NTP_EPOCH_S = 2_208_988_800
_NS_PER_S = 1_000_000_000
_NO_CLOCK_BEFORE_S = 946_684_800
"""2000, UTC: what says less counts from when it was switched on, or says nothing."""


class CameraClock:
    """``offset_ns``: its clock less ours, UTC, when it last said it; None while it has not, and of
    a camera that has no clock. The way over the network is in it, and counts as being behind."""

    __slots__ = ("_heard", "offset_ns")

    def __init__(self) -> None:
        self._heard: tuple[int, int] | None = None
        self.offset_ns: int | None = None

    def hear(self, report: tuple[int, int] | None, now_ns: int) -> None:
        """The newest sender report (NTP time, RTP timestamp); ``now_ns`` is UTC."""
        if report is None or report == self._heard:
            return
        self._heard = report
        seconds = (report[0] >> 32) - _NTP_EPOCH_S
        if seconds < _NO_CLOCK_BEFORE_S:
            self.offset_ns = None
            return
        fraction_ns = (report[0] & 0xFFFF_FFFF) * _NS_PER_S >> 32
        self.offset_ns = seconds * _NS_PER_S + fraction_ns - now_ns
