"""How a model computes fastest on this machine, measured at the start within seconds."""

import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from watchglass.analytics.backends.onnx import CPU, OnnxRuntime, Tuning, providers
from watchglass.analytics.manifest import Manifest
from watchglass.analytics.named import NamedDetector
from watchglass.analytics.speed import DetectorSpeed
from watchglass.base import log
from watchglass.base.errors import WatchglassError

LONGEST_S = 10.0
_EACH_S = 0.4
_LEAST_ROUNDS = 2
_CLEARLY = 0.9
"""What needs more threads is taken only where it is that much faster."""
_LOG = log.get("analytics")


@dataclass(frozen=True, slots=True)
class Measured:
    """A way of computing, and how long a picture took: of the clock on the wall, and of CPUs."""

    tuning: Tuning
    wall_ms: float
    cpu_ms: float

    @property
    def speed(self) -> DetectorSpeed:
        tuning = self.tuning
        return DetectorSpeed(
            tuning.provider, tuning.threads, tuning.lanes, self.wall_ms, self.cpu_ms
        )


def usable_threads() -> int:
    """Processors that this process may run on."""
    return len(os.sched_getaffinity(0))


def open_model(
    manifest: Manifest, model: bytes, threads: int
) -> tuple[NamedDetector, DetectorSpeed]:
    """A detector that computes in the way that is fastest here, and how fast that is; ``model`` is
    held to its hash."""
    found = measure(manifest, model, threads)
    best = fastest(found)
    _LOG.info(
        "model_measured", model=manifest.name, provider=best.tuning.provider,
        threads=best.tuning.threads, lanes=best.tuning.lanes, picture_ms=round(best.wall_ms, 1),
    )  # fmt: skip
    return NamedDetector(manifest, OnnxRuntime(model, manifest, best.tuning)), best.speed


def measure(
    manifest: Manifest,
    model: bytes,
    threads: int,
    longest_s: float = LONGEST_S,
    monotonic: Callable[[], float] = time.monotonic,
) -> list[Measured]:
    """Each way that there is time for, the plainest first; it is always there.

    WatchglassError where not even that one works. A provider that fails is left out.
    """
    end_s = monotonic() + longest_s
    found: list[Measured] = []
    for tuning in _ways(threads):
        if found and monotonic() + _EACH_S > end_s:
            break
        try:
            found.append(_measured(manifest, model, tuning, monotonic))
        except WatchglassError as error:
            if tuning.provider == CPU:
                raise
            _LOG.warning("provider_failed", provider=tuning.provider, why=error.sentence)
    return found


def fastest(found: Sequence[Measured]) -> Measured:
    """The shortest wall time a picture; of two that are nearly as fast, the one that costs less."""
    quickest = min(each.wall_ms for each in found)
    near = [each for each in found if each.wall_ms * _CLEARLY <= quickest]
    return min(near, key=lambda each: (each.cpu_ms, each.wall_ms))


def _ways(threads: int) -> Iterator[Tuning]:
    yield Tuning(1, 1, CPU)
    for provider in providers():
        if provider != CPU:
            yield Tuning(1, 1, provider)
            yield Tuning(1, 4, provider)
    if threads > 1:
        yield Tuning(1, threads, CPU)
        yield Tuning(threads, 1, CPU)
    if threads >= 4:
        yield Tuning(2, threads // 2, CPU)


def _measured(
    manifest: Manifest, model: bytes, tuning: Tuning, monotonic: Callable[[], float]
) -> Measured:
    runtime = OnnxRuntime(model, manifest, tuning)
    try:
        shown = np.zeros(
            (runtime.batch, 3, manifest.input.height, manifest.input.width), np.float32
        )
        runtime.run(shown)
        begun_s, cpu_s, pictures, rounds = monotonic(), time.process_time(), 0, 0
        while rounds < _LEAST_ROUNDS or monotonic() - begun_s < _EACH_S:
            runtime.run(shown)
            pictures += len(shown)
            rounds += 1
        wall_s, cpu_s = monotonic() - begun_s, time.process_time() - cpu_s
        return Measured(
            Tuning(tuning.threads, tuning.lanes, runtime.provider),
            1000 * wall_s / pictures, 1000 * cpu_s / pictures,
        )  # fmt: skip
    finally:
        runtime.close()
