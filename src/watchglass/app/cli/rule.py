"""``watchglass rule``: what somebody wants to be told of, or counted, of what a camera sees."""

import re
from contextlib import closing
from typing import Annotated, Any

import msgspec
import typer
from msgspec.structs import replace

from watchglass.app.cli.moments import parse_duration, shown_time
from watchglass.app.cli.screen import Column
from watchglass.app.cli.shell import Shell, shell
from watchglass.app.cli.timeline import From, To, span_of
from watchglass.app.cli.zone import area_meant, areas_of
from watchglass.app.words import count_words
from watchglass.base.clock import NS_PER_S
from watchglass.base.errors import NotFoundError, UsageError
from watchglass.base.ids import random_id
from watchglass.events.rules.trial import MOST_TRIED_NS, Trial, tried
from watchglass.model.area import Area
from watchglass.model.camera import Camera
from watchglass.model.detection import ObjectClass
from watchglass.model.event import Event
from watchglass.model.rule import Direction, Rule, RuleId, RuleKind, checked_rule
from watchglass.model.schedule import WeeklySpan
from watchglass.model.watch_control import DropRuleRequest, SetRuleRequest
from watchglass.store.events import EventStore

group = typer.Typer(help="Say what you want to be told of, or counted.", no_args_is_help=True)

Which = Annotated[str, typer.Argument(metavar="CAMERA", help="Name, id, or its first digits.")]
Meant = Annotated[str, typer.Argument(metavar="RULE", help="Its name, id, or 4 digits of it.")]
AsJson = Annotated[bool, typer.Option("--json", help="As JSON.")]
In = Annotated[
    str | None, typer.Option("--in", metavar="AREA", help="A zone or line; see 'zone list'.")
]
OfKind = Annotated[
    list[ObjectClass] | None, typer.Option("--of", help="Of these alone; again for more.")
]
For = Annotated[
    str | None, typer.Option("--for", help="How long it stays, to loiter or crowd: 60s.")
]
Count = Annotated[int, typer.Option("--count", help="Of how many a crowd is.")]
When = Annotated[
    list[str] | None,
    typer.Option("--when", help="'mon-fri 18:00-06:00'; again for more; else always."),
]
Clock = Annotated[str, typer.Option("--tz", help="Whose clock that is.")]
_COLUMNS = (
    Column("Rule"), Column("Kind"), Column("Name", wraps=True), Column("Where", wraps=True),
    Column("What", wraps=True), Column("State", wraps=True),
)  # fmt: skip
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_WHEN = re.compile(r"([a-z]{3})(?:-([a-z]{3}))? (\d{1,2}):(\d{2})-(\d{1,2}):(\d{2})")


@group.command("add")
def add(
    context: typer.Context,
    camera: Which,
    kind: Annotated[RuleKind, typer.Argument(metavar="KIND")],
    name: Annotated[str, typer.Argument(metavar="NAME")],
    area: In = None,
    of_kind: OfKind = None,
    direction: Annotated[Direction, typer.Option("--direction")] = Direction.BOTH,
    dwell: For = None,
    count: Count = 0,
    when: When = None,
    zone: Clock = "UTC",
    purpose: Annotated[
        str, typer.Option("--purpose", help="What for; loitering and crowding need it.")
    ] = "",
    alarm: Annotated[bool, typer.Option("--alarm", help="Show it to those on duty.")] = False,
    notify: Annotated[bool, typer.Option("--notify", help="Send a notice.")] = False,
    json: AsJson = False,
) -> None:
    """Make a rule; it holds from now on."""
    of = shell(context)
    found, areas = areas_of(of, camera)
    rule = Rule(
        id=RuleId(random_id()), camera=found.id, name=name, kind=kind,
        area=area_meant(areas, area).id if area is not None else None,
        kinds=tuple(of_kind or ()), direction=direction,
        dwell_s=parse_duration(dwell) / NS_PER_S if dwell is not None else 0.0,
        count=count, zone=zone, spans=tuple(map(_span, when or ())), purpose=purpose,
        alarm=alarm, notify=notify,
    )  # fmt: skip
    of.carry_out(SetRuleRequest(found.id, rule, True, of.by))
    if json:
        of.screen.json({"id": rule.id})
    else:
        of.screen.say(f"The rule '{name}' holds on {found.name} from now on.")


@group.command("try")
def try_(
    context: typer.Context,
    camera: Which,
    rule: Annotated[str, typer.Argument(metavar="KIND|RULE", help="A kind, or a rule it has.")],
    area: In = None,
    of_kind: OfKind = None,
    direction: Annotated[Direction, typer.Option("--direction")] = Direction.BOTH,
    dwell: For = None,
    count: Count = 0,
    when: When = None,
    zone: Clock = "UTC",
    from_: From = "1 day ago",
    to: To = None,
    json: AsJson = False,
) -> None:
    """Try a rule on what was seen before, without making it: how often would it have fired?"""
    of = shell(context)
    span = span_of(of, from_, to)
    if span[1] - span[0] > MOST_TRIED_NS:
        raise UsageError("A rule is tried on at most 31 days: give a later --from.")
    found, areas = areas_of(of, camera)
    if rule in list(RuleKind):
        meant = Rule(
            id=RuleId(random_id()), camera=found.id, name=rule, kind=RuleKind(rule),
            area=area_meant(areas, area).id if area is not None else None,
            kinds=tuple(of_kind or ()), direction=direction,
            dwell_s=parse_duration(dwell) / NS_PER_S if dwell is not None else 0.0,
            count=count, zone=zone, spans=tuple(map(_span, when or ())), purpose="a trial",
        )  # fmt: skip
    else:
        meant = replace(_meant(_rules(of, found), rule), enabled=True)
    with of.store() as store:
        meant = checked_rule(meant, areas, store.statement(found.id))
    if not of.ground.layout.events_db.exists():
        raise NotFoundError(f"Nothing was understood yet of what {found.name} sees.")
    with closing(EventStore(of.ground.layout.events_db, of.ground.disk)) as seen:
        trial = tried(meant, areas, seen.parts(found.id, *span[:2]), span[:2], span[2])
    if json:
        of.screen.json({
            "count": len(trial.events), "forward": trial.forward, "backward": trial.backward,
            "tracks": trial.tracks, "events": [msgspec.to_builtins(each) for each in trial.events],
        })  # fmt: skip
        return
    _show_trial(of, meant, trial, span)


def _show_trial(of: Shell, rule: Rule, trial: Trial, span: tuple[int, int, int]) -> None:
    of_what = f"of {count_words(trial.tracks, 'thing')} seen from"
    when = f"{shown_time(span[0], span[2])} to {shown_time(span[1], span[2])}"
    if rule.kind is RuleKind.COUNTING:
        ways = f"{trial.forward} forward, {trial.backward} backward"
        of.screen.say(f"It would have counted {ways}, {of_what} {when}.")
        return
    times = count_words(len(trial.events), "time") if trial.events else "never"
    of.screen.say(f"It would have fired {times}, {of_what} {when}.")
    if trial.events:
        of.screen.say()
        of.screen.table(
            (Column("When"), Column("What"), Column("For", right=True)),
            [
                (shown_time(each.from_ns, span[2]), str(each.kind), _length(each))
                for each in trial.events
            ],
        )


def _length(event: Event) -> str:
    return "" if event.to_ns is None else f"{(event.to_ns - event.from_ns) / NS_PER_S:.0f} s"


@group.command("list")
def list_(context: typer.Context, camera: Which, json: AsJson = False) -> None:
    """Show the rules of a camera."""
    of = shell(context)
    found, areas = areas_of(of, camera)
    rules = _rules(of, found)
    if json:
        of.screen.json([_json(each) for each in rules])
        return
    if not rules:
        of.screen.say(f"Nobody is told of anything that {found.name} sees. For all that moves:")
        of.screen.command(of.command(f"rule add {found.id[:8]} motion 'Something moves'"))
        return
    names = {each.id: each for each in areas}
    of.screen.table(
        _COLUMNS, [_row(each, names.get(each.area) if each.area else None) for each in rules]
    )


@group.command("on")
def on(context: typer.Context, camera: Which, rule: Meant) -> None:
    """Let a rule hold again."""
    _switch(context, camera, rule, enabled=True)


@group.command("off")
def off(context: typer.Context, camera: Which, rule: Meant) -> None:
    """Let a rule hold no longer; it is kept."""
    _switch(context, camera, rule, enabled=False)


@group.command("remove")
def remove(context: typer.Context, camera: Which, rule: Meant) -> None:
    """Forget a rule; what it found stays."""
    of = shell(context)
    found = of.find_camera(camera)
    meant = _meant(_rules(of, found), rule)
    of.carry_out(DropRuleRequest(found.id, meant.id, of.by))
    of.screen.say(f"'{meant.name}' is forgotten.")


def _switch(context: typer.Context, camera: str, rule: str, *, enabled: bool) -> None:
    of = shell(context)
    found = of.find_camera(camera)
    meant = _meant(_rules(of, found), rule)
    changed = replace(meant, enabled=enabled, off_why="")
    of.carry_out(SetRuleRequest(found.id, changed, False, of.by))
    of.screen.say(f"'{meant.name}' is {'on' if enabled else 'off'}.")


def _rules(of: Shell, camera: Camera) -> tuple[Rule, ...]:
    with of.store() as store:
        return store.rules(camera.id)


def _meant(rules: tuple[Rule, ...], text: str) -> Rule:
    meant = [each for each in rules if each.name == text] or [
        each for each in rules if len(text) >= 4 and each.id.startswith(text.lower())
    ]
    if len(meant) != 1:
        raise NotFoundError(f"No rule, or more than one, is meant by {text!r}: see 'rule list'.")
    return meant[0]


def _span(text: str) -> WeeklySpan:
    found = _WHEN.fullmatch(" ".join(text.lower().split()))
    if found is None or found[1] not in _DAYS or (found[2] or found[1]) not in _DAYS:
        raise UsageError(f"{text!r} is no time of the week: write 'mon-fri 18:00-06:00'.")
    first, last = _DAYS.index(found[1]), _DAYS.index(found[2] or found[1])
    days = tuple(sorted((first + each) % 7 for each in range((last - first) % 7 + 1)))
    return WeeklySpan(
        days, int(found[3]) * 60 + int(found[4]), int(found[5]) * 60 + int(found[6])
    )  # fmt: skip


def _row(rule: Rule, area: Area | None) -> tuple[str, ...]:
    state = "on" if rule.enabled else f"off: {rule.off_why}" if rule.off_why else "off"
    return (
        rule.id[:8], rule.kind.value, rule.name, area.name if area is not None else "picture",
        ", ".join(rule.kinds) or "anything", state,
    )  # fmt: skip


def _json(rule: Rule) -> Any:
    return msgspec.to_builtins(rule)
