"""A demo at work: what is told before, shown meanwhile and said at the end."""

import os
import select
import shlex
import shutil
import sys
import termios
import threading
import time
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from rich.console import Group, RenderableType
from rich.live import Live
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.text import Text

from watchglass.app.cli.moments import shown_time
from watchglass.app.cli.screen import AMBER, Cell, Column, Row, Screen, printable, table
from watchglass.app.cli.shell import Shell
from watchglass.app.cli.signals import Ending
from watchglass.app.demo import (
    LEAVING,
    Demo,
    DemoState,
    encode,
    missing_loops,
    settings_for,
)
from watchglass.app.words import CAUSES, count_words, length_words, rate_words, size_words
from watchglass.base import log
from watchglass.base.clock import NS_PER_S

_REDRAW_S = 0.5
_PLAIN_EVERY_S = 5.0


def run_demo(
    of: Shell, seconds: float | None, port: int, clip: Path | None, *, story: bool, json: bool
) -> bool:
    """The whole demo; whether all held."""
    settings = settings_for(of.data, "debug" if of.verbose else None, port, clip)
    stopping = threading.Event()
    Ending(stopping.set)
    screen = Screen(sys.stderr) if json else of.screen
    if not _encoded(screen, stopping):
        screen.say("Stopped before anything was recorded.")
        return False
    with _stderr_to(settings.data / "demo.log") as stderr:
        log.configure(settings.log_level.value, json=settings.log_json)
        screen = Screen(stderr, stderr) if json else of.screen
        run = Demo(settings, clip, story)
        try:
            with screen.working("starting cameras and recorder"):
                run.start()
            _tell_start(screen, run)
            _watch(screen, run, stopping, seconds)
            before = run.states()
        finally:
            with screen.working("closing the files"):
                run.close()
        return _tell_end(of, screen, run, before, json=json)


@contextmanager
def _stderr_to(path: Path) -> Iterator[TextIO]:
    """Have this process and its children log to a file; standard error as it was, to write to."""
    path.parent.mkdir(parents=True, exist_ok=True)
    before = os.dup(2)
    with path.open("ab") as file, os.fdopen(before, "w", buffering=1, closefd=False) as stderr:
        os.dup2(file.fileno(), 2)
        try:
            yield stderr
        finally:
            sys.stderr.flush()
            os.dup2(before, 2)
            os.close(before)


# --- before ---------------------------------------------------------------------------------------


def _encoded(screen: Screen, stopping: threading.Event) -> bool:
    """See that there are pictures to send; False when stopped meanwhile."""
    loops = missing_loops()
    if not loops:
        return True
    screen.say(
        "Four simulated cameras have to be filmed first. This takes a minute or less, once: the "
        "pictures are kept for the next time."
    )
    with _progress(screen) as progress:
        return encode(loops, progress, stopping)


@contextmanager
def _progress(screen: Screen) -> Iterator[Callable[[float, float], None]]:
    if not screen.live:
        yield _plain_progress(screen)
        return
    columns = TextColumn("filming"), BarColumn(), TimeRemainingColumn(elapsed_when_finished=True)
    with Progress(*columns, console=screen.out, transient=True) as bar:
        task = bar.add_task("filming", total=None)
        yield lambda done, whole: bar.update(task, completed=done, total=whole)


def _plain_progress(screen: Screen) -> Callable[[float, float], None]:
    began_s = told_s = time.monotonic()

    def tell(done: float, whole: float) -> None:
        nonlocal told_s
        now_s = time.monotonic()
        if now_s - told_s >= _PLAIN_EVERY_S and done:
            told_s = now_s
            left_ns = round((now_s - began_s) * (whole - done) / done * NS_PER_S)
            screen.say(f"  {done / whole:.0%}, about {length_words(left_ns)} left")

    return tell


# --- while it runs --------------------------------------------------------------------------------


def _tell_start(screen: Screen, run: Demo) -> None:
    screen.say("Four simulated cameras, recorded as real ones would be. Ctrl-C ends.")
    if run.page:
        screen.say("Open this in a browser, and set a password of your own:")
        screen.command(run.page)
    if not screen.live:
        screen.say(f"Files: {run.settings.media}")


def _watch(screen: Screen, run: Demo, stopping: threading.Event, seconds: float | None) -> None:
    until_s = time.monotonic() + seconds if seconds is not None else None

    def over() -> bool:
        return stopping.is_set() or (until_s is not None and time.monotonic() >= until_s)

    if screen.live:
        _watch_live(screen, run, stopping, over)
        return
    told_s = time.monotonic()
    run.states()  # where rates are counted from
    while not over():
        stopping.wait(0.1)
        if time.monotonic() - told_s >= _PLAIN_EVERY_S:
            told_s = time.monotonic()
            screen.say(_plain_line(run.states(), run))


def _watch_live(
    screen: Screen, run: Demo, stopping: threading.Event, over: Callable[[], bool]
) -> None:
    screen.say()
    with (
        Live(
            _picture(run), console=screen.out, auto_refresh=False, vertical_overflow="visible"
        ) as live,
        _keys() as pressed,
    ):
        while not over():
            for key in pressed(_REDRAW_S, stopping):
                if key in "1234":
                    run.pull(int(key) - 1)
            live.update(_picture(run), refresh=True)


@contextmanager
def _keys() -> Iterator[Callable[[float, threading.Event], str]]:
    """Keys as they are pressed, where standard input is a terminal; it is put back afterwards."""
    if not sys.stdin.isatty():
        yield _no_keys
        return
    descriptor = sys.stdin.fileno()
    before = termios.tcgetattr(descriptor)

    def pressed(timeout_s: float, stopping: threading.Event) -> str:
        readable, _, _ = select.select([descriptor], [], [], timeout_s)
        return os.read(descriptor, 64).decode("ascii", "replace") if readable else ""

    try:
        tty.setcbreak(descriptor)
        yield pressed
    finally:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)


def _no_keys(timeout_s: float, stopping: threading.Event) -> str:
    stopping.wait(timeout_s)
    return ""


def _picture(run: Demo) -> RenderableType:
    states = run.states()
    now_ns = time.time_ns()
    lost = any(state.gap_now for state in states)
    lines = [("Files", _typed(run.settings.media)), *_how_to(run, states)]
    if run.story is not None and run.story.told.sentences:
        lines.append(("Story", run.story.told.sentences[-1]))
    lines.append(("Keys", "1–4 pull a camera's cable, or put it back · Ctrl-C ends"))
    return Group(
        Text(_sentence(states), AMBER if lost else ""),
        Text(),
        table(_COLUMNS, [_row(state, now_ns) for state in states]),
        Text(),
        *(
            Text.assemble((f"{head:<6}", "dim"), printable(line), overflow="fold")
            for head, line in lines
        ),
    )


_COLUMNS = (
    Column("Camera"), Column("What it is"), Column("Records since"),
    Column("Recorded", right=True), Column("Gaps", wraps=True), Column("Size", right=True),
    Column("Rate now", right=True),
)  # fmt: skip


def _row(state: DemoState, now_ns: int) -> Row:
    gaps: str | Cell = "none"
    if state.gap_now is not None and state.recorded_s:
        gaps = Cell(f"now: {CAUSES[state.gap_now]}", AMBER)
    elif state.gaps and state.last_cause is not None:
        gaps = f"{state.gaps}, last: {CAUSES[state.last_cause]}"
    since = shown_time(state.since_ns, now_ns) if state.since_ns is not None else "–"
    return (
        state.camera.name, state.camera.what, since,
        length_words(round(state.recorded_s) * NS_PER_S), gaps,
        size_words(state.size_bytes), rate_words(state.bit_rate) if state.since_ns else "–",
    )  # fmt: skip


def _sentence(states: list[DemoState]) -> str:
    recording = sum(state.since_ns is not None for state in states)
    lost = [state for state in states if state.gap_now is not None and state.recorded_s]
    if lost:
        pieces = [
            f"{state.camera.name}: {CAUSES[state.gap_now]}" for state in lost if state.gap_now
        ]
        return f"{recording} of {len(states)} cameras record. {'; '.join(pieces)}."
    if recording < len(states):
        return f"{recording} of {len(states)} cameras record; waiting for first pictures."
    gaps = sum(state.gaps for state in states)
    ended = f"{count_words(gaps, 'gap')} so far, each with its cause" if gaps else "nothing missing"
    return f"All {len(states)} cameras record; {ended}."


def _plain_line(states: list[DemoState], run: Demo) -> str:
    clock = shown_time(time.time_ns(), time.time_ns())
    recorded = ", ".join(f"{state.camera.name} {state.recorded_s:.0f} s" for state in states)
    size = sum(state.size_bytes for state in states)
    rate = sum(state.bit_rate for state in states)
    return f"{clock}  {_sentence(states)} {recorded}; {size_words(size)} at {rate_words(rate)}"


def _how_to(run: Demo, states: list[DemoState]) -> list[tuple[str, str]]:
    newest = next((state.newest for state in states if state.newest is not None), None)
    lines = []
    if newest is not None:
        player = next((each for each in ("mpv", "ffplay", "vlc") if shutil.which(each)), "mpv")
        lines.append(("Play", f"{player} {_typed(newest)}"))
    lines.append(("Ask", f"watchglass --data {_typed(run.settings.data)} timeline"))
    return lines


def _typed(path: Path) -> str:
    """A path as one would type it into a shell."""
    home = Path.home()
    if path.is_relative_to(home) and home != Path("/"):
        return f"~/{shlex.quote(str(path.relative_to(home)))}"
    return shlex.quote(str(path))


# --- after ----------------------------------------------------------------------------------------


def _tell_end(of: Shell, screen: Screen, run: Demo, before: list[DemoState], *, json: bool) -> bool:
    """What was recorded; whether everything held."""
    after = run.states()
    recording = sum(state.since_ns is not None for state in before)
    unaccounted_s = round(sum(state.unaccounted_s for state in after), 3)
    gaps = sum(state.gaps for state in after)
    all_there = recording == len(after) or run.was_pulled
    held = all_there and unaccounted_s == 0 and all(state.recorded_s for state in after)
    story = run.story.told if run.story is not None else None
    if story is not None:
        held = held and story.page is not None
    if json:
        of.screen.json(
            {
                "cameras": len(after),
                "recording": recording,
                "seconds": {state.camera.name: round(state.recorded_s, 1) for state in after},
                "gaps": gaps,
                "unaccounted_s": unaccounted_s or 0,
                "data": str(run.settings.data),
                **({"story": story.sentences, "changes": story.changes} if story else {}),
            }
        )
    least_s = min((state.recorded_s for state in after), default=0.0)
    size = size_words(sum(state.size_bytes for state in after))
    screen.say()
    screen.say(
        f"Recorded {count_words(len(after), 'camera')}, each for "
        f"{length_words(round(least_s) * NS_PER_S)} or more, {size} in all; "
        f"{count_words(gaps, 'gap')}, {unaccounted_s:g} s unaccounted for."
    )
    report = run.fleet.report()
    if report is not None:
        screen.say(
            f"It also looked around, in a simulated school: who made its "
            f"{run.fleet.devices} devices, these cameras with them, and which rules and holes "
            f"concern them, is in the report: {_typed(report)}"
        )
    if story is not None:
        screen.say(f"{LEAVING} went the whole way out:" if story.page else
                   f"{LEAVING} did not get all the way out:")  # fmt: skip
        for sentence in story.sentences:
            screen.say(f"- {sentence}")
        for each in (story.page, story.report):
            if each is not None:
                screen.command(_typed(each))
    if not held:
        screen.error(f"That is not as it should be: {run.settings.data}/demo.log says more.")
    screen.say("Nothing was deleted. To look at it, and to delete it:")
    for _, line in _how_to(run, after):
        screen.command(line)
    screen.command(f"rm -r {_typed(run.settings.data)}")
    return held
