"""Brand and origin: what the label says, who made it, how sure that is, and why.

Two questions, never mixed. The *brand* is what the label says. The *origin* is who made the device;
from a label it follows only through the table of relations. A device that only looks like another
maker's is told apart as a clone, and what cannot be told is unknown.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from watchglass.model.observation import Source
from watchglass.trust.contact import Contact
from watchglass.trust.evidence import Evidence, EvidenceReader
from watchglass.trust.fact import Confidence, Relation, RelationKind
from watchglass.trust.facts import Facts
from watchglass.trust.fusion import Sign, added, chances, gain
from watchglass.trust.label import judge_brand
from watchglass.trust.verdict import (
    BrandVerdict,
    Certainty,
    Judged,
    Making,
    OriginVerdict,
    Reason,
)

SUSPECTED_LEAST = 0.70
"""The least weight of a row that names a firmware."""
CERTAIN_LEAST = 0.99
HINT_LEAST = 0.26
"""More than a brand of which some are made by a maker says."""
_FAMILIES_LEAST = 2
_SURFACE = frozenset({"web", "rtsp", "port", "claim", "paper"})
"""What a clone copies."""
_LOOKS_ALIKE = -3.0
_STRENGTH = {
    RelationKind.MAKER: (0.99, 0.95, 0.9),
    RelationKind.OWN_BRAND: (0.97, 0.9, 0.8),
    RelationKind.RELABEL: (0.9, 0.75, 0.5),
    RelationKind.RELABEL_SOME: (0.4, 0.25, 0.15),
    RelationKind.LOOK_ALIKE: (0.0, 0.0, 0.0),
}
"""How many of a brand's devices come from a maker, by how sure the relation is."""


def strength(relation: Relation) -> float:
    """How many of a brand's devices come from the maker that a relation names."""
    at = (Confidence.HIGH, Confidence.MEDIUM, Confidence.LOW).index(relation.backing.confidence)
    return _STRENGTH[relation.kind][at]


class OriginJudge:
    """Judges devices by one state of the facts."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts
        self._reader = EvidenceReader(facts)

    def judge(self, contacts: Sequence[Contact], asked: Iterable[Source] = ()) -> Judged:
        """What a device's contacts say together. ``asked``: doors that were tried where it is."""
        evidence = tuple(self._reader.read(contacts))
        brand = judge_brand(evidence)
        within_reach = any(
            seen.source is Source.WS_DISCOVERY for each in contacts for seen in each.observations
        )
        case = _Case(
            self._facts, evidence, brand, frozenset(asked) if within_reach else frozenset()
        )
        return Judged(brand, case.verdict(), evidence)


# --- the origin -----------------------------------------------------------------------------------


class _Case:
    """One device: signs by maker, and the verdict on them."""

    def __init__(
        self,
        facts: Facts,
        evidence: Sequence[Evidence],
        brand: BrandVerdict,
        asked: frozenset[Source],
    ) -> None:
        self._facts = facts
        self._evidence = evidence
        self._brand = brand
        self._direct: dict[str, list[Evidence]] = defaultdict(list)
        self._by_label: dict[str, list[tuple[Evidence, Relation]]] = defaultdict(list)
        self._alike: set[str] = set()
        for each in evidence:
            if each.origin:
                self._direct[each.origin].append(each)
            for relation in each.brand.relations if each.brand is not None else ():
                if relation.kind is RelationKind.LOOK_ALIKE:
                    self._alike.add(relation.origin)
                else:
                    self._by_label[relation.origin].append((each, relation))
        self._silent = self._silent_doors(asked)
        makers = sorted(self._direct.keys() | self._by_label.keys())
        self.chances = chances({maker: self._moved(maker) for maker in makers})

    def _silent_doors(self, asked: frozenset[Source]) -> dict[str, str]:
        """Makers whose own discovery was asked for and not answered, and the row that says so."""
        answered = {each.fingerprint.id for each in self._evidence}
        return {
            each.origin: each.id
            for each in self._facts.fingerprints
            if each.hard and each.family == "discovery" and each.id not in answered
            and len(each.doors) == 1 and each.doors[0] in asked
            and each.doors[0] is not Source.MAKER_DISCOVERY
        }  # fmt: skip

    def _moved(self, maker: str) -> float:
        total = added(
            Sign(each.family, each.fingerprint.weight / 100) for each in self._direct.get(maker, ())
        )
        labels = self._by_label.get(maker, ())
        if labels:
            most = max(strength(relation) for _, relation in labels)
            by_label = added(
                Sign(each.family, each.fingerprint.weight / 100 * strength(relation))
                for each, relation in labels
            )
            # However often a label is read, it says no more than what the brand is to the maker.
            total += min(by_label, gain(most))
        if maker in self._alike:
            total += _LOOKS_ALIKE
        return total

    # --- the verdict -----------------------------------------------------------------------

    def verdict(self) -> OriginVerdict:
        chips = tuple(sorted({each.chip for each in self._evidence if each.chip}))
        if not self.chances:
            return OriginVerdict("", 0.0, Certainty.UNKNOWN, Making.UNKNOWN, chips=chips)
        best = max(sorted(self.chances), key=lambda maker: self.chances[maker])
        copied = self._copied()
        if copied:
            return self._clone(copied, chips)
        chance = self.chances[best]
        reasons, against = self._reasons(best), self._against(best)
        if round(chance, 3) < SUSPECTED_LEAST:
            hint = best if chance >= HINT_LEAST else ""
            return OriginVerdict(
                "", chance, Certainty.UNKNOWN, Making.UNKNOWN, reasons, against, hint, chips=chips
            )
        sure = Certainty.CERTAIN if self._is_certain(best) else Certainty.SUSPECTED
        return OriginVerdict(best, chance, sure, self._making(best), reasons, against, chips=chips)

    def _is_certain(self, maker: str) -> bool:
        """High odds are not enough: signs of several kinds, from several doors, none against it;
        and for a maker on any list one that takes more than copying."""
        if self.chances[maker] < CERTAIN_LEAST or self._rivals(maker):
            return False
        evidence = [*self._direct.get(maker, ()), *(each for each, _ in self._by_label[maker])]
        families = {each.family for each in evidence}
        doors = {each.seen.source for each in evidence}
        if len(families) < _FAMILIES_LEAST or len(doors) < _FAMILIES_LEAST:
            return False
        hard = any(each.fingerprint.hard for each in self._direct.get(maker, ()))
        return hard or maker not in self._facts.listed

    def _rivals(self, maker: str) -> list[Evidence]:
        """Signs of other makers that no relation of the label explains, and the names of others
        who only sell what they make themselves."""
        explained = {maker}
        if self._brand.brand is not None:
            explained |= {relation.origin for relation in self._brand.brand.relations}
        direct = [
            each for other in sorted(self._direct) if other not in explained
            for each in self._direct[other]
        ]  # fmt: skip
        return direct + [
            each for each in self._evidence
            if each.brand is not None and each.stated and each.brand.is_known
            and all(
                relation.kind is RelationKind.MAKER and relation.origin != maker
                for relation in each.brand.relations
            )
        ]  # fmt: skip

    def _copied(self) -> str:
        """The maker that the device only looks like, if it looks like one and another sign, which
        a copy leaves as it was, says otherwise."""
        for maker in sorted(self._direct):
            own = self._direct[maker]
            if any(each.fingerprint.hard or each.family not in _SURFACE for each in own):
                continue
            if added(Sign(each.family, each.fingerprint.weight / 100) for each in own) < gain(0.6):
                continue
            foreign = any(
                each.family == "mac" and not each.chip and each.origin != maker
                for each in self._evidence
            )
            if maker in self._alike or (foreign and not self._supplies(maker)):
                return maker
        return ""

    def _supplies(self, maker: str) -> bool:
        """Whether that maker is known to make what carries any brand seen here."""
        return any(
            relation.origin == maker and relation.kind is not RelationKind.LOOK_ALIKE
            for each in self._evidence if each.brand is not None
            for relation in each.brand.relations
        )  # fmt: skip

    def _clone(self, copied: str, chips: tuple[str, ...]) -> OriginVerdict:
        others = chances({
            other: self._moved(other) for other in self.chances if other != copied
        })  # fmt: skip
        best = max(sorted(others), key=lambda maker: others[maker], default="")
        known = bool(best) and round(others[best], 3) >= SUSPECTED_LEAST
        return OriginVerdict(
            best if known else "",
            others[best] if best else 0.0,
            Certainty.SUSPECTED if known else Certainty.UNKNOWN,
            Making.CLONE,
            self._reasons(best) if best else (),
            self._reasons(copied),
            hint="" if known or not best or others[best] < HINT_LEAST else best,
            imitates=copied,
            chips=chips,
        )

    def _making(self, maker: str) -> Making:
        brand = self._brand.brand
        if brand is None:
            return Making.UNKNOWN
        kinds = {each.kind for each in brand.relations if each.origin == maker}
        if RelationKind.MAKER in kinds:
            return Making.OWN
        if any(each.kind is RelationKind.MAKER for each in brand.relations):
            return Making.UNKNOWN  # one maker's label on another's device: a contradiction
        return Making.OWN_BRAND if RelationKind.OWN_BRAND in kinds else Making.RELABEL

    # --- in words --------------------------------------------------------------------------

    def _reasons(self, maker: str) -> tuple[Reason, ...]:
        found = [
            Reason(each.sentence, each, each.fingerprint.weight / 100)
            for each in self._direct.get(maker, ())
        ]
        told = set()
        for each, relation in self._by_label.get(maker, ()):
            weight = each.fingerprint.weight / 100 * strength(relation)
            found.append(Reason(each.sentence, each, weight))
            if relation.brand_key not in told and relation.kind is not RelationKind.MAKER:
                told.add(relation.brand_key)
                found.append(Reason(_relation_words(relation, self._facts), None, weight))
        return tuple(sorted(found, key=lambda reason: -reason.weight))

    def _against(self, maker: str) -> tuple[Reason, ...]:
        found = [
            Reason(each.sentence, each, each.fingerprint.weight / 100)
            for each in self._rivals(maker)
        ]
        if maker in self._silent:
            row = self._facts.fingerprint[self._silent[maker]]
            name = self._facts.maker_name(maker)
            found.append(Reason(
                f"it did not answer {row.id.upper()}, a discovery protocol of {name}, which was "
                "asked for where it is"
            ))  # fmt: skip
        if maker in self._alike:
            found.append(Reason(
                f"its label is one whose devices look like those of {self._facts.maker_name(maker)}"
                " and are not known to be"
            ))  # fmt: skip
        return tuple(sorted(found, key=lambda reason: -reason.weight))


def _relation_words(relation: Relation, facts: Facts) -> str:
    name = facts.maker_name(relation.origin)
    lines = f" ({relation.lines})" if relation.lines else ""
    match relation.kind:
        case RelationKind.OWN_BRAND:
            return f"{relation.brand} is a brand or subsidiary of {name}"
        case RelationKind.RELABEL:
            return f"{relation.brand} sells devices that {name} makes{lines}"
        case _:
            return f"{relation.brand} sells some devices that {name} makes{lines}"
