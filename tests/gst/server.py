"""Starts and stops the GStreamer server; tests that use it skip where it is not installed."""

import json
import subprocess
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pytest

SYSTEM_PYTHON = "/usr/bin/python3"
PACKAGES = "python3-gi gir1.2-gst-rtsp-server-1.0 gstreamer1.0-plugins-{base,good,bad,ugly}"

_SCRIPT = Path(__file__).with_name("gst_server.py")
_PROBE = """
import gi
gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import Gst, GstRtspServer
Gst.init(None)
needed = "qtdemux matroskademux h264parse h265parse rtph264pay rtph265pay appsrc".split()
needed += "videotestsrc jpegenc rtpjpegpay".split()
absent = [name for name in needed if Gst.ElementFactory.find(name) is None]
raise SystemExit("without " + ", ".join(absent) if absent else 0)
"""


@cache
def missing() -> str | None:
    """Why the server cannot run here, or None."""
    try:
        done = subprocess.run(
            [SYSTEM_PYTHON, "-c", _PROBE], capture_output=True, text=True, timeout=60, check=False
        )
    except OSError as error:
        return f"{SYSTEM_PYTHON}: {error}"
    if done.returncode == 0:
        return None
    reason = (done.stderr.strip().splitlines() or ["unknown reason"])[-1]
    return f"no GStreamer RTSP server ({reason}); apt-get install {PACKAGES}"


def require_gst() -> None:
    """Skip the running test where the server cannot run."""
    if (reason := missing()) is not None:
        pytest.skip(reason)


class GstServer:
    """The server with some loop files mounted; `urls` by name."""

    def __init__(self, files: Mapping[str, Path | str], *options: str) -> None:
        """`files`: H.264 or H.265 in MP4 or Matroska (`Loop.export` makes them), or
        ``jpeg:WIDTHxHEIGHT``; `options` are those of gst_server.py."""
        command = [SYSTEM_PYTHON, str(_SCRIPT)]
        command += [f"{name}={path}" for name, path in files.items()]
        command += options
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            self.stop()
            raise RuntimeError(f"the GStreamer server ended with {self._process.returncode}")
        ready: dict[str, Any] = json.loads(line)
        self.port: int = ready["port"]
        self.urls: dict[str, str] = ready["urls"]

    @property
    def pid(self) -> int:
        return self._process.pid

    def stop(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()
