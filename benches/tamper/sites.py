"""Sites that bundles are made of, on a simulated clock, with the product's keeper and writer."""

import random
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from benches.tamper.authority import Authority
from benches.tamper.files import Files
from tests.evidence.site_making import ExportedSite
from watchglass.base.clock import NS_PER_S
from watchglass.base.errors import NotFoundError
from watchglass.model.gap import GapCause
from watchglass.recording.keys import SigningKey

CLOCK = Authority()
_SPANS_A_SITE = 25
_EVENTS = (
    "gap", "crash", "power cut", "deletion", "codec", "skip", "nothing", "keeper", "erasure",
    "restore", "key", "stamp",
)  # fmt: skip
_CAUSES = (GapCause.CAMERA_UNREACHABLE, GapCause.STALLED, GapCause.CAMERA_DROPPED)


@dataclass(frozen=True)
class Made:
    """``part``: lines begin in the middle of the ledger; ``whole``: with line 0. ``other`` is of
    another camera of the same recorder."""

    part: Files
    whole: Files
    other: Files
    fingerprint: str
    authority: str
    """Fingerprint of the root of who stamped."""


def victims(folder: Path) -> Made:
    site = ExportedSite(folder, cameras=2)
    began = site.now_ns
    site.record(10)
    site.gap(3560)
    start = site.now_ns
    authority = Authority()
    site.record(7)
    site.stamp(authority, "vienna")
    site.gap(20)
    site.record(12)
    site.gap(3)
    site.record(5)
    site.gap(60)
    # Of the first minutes the time is up: a tombstone among the lines.
    site.site.keep_for(1)
    for _ in range(3):
        site.site.cycle(site.worker)
    site.stamp(authority, "vienna")
    site.stamp(authority, "vienna")
    key = SigningKey((site.site.state / "keys" / "signing.key").read_bytes())
    ours, theirs = site.site.cameras
    span = start + 2 * NS_PER_S, site.now_ns - 62 * NS_PER_S
    part = site.export(*span, "part", cameras=[ours])
    whole = site.export(began - 10 * NS_PER_S, site.now_ns, "whole", cameras=[ours])
    other = site.export(*span, "other", cameras=[theirs])
    return Made(
        Files.of(part.path, key), Files.of(whole.path, key), Files.of(other.path, key),
        part.made.fingerprint, authority.fingerprint,
    )  # fmt: skip


def clean_exports(
    folder: Path, chance: random.Random, count: int
) -> Iterator[tuple[Path, str, str]]:
    """Bundles of random spans, each of which is there until the next is asked for."""
    made = 0
    while made < count:
        shutil.rmtree(folder, ignore_errors=True)
        for each in _exports_of_a_site(folder / "site", chance, min(_SPANS_A_SITE, count - made)):
            made += 1
            yield each


def _exports_of_a_site(
    folder: Path, chance: random.Random, count: int
) -> Iterator[tuple[Path, str, str]]:
    site, told = _eventful(folder, chance)
    start, end = told[0][0], site.now_ns
    for number in range(count):
        from_ns = chance.randrange(start - 20 * NS_PER_S, end - 2 * NS_PER_S)
        to_ns = chance.randrange(from_ns + NS_PER_S // 10, end + 5 * NS_PER_S)
        sound, name = chance.random() < 0.5, f"b{number}" + chance.choice(("", ".zip"))
        try:
            bundle = site.export(from_ns, to_ns, name, sound=sound)
        except NotFoundError:  # of the last second nothing is signed yet
            continue
        what = f"{number}: {(from_ns - start) / 1e9} to {(to_ns - start) / 1e9}, sound {sound}, "
        yield bundle.path, bundle.made.fingerprint, what + str([each for _, each in told])
        shutil.rmtree(bundle.path, ignore_errors=True)
        bundle.path.unlink(missing_ok=True)


def _eventful(folder: Path, chance: random.Random) -> tuple[ExportedSite, list[tuple[int, str]]]:
    """A site that much happened to, and what: when (UTC ns) and in a word."""
    site = ExportedSite(
        folder, cameras=chance.choice((1, 1, 2)), sound=chance.random() < 0.4,
        file_s=chance.choice((2.0, 3.0, 7.0)),
    )  # fmt: skip
    told = [(site.now_ns, "began")]
    for _ in range(chance.randrange(3, 8)):
        site.record(chance.randrange(2, 12))
        what = chance.choice(_EVENTS)
        told.append((site.now_ns, what))
        _befall(site, what, told[0][0], chance)
    site.record(chance.randrange(2, 6))
    return site, told


def _befall(site: ExportedSite, what: str, began_ns: int, chance: random.Random) -> None:
    """``what`` happens to it."""
    happens: dict[str, Callable[[], None]] = {
        "gap": lambda: site.gap(chance.random() * 30, chance.choice(list(_CAUSES))),
        "crash": lambda: site.crash(chance.random() * 10),
        "power cut": lambda: site.power_cut(5 + chance.random() * 60),
        "deletion": site.delete_old,
        "codec": site.change_codec,
        "skip": lambda: site.skip(1 + chance.random() * 3),
        "keeper": lambda: site.restart_keeper(unheard=chance.random() < 0.5),
        "erasure": lambda: _erase(site, began_ns, chance),
        "restore": lambda: site.restore(1 + chance.random() * 40),
        "key": site.rotate_key,
        "stamp": lambda: site.stamp(CLOCK, "vienna"),
        "nothing": lambda: None,
    }
    happens[what]()


def _erase(site: ExportedSite, began_ns: int, chance: random.Random) -> None:
    first = chance.randrange(began_ns, site.now_ns - NS_PER_S)
    # What is yet to be recorded is refused.
    to_ns = min(first + chance.randrange(NS_PER_S // 2, 6 * NS_PER_S), site.now_ns)
    site.erase(first, to_ns)


def footage(folder: Path, seconds: int) -> Path:
    """A bundle of so much footage of 3 Mb/s."""
    site = ExportedSite(folder, file_s=300, picture_bytes=37_500)
    start = site.now_ns
    site.record(seconds)
    site.gap(5)
    return site.export(start, start + seconds * NS_PER_S, "footage").path
