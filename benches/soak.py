"""An hour of trouble: a camera that hangs up again and again, one that is off, people who look.

What all processes of the recorder hold together (memory, descriptors, threads, zombies, and the
rows of the index that are open) is sampled every few seconds. The slopes begin after a warm-up; the
targets are for the upper 95 % bound of each, see ``benches/_slope.py``. Half of each minute nobody
watches, so that the least of a minute is what stays when everybody has gone. What all processes
held at the same time at least is told beside it (``rss_least``), as runs before 2026-11-28 told it.

While it warms up more people are in more of a hurry than later: a heap is as large as its busiest
moment made it, and caches are full once there was enough to put in.
What is measured is what is left behind after that, by a lesser load that goes on for ever.

The slopes are of the processes that live all the time. One that comes for a task and goes again,
such as a look at the past, holds what it needs meanwhile: of those the most that they held together
is told, and how many more there are at the end than at the beginning, which is to be none.

A reconnect is a connection that the flapping camera took, of either stream, after the first. Bytes
a reconnect are the growth of all memory, whatever its cause, shared out among the reconnects.
"""

import argparse
import json
import random
import sqlite3
import sys
import threading
import time
import urllib.error
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path

from websockets.exceptions import WebSocketException

from benches._harness import BenchError, RunningRecorder, report, workplace
from benches._slope import Slope, count_slope, slope, slope_together
from benches._tree import Holding, holdings, program
from benches._visitor import Visitor
from watchglass.base.heap import FIRST_TRIMS_S
from watchglass.base.ids import CameraId
from watchglass.model.stream import StreamName
from watchglass.simulate.fleet import CameraUrls
from watchglass.simulate.process import Simulator, arguments

_FPS = 10
_HOUR_S = 3600.0
_DAY_S = 24 * _HOUR_S
_MB = 1e6
_WARM_UP_S = 600.0
_HURRY_S = _WARM_UP_S - 90.0
_HURRIED_PEOPLE = 5
_PEOPLE = 3
_SAMPLE_S = 3.0
_WINDOW_S = 60.0
_ROUND_S = 60.0
_WATCHED_S = 30.0
_HANG_UP_S = 1.2
_STREAMS = 2
_LEAST_RECONNECTS = 2000.0


@dataclass(frozen=True, slots=True)
class Sample:
    """At one moment. ``rows``: of the index, by table; ``open_rows``: of what still goes on."""

    at_s: float
    all: Holding
    by_process: dict[int, tuple[str, Holding]]
    """By pid, with a name."""
    reconnects: int
    rows: int
    open_rows: int


@dataclass
class Watching:
    """What the people who come and go have seen."""

    visits: int = 0
    frames: int = 0
    played_bytes: int = 0
    trouble: dict[str, int] = field(default_factory=dict)
    ending: threading.Event = field(default_factory=threading.Event)


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/bench soak", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="bytes a reconnect alone")
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--samples", type=Path, help="a file for all samples, JSON lines")
    asked = parser.parse_args()
    if asked.quick:
        return _quick(asked.samples)
    if asked.minutes * 60 < _WARM_UP_S + 15 * 60:
        raise SystemExit("A slope takes 25 minutes at least, 10 of them to warm up.")
    samples, people = _soak(asked.minutes * 60, asked.samples)
    return _report(samples, people)


def _report(samples: list[Sample], people: Watching) -> int:
    warm = [sample for sample in samples if sample.at_s >= _WARM_UP_S]
    at_s = [sample.at_s for sample in warm]
    lasting = set.intersection(*(set(sample.by_process) for sample in warm))
    held = [
        sum((each for pid, (_, each) in sample.by_process.items() if pid in lasting), Holding())
        for sample in warm
    ]
    parts = {
        pid: [float(sample.by_process[pid][1].memory_bytes) for sample in warm] for pid in lasting
    }
    memory = slope_together(at_s, list(parts.values()), _WINDOW_S)
    least = slope(at_s, [float(each.memory_bytes) for each in held], _WINDOW_S)
    files = count_slope(at_s, [float(each.descriptors) for each in held], _WINDOW_S)
    threads = count_slope(at_s, [float(each.threads) for each in held], _WINDOW_S)
    for pid, (name, _) in sorted(warm[0].by_process.items(), key=lambda each: each[1][0]):
        if pid in lasting:
            grows = slope_together(at_s, [parts[pid]], _WINDOW_S).value * _DAY_S / _MB
            print(f"{name:<18} {max(parts[pid]) / _MB:7.2f} MB, {grows:+8.2f} MB a day")
    passing = [
        [each for pid, each in sample.by_process.items() if pid not in lasting] for sample in warm
    ]
    for name in sorted({name for each in passing for name, _ in each}):
        print(f"{name:<18} came and went")
    first, last = warm[0], warm[-1]
    reconnects = last.reconnects - first.reconnects
    rate = reconnects / (last.at_s - first.at_s)
    figures: dict[str, float | int | None] = {
        "minutes": round(last.at_s / 60, 1),
        "reconnects": last.reconnects,
        "bytes_per_reconnect": round(memory.value / rate, 1),
        "bytes_per_reconnect_upper": _scaled(memory, 1 / rate),
        "rss_mb": round(held[-1].memory_bytes / _MB, 2),
        "rss_slope_mb_per_day": round(memory.value * _DAY_S / _MB, 3),
        "rss_slope_median_mb_per_day": round(memory.median * _DAY_S / _MB, 3),
        "rss_upper_mb_per_day": _scaled(memory, _DAY_S / _MB),
        "rss_least_upper_mb_per_day": _scaled(least, _DAY_S / _MB),
        "fd_slope": round(files.value * _HOUR_S, 4),
        "fd_upper": _scaled(files, _HOUR_S),
        "thread_slope": round(threads.value * _HOUR_S, 4),
        "thread_upper": _scaled(threads, _HOUR_S),
        "passing_max_mb": round(
            max(sum(each.memory_bytes for _, each in some) for some in passing) / _MB, 2
        ),
        "passing_left": min(map(len, passing[-20:])) - min(map(len, passing[:20])),
        "zombies": min(sample.all.zombies for sample in samples[-5:]),
        "rows_per_reconnect": round((last.rows - first.rows) / max(1, reconnects), 2),
        "open_rows_max": max(sample.open_rows for sample in warm),
        "visits": people.visits,
        "watched_frames": people.frames,
        "played_mb": round(people.played_bytes / _MB, 1),
        "visits_refused": sum(people.trouble.values()),
    }
    # Of a stream: a run, a file and a gap may go on, and one of each may be about to end.
    streams = 4 * _STREAMS
    targets = {
        "reconnects": (">=", _LEAST_RECONNECTS * min(1.0, last.at_s / _HOUR_S)),
        "bytes_per_reconnect_upper": ("<=", 1000.0),
        "rss_upper_mb_per_day": ("<=", 5.0),
        "fd_upper": ("<=", 0.1),
        "thread_upper": ("<=", 0.1),
        "passing_left": ("<=", 0.0),
        "zombies": ("<=", 0.0),
        "open_rows_max": ("<=", 6.0 * streams),
    }
    return report("soak", False, figures, targets)


def _scaled(of: Slope, factor: float) -> float | None:
    return None if of.upper is None else round(of.upper * factor, 4)


# --- the hour -------------------------------------------------------------------------------------


def _soak(seconds: float, kept: Path | None) -> tuple[list[Sample], Watching]:
    people = Watching()
    with workplace() as folder, Simulator(*_small(4), show_progress=True) as simulator:
        *_, flapping, off = simulator.urls
        simulator.set(off.name, "offline")
        simulator.set(flapping.name, "hang_up", _HANG_UP_S)
        recorder = RunningRecorder(folder / "data", WATCHGLASS_FILE_S="10")
        try:
            cameras = [recorder.add(camera) for camera in simulator.urls]
            visitor = Visitor.set_up(recorder.page())
            visits = [
                threading.Thread(target=_come_and_go, args=(visitor, cameras, number, people))
                for number in range(_PEOPLE)
            ] + [
                threading.Thread(target=_hurry, args=(visitor, cameras, _PEOPLE + number, people))
                for number in range(_HURRIED_PEOPLE)
            ]
            for thread in visits:
                thread.daemon = True
                thread.start()
            samples = _sample(recorder, simulator, flapping, seconds, kept)
            people.ending.set()
            for thread in visits:
                thread.join(60.0)
        finally:
            people.ending.set()
            status = recorder.stop()
        if status != 0:
            raise BenchError(f"the recorder ended with status {status}:\n{recorder.log()[-4000:]}")
    if people.frames == 0 or people.played_bytes == 0:
        raise BenchError(f"nobody could watch: {people.trouble}")
    return samples, people


def _small(cameras: int) -> list[str]:
    return arguments(
        cameras=cameras, kind="a", width=320, height=180, fps=_FPS, bit_rate=300_000,
        sub_width=160, sub_height=90, sub_bit_rate=100_000, seconds=20, port_each=True,
    )  # fmt: skip


def _sample(
    recorder: RunningRecorder,
    simulator: Simulator,
    flapping: CameraUrls,
    seconds: float,
    kept: Path | None,
) -> list[Sample]:
    began_s = time.monotonic()
    restarts = _restarts(recorder)
    samples: list[Sample] = []
    while (at_s := time.monotonic() - began_s) < seconds:
        sample = _take(recorder, simulator, [flapping.name], at_s)
        samples.append(sample)
        if kept is not None:
            _keep(kept, sample)
        print(
            f"\r{at_s / 60:5.1f} min: {sample.all.memory_bytes / _MB:.2f} MB,"
            f" {sample.reconnects} reconnects ", end="", file=sys.stderr, flush=True,
        )  # fmt: skip
        time.sleep(max(0.0, (len(samples) * _SAMPLE_S) - (time.monotonic() - began_s)))
    print(file=sys.stderr)
    if _restarts(recorder) != restarts:
        raise BenchError(f"a process died in between:\n{recorder.log()[-4000:]}")
    return samples


def _restarts(recorder: RunningRecorder) -> int:
    return sum(process.restarts for process in recorder.processes().values())


def _take(
    recorder: RunningRecorder, simulator: Simulator, flapping: list[str], at_s: float
) -> Sample:
    found = holdings(recorder.process.pid)
    names = {process.pid: name for name, process in recorder.processes().items()}
    names[recorder.process.pid] = "supervisor"
    by_process = {pid: (names.get(pid) or program(pid), holding) for pid, holding in found.items()}
    counters = simulator.counters()
    taken = sum(
        counters[f"{name}/{stream}"]["clients_total"] for name in flapping for stream in StreamName
    )
    rows, open_rows = _rows(recorder.layout.index_db)
    together = sum(found.values(), Holding())
    reconnects = max(0, taken - _STREAMS * len(flapping))
    return Sample(at_s, together, by_process, reconnects, rows, open_rows)


def _rows(index: Path) -> tuple[int, int]:
    with closing(sqlite3.connect(f"file:{index}?mode=ro", uri=True, timeout=20.0)) as base:
        rows = (f"SELECT count(*) FROM {table}" for table in ("run", "file", "gap"))
        goes_on = (
            "SELECT count(*) FROM run WHERE NOT ended",
            "SELECT count(*) FROM file WHERE state != 1",
            "SELECT count(*) FROM gap WHERE wall_to IS NULL",
        )
        return (
            sum(int(base.execute(each).fetchone()[0]) for each in rows),
            sum(int(base.execute(each).fetchone()[0]) for each in goes_on),
        )


def _keep(path: Path, sample: Sample) -> None:
    line = {
        "at_s": round(sample.at_s, 1), "memory": sample.all.memory_bytes,
        "descriptors": sample.all.descriptors, "threads": sample.all.threads,
        "zombies": sample.all.zombies, "reconnects": sample.reconnects, "rows": sample.rows,
        "open_rows": sample.open_rows, "by_process": {
            f"{pid} {name}": [held.memory_bytes, held.descriptors, held.threads]
            for pid, (name, held) in sample.by_process.items()
        },
    }  # fmt: skip
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")


# --- people ---------------------------------------------------------------------------------------


def _come_and_go(visitor: Visitor, cameras: list[CameraId], number: int, people: Watching) -> None:
    """Half of each round watch live pictures and play what was; then leave."""
    chance = random.Random(number)
    began_s = time.monotonic()
    while not people.ending.is_set():
        into_s = (time.monotonic() - began_s) % _ROUND_S
        if into_s > _WATCHED_S:
            people.ending.wait(_ROUND_S - into_s)
            continue
        _visit(visitor, cameras, chance, min(chance.uniform(1, 12), _WATCHED_S - into_s), people)
        people.ending.wait(chance.uniform(0.2, 1.0))


def _hurry(visitor: Visitor, cameras: list[CameraId], number: int, people: Watching) -> None:
    """Look here and there without a rest, until it has warmed up."""
    chance = random.Random(number)
    until_s = time.monotonic() + _HURRY_S
    while not people.ending.is_set() and time.monotonic() < until_s:
        _visit(visitor, cameras, chance, chance.uniform(0.5, 3), people)


def _visit(
    visitor: Visitor,
    cameras: list[CameraId],
    chance: random.Random,
    watch_s: float,
    people: Watching,
) -> None:
    camera, stream = chance.choice(cameras), chance.choice(list(StreamName))
    people.visits += 1
    try:
        if chance.random() < 0.5:
            _watch(visitor, camera, stream, time.monotonic() + watch_s, people)
        else:
            _play(visitor, camera, stream, people)
    except (OSError, urllib.error.URLError, WebSocketException) as error:
        name = type(error).__name__
        people.trouble[name] = people.trouble.get(name, 0) + 1


def _watch(
    visitor: Visitor, camera: CameraId, stream: StreamName, until_s: float, people: Watching
) -> None:
    with visitor.live(camera, stream) as link:
        while not people.ending.is_set() and (left_s := until_s - time.monotonic()) > 0:
            # The camera that is off has nothing to show.
            with suppress(TimeoutError):
                people.frames += isinstance(link.recv(timeout=min(left_s, 1.0)), bytes)


def _play(visitor: Visitor, camera: CameraId, stream: StreamName, people: Watching) -> None:
    """What the page asks for when somebody goes back half a minute."""
    now_ms = visitor.ask("/api/v1/cameras")["now_ms"]
    path = f"/api/v1/playback/{camera}/{stream}?at_ms={now_ms - 30_000}&span_ms=10000"
    for piece in visitor.ask(path)["pieces"]:
        urls = [piece["video"]["init_url"], *(each["url"] for each in piece["video"]["segments"])]
        people.played_bytes += sum(len(visitor.get(url)) for url in urls)


# --- quick ----------------------------------------------------------------------------------------

_QUICK_CAMERAS = 12
_QUICK_HANG_UP_S = 0.3
_QUICK_AFTER_S = (sum(FIRST_TRIMS_S[:1]), sum(FIRST_TRIMS_S))
_QUICK_WINDOW_S = 12.0
"""Processes are started one after the other, and so is what each gives back."""


def _quick(kept: Path | None) -> int:
    """Many cameras that hang up soon: bytes a reconnect alone, from one time at which all processes
    have given back what is free to the next. What they grow by in their first minute is in it."""
    with workplace() as folder, Simulator(*_small(_QUICK_CAMERAS), show_progress=True) as simulator:
        names = [camera.name for camera in simulator.urls]
        for name in names:
            simulator.set(name, "burst")
            simulator.set(name, "hang_up", _QUICK_HANG_UP_S)
        began_s = time.monotonic()
        recorder = RunningRecorder(folder / "data", WATCHGLASS_CAMERAS_PER_WORKER=str(len(names)))
        try:
            for camera in simulator.urls:
                recorder.add(camera)
            samples = []
            until_s = _QUICK_AFTER_S[-1] + _QUICK_WINDOW_S
            while (at_s := time.monotonic() - began_s) < until_s:
                samples.append(_take(recorder, simulator, names, at_s))
                if kept is not None:
                    _keep(kept, samples[-1])
                time.sleep(0.5)
        finally:
            recorder.stop()
    first, last = (_floor(samples, after_s) for after_s in _QUICK_AFTER_S)
    reconnects = last.reconnects - first.reconnects
    for pid, (name, held) in sorted(last.by_process.items(), key=lambda each: each[1][0]):
        before = first.by_process.get(pid, (name, Holding()))[1]
        grown = held.memory_bytes - before.memory_bytes
        print(f"{name:<18} {grown / reconnects:+8.0f} bytes a reconnect")
    grown = last.all.memory_bytes - first.all.memory_bytes
    figures: dict[str, float | int | None] = {
        "reconnects": reconnects,
        "bytes_per_reconnect": round(grown / reconnects, 1),
        "rss_mb": round(last.all.memory_bytes / _MB, 2),
    }
    return report("soak", True, figures, {"bytes_per_reconnect": ("<=", 1000.0)})


def _floor(samples: list[Sample], after_s: float) -> Sample:
    """The one of a window that held least."""
    window = [each for each in samples if after_s <= each.at_s < after_s + _QUICK_WINDOW_S]
    return min(window, key=lambda each: each.all.memory_bytes)


if __name__ == "__main__":
    sys.exit(main())
