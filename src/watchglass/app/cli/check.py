"""``watchglass check``: is everything that was recorded there, whole, and told alike?"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.progress import BarColumn, Progress, TextColumn

from watchglass.app.cli.screen import AMBER, Screen
from watchglass.app.cli.shell import Shell, shell
from watchglass.app.words import count_words, size_words
from watchglass.base.errors import AlreadyRunningError
from watchglass.base.ids import VolumeId
from watchglass.model.finding import Finding, Severity
from watchglass.recording.volume import Volume

if TYPE_CHECKING:
    from watchglass.recording.check import CheckReport, Repaired

_SHOWN_MOST = 100
_STYLES = {Severity.DAMAGE: "red", Severity.NOTICE: AMBER, Severity.OK: ""}
_WORDS = {Severity.DAMAGE: "Damage", Severity.NOTICE: "Notice", Severity.OK: "Fine"}


def check(
    context: typer.Context,
    deep: Annotated[
        bool, typer.Option("--deep", help="Read and hash every byte, which takes long.")
    ] = False,
    repair: Annotated[
        bool, typer.Option("--repair", help="Make the index anew and take in unknown files first.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Compare ledgers, files and index; exit code 1 when something is damaged. Changes nothing,
    unless told to repair; footage is never changed."""
    from watchglass.recording.check import check as look

    of = shell(context)
    volumes = _volumes(of)
    repaired = _repair(of, volumes) if repair else None
    with progress(of.screen) as tell:
        report = look(of.ground.layout.state, volumes, deep=deep, progress=tell)
    if json:
        of.screen.json(check_json(report, repaired))
    else:
        _show(of, report, repaired, deep=deep)
    raise typer.Exit(report.exit_code)


def _volumes(of: Shell) -> list[Volume]:
    with of.store() as store:
        return [Volume(VolumeId(each.id), Path(each.path)) for each in store.volumes()]


def _repair(of: Shell, volumes: list[Volume]) -> "Repaired":
    from watchglass.app.layout import StateLock
    from watchglass.app.volumes import present
    from watchglass.app.wiring import keeper_limits
    from watchglass.recording.check import repair

    if of.is_running:
        raise AlreadyRunningError(
            "The recorder runs, and repair needs it stopped: stop it, and run this again."
        )
    of.quiet()
    lock = StateLock(of.ground.layout, of.ground.disk)
    try:
        with of.screen.working("repairing"):
            return repair(
                of.ground.layout.state, present((v.id, str(v.path)) for v in volumes),
                of.ground.disk, of.ground.clock, keeper_limits(of.settings),
            )  # fmt: skip
    finally:
        lock.release()


@contextmanager
def progress(screen: Screen) -> Iterator[Callable[[str, int, int], None] | None]:
    """A bar for whoever watches: what is done, how many of these are, how many there are."""
    if not screen.err.is_terminal:
        yield None
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed} of {task.total}"),
    )
    with Progress(*columns, console=screen.err, transient=True) as bar:
        task = bar.add_task("looking", total=None)
        yield lambda what, done, whole: bar.update(
            task, description=what, completed=done, total=whole
        )


def _show(of: Shell, report: "CheckReport", repaired: "Repaired | None", *, deep: bool) -> None:
    screen = of.screen
    if repaired is not None:
        screen.say(
            f"Repaired: the index was made anew from {count_words(repaired.folded_lines, 'line')}, "
            f"{count_words(repaired.recovered_files, 'open file')} closed, "
            f"{count_words(repaired.adopted_files, 'unknown file')} taken in."
        )
    screen.say(_sentence(report), _STYLES[report.severity])
    being = f", {report.being_written} of them being written" if report.being_written else ""
    screen.say(
        f"Looked at {count_words(report.files, 'file')} ({size_words(report.media_bytes)}{being}), "
        f"{count_words(report.ledgers, 'ledger')} with {count_words(report.lines, 'line')} and "
        f"{count_words(report.heads, 'signed head')}."
    )
    if not deep:
        screen.hint(f"Every byte is read and hashed by '{of.command('check --deep')}'.")
    findings = sorted(report.findings, key=lambda each: each.severity is not Severity.DAMAGE)
    for each in findings[:_SHOWN_MOST]:
        _show_finding(screen, each)
    if len(findings) > _SHOWN_MOST:
        screen.hint(f"{len(findings) - _SHOWN_MOST} more; --json has them all.")


def _sentence(report: "CheckReport") -> str:
    damage = sum(each.severity is Severity.DAMAGE for each in report.findings)
    notices = sum(each.severity is Severity.NOTICE for each in report.findings)
    if damage:
        return f"{count_words(damage, 'damage', 'damages')} found; nothing was changed by looking."
    if notices:
        return f"No damage; {count_words(notices, 'thing')} worth knowing."
    return "Everything that was recorded is there, and ledgers, files and index say the same."


def _show_finding(screen: Screen, each: Finding) -> None:
    screen.say()
    screen.say(f"{_WORDS[each.severity]}: {each.sentence}", _STYLES[each.severity])
    screen.say(f"  {each.where}")
    if each.next_step:
        screen.hint(f"  {each.next_step}")


def check_json(report: "CheckReport", repaired: "Repaired | None") -> dict[str, Any]:
    """A check for programs; keys stay as they are."""
    return {
        "severity": report.severity.value,
        "ledgers": report.ledgers,
        "lines": report.lines,
        "heads": report.heads,
        "files": report.files,
        "being_written": report.being_written,
        "bytes": report.media_bytes,
        "repaired": {
            "folded_lines": repaired.folded_lines,
            "recovered_files": repaired.recovered_files,
            "adopted_files": repaired.adopted_files,
        }
        if repaired is not None
        else None,
        "findings": [
            {
                "kind": each.kind.value, "severity": each.severity.value, "where": each.where,
                "sentence": each.sentence, "next_step": each.next_step,
            }
            for each in report.findings
        ],
    }  # fmt: skip
