"""Evidence bundles that somebody changed, and clean ones: what the check says of each.

Random changes go into what the recorder's signature covers, and into what its manifest lists; half
of them are listed and signed anew with the recorder's own key, so that the ledger alone can tell.
Crafted ones are told by name. Forged ones, made anew from the key on, must not be called placed in
time before an anchor, and must be caught after it. Clean exports are of random spans of sites with
gaps, crashes, power cuts, deletions, erasures, restores, changes of codec and of key, and sound;
some are stamped by an authority that says what time the test likes.
"""

import argparse
import random
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from benches._harness import report
from benches._mutate import spoil_bytes
from benches.tamper import crafted_stamps, encryption, forged, hostile, zips
from benches.tamper.sites import CLOCK, Made, clean_exports, footage, victims
from watchglass.evidence.verify import Check, Signatures, Unreadable, check_bundle, verdict

_TARGETS = {
    "mutations": (">=", 10_000.0),
    "crafted": (">=", 40.0),
    "missed": ("<=", 0.0),
    "forged_missed": ("<=", 0.0),
    "clean_exports": (">=", 1_000.0),
    "false_alarms": ("<=", 0.0),
}
_PART = ("media/", "ledger/")


@dataclass
class Tally:
    """What was tried and what was missed, in words."""

    mutations: int = 0
    crafted: int = 0
    missed: list[str] = field(default_factory=list)
    forged: int = 0
    forged_missed: list[str] = field(default_factory=list)
    clean: int = 0
    stamped: int = 0
    false_alarms: list[str] = field(default_factory=list)


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/bench tamper")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--mutations", type=int, default=None)
    parser.add_argument("--exports", type=int, default=None)
    asked = parser.parse_args()
    mutations = asked.mutations or (600 if asked.quick else 10_000)
    exports = asked.exports or (30 if asked.quick else 1_000)
    tally, chance = Tally(), random.Random(asked.seed)
    with tempfile.TemporaryDirectory(prefix="wg-tamper-") as folder:
        made = victims(Path(folder) / "victims")
        try_crafted(made, tally)
        try_zips(made, Path(folder), tally)
        try_encrypted(made, tally)
        try_forged(made, tally)
        try_random(made, chance, mutations, tally)
        try_clean(Path(folder) / "clean", chance, exports, tally)
        cpu_s = cpu_per_hour(Path(folder) / "footage", 30 if asked.quick else 300)
    for each in tally.missed + tally.forged_missed + tally.false_alarms:
        print(each, file=sys.stderr)
    figures = {
        "mutations": tally.mutations, "crafted": tally.crafted, "missed": len(tally.missed),
        "forged": tally.forged, "forged_missed": len(tally.forged_missed),
        "clean_exports": tally.clean, "clean_stamped": tally.stamped,
        "false_alarms": len(tally.false_alarms),
        "verify_cpu_s_per_hour": cpu_s,
    }  # fmt: skip
    return report("tamper", asked.quick, figures, _TARGETS, enough=not asked.quick)


# --- what is tried --------------------------------------------------------------------------------


def missed(check: Check, line: str, codes: frozenset[str]) -> str:
    """Why a change was not told; empty where it was."""
    answers = verdict(check)
    found = {code for of, _, code, _ in check.findings if of == line}
    if answers[line] != "no":
        return f"{line} is {answers[line]} ({sorted(found)})"
    return "" if codes & found else f"it is called {sorted(found)}, not one of {sorted(codes)}"


def try_crafted(made: Made, tally: Tally) -> None:
    signatures = Signatures()
    assert crafted_stamps.ALL is hostile.ALL
    for each in hostile.ALL:
        changed = each.made(made.whole if each.whole else made.part, made.other)
        check = changed.check(signatures, made.fingerprint)
        tally.crafted += 1
        tally.mutations += 1
        what = missed(check, each.line, each.codes)
        if what:
            tally.missed.append(f"crafted, {each.name}: {what}")


def try_zips(made: Made, folder: Path, tally: Tally) -> None:
    path = folder / "case.zip"
    path.write_bytes(zips.plain(made.part))
    assert verdict(check_bundle(str(path), made.fingerprint))["intact"] == "yes"
    for trick in zips.ALL:
        path.write_bytes(trick.make(made.part))
        tally.crafted += 1
        tally.mutations += 1
        try:
            answer = verdict(check_bundle(str(path), made.fingerprint))["intact"]
        except Unreadable:
            continue
        if answer != "no":
            tally.missed.append(f"ZIP, {trick.name}: intact is {answer}")


def try_encrypted(made: Made, tally: Tally) -> None:
    for what, opens in encryption.tried(zips.plain(made.part)):
        tally.crafted += 1
        tally.mutations += 1
        if opens:
            tally.missed.append(f"encrypted, {what}: it opens")


def try_forged(made: Made, tally: Tally) -> None:
    """Somebody holds the key: 'cannot tell' before an anchor, caught after it."""
    signatures = Signatures()
    anchor = made.whole.held[made.whole.heads_name]
    honest = verdict(made.whole.check(signatures, made.fingerprint, [anchor]))
    if set(honest.values()) != {"yes"}:
        tally.false_alarms.append(f"anchored, a clean bundle: {honest}")
    stamped = verdict(made.whole.check(signatures, made.fingerprint, None, {made.authority}))
    if set(stamped.values()) != {"yes"}:
        tally.false_alarms.append(f"stamped, a clean bundle: {stamped}")
    for change in forged.ALL:
        files = forged.forged(made.whole, change)
        alone = verdict(files.check(signatures, made.fingerprint))
        held = verdict(files.check(signatures, made.fingerprint, [anchor]))
        tally.forged += 1
        if alone["placed"] != "cannot tell" or held["placed"] != "no":
            tally.forged_missed.append(f"forged, {change.__name__}: {alone}, anchored {held}")
        if "no" in alone.values():
            tally.forged_missed.append(f"forged badly, {change.__name__}: {alone}")


def try_random(made: Made, chance: random.Random, count: int, tally: Tally) -> None:
    signatures = Signatures()
    names = sorted(made.part.held)
    deep = [name for name in names if name.startswith(_PART)]
    number = 0
    while tally.mutations < count:
        number += 1
        listed = number % 2 == 1
        name = chance.choice(deep if listed else names)
        changed = made.part.copy()
        data = spoil_bytes(chance, changed.held[name], made.part.held[chance.choice(names)])
        if _means_the_same(name, changed.held[name], data):
            continue
        changed.held[name] = data
        if listed:
            changed.relist()
        check = changed.check(signatures, made.fingerprint)
        tally.mutations += 1
        if "no" not in (verdict(check)["intact"], verdict(check)["complete"]):
            tally.missed.append(f"random {number}, {name}: {verdict(check)}")


def _means_the_same(name: str, before: bytes, after: bytes) -> bool:
    """Rows of texts or earlier lines that are only fewer prove less, and say nothing wrong."""
    if before == after:
        return True
    if name.endswith((".texts.jsonl", ".earlier.jsonl", ".heads.jsonl")):
        return set(after.split(b"\n")) <= set(before.split(b"\n"))
    return False


def try_clean(folder: Path, chance: random.Random, count: int, tally: Tally) -> None:
    for path, fingerprint, what in clean_exports(folder, chance, count):
        check = check_bundle(str(path), fingerprint, authorities={CLOCK.fingerprint})
        tally.clean += 1
        answers = verdict(check)
        # Placed where a stamp reaches: after the recordings, and before the export.
        placed = answers.pop("placed")
        tally.stamped += placed == "yes"
        if placed == "no" or answers != {"intact": "yes", "complete": "yes", "from": "yes"}:
            tally.false_alarms.append(f"clean, {what}: {answers} {check.findings[:3]}")


def cpu_per_hour(folder: Path, seconds: int) -> float:
    """CPU seconds of a check for an hour of 3 Mb/s."""
    path = footage(folder, seconds)
    began = time.process_time()
    check = check_bundle(str(path))
    spent = time.process_time() - began
    assert verdict(check)["complete"] == "yes", check.findings[:3]
    return spent * 3600 / seconds


if __name__ == "__main__":
    sys.exit(main())
