"""``watchglass doctor``: what is wrong with this machine and its recorder, and what is not."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from watchglass.app import checkup
from watchglass.app.checkup import Finding, Verdict
from watchglass.app.cli.camera import overviews
from watchglass.app.cli.health import health_of
from watchglass.app.cli.moments import shown_time
from watchglass.app.cli.numbers import show_numbers
from watchglass.app.cli.screen import AMBER, Cell, Column
from watchglass.app.cli.serve import NO_COUNTRY, retention_why
from watchglass.app.cli.shell import Shell, shell
from watchglass.app.cli.volume import all_forecasts
from watchglass.app.explained import explained
from watchglass.app.forecast import Forecast
from watchglass.app.pulse import summary
from watchglass.app.words import count_words, size_words
from watchglass.base.clock import NS_PER_S
from watchglass.base.errors import WatchglassError
from watchglass.model.camera import CameraState
from watchglass.model.health import HealthState
from watchglass.recording.rest import read_rest
from watchglass.store.country import default_retention_h

_WRONG = 1
_TROUBLE_IS_NEW_NS = 7 * 24 * 3600 * NS_PER_S


def doctor(
    context: typer.Context,
    explain: Annotated[
        bool, typer.Option("--explain", help="Say of each figure what is normal, and what to do.")
    ] = False,
    numbers: Annotated[
        bool, typer.Option("--numbers", help="The running recorder's numbers instead.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Look this machine and the recorder over; exit code 1 when something needs somebody."""
    of = shell(context)
    if numbers:
        show_numbers(of, explain=explain, json=json)
        return
    findings = list(_findings(of))
    wrong = [each for each in findings if each.verdict is Verdict.WRONG]
    if json:
        of.screen.json(
            [
                {"about": f.about, "value": f.value, "meaning": f.meaning, "verdict": f.verdict}
                | _explanation(f)
                for f in findings
            ]
        )
    elif explain:
        _explain(of, findings)
    else:
        _show(of, findings, wrong)
    raise typer.Exit(_WRONG if wrong else 0)


def _explanation(finding: Finding) -> dict[str, str]:
    found = explained(finding.about)
    if found is None:
        return {}
    return {"means": found.means, "normal": found.normal, "otherwise": found.otherwise}


def _explain(of: Shell, findings: list[Finding]) -> None:
    """Each figure, and under it a line for each thing there is to say of it."""
    for each in findings:
        of.screen.say(f"{each.about}: {each.value}", AMBER if each.verdict is Verdict.WRONG else "")
        of.screen.say(f"  Now: {each.meaning}")
        found = explained(each.about)
        if found is not None:
            of.screen.say(f"  Means: {found.means}")
            of.screen.say(f"  Normal: {found.normal}")
            of.screen.say(f"  Otherwise: {found.otherwise}")


def _show(of: Shell, findings: list[Finding], wrong: list[Finding]) -> None:
    screen = of.screen
    if wrong:
        screen.say(f"{count_words(len(wrong), 'thing')} to see to:", AMBER)
        for each in wrong:
            screen.say(f"  {each.about}: {each.value}. {each.meaning}")
    else:
        screen.say("Nothing is wrong.")
    screen.say()
    styles = {Verdict.FINE: "", Verdict.NOTE: "", Verdict.WRONG: AMBER}
    screen.table(
        (Column("What"), Column("Is", wraps=True), Column("Which means", wraps=True)),
        [
            (each.about, Cell(each.value, styles[each.verdict]), Cell(each.meaning, "dim"))
            for each in findings
        ],
    )


def _findings(of: Shell) -> Iterator[Finding]:
    settings, layout = of.settings, of.ground.layout
    yield from checkup.software()
    yield from checkup.folder("State folder", layout.state, settings.ballast_bytes)
    if layout.state.is_dir():
        yield from checkup.kernel(layout.state)
        yield from checkup.clock(layout.state, of.ground.disk, of.ground.clock)
    for part in (_site, _recorder, _recording, _cameras, _rest):
        try:
            yield from part(of)
        except WatchglassError as error:
            yield Finding(
                part.__name__.strip("_").capitalize(), "unknown", error.sentence, Verdict.WRONG
            )
    yield Finding(
        "Queue of a stream", size_words(settings.queue_bytes),
        "So much may wait for the disk; what does not fit is a gap of its own cause.",
    )  # fmt: skip


def _site(of: Shell) -> Iterator[Finding]:
    if not of.ground.layout.site_db.exists():
        yield Finding(
            "Set-up", "nothing yet",
            f"Add a camera with '{of.command('camera add URL')}'.", Verdict.NOTE,
        )  # fmt: skip
        yield _retention(default_retention_h(None), NO_COUNTRY)
        return
    with of.store() as store:
        hours, why = store.default_retention_h(), retention_why(store)
        volumes = store.volumes()
    yield _retention(hours, why)
    for each in volumes:
        yield from checkup.volume(each.id, Path(each.path), of.settings)
    if of.ground.layout.index_db.exists():
        for forecast in all_forecasts(of):
            if forecast.days is not None:
                yield _forecast(forecast, hours)


def _retention(hours: int, why: str) -> Finding:
    return Finding(
        "Retention", count_words(hours, "hour"),
        f"{_sentence(why or 'somebody set it')}. On a full disk the oldest goes sooner.",
    )  # fmt: skip


def _recording(of: Shell) -> Iterator[Finding]:
    """Of what runs; a camera that is not recorded is told of with the cameras."""
    if not of.is_running:
        return
    found = health_of(of)
    wrong = {HealthState.FAILING: Verdict.WRONG, HealthState.DEGRADED: Verdict.NOTE}
    yield Finding(
        "Recording", summary(found),
        "Every part of the recorder does its work."
        if found.lives
        else "A part of the recorder does nothing any more: a watchdog would start it anew.",
        Verdict.FINE if found.lives else Verdict.WRONG,
    )  # fmt: skip
    for reason in found.reasons:
        if reason.camera is None or reason.stuck:
            yield Finding("Health", reason.state, reason.sentence, wrong[reason.state])


def _forecast(forecast: Forecast, hours: int) -> Finding:
    assert forecast.days is not None
    enough = forecast.days * 24 >= hours
    return Finding(
        f"Volume {forecast.volume.path}, forecast", f"{forecast.days:.1f} days",
        "So much of what is recorded now fits: recordings are kept for their time."
        if enough
        else "So much of what is recorded now fits: the oldest goes before its time. Add a volume "
        "('watchglass volume add'), or shorten retention.",
        Verdict.FINE if enough else Verdict.NOTE,
    )  # fmt: skip


def _recorder(of: Shell) -> Iterator[Finding]:
    status = of.status()
    if status is None:
        yield Finding(
            "Recorder", "does not run", f"'{of.command('serve')}' starts it.", Verdict.NOTE
        )
        return
    now_ns = of.ground.clock.wall_ns()
    yield Finding(
        "Recorder", f"runs since {shown_time(status.started_ns, now_ns)}",
        f"Version {status.version}; {count_words(len(status.processes), 'process', 'processes')} "
        "besides the supervisor.",
    )  # fmt: skip
    for each in status.processes:
        load = f", {count_words(each.cameras, 'camera')}" if each.cameras else ""
        died = f"It died {count_words(each.restarts, 'time')} and was started again: see the log."
        yield Finding(
            f"Process {each.name}",
            f"pid {each.pid}, since {shown_time(each.since_ns, now_ns)}{load}"
            f"; {each.fence or 'has not told its fence'}",
            died if each.restarts else "It has not died since the recorder started.",
            Verdict.FINE if each.fence_whole and not each.restarts else Verdict.NOTE,
        )


def _cameras(of: Shell) -> Iterator[Finding]:
    if not of.ground.layout.index_db.exists():
        return
    now_ns = of.ground.clock.wall_ns()
    found = overviews(of)
    missing = [each for each in found if each.running and not each.records]
    recording = sum(each.records for each in found)
    yield Finding(
        "Cameras", f"{recording} of {len(found)} record",
        "Those that do not are below, each with its cause."
        if missing
        else "Without a recorder nothing is recorded."
        if found and not recording
        else "Every enabled camera is recorded."
    )  # fmt: skip
    for each in missing:
        since = f" since {shown_time(each.since_ns, now_ns)}" if each.since_ns is not None else ""
        wanted = each.camera.state is CameraState.PAUSED
        yield Finding(
            f"Camera {each.camera.name}", f"no picture{since}: {each.why}", each.remedy,
            Verdict.NOTE if wanted else Verdict.WRONG,
        )  # fmt: skip


def _rest(of: Shell) -> Iterator[Finding]:
    """What hashing recordings again has shown."""
    totals = read_rest(of.ground.layout.state).totals
    now_ns = of.ground.clock.wall_ns()
    if not totals.files:
        yield Finding(
            "Recordings at rest", "none hashed again yet",
            "Each is hashed again half-way through the time it is kept.",
        )  # fmt: skip
        return
    found = [
        f"{number} {what}"
        for number, what in (
            (totals.damaged, "damaged"), (totals.missing, "missing"),
            (totals.unreadable, "that the disk did not read"),
        )
        if number
    ]  # fmt: skip
    is_new = bool(found) and now_ns - totals.trouble_ns < _TROUBLE_IS_NEW_NS
    last = f"The last, {shown_time(totals.trouble_ns, now_ns)}: {totals.last_trouble}. "
    yield Finding(
        "Recordings at rest",
        f"{count_words(totals.files, 'file')} hashed again since "
        f"{shown_time(totals.since, now_ns)}; {', '.join(found) or 'all as they were'}",
        f"{last}Check its disk; the timeline shows what cannot be seen."
        if found
        else "What was recorded is what the disk still holds.",
        Verdict.WRONG if is_new else Verdict.NOTE if found else Verdict.FINE,
    )


def _sentence(text: str) -> str:
    # Not capitalize(): that would write EEA as eea.
    return text[:1].upper() + text[1:]
