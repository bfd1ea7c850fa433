"""``watchglass camera``: what is done with cameras that are set up, and a look at others."""

from typing import Annotated, Any

import typer

from watchglass.app.cli.camera_add import add, probe
from watchglass.app.cli.camera_changes import disable, edit, enable, remove, schedule, state
from watchglass.app.cli.camera_import import import_
from watchglass.app.cli.camera_swap import devices, swap
from watchglass.app.cli.camera_take_over import take_over
from watchglass.app.cli.camera_trust import trust
from watchglass.app.cli.moments import Moment, parse_duration, parse_moment, shown_time, utc_text
from watchglass.app.cli.screen import AMBER, Cell, Column, Row
from watchglass.app.cli.shell import Shell, shell
from watchglass.app.findings import overviews
from watchglass.app.overview import CameraOverview
from watchglass.app.words import count_words, size_words
from watchglass.base.errors import UsageError
from watchglass.model.control import (
    AnalysisRequest,
    PauseRequest,
    ResumeRequest,
    SoundRequest,
)
from watchglass.model.gap import GapCause

group = typer.Typer(help="Add cameras, list them, pause and remove them.", no_args_is_help=False)
group.command("add")(add)
group.command("probe")(probe)
group.command("import")(import_)
group.command("trust")(trust)
group.command("take-over")(take_over)
for command in (edit, swap, devices, schedule, state, disable, enable, remove):
    group.command(command.__name__)(command)

Which = Annotated[str, typer.Argument(metavar="CAMERA", help="Name, id, or its first 4 digits.")]
Reason = Annotated[str, typer.Option("--reason", help="Why; it goes into the ledger.")]
AsJson = Annotated[bool, typer.Option("--json", help="As JSON.")]


# --- list -----------------------------------------------------------------------------------------


@group.command("list")
def list_cameras(context: typer.Context, json: AsJson = False) -> None:
    """Show each camera: what it is, whether it records, and if not since when and why."""
    of = shell(context)
    found = overviews(of)
    if json:
        of.screen.json([camera_json(each) for each in found])
        return
    now_ns = of.ground.clock.wall_ns()
    if not found:
        of.screen.say("No camera is set up yet. Add one:")
        of.screen.command(of.command("camera add rtsp://ADDRESS/PATH"))
        return
    recording = sum(each.records for each in found)
    of.screen.say(_summary(found, recording))
    of.screen.say()
    of.screen.table(_COLUMNS, [_row(each, now_ns) for each in found])
    missing = [each for each in found if each.remedy]
    if missing:
        of.screen.say()
    for cause in dict.fromkeys(each.cause for each in missing):
        alike = [each for each in missing if each.cause is cause]
        names = ", ".join(each.camera.name for each in alike)
        of.screen.hint(f"{names}: {alike[0].remedy}")
        if cause is GapCause.RECORDER_STOPPED:
            of.screen.command(of.command("serve"))


_COLUMNS = (
    Column("Camera"), Column("Id"), Column("Streams"), Column("State", wraps=True),
    Column("Kept since"), Column("Last picture"), Column("Size", right=True),
)  # fmt: skip


def _summary(found: list[CameraOverview], recording: int) -> str:
    if not found[0].running:
        return f"{count_words(len(found), 'camera')}, none recorded: the recorder does not run."
    if recording == len(found):
        return f"All {len(found)} cameras record." if recording > 1 else "The camera records."
    return f"{recording} of {count_words(len(found), 'camera')} record."


def _row(each: CameraOverview, now_ns: int) -> Row:
    def at(ns: int | None) -> str:
        return shown_time(ns, now_ns) if ns is not None else "–"

    last_ns = each.main.last_picture_ns
    return (
        each.camera.name,
        each.camera.id[:8],
        ", ".join(_shape(stream.codec, stream.width, stream.height) for stream in each.streams),
        Cell(_state(each, now_ns), "" if each.records else AMBER),
        at(each.oldest_ns),
        "now" if each.records else at(last_ns),
        size_words(each.size_bytes),
    )


def _state(each: CameraOverview, now_ns: int) -> str:
    since = f" since {shown_time(each.since_ns, now_ns)}" if each.since_ns is not None else ""
    if each.records:
        return f"records{since}" + (", with sound" if each.camera.sound else "")
    until_ns = each.camera.paused_until_ns
    until = f", until {shown_time(until_ns, now_ns)}" if until_ns is not None else ""
    return f"no picture{since}: {each.why}{until}"


def _shape(codec: str, width: int, height: int) -> str:
    return f"{codec} {width}×{height}" if codec else "not seen yet"


def camera_json(each: CameraOverview) -> dict[str, Any]:
    """A camera for programs; keys stay as they are."""
    addresses = {address.stream: address for address in each.camera.streams}

    def at(ns: int | None) -> str | None:
        return utc_text(ns) if ns is not None else None

    return {
        "id": each.camera.id,
        "name": each.camera.name,
        "state": each.camera.state.value,
        "paused_until": at(each.camera.paused_until_ns),
        "sound": each.camera.sound,
        "added": at(each.camera.added_ns),
        "recording": each.records,
        "since": at(each.since_ns),
        "gap": each.cause.value if each.cause is not None else None,
        "why": each.why or None,
        "kept_since": at(each.oldest_ns),
        "last_picture": at(each.main.last_picture_ns),
        "bytes": each.size_bytes,
        "streams": [
            {
                "stream": stream.stream.value, "url": addresses[stream.stream].url,
                "transport": addresses[stream.stream].transport.value,
                "fingerprint": addresses[stream.stream].fingerprint or None,
                "codec": stream.codec, "width": stream.width, "height": stream.height,
                "gap": stream.gap.value if stream.gap is not None else None,
                "last_picture": at(stream.last_picture_ns),
            }
            for stream in each.streams
        ],
    }  # fmt: skip


# --- changes --------------------------------------------------------------------------------------


@group.command("pause")
def pause(
    context: typer.Context,
    camera: Which,
    reason: Reason = "",
    length: Annotated[
        str | None, typer.Option("--for", help="How long: 30s, 5m, 2h, 3d.", metavar="LENGTH")
    ] = None,
    until: Annotated[
        str | None, typer.Option("--until", help="Until when: 18:00, 2026-07-04 18:00.")
    ] = None,
) -> None:
    """Stop recording a camera for a while: a gap 'paused', with who and why."""
    of = shell(context)
    now_ns = of.ground.clock.wall_ns()
    end = _end_of_pause(of, length, until, now_ns)
    found = of.find_camera(camera)
    _, running = of.carry_out(
        PauseRequest(found.id, end.ns if end is not None else None, of.by, reason)
    )
    how_long = (
        f"until {shown_time(end.ns, now_ns)}, then goes on by itself"
        if end is not None
        else "until it is resumed"
    )
    of.screen.say(f"{found.name} is paused {how_long}.")
    if end is None:
        of.screen.command(of.command(f"camera resume {found.id[:8]}"))
    elif not running:
        of.screen.hint("The recorder does not run: it ends the pause when it next does.")


def _end_of_pause(of: Shell, length: str | None, until: str | None, now_ns: int) -> Moment | None:
    if length is not None and until is not None:
        raise UsageError("Give --for or --until, not both.")
    if length is not None:
        return Moment(now_ns + parse_duration(length))
    if until is None:
        return None
    end = parse_moment(until, now_ns, later=True)
    if end.assumed:
        of.screen.remark(end.assumed)
    return end


@group.command("resume")
def resume(context: typer.Context, camera: Which, reason: Reason = "") -> None:
    """Record a paused camera again."""
    of = shell(context)
    found = of.find_camera(camera)
    _, running = of.carry_out(ResumeRequest(found.id, of.by, reason))
    of.screen.say(
        f"{found.name} is recorded again."
        if running
        else f"{found.name} is recorded again when the recorder runs."
    )


@group.command("analysis")
def analysis(
    context: typer.Context,
    camera: Which,
    state: Annotated[str, typer.Argument(metavar="[on|off]")] = "",
    priority: Annotated[
        int | None,
        typer.Option(help="0 to 3: looked at longer than others when there is too much to see."),
    ] = None,
    reason: Reason = "",
    json: AsJson = False,
) -> None:
    """Have a camera's pictures looked at or not, or show whether they are; it is recorded on."""
    if state not in ("on", "off", ""):
        raise UsageError(f"Analysis is 'on' or 'off', not {state!r}.")
    of = shell(context)
    found = of.find_camera(camera)
    if state or priority is not None:
        on = state == "on" if state else None
        of.carry_out(AnalysisRequest(found.id, of.by, on, priority, reason))
        found = of.find_camera(found.id)
    if json:
        told = {"camera": found.id, "analysis": found.analysis, "priority": found.priority}
        of.screen.json(told)
        return
    if found.analysis:
        of.screen.say(
            f"The pictures of {found.name} are looked at, with priority {found.priority}."
        )
    else:
        of.screen.say(
            f"The pictures of {found.name} are not looked at: its timeline says 'switched off'. It "
            "is recorded as before."
        )
        of.screen.command(of.command(f"camera analysis {found.id[:8]} on"))


@group.command("sound")
def sound(
    context: typer.Context,
    camera: Which,
    state: Annotated[str, typer.Argument(metavar="on|off")],
    reason: Reason = "",
) -> None:
    """Keep a camera's sound from now on, or no longer."""
    if state not in ("on", "off"):
        raise UsageError(f"Sound is 'on' or 'off', not {state!r}.")
    of = shell(context)
    found = of.find_camera(camera)
    of.carry_out(SoundRequest(found.id, state == "on", of.by, reason))
    if state == "on":
        of.screen.say(
            f"The sound of {found.name} is kept from now on. It is kept as sound: nothing turns it "
            "into text."
        )
        of.screen.hint(
            "Recording what people say is forbidden in many places without their consent."
        )
    else:
        of.screen.say(f"The sound of {found.name} is no longer kept. What was recorded stays.")
