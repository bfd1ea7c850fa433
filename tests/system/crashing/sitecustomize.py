"""Loaded by each process of the recorder under test: some packets crash who reads them.

While a file ``<camera>`` lies in the folder ``CRASHING_MARKS``, a video packet of the stream whose
URL holds that name ends the camera-worker in a read of address 0, as a fault in a library would;
one that is named by the camera's id does so where the analytics-worker decodes. There the pictures
of the moment at which the file ``poison`` was last changed do so too.
"""

import ctypes
import os
import sys
from pathlib import Path

if any("camera_worker" in each for each in sys.orig_argv):
    from watchglass.media.rtsp.source import RtspSource
    from watchglass.model.stream import Packet

    _MARKS = Path(os.environ["CRASHING_MARKS"])
    _real_take = RtspSource._take_picture

    def _take(self: RtspSource, packet: Packet) -> None:
        # A fenced process may not list the folder, and may ask whether a file is there.
        if any(part and (_MARKS / part).exists() for part in self._url.split("/")):
            ctypes.string_at(0)
        _real_take(self, packet)

    RtspSource._take_picture = _take  # type: ignore[method-assign]

if any("analytics_worker" in each for each in sys.orig_argv):
    from watchglass.analytics.pipeline import CameraPipeline
    from watchglass.media.decode import Picture, StreamDecoder
    from watchglass.model.live import LiveFrame

    _CRASH_AT = Path(os.environ["CRASHING_MARKS"])
    _real_decode = CameraPipeline._decode

    def _is_poison(wall_ns: int) -> bool:
        try:
            poison_ns = (_CRASH_AT / "poison").stat().st_mtime_ns
        except OSError:
            return False
        return abs(wall_ns - poison_ns) < 100_000_000

    def _decode(
        self: CameraPipeline, frame: LiveFrame, decoder: StreamDecoder | None
    ) -> list[Picture]:
        if (_CRASH_AT / self.camera).exists() or _is_poison(frame.wall_ns):
            ctypes.string_at(0)
        return _real_decode(self, frame, decoder)

    CameraPipeline._decode = _decode  # type: ignore[method-assign]

if any("watchglass.app" in each for each in sys.orig_argv) and "serve" in sys.orig_argv:
    from watchglass.app import quarantine

    quarantine.LEAST_HOLD_S = float(os.environ["CRASHING_HOLD_S"])
