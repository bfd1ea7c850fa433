"""``watchglass camera edit``, ``schedule``, ``state``, ``disable``, ``enable`` and ``remove``."""

import getpass
import re
import sys
from typing import Annotated

import typer
from msgspec.structs import astuple

from watchglass.app.adding import look_anew
from watchglass.app.cli.shell import Shell, shell
from watchglass.base.errors import NotFoundError, UsageError
from watchglass.base.ids import VolumeId
from watchglass.model.camera import Camera, Transport
from watchglass.model.control import (
    DisableRequest,
    EditCameraRequest,
    RemoveCameraRequest,
    ResumeRequest,
    ScheduleRequest,
    StateCameraRequest,
)
from watchglass.model.schedule import PauseSchedule, WeeklySpan, checked_schedule
from watchglass.model.statement import Place, Statement
from watchglass.model.stream import StreamName

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_SPAN = re.compile(
    r"([a-z]{3}(?:-[a-z]{3})?(?:,[a-z]{3}(?:-[a-z]{3})?)*) (\d\d?):(\d\d)-(\d\d?):(\d\d)"
)

Which = Annotated[str, typer.Argument(metavar="CAMERA", help="Name, id, or its first 4 digits.")]
Reason = Annotated[str, typer.Option("--reason", help="Why; it goes into the ledger.")]
AsJson = Annotated[bool, typer.Option("--json", help="As JSON.")]


def disable(context: typer.Context, camera: Which, reason: Reason = "") -> None:
    """Switch a camera off: a gap 'disabled', until it is enabled."""
    of = shell(context)
    found = of.find_camera(camera)
    of.carry_out(DisableRequest(found.id, of.by, reason))
    of.screen.say(f"{found.name} is switched off. What was recorded stays for its time.")
    of.screen.command(of.command(f"camera enable {found.id[:8]}"))


def enable(context: typer.Context, camera: Which, reason: Reason = "") -> None:
    """Record a camera again that was switched off or paused."""
    of = shell(context)
    found = of.find_camera(camera)
    _, running = of.carry_out(ResumeRequest(found.id, of.by, reason))
    when = "" if running else " when the recorder runs"
    of.screen.say(f"{found.name} is recorded again{when}.")


# --- edit -----------------------------------------------------------------------------------------


def edit(
    context: typer.Context,
    camera: Which,
    name: Annotated[str | None, typer.Option(help="What to call it.")] = None,
    url: Annotated[str | None, typer.Option(help="Address of its main stream.")] = None,
    sub: Annotated[str | None, typer.Option(help="Address of its sub-stream.")] = None,
    user: Annotated[str | None, typer.Option(help="User name; '' for none.")] = None,
    password: Annotated[
        bool, typer.Option("--password", help="Ask for a new password of the camera.")
    ] = False,
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read it from standard input.")
    ] = False,
    transport: Annotated[Transport | None, typer.Option(help="How it sends.")] = None,
    volume: Annotated[str | None, typer.Option(help="Path or id of where to record it.")] = None,
    allow: Annotated[
        bool, typer.Option("--allow", help="Let its host in although it is refused by default.")
    ] = False,
    no_look: Annotated[
        bool, typer.Option("--no-look", help="Change it without looking at it first.")
    ] = False,
    reason: Reason = "",
) -> None:
    """Change what a camera is called, where it is, or where it is recorded; it is looked at first.

    To add or leave out a sub-stream, remove the camera and add it again.
    """
    of = shell(context)
    found = of.find_camera(camera)
    addresses = ((StreamName.MAIN, url), (StreamName.SUB, sub))
    request = EditCameraRequest(
        found.id, of.by, name,
        tuple((stream, each) for stream, each in addresses if each is not None),
        user, _password(of, found, password, password_stdin), transport,
        _volume(of, volume) if volume is not None else None, allow, look=False, reason=reason,
    )  # fmt: skip
    if not (request.reaches_anew or name or volume):
        raise UsageError("Say what to change: --name, --url, --user, --transport, --volume.")
    if not no_look:
        with of.screen.working(f"looking at {found.name}"), of.store() as store:
            look_anew(of.settings, store, request)
    of.carry_out(request)
    of.screen.say(f"{of.find_camera(found.id).name} is changed.")


def _password(of: Shell, found: Camera, ask: bool, from_stdin: bool) -> str | None:
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    if not ask:
        return None
    if not of.screen.live:
        raise UsageError("Nobody can be asked here: give the password with --password-stdin.")
    return getpass.getpass(f"Password of {found.name}: ")


def _volume(of: Shell, text: str) -> VolumeId:
    with of.store() as store:
        for each in store.volumes():
            if text == str(each.path) or (len(text) >= 4 and each.id.startswith(text)):
                return each.id
    raise NotFoundError(f"No volume is at {text!r}: see '{of.command('volume list')}'.")


# --- schedule -------------------------------------------------------------------------------------


def schedule(
    context: typer.Context,
    camera: Which,
    pause: Annotated[
        list[str] | None,
        typer.Option("--pause", metavar="WHEN", help="'mon-fri 07:00-16:00'; may be repeated."),
    ] = None,
    zone: Annotated[
        str, typer.Option("--zone", help="By the clock of which place: Europe/Vienna.")
    ] = "",
    off: Annotated[bool, typer.Option("--off", help="No weekly pauses any more.")] = False,
    reason: Reason = "",
    json: AsJson = False,
) -> None:
    """Have a camera pause by itself every week, or show when it does."""
    of = shell(context)
    found = of.find_camera(camera)
    if off:
        of.carry_out(ScheduleRequest(found.id, None, of.by))
    elif pause:
        if not zone:
            raise UsageError("Say by the clock of which place: --zone Europe/Vienna.")
        made = PauseSchedule(zone, tuple(map(parse_span, pause)), reason)
        of.carry_out(ScheduleRequest(found.id, checked_schedule(made), of.by))
    with of.store() as store:
        entry = store.schedules().get(found.id)
    spans = [span_words(each) for each in entry.schedule.spans] if entry is not None else []
    if json:
        shown = {"zone": entry.schedule.zone, "reason": entry.schedule.reason} if entry else {}
        of.screen.json({"camera": found.id, "pauses": spans} | shown)
    elif entry is None:
        of.screen.say(f"{found.name} has no weekly pauses.")
    else:
        when = "; ".join(spans)
        of.screen.say(f"{found.name} pauses {when}, by the clock of {entry.schedule.zone}.")


def parse_span(text: str) -> WeeklySpan:
    """'mon-fri 07:00-16:00' or 'sat,sun 22:00-06:00'; UsageError for others."""
    match = _SPAN.fullmatch(" ".join(text.lower().split()))
    wrong = UsageError(f"{text[:60]!r} is no weekly span: write 'mon-fri 07:00-16:00'.")
    if match is None:
        raise wrong
    days: set[int] = set()
    for part in match[1].split(","):
        first, _, last = part.partition("-")
        if first not in _DAYS or (last or first) not in _DAYS:
            raise wrong
        begin, end = _DAYS.index(first), _DAYS.index(last or first)
        days |= {day % 7 for day in range(begin, end + 1 if end >= begin else end + 8)}
    hours = [int(match[at]) for at in (2, 4)]
    minutes = [int(match[at]) for at in (3, 5)]
    if max(minutes) > 59:
        raise wrong
    begin_min, end_min = (60 * hour + minute for hour, minute in zip(hours, minutes, strict=True))
    return WeeklySpan(tuple(sorted(days)), begin_min, end_min)


def span_words(span: WeeklySpan) -> str:
    """As ``parse_span`` takes it."""
    days = ",".join(_DAYS[day] for day in span.days)
    times = (f"{minute // 60:02}:{minute % 60:02}" for minute in (span.from_min, span.to_min))
    return f"{days} {'-'.join(times)}"


# --- state ----------------------------------------------------------------------------------------


def state(
    context: typer.Context,
    camera: Which,
    purpose: Annotated[str | None, typer.Option(help="What it is for.")] = None,
    legal_basis: Annotated[str | None, typer.Option(help="On what ground.")] = None,
    sign: Annotated[str | None, typer.Option(help="What its sign says; '' for a draft.")] = None,
    place: Annotated[
        Place | None, typer.Option(help="What it watches; rules on people are refused on some.")
    ] = None,
    public: Annotated[
        bool | None,
        typer.Option("--public/--not-public", help="Whether anybody may go where it watches."),
    ] = None,
    clip_reason: Annotated[
        bool | None,
        typer.Option("--clip-reason/--no-clip-reason", help="Whether a clip needs a reason."),
    ] = None,
    export_consent: Annotated[
        bool | None,
        typer.Option(
            "--export-consent/--no-export-consent",
            help="Whether evidence takes a second person's consent.",
        ),
    ] = None,
    json: AsJson = False,
) -> None:
    """State what a camera is for, or show what was stated."""
    of = shell(context)
    found = of.find_camera(camera)
    with of.store() as store:
        known = store.statement(found.id)
    told = (purpose, legal_basis, sign, place, public, clip_reason, export_consent)
    if any(each is not None for each in told):
        before = astuple(known)
        merged = [was if new is None else new for new, was in zip(told, before, strict=True)]
        known = Statement(*merged)  # type: ignore[arg-type]  # the same ones, in order
        of.carry_out(StateCameraRequest(found.id, known, of.by))
    if json:
        of.screen.json({
            "camera": found.id, "purpose": known.purpose, "legal_basis": known.legal_basis,
            "sign": known.sign, "place": known.place.value, "public": known.public,
            "clip_reason": known.clip_reason, "export_consent": known.export_consent,
        })  # fmt: skip
        return
    of.screen.say(f"{found.name} is for: {known.purpose or 'nothing was stated yet'}.")
    of.screen.say(f"Legal basis: {known.legal_basis or 'nothing was stated yet'}.")
    where = "a public place" if known.public else "no public place"
    of.screen.say(f"It watches {where}; marked {known.place.value.replace('_', ' ')}.")
    if known.refuses_rules:
        of.screen.say("Rules on crowds, loitering and faces are refused on it.")


# --- remove ---------------------------------------------------------------------------------------


def remove(
    context: typer.Context,
    camera: Which,
    reason: Reason = "",
    erase: Annotated[
        bool, typer.Option("--erase", help="Erase its recordings now; what is held is refused.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Stop recording a camera for good. Its recordings stay until their time is up, or --erase."""
    of = shell(context)
    found = of.find_camera(camera)
    if not reason.strip():
        raise UsageError("Removing a camera needs a reason: --reason 'why'.")
    if not yes:
        if not of.screen.live:
            raise UsageError("Nobody can be asked here: say --yes to remove the camera.")
        stays = "Its recordings are ERASED, all of them" if erase else "Recordings stay"
        asked = [f"Remove {found.name} ({found.id[:8]}) and erase its password? {stays}."]
        asked += ["Nobody can bring them back. Erase them?"] if erase else []
        if not all(map(of.screen.confirm, asked)):
            of.screen.say("Nothing was changed.")
            raise typer.Exit(1)
    _, running = of.carry_out(RemoveCameraRequest(found.id, of.by, reason, erase))
    if not erase:
        of.screen.say(f"{found.name} is removed and its password erased. Its recordings stay.")
        return
    of.screen.say(f"{found.name} is removed and its password erased.")
    when = "now; this takes a minute or more" if running else "when the recorder runs"
    of.screen.say(f"Its recordings are erased {when}. The ledger keeps that they were.")
