"""Two reports compared: what changed since the older one."""

from collections.abc import Iterable

import msgspec

from watchglass.base.errors import UsageError
from watchglass.trust.egress import OUTSIDE
from watchglass.trust.report.document import FORMAT, DocDevice, DocTalk, Document


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """One change. ``what``: came, went, origin, firmware, rule, hole, purchase, step (on its way
    out), egress (whom it talks to outside) or contained (what keeps it in)."""

    what: str
    device: str
    shown: str
    sentence: str


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """What changed between two reports. ``notes``: what makes them hard to compare."""

    old_made: str
    new_made: str
    changes: tuple[Change, ...]
    notes: tuple[str, ...]

    def counted(self, what: str) -> int:
        return sum(change.what == what for change in self.changes)


def read_document(data: bytes, name: str) -> Document:
    """A report's JSON twin; UsageError for anything else."""
    try:
        document = msgspec.json.decode(data, type=Document)
    except (msgspec.DecodeError, RecursionError):
        document = None
    if document is None or document.format != FORMAT:
        raise UsageError(
            f"{name} is not the JSON file of a report by this version: give the file report.json "
            "that lies beside the older report."
        )
    return document


def compare(old: Document, new: Document) -> Comparison:
    """What changed from ``old`` to ``new``."""
    pairs, came, went = _paired(old.devices, new.devices)
    changes = [
        *(_change("came", one, f"New: {one.verdict}") for one in came),
        *(_change("went", one, f"Not found any more: {one.verdict}") for one in went),
        *(change for before, after in pairs for change in _of_pair(before, after)),
    ]
    return Comparison(
        old_made=old.made, new_made=new.made, changes=tuple(changes),
        notes=tuple(_notes(old, new)),
    )  # fmt: skip


def _paired(
    old: Iterable[DocDevice], new: Iterable[DocDevice]
) -> tuple[list[tuple[DocDevice, DocDevice]], list[DocDevice], list[DocDevice]]:
    """Devices in both, by id or else by a key that only they have; the new; the gone."""
    before = {each.id: each for each in old}
    by_key: dict[str, list[str]] = {}
    for each in before.values():
        for key in (*each.macs, *each.serials):
            by_key.setdefault(key, []).append(each.id)
    after = list(new)
    taken = {each.id for each in after if each.id in before}
    pairs, came = [], []
    for each in after:
        found = each.id if each.id in before else None
        if found is None:
            same = {
                ids[0] for key in (*each.macs, *each.serials)
                if len(ids := by_key.get(key, [])) == 1 and ids[0] not in taken
            }  # fmt: skip
            found = next(iter(same)) if len(same) == 1 else None
        if found is None:
            came.append(each)
        else:
            taken.add(found)
            pairs.append((before[found], each))
    return pairs, came, [each for each in before.values() if each.id not in taken]


def _of_pair(old: DocDevice, new: DocDevice) -> list[Change]:
    found = []
    if (old.origin, old.certainty, old.making) != (new.origin, new.certainty, new.making):
        found.append(_change("origin", new, f"{_origin(old)} before, now {_origin(new)}"))
    if (old.firmware, old.build) != (new.firmware, new.build):
        before, after = old.firmware or "unknown", new.firmware or "unknown"
        found.append(_change("firmware", new, f"firmware {before} before, now {after}"))
    if old.purchase != new.purchase:
        found.append(_change("purchase", new, f"its purchase: {new.purchase.words}"))
    found += [_change("step", new, each) for each in _steps(old, new)]
    found += [_change("contained", new, each) for each in _contained(old, new)]
    found += [_change("egress", new, each) for each in _egress(old, new)]
    rules = {each.rule: each.outcome for each in old.rules}
    for rule in new.rules:
        before = rules.get(rule.rule, "does_not")
        if before != rule.outcome:
            found.append(_change(
                "rule", new, f"{rule.rule}: {_words(before)} before, now {_words(rule.outcome)}"
            ))  # fmt: skip
    holes = {each.cve: each.state for each in old.holes}
    for hole in new.holes:
        before = holes.get(hole.cve, "not looked up")
        if before != hole.state:
            found.append(_change(
                "hole", new, f"{hole.cve}: {_words(before)} before, now {_words(hole.state)}"
            ))  # fmt: skip
    return found


def _steps(old: DocDevice, new: DocDevice) -> list[str]:
    """What was done of it between the two."""
    if new.path is None:
        return []
    known = set(old.path.steps) if old.path is not None else set()
    return [
        f"{each.step} on {each.at[:10]}, says {each.by}{f': {each.note}' if each.note else ''}"
        for each in new.path.steps
        if each not in known
    ]


def _contained(old: DocDevice, new: DocDevice) -> list[str]:
    """What was exported or stated of the rules that keep it in, and whether they were seen not to
    hold it."""
    before, after = old.contained, new.contained
    if after is None:
        return ["no rules are known to keep it in any more"] if before is not None else []
    if before is not None and (before.applied, before.words) == (after.applied, after.words):
        return []
    return [f"{after.words[:1].lower()}{after.words[1:].rstrip('.')}"]


def _egress(old: DocDevice, new: DocDevice) -> list[str]:
    """Whom it began to reach outside, and whom it reached before and was not seen to since."""
    before, after = _outside(old), _outside(new)
    found = [f"now talks to {peer}: {after[peer].words}" for peer in sorted(after.keys() - before)]
    if max((each.last for each in new.egress), default="") > max(
        (each.last for each in old.egress), default=""
    ):
        # Only where something newer of it was taken in is it worth a word that this is not there.
        found += [
            f"was not seen to reach {peer} any more; last on {before[peer].last[:10]}"
            for peer in sorted(before)
            if peer not in after or after[peer].last <= before[peer].last
        ]
    return found


def _outside(device: DocDevice) -> dict[str, DocTalk]:
    """Those whom something was let through to, and not only asked for, by their names."""
    found: dict[str, DocTalk] = {}
    for each in device.egress:
        if each.kind in OUTSIDE and each.refused < each.times:
            known = found.get(each.peer)
            found[each.peer] = each if known is None or each.last > known.last else known
    return found


def _origin(device: DocDevice) -> str:
    if device.making == "clone":
        return f"like a device of {device.imitates}"
    if not device.origin:
        return "origin unknown"
    return f"origin {device.origin_name} {device.certainty}"


def _words(state: str) -> str:
    return state.replace("does_not", "does not apply").replace("_", " ")


def _change(what: str, device: DocDevice, sentence: str) -> Change:
    return Change(what=what, device=device.id, shown=device.shown, sentence=sentence)


def _notes(old: Document, new: Document) -> list[str]:
    found = []
    if old.facts_version != new.facts_version or [t.sha256 for t in old.tables] != [
        t.sha256 for t in new.tables
    ]:
        found.append("The fact tables changed in between: a verdict may have changed with them.")
    if old.profile != new.profile:
        found.append("The site was described otherwise: rules may have changed with that.")
    before = {each.network for each in old.coverage}
    after = {each.network for each in new.coverage}
    found += [
        f"{network} was looked at before and not this time: nothing is known to have gone there."
        for network in sorted(before - after)
    ]
    found += [
        f"{network} was not looked at before: what is new there may be old."
        for network in sorted(after - before)
    ]
    return found
