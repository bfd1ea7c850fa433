"""CPU of recording ÷ CPU of only reading the same streams.

The reference is a process that does nothing but ``for packet in container.demux()`` with PyAV, a
thread for each stream, on the same main and sub-streams of the same simulated cameras, at the same
time. Ours is everything: supervisor, camera-workers and keeper, with hashing, index and syncs.
Neither asks the cameras for sound. CPU seconds are user and system time as the kernel counts them.
"""

import argparse
import subprocess
import sys
import time

from benches._harness import (
    BenchError,
    RunningRecorder,
    cpu_seconds,
    report,
    resident_bytes,
    workplace,
)
from watchglass.simulate.process import Simulator, arguments

_REFERENCE = """
import sys, threading, av
def read(url):
    options = {"rtsp_transport": "tcp", "allowed_media_types": "video"}
    with av.open(url, options=options) as container:
        for packet in container.demux():
            pass
urls = sys.stdin.read().split()
threads = [threading.Thread(target=read, args=(url,), daemon=True) for url in urls]
for thread in threads: thread.start()
for thread in threads: thread.join()
"""


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/bench record")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--cameras", type=int, default=None, help="8, or 4 at 4K")
    parser.add_argument("--seconds", type=float, default=None, help="measured time")
    parser.add_argument("--four-k", action="store_true", help="4K H.265 at 8 Mb/s")
    asked = parser.parse_args()
    if asked.cameras is None:
        asked.cameras = 4 if asked.four_k else 8
    seconds = asked.seconds or (20.0 if asked.quick else 120.0)
    ratio, per_camera, reference, mb = _measure(asked.cameras, seconds, asked.four_k)
    figures: dict[str, float | int | None] = {
        "cpu_ratio": round(ratio, 3),
        "cameras": asked.cameras,
        "seconds": seconds,
        "cpu_ms_per_camera_s": round(per_camera, 3),
        "reference_ms_per_camera_s": round(reference, 3),
        "rss_mb": round(mb, 1),
    }
    return report("record", asked.quick, figures, {"cpu_ratio": ("<=", 1.5)})


def _measure(cameras: int, seconds: float, four_k: bool) -> tuple[float, float, float, float]:
    kind = (
        arguments(cameras=cameras, kind="4k", seconds=4)
        if four_k
        else arguments(
            cameras=cameras, kind="a", width=1920, height=1080, bit_rate=3_000_000, seconds=30
        )
    )
    with (
        workplace() as folder,
        Simulator(*kind, show_progress=True) as simulator,
    ):
        # What it costs to look at pictures is told by ``idle`` and ``scale``.
        recorder = RunningRecorder(folder / "data", WATCHGLASS_ANALYSIS="false")
        reference = subprocess.Popen(
            [sys.executable, "-c", _REFERENCE], stdin=subprocess.PIPE, text=True
        )
        try:
            assert reference.stdin is not None
            urls = [url for each in simulator.urls for url in (each.main, each.sub)]
            reference.stdin.write("\n".join(urls))
            reference.stdin.close()
            for camera in simulator.urls:
                recorder.add(camera)
            time.sleep(10)  # opening and probing is no part of the steady state
            pids = [recorder.process.pid, *(p.pid for p in recorder.processes().values())]
            before = [cpu_seconds(pid) for pid in pids]
            reference_before = cpu_seconds(reference.pid)
            time.sleep(seconds)
            spent = [cpu_seconds(pid) - was for pid, was in zip(pids, before, strict=True)]
            reference_spent = cpu_seconds(reference.pid) - reference_before
            names = ["supervisor", *recorder.processes()]
            for name, each in zip(names, spent, strict=True):
                print(f"{name:<18} {1000 * each / seconds / cameras:7.3f} ms per camera-second")
            restarts = sum(p.restarts for p in recorder.processes().values())
            if restarts or reference.poll() is not None:
                raise BenchError("a process died during the measurement")
            mb = sum(resident_bytes(pid) for pid in pids) / 1e6
        finally:
            reference.kill()
            reference.wait()
            recorder.stop()
    scale = 1000 / seconds / cameras
    return sum(spent) / reference_spent, sum(spent) * scale, reference_spent * scale, mb


if __name__ == "__main__":
    sys.exit(main())
