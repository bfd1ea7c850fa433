"""A device's path: what each step asks for, and how far a fleet has come."""

from collections import Counter
from collections.abc import Container, Iterable, Mapping, Sequence
from datetime import UTC, datetime

import msgspec

from watchglass.base.clock import NS_PER_S
from watchglass.base.errors import UsageError
from watchglass.base.ids import DeviceId
from watchglass.model.device_path import BY_PEOPLE, ORDER, Cleared, DevicePath, Step, StepDone
from watchglass.trust.judgement import Judgement
from watchglass.trust.verdict import Certainty

WEEK_NS = 7 * 86400 * NS_PER_S
_LOOKS_BACK = 8
_MOST_WEEKS = 520
_TO_SAY = {
    "card": "whether its memory card was wiped (--card done, or none where it never had one)",
    "disk": "whether its disk was wiped (--disk done, or none)",
    "cloud": "whether it was unbound from its maker's account (--cloud done, or none)",
}
NOWHERE = "no place told"


def advance(path: DevicePath, done: StepDone) -> DevicePath:
    """The path with one more step; UsageError for what is missing before it can be said."""
    step = done.step
    if step not in BY_PEOPLE:
        raise UsageError(f"A device is {step.value} by being looked at, not by being told so.")
    if step is Step.CHOSEN and path.replacement is None:
        raise UsageError("Say what replaces it first: its maker and model.")
    if step is Step.REMOVED:
        unsaid = [words for name, words in _TO_SAY.items() if not getattr(path, name)]
        if unsaid:
            raise UsageError(f"'Removed' has to say {'; '.join(unsaid)}.")
        if not done.document:
            raise UsageError("'Removed' needs the paper that proves its disposal: --document FILE.")
    if step is Step.FILED and path.done(Step.REMOVED) is None:
        raise UsageError("The evidence is filed once the device is removed.")
    return msgspec.structs.replace(path, steps=(*path.steps, done))


def take_back(path: DevicePath, step: Step) -> DevicePath:
    """The path without the last word on a step; UsageError where there is none, or one that needs
    it."""
    said = path.done(step)
    if said is None:
        raise UsageError("Nobody said that it has come so far.")
    others = tuple(each for each in path.steps if each is not said)
    left = msgspec.structs.replace(path, steps=others, taken_back=(*path.taken_back, said))
    if step is Step.REMOVED and left.done(step) is None and left.done(Step.FILED) is not None:
        raise UsageError("Its evidence is filed: take that back first.")
    return left


def reached(path: DevicePath | None, judged: Judgement) -> Step:
    """The furthest step."""
    told = [each.step for each in path.steps] if path is not None else []
    if told:
        return max(told, key=ORDER.index)
    known = judged.judged.origin.certainty is not Certainty.UNKNOWN
    return Step.JUDGED if known else Step.FOUND


def concerns(path: DevicePath | None, judged: Judgement, restricting: Container[str]) -> bool:
    """Whether it is on the path: its maker is on a list that is ``restricting`` devices, or
    somebody put it there."""
    put_there = path is not None and path.stands
    return put_there or any(each.listing.list in restricting for each in judged.listings)


class PlaceProgress(msgspec.Struct, frozen=True, kw_only=True):
    """How many devices of a place have come to each step, and not further; in ``Step``'s order."""

    place: str
    devices: int
    steps: tuple[int, ...]
    overdue: int


class WeekDone(msgspec.Struct, frozen=True, kw_only=True):
    """``removed`` and ``installed``: how many in all by the end of the week that began then."""

    from_ms: int
    installed: int
    removed: int


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """Of all devices on the path. ``ends`` is a date, empty where none can be told; ``costs`` in
    hundredths, by currency."""

    devices: int
    removed: int
    sentence: str
    ends: str
    places: tuple[PlaceProgress, ...]
    weeks: tuple[WeekDone, ...]
    costs: dict[str, int]


def progress_of(
    judgements: Sequence[Judgement],
    paths: Mapping[DeviceId, DevicePath],
    restricting: Container[str],
    now_ns: int,
) -> Progress:
    """How far they have come by now (UTC), and when the last would be removed at this pace."""
    on_path = [each for each in judgements if concerns(paths.get(each.id), each, restricting)]
    today = _day(now_ns)
    places: dict[str, Counter[Step]] = {}
    overdue: Counter[str] = Counter()
    costs: Counter[str] = Counter()
    for each in on_path:
        path = paths.get(each.id)
        place = next(iter(each.subject.places), "") or NOWHERE
        step = reached(path, each)
        places.setdefault(place, Counter())[step] += 1
        if path is not None:
            costs[path.currency] += path.costs.total
            late = path.due and path.due < today and ORDER.index(step) < ORDER.index(Step.REMOVED)
            overdue[place] += bool(late)
    found = [paths[each.id] for each in on_path if each.id in paths]
    removed = _times(found, Step.REMOVED)
    ends = _ends(len(on_path) - len(removed), removed, now_ns)
    return Progress(
        devices=len(on_path),
        removed=len(removed),
        sentence=_sentence(len(on_path), len(removed), ends),
        ends=ends,
        places=tuple(
            PlaceProgress(
                place=place, devices=sum(counts.values()), overdue=overdue[place],
                steps=tuple(counts[step] for step in ORDER),
            )
            for place, counts in sorted(places.items())
        ),
        weeks=tuple(_weeks(_times(found, Step.INSTALLED), removed, now_ns)),
        costs={currency: cents for currency, cents in sorted(costs.items()) if cents},
    )  # fmt: skip


def _times(paths: Iterable[DevicePath], step: Step) -> list[int]:
    told = (path.done(step) for path in paths)
    return sorted(each.at_ns for each in told if each is not None)


def _ends(left: int, removed: Sequence[int], now_ns: int) -> str:
    """The day on which none would be left at the pace of the last eight weeks; empty for none."""
    lately = sum(at_ns > now_ns - _LOOKS_BACK * WEEK_NS for at_ns in removed)
    if not left:
        return _day(removed[-1]) if removed else ""
    if not lately:
        return ""
    first_ns = next(at_ns for at_ns in removed if at_ns > now_ns - _LOOKS_BACK * WEEK_NS)
    span_ns = min(_LOOKS_BACK * WEEK_NS, max(now_ns - first_ns, WEEK_NS))
    end_ns = now_ns + left * span_ns // lately
    return _day(end_ns) if end_ns < now_ns + _MOST_WEEKS * WEEK_NS else ""


def _sentence(devices: int, removed: int, ends: str) -> str:
    if not devices:
        return "No device is on the path: none is of a maker on a list, and nobody put one there."
    if removed == devices:
        return f"All {devices} are removed, the last on {ends}."
    when = (
        f"at the pace of the last eight weeks none is left on {ends}."
        if ends
        else "no forecast, for none was removed in the last eight weeks."
    )
    return f"{removed} of {devices} removed; {when}"


def _weeks(installed: Sequence[int], removed: Sequence[int], now_ns: int) -> Iterable[WeekDone]:
    first_ns = min([*installed[:1], *removed[:1]], default=None)
    if first_ns is None:
        return
    at_ns = max(first_ns, now_ns - _MOST_WEEKS * WEEK_NS)
    at_ns -= at_ns % WEEK_NS
    while at_ns <= now_ns:
        end_ns = at_ns + WEEK_NS
        yield WeekDone(
            from_ms=at_ns // 1_000_000, installed=sum(each < end_ns for each in installed),
            removed=sum(each < end_ns for each in removed),
        )  # fmt: skip
        at_ns = end_ns


def _day(at_ns: int) -> str:
    return datetime.fromtimestamp(at_ns // NS_PER_S, UTC).date().isoformat()


def cleared_words(path: DevicePath) -> list[str]:
    """What became of what could hold recordings, or a way in."""
    return [
        words[value]
        for value, words in (
            (path.card, {Cleared.DONE: "memory card wiped", Cleared.NONE: "had no memory card"}),
            (path.disk, {Cleared.DONE: "disk wiped", Cleared.NONE: "had no disk"}),
            (path.cloud, {Cleared.DONE: "unbound from its maker's account",
                          Cleared.NONE: "was in no account of its maker"}),
        )
        if value in words
    ]  # fmt: skip
