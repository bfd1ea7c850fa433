"""Holes: which known vulnerabilities a device has, may have or has not, by what is known of it.

Nothing is ever tried. It is affected only if its maker is certain and model and firmware lie in
what a source names; where the original model is hidden behind a label it is possible at most.
"""

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Protocol

from watchglass.model.device import DeviceKind
from watchglass.trust.fact import AffectedFirmware, Exploited, Vulnerability
from watchglass.trust.facts import Facts
from watchglass.trust.firmware import Firmware, Position, place, place_by_build
from watchglass.trust.verdict import Certainty, Making, OriginVerdict


class HoleState(StrEnum):
    AFFECTED = "affected"
    POSSIBLY = "possibly"
    CANNOT_TELL = "cannot_tell"
    NOT_AFFECTED = "not_affected"


@dataclass(frozen=True, slots=True)
class HoleFinding:
    """What a hole is to a device. ``fixed`` names the version that closes it, if that is known."""

    hole: Vulnerability
    state: HoleState
    reason: str
    fixed: str

    @property
    def is_open(self) -> bool:
        return self.state in (HoleState.AFFECTED, HoleState.POSSIBLY)

    @property
    def exploited_words(self) -> str:
        """Whether it is used in the wild, as far as CISA's catalogue says, and when that was."""
        match self.hole.exploited:
            case Exploited.YES:
                return (
                    f"exploited in the wild: in CISA's catalogue since {self.hole.kev_added} "
                    f"(snapshot of {self.hole.kev_snapshot})"
                )
            case Exploited.NO:
                return f"not in CISA's catalogue of exploited ones on {self.hole.kev_snapshot}"
            case Exploited.UNKNOWN:
                return "whether it is exploited was not looked up"


class Subject(Protocol):
    """What holes are judged by."""

    @property
    def kind(self) -> DeviceKind: ...

    @property
    def models(self) -> tuple[str, ...]: ...

    @property
    def firmware(self) -> Firmware: ...


class HoleJudge:
    """Judges by one state of the facts."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts

    @cached_property
    def _rows(self) -> dict[str, list[AffectedFirmware]]:
        found: dict[str, list[AffectedFirmware]] = defaultdict(list)
        for each in self._facts.affected:
            found[each.cve].append(each)
        return found

    @cached_property
    def _original(self) -> dict[str, list[re.Pattern[str]]]:
        """How makers name their own models."""
        found: dict[str, list[re.Pattern[str]]] = defaultdict(list)
        for each in self._facts.fingerprints:
            if each.id.startswith("model-"):
                found[each.origin] += each.patterns
        return found

    def of_device(
        self, subject: Subject, origin: OriginVerdict, brand_key: str = ""
    ) -> list[HoleFinding]:
        """Each hole in devices of its maker, or of the maker that a sign points to."""
        maker = origin.origin or origin.hint or origin.imitates
        return [
            self._finding(hole, subject, origin)
            for hole in self._facts.vulnerabilities
            if hole.origin == maker and hole.kinds
            and (not hole.brand_key or hole.brand_key == brand_key)
        ]  # fmt: skip

    def _finding(self, hole: Vulnerability, subject: Subject, origin: OriginVerdict) -> HoleFinding:
        name = self._facts.maker_name(hole.origin)
        if origin.certainty is Certainty.UNKNOWN or origin.origin != hole.origin:
            return HoleFinding(
                hole, HoleState.CANNOT_TELL,
                f"who made it is not known; a sign points to {name}", hole.fixed,
            )  # fmt: skip
        if subject.kind is not DeviceKind.UNKNOWN and subject.kind not in hole.kinds:
            words = " and ".join(f"{kind.replace('_', ' ')}s" for kind in hole.kinds)
            return HoleFinding(
                hole, HoleState.NOT_AFFECTED,
                f"it is in {words}, and this is a {subject.kind.replace('_', ' ')}", hole.fixed,
            )  # fmt: skip
        state, reason, fixed = self._by_model(hole, subject, origin)
        if state is HoleState.AFFECTED and origin.certainty is not Certainty.CERTAIN:
            state, reason = HoleState.POSSIBLY, f"{reason}; that {name} made it is suspected"
        return HoleFinding(hole, state, reason, fixed or hole.fixed)

    def _by_model(
        self, hole: Vulnerability, subject: Subject, origin: OriginVerdict
    ) -> tuple[HoleState, str, str]:
        rows = self._rows.get(hole.cve, [])
        if not rows:
            return HoleState.POSSIBLY, "no source names the versions that it is in", ""
        any_model = [row for row in rows if row.models == ("*",)]
        matching = [row for row in rows if row not in any_model and _matches(row, subject.models)]
        if matching or any_model:
            return _by_firmware(matching or any_model, subject)
        if self._is_original(hole.origin, subject.models):
            if any("partial" in row.verification for row in rows):
                return HoleState.CANNOT_TELL, "the list of its models here is not complete", ""
            return HoleState.NOT_AFFECTED, f"it is in {hole.products}, not in this model", ""
        return _without_model(rows, subject, relabelled=origin.making is not Making.OWN)

    def _is_original(self, maker: str, models: Sequence[str]) -> bool:
        """Whether a model is one as the maker itself names them, and not a seller's."""
        patterns = self._original.get(maker)
        if patterns is None:
            return bool(models)
        return any(pattern.search(model) for pattern in patterns for model in models)


def _by_firmware(rows: Sequence[AffectedFirmware], subject: Subject) -> tuple[HoleState, str, str]:
    found = [(row, place(subject.firmware, row)) for row in rows]
    inside = [row for row, position in found if position is Position.INSIDE]
    fixed = next((row.below for row in rows if row.below), "")
    shown = str(subject.firmware) if subject.firmware.is_known else ""
    if inside:
        sure = any(not row.possible and row.verification.startswith("sourced") for row in inside)
        state = HoleState.AFFECTED if sure else HoleState.POSSIBLY
        measure = f"firmware {shown} lies in what is affected" if shown else "by its model"
        return state, measure + ("" if sure else ", as far as sources tell"), fixed
    if all(position in (Position.NEWER, Position.OLDER) for _, position in found):
        age = "newer" if all(position is Position.NEWER for _, position in found) else "older"
        return HoleState.NOT_AFFECTED, f"firmware {shown} is {age} than what is affected", fixed
    if not subject.firmware.is_known:
        return HoleState.POSSIBLY, "its model is affected, and its firmware is not known", fixed
    return (
        HoleState.POSSIBLY,
        f"firmware {shown} does not tell: version and build date do not settle it", fixed,
    )  # fmt: skip


def _without_model(
    rows: Sequence[AffectedFirmware], subject: Subject, *, relabelled: bool
) -> tuple[HoleState, str, str]:
    hidden = "its label hides the original model" if relabelled else "its model is not known"
    match place_by_build(subject.firmware, rows):
        case Position.NEWER:
            return (
                HoleState.NOT_AFFECTED,
                f"{hidden}, and firmware {subject.firmware} was built after the last affected one",
                "",
            )
        case Position.INSIDE:
            return (
                HoleState.POSSIBLY,
                f"{hidden}, and firmware {subject.firmware} was built while it was affected", "",
            )  # fmt: skip
        case _:
            return HoleState.POSSIBLY, f"{hidden}, and its firmware does not settle it", ""


def _matches(row: AffectedFirmware, models: Sequence[str]) -> bool:
    return any(_glob(pattern).fullmatch(model) for pattern in row.models for model in models)


def _glob(pattern: str) -> re.Pattern[str]:
    """A shell-like pattern, with ``?`` and ``*`` alone."""
    parts = {"?": ".", "*": ".*"}
    made = "".join(parts.get(sign) or re.escape(sign) for sign in pattern)
    return re.compile(made, re.IGNORECASE)
