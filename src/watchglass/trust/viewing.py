"""From a judged fleet to what the page shows of it."""

import ipaddress
from collections.abc import Iterable, Iterator, Sequence
from typing import Generic, TypeVar

from watchglass.base.clock import NS_PER_S
from watchglass.model.observation import Observation, Signal, Source
from watchglass.model.stream_path import MAKER_KEYS, MOST_TRIES, paths_of
from watchglass.trust.day import Day
from watchglass.trust.fleet import Fleet
from watchglass.trust.hole import HoleState
from watchglass.trust.judgement import Judgement
from watchglass.trust.report.document import DocDevice, Document, Summary, ToDo
from watchglass.trust.rule import Outcome
from watchglass.trust.view import DeviceView, FleetRow, FleetView, HoleName, RuleName

_NS_PER_MS = NS_PER_S // 1000
_MOST_OBSERVATIONS = 300
_RTSP_PORT = 554
_SPEAKS_ONVIF = frozenset({Source.WS_DISCOVERY, Source.ONVIF})
K = TypeVar("K")


class _Table(Generic[K]):
    """Things by the place at which each was first named."""

    def __init__(self) -> None:
        self._places: dict[K, int] = {}

    def place(self, thing: K) -> int:
        return self._places.setdefault(thing, len(self._places))

    def places(self, things: Iterable[K]) -> tuple[int, ...]:
        return tuple(map(self.place, things))

    @property
    def things(self) -> Iterator[K]:
        return iter(self._places)


def fleet_view(fleet: Fleet, document: Document) -> FleetView:
    """The list; ``document`` is the report's data of the same fleet."""
    rules, holes, steps = _Table[str](), _Table[str](), _Table[ToDo]()
    rows = tuple(
        _row(judged, told, rules, holes, steps)
        for judged, told in zip(fleet.judgements, document.devices, strict=True)
    )
    named = {each.id: each for each in document.rules}
    known = {each.hole.cve: each.hole for judged in fleet.judgements for each in judged.holes}
    oldest, newest = _ages(fleet)
    return FleetView(
        made_ms=fleet.made_ns // _NS_PER_MS,
        when=document.when,
        sentence=_sentence(document.summary),
        facts_version=document.facts_version,
        facts_oldest=oldest,
        facts_newest=newest,
        summary=document.summary,
        coverage=document.coverage,
        profile=fleet.profile,
        rules=tuple(
            RuleName(id=each, jurisdiction=named[each].jurisdiction, kind=named[each].kind,
                     instrument=named[each].instrument)
            for each in rules.things
        ),
        holes=tuple(
            HoleName(cve=each, summary=known[each].summary, exploited=known[each].exploited.value)
            for each in holes.things
        ),
        to_do=tuple(steps.things),
        devices=rows,
        progress=fleet.progress,
    )  # fmt: skip


def device_views(fleet: Fleet, document: Document) -> Iterator[DeviceView]:
    """Each device by itself."""
    oldest, newest = _ages(fleet)
    makers = _makers_at(fleet)
    for judged, told in zip(fleet.judgements, document.devices, strict=True):
        seen = [each for contact in judged.device.contacts for each in contact.observations]
        seen.sort(key=lambda each: -each.at_ns)
        meant = {each.rule for each in told.rules if each.outcome != Outcome.DOES_NOT}
        yield DeviceView(
            made_ms=fleet.made_ns // _NS_PER_MS,
            when=document.when,
            facts_version=document.facts_version,
            facts_oldest=oldest,
            facts_newest=newest,
            profile=fleet.profile,
            device=told,
            name=told.shown,
            rules=tuple(each for each in document.rules if each.id in meant),
            invoice=tuple(each.rule.id for each in judged.rules if each.wants_invoice),
            streams=_streams(judged, seen, makers),
            here=_is_here(judged),
            camera=_own_camera(seen),
            observations=tuple(seen[:_MOST_OBSERVATIONS]),
            observations_left_out=max(0, len(seen) - _MOST_OBSERVATIONS),
            plan=fleet.path(judged),
        )


def _row(
    judged: Judgement, told: DocDevice, rules: _Table[str], holes: _Table[str],
    steps: _Table[ToDo],
) -> FleetRow:  # fmt: skip
    seen = [each for contact in judged.device.contacts for each in contact.observations]

    def ruled(outcome: Outcome) -> tuple[int, ...]:
        return rules.places(
            each.rule.id for each in judged.rules
            if each.outcome is outcome and (outcome is Outcome.APPLIES or each.names_maker)
        )  # fmt: skip

    def holed(state: HoleState) -> tuple[int, ...]:
        return holes.places(each.hole.cve for each in judged.holes if each.state is state)

    return FleetRow(
        id=told.id,
        name=told.shown,
        address=next(iter(told.addresses), ""),
        place=next(iter(told.places), ""),
        label=told.label,
        origin=told.origin,
        origin_name=told.origin_name,
        certainty=told.certainty,
        making=told.making,
        imitates=told.imitates,
        hint=told.hint,
        kind=told.kind,
        model=told.model[:60],
        listed=bool(told.listed),
        applies=ruled(Outcome.APPLIES),
        may_apply=ruled(Outcome.MAY_APPLY),
        next=ruled(Outcome.MAY_APPLY_NEXT),
        affected=holed(HoleState.AFFECTED),
        possibly=holed(HoleState.POSSIBLY),
        first=steps.place(told.to_do[0]) if told.to_do else None,
        rank=judged.rank,
        seen_ms=judged.last_ns // _NS_PER_MS,
        here=_is_here(judged),
        camera=_own_camera(seen),
        talks=next((each.kind for each in told.egress), ""),
        step=told.path.step if told.path is not None else None,
        owner=told.path.owner if told.path is not None else "",
        wave=told.path.wave if told.path is not None else 0,
        due=told.path.due if told.path is not None else "",
    )


def _sentence(summary: Summary) -> str:
    """'31 suspected, 12 certain, 4 buildings silent.'"""
    if not summary.devices:
        return "No device was found yet."
    silent = len(summary.silent_places)
    places = f", {silent} {'building' if silent == 1 else 'buildings'} silent" if silent else ""
    return f"{summary.listed_suspected} suspected, {summary.listed_certain} certain{places}."


def _ages(fleet: Fleet) -> tuple[str, str]:
    """The oldest and the newest day on which a row of the facts was looked up."""
    days: list[tuple[Day, Day]] = [each.as_of for each in fleet.facts.states if each.as_of]
    if not days:
        return "", ""
    oldest = min((first for first, _ in days), key=lambda day: day.first)
    newest = max((last for _, last in days), key=lambda day: day.first)
    return str(oldest), str(newest)


def _is_here(judged: Judgement) -> bool:
    latest = max(judged.device.contacts, key=lambda each: each.last_ns)
    return not latest.key.collector and not latest.is_channel


def _is_address(text: str) -> bool:
    """What is known by a name or a port alone cannot be called by it."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _own_camera(seen: Sequence[Observation]) -> str | None:
    return next((each.value for each in seen if each.signal is Signal.CAMERA_ID), None)


def _streams(
    judged: Judgement, seen: Sequence[Observation], recorders: dict[str, str]
) -> tuple[str, ...]:
    """Addresses to try, best first: what the device told, and what its maker's devices have. Of a
    channel they are its recorder's; ``recorders`` are the makers of what is at each address."""
    latest = max(judged.device.contacts, key=lambda each: each.last_ns)
    address = latest.key.address
    if latest.key.collector or not _is_address(address):
        return ()
    origin = judged.judged.origin
    maker = origin.origin or origin.imitates or origin.hint
    if latest.is_channel:
        paths = paths_of(recorders.get(address, maker), channel=latest.key.channel)
    else:
        told = [
            each.value for each in seen
            if each.signal is Signal.RTSP_PATH and "…" not in each.value and len(each.value) > 1
        ]  # fmt: skip
        paths = paths_of(maker, told)
    answered = next((each for each in seen if each.source is Source.RTSP), None)
    port = answered.port if answered is not None and answered.port else _RTSP_PORT
    host = f"[{address}]" if ":" in address else address
    at = host if port == _RTSP_PORT else f"{host}:{port}"
    urls = [f"rtsp://{at}{path}" if path.startswith("/") else f"rtsp://{at}/{path}"
            for path in paths]  # fmt: skip
    if not latest.is_channel and any(each.source in _SPEAKS_ONVIF for each in seen):
        # It knows its streams itself; but where their path is known no other account is needed.
        urls.insert(1 if maker in MAKER_KEYS else 0, f"onvif://{host}")
    return tuple(urls[:MOST_TRIES])


def _makers_at(fleet: Fleet) -> dict[str, str]:
    """Who made what is at an address itself, and not a channel of it."""
    found: dict[str, str] = {}
    for judged in fleet.judgements:
        latest = max(judged.device.contacts, key=lambda each: each.last_ns)
        if not latest.is_channel:
            origin = judged.judged.origin
            found[latest.key.address] = origin.origin or origin.imitates or origin.hint
    return found
