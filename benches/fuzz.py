"""Readers of what lies on disk or comes from a camera, given what nobody should have written.

Samples are spoilt with their structure in mind (``benches/_mutate.py``); whatever comes out of a
reader other than the errors it declares is a finding, and so are an input that takes seconds or
hundreds of megabytes, and a broken promise: the keeper is started on spoilt sites, and no playable
byte may go. Inputs that reach new lines of code are kept and spoilt further. Findings are made
small and printed; ``--keep`` writes them to a folder, ``--only`` runs one target.
"""

import argparse
import base64
import faulthandler
import logging
import random
import resource
import signal
import sys
import time
import traceback
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any

from benches import _fuzz_disk, _mutate
from benches._fuzz_disk import Target
from benches._fuzz_rtsp import TARGETS, FuzzTarget
from benches._harness import report
from watchglass.base import log

_OF_PACKETS = (_mutate.spoil_packets, _mutate.spoil_packets, _mutate.spoil_bytes)
_OF_TEXT = (_mutate.spoil_text, _mutate.spoil_bytes)
_QUICK_S = 40.0
_TURN_S = 1.0
_TRACED = 0.06
_MOST_CORPUS = 400
_MOST_CPU_S = 3.0
_MOST_BYTES = 512 << 20
_HANGS_S = 60.0
_SHRINK_S = 10.0


class TooSlow(BaseException):
    """No Exception: no reader may take it for one of its own."""


@dataclass(slots=True)
class Finding:
    """``kind`` is what is told apart: the target, the error, and the line it came from."""

    kind: tuple[str, str, str]
    text: str
    data: bytes


@dataclass
class Progress:
    """Of one target."""

    target: Target
    corpus: list[bytes]
    seen: set[tuple[str, int]] = field(default_factory=set)
    inputs: int = 0
    refused: int = 0
    spent_s: float = 0.0
    slowest_s: float = 0.0
    findings: dict[tuple[str, str, str], Finding] = field(default_factory=dict)


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/bench fuzz", description=__doc__)
    parser.add_argument("--quick", action="store_true", help=f"{_QUICK_S:.0f} s")
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=None, help="otherwise by the clock")
    parser.add_argument("--only", help="targets with this in their name")
    parser.add_argument("--keep", type=Path, help="a folder for findings")
    asked = parser.parse_args()
    seconds = _QUICK_S if asked.quick else asked.minutes * 60
    seed = asked.seed if asked.seed is not None else time.time_ns() & 0xFFFFFFFF
    print(f"seed {seed}", file=sys.stderr)
    chosen = [each for each in _targets() if asked.only is None or asked.only in each.name]
    if not chosen:
        raise SystemExit(f"There is no target with {asked.only!r} in its name.")
    _fence()
    done = [Progress(target, list(target.seeds)) for target in chosen]
    _take_turns(done, seconds, random.Random(seed))
    findings = [each for progress in done for each in progress.findings.values()]
    for finding in findings:
        _tell(finding, asked.keep)
    for each in done:
        print(
            f"{each.target.name:<34} {each.inputs:>8} inputs, {each.refused:>8} refused,"
            f" {len(each.corpus):>4} kept, {len(each.seen):>5} lines, slowest"
            f" {each.slowest_s * 1000:6.1f} ms, {len(each.findings)} findings"
        )
    inputs = sum(each.inputs for each in done)
    figures: dict[str, float | int | None] = {
        "inputs": inputs,
        "targets": len(done),
        "inputs_per_s": round(inputs / max(1e-9, sum(each.spent_s for each in done)), 1),
        "lines_reached": sum(len(each.seen) for each in done),
        "slowest_ms": round(1000 * max(each.slowest_s for each in done), 1),
        "findings": len(findings),
        "seed": seed,
    }
    return report("fuzz", asked.quick, figures, {"findings": ("<=", 0.0)})


def _targets() -> list[Target]:
    """Of the disk, and of the camera: those suppress what they may raise themselves."""
    of_cameras = [
        Target(
            each.name, each.seeds, each.run, _OF_PACKETS if _is_packets(each) else _OF_TEXT,
            allowed=(), share=0.5, modules=("watchglass/media/",),
        )
        for each in TARGETS
    ]  # fmt: skip
    return _fuzz_disk.targets() + of_cameras


def _is_packets(target: FuzzTarget) -> bool:
    return target.name.startswith(("rtp ", "datagrams"))


def _fence() -> None:
    """What an input may take, of a process that does nothing else."""
    used = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    bytes_now = used * resource.getpagesize()
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (bytes_now + _MOST_BYTES, hard))
    signal.signal(signal.SIGPROF, _too_slow)
    log.configure("critical", json=False)
    logging.disable(logging.CRITICAL)


def _too_slow(_number: int, _frame: FrameType | None) -> None:
    raise TooSlow


def _take_turns(done: list[Progress], seconds: float, chance: random.Random) -> None:
    until_s = time.monotonic() + seconds
    for progress in done:  # the samples themselves: what they reach is no news
        for data in progress.target.seeds:
            _try(progress, data, traced=True)
    while time.monotonic() < until_s:
        next_ = min(done, key=lambda each: each.spent_s / each.target.share)
        began_s = time.monotonic()
        turn_s = min(_TURN_S, seconds / len(done) / 2)
        while time.monotonic() < min(began_s + turn_s, until_s):
            _try(next_, _input(next_, chance), traced=chance.random() < _TRACED)
        next_.spent_s += time.monotonic() - began_s


def _input(progress: Progress, chance: random.Random) -> bytes:
    mutate = chance.choice(progress.target.mutators)
    other = chance.choice(progress.target.parts or progress.corpus)
    return mutate(chance, chance.choice(progress.corpus), other)


def _try(progress: Progress, data: bytes, *, traced: bool) -> None:
    reached: set[tuple[str, int]] = set()
    error, spent_s = _run(progress.target, data, reached if traced else None)
    progress.inputs += 1
    progress.slowest_s = max(progress.slowest_s, 0.0 if traced else spent_s)
    if error is not None:
        kind = _kind(progress.target, error)
        progress.refused += kind is None
        if kind is not None and kind not in progress.findings:
            text = "".join(traceback.format_exception(error)[-6:])
            small = _shrunk(progress.target, data, kind)
            progress.findings[kind] = Finding(kind, text, small)
    if not reached <= progress.seen:
        progress.seen |= reached
        if len(progress.corpus) < _MOST_CORPUS and data not in progress.target.seeds:
            progress.corpus.append(data)


def _run(
    target: Target, data: bytes, reached: set[tuple[str, int]] | None
) -> tuple[BaseException | None, float]:
    """What came out, and CPU seconds."""
    # A loop inside a C function would not come back to a signal of Python's.
    faulthandler.dump_traceback_later(_HANGS_S, exit=True)
    signal.setitimer(signal.ITIMER_PROF, _MOST_CPU_S)
    began_s = time.thread_time()
    try:
        if reached is not None:
            sys.settrace(_tracer(target.modules, reached))
        target.run(data)
    except (Exception, TooSlow) as error:  # noqa: BLE001 - what comes out is what is looked for
        return _bare(error), time.thread_time() - began_s
    finally:
        sys.settrace(None)
        signal.setitimer(signal.ITIMER_PROF, 0)
        faulthandler.cancel_dump_traceback_later()
    return None, time.thread_time() - began_s


def _bare(error: BaseException) -> BaseException:
    """Without the variables of its frames, which may hold all that was read."""
    link: TracebackType | None = error.__traceback__
    if link is not None:
        traceback.clear_frames(link)
    return error


def _tracer(modules: tuple[str, ...], reached: set[tuple[str, int]]) -> Any:
    def line(frame: FrameType, event: str, _arg: object) -> Any:
        if event == "line":
            reached.add((frame.f_code.co_filename, frame.f_lineno))
        return line

    def call(frame: FrameType, _event: str, _arg: object) -> Any:
        path = frame.f_code.co_filename
        return line if any(module in path for module in modules) else None

    return call


def _kind(target: Target, error: BaseException) -> tuple[str, str, str] | None:
    if isinstance(error, target.allowed):
        return None
    frames = traceback.extract_tb(error.__traceback__)
    ours = [each for each in frames if "watchglass" in each.filename] or frames
    place = f"{Path(ours[-1].filename).name}:{ours[-1].lineno}" if ours else ""
    if isinstance(error, TooSlow):
        place = ""  # wherever it happened to be
    return target.name, type(error).__name__, place


def _shrunk(target: Target, data: bytes, kind: tuple[str, str, str]) -> bytes:
    """Cut pieces out while the same comes out."""
    until_s = time.monotonic() + _SHRINK_S
    piece = len(data) // 2
    while piece:
        at = 0
        while at < len(data) and time.monotonic() < until_s:
            shorter = data[:at] + data[at + piece :]
            error, _ = _run(target, shorter, None)
            if error is not None and _kind(target, error) == kind:
                data = shorter
            else:
                at += piece
        piece //= 2
    return data


def _tell(finding: Finding, keep: Path | None) -> None:
    target, error, place = finding.kind
    print(f"\n{target}: {error} at {place}\n{finding.text}", file=sys.stderr)
    print(
        f"{len(finding.data)} bytes: {base64.b64encode(finding.data[:3000]).decode()}",
        file=sys.stderr,
    )
    if keep is not None:
        keep.mkdir(parents=True, exist_ok=True)
        name = f"{target}-{error}-{place}".replace(" ", "_").replace(":", "_").replace(",", "")
        (keep / name).write_bytes(finding.data)


if __name__ == "__main__":
    sys.exit(main())
