"""What was sent, a line of JSON a frame: the truth against which losses are counted."""

import asyncio
import json
import time
from collections.abc import Sequence
from io import TextIOWrapper
from pathlib import Path
from typing import Any

FLUSH_INTERVAL_S = 0.2


class FrameLog:
    """One file per stream; lines reach the file within 200 ms.

    A frame: ``{"n": absolute number, "l": times round the loop, "k": 1 for a key frame, "w": wall
    clock ns, "m": monotonic ns, "c": [client ids]}``. Other lines have the key "event".
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file: TextIOWrapper = path.open("a", encoding="utf-8")
        self._flush_at: asyncio.TimerHandle | None = None

    def frame(self, number: int, round_: int, key: bool, clients: Sequence[int]) -> None:
        ids = ",".join(map(str, clients))
        wall_ns, monotonic_ns = time.time_ns(), time.monotonic_ns()
        self._write(
            f'{{"n":{number},"l":{round_},"k":{int(key)},"w":{wall_ns},"m":{monotonic_ns},"c":[{ids}]}}\n'
        )

    def event(self, event: str, **fields: Any) -> None:
        line = {"event": event, "w": time.time_ns(), "m": time.monotonic_ns(), **fields}
        self._write(json.dumps(line, separators=(",", ":")) + "\n")

    def _write(self, line: str) -> None:
        self._file.write(line)
        if self._flush_at is None:
            loop = asyncio.get_running_loop()
            self._flush_at = loop.call_later(FLUSH_INTERVAL_S * 0.75, self._flush)

    def _flush(self) -> None:
        self._flush_at = None
        self._file.flush()

    def close(self) -> None:
        if self._flush_at is not None:
            self._flush_at.cancel()
        self._file.close()
