"""Evidence of recordings of which something was erased: before it and after it, both verify."""

import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.evidence.site_making import ExportedSite
from tests.evidence.test_bundle import GOOD, checked
from tests.evidence.test_in_browser_script import NODE, by_file, by_script
from watchglass.base.clock import NS_PER_S
from watchglass.base.ids import random_id
from watchglass.evidence.verify import Fragment, Held, Media, as_text, verdict
from watchglass.model.gap import GapCause
from watchglass.model.order import EraseSpan


def erase(site: ExportedSite, from_ns: int, to_ns: int) -> None:
    site.order(EraseSpan(site.camera, random_id(), from_ns, to_ns, "ann", "bob", "asked for"))
    for _ in range(3):
        site.site.cycle(site.worker)


def closed(folder: Path, *, sound: bool) -> tuple[ExportedSite, int]:
    """30 s in files of 3 s, the last of them closed."""
    site = ExportedSite(folder, sound=sound)
    start = site.now_ns
    site.record(30)
    site.gap(5, GapCause.STALLED)
    return site, start


@pytest.mark.parametrize("sound", [True, False])
def test_bundles_of_before_and_after_verify(tmp_path: Path, sound: bool) -> None:
    site, start = closed(tmp_path, sound=sound)
    before = site.export(start, site.now_ns, "before")
    erase(site, start + 8 * NS_PER_S, start + 16 * NS_PER_S)
    after = site.export(start, site.now_ns, "after")
    assert verdict(checked(before)) == GOOD, as_text(checked(before))
    check = checked(after)
    assert verdict(check) == GOOD, as_text(check)
    assert any("erased" in note for note in check.notes), check.notes
    assert not any("erased" in note for note in checked(before).notes)
    pictures = {
        name: sum(media.pictures for media in checked(bundle).media.values())
        for name, bundle in (("before", before), ("after", after))
    }
    assert pictures["after"] < pictures["before"] - 15, pictures


@pytest.mark.full
def test_any_span_over_what_was_erased_verifies_in_both(tmp_path: Path) -> None:
    site, start = closed(tmp_path, sound=True)
    erase(site, start + 4 * NS_PER_S, start + 5 * NS_PER_S)
    erase(site, start + 10 * NS_PER_S, start + 20 * NS_PER_S)
    chance = random.Random(3)
    spans = [(10.5, 18), (0, 30), (11, 25), (2, 15), (4.2, 4.8)]
    spans += [(begin, begin + chance.uniform(1, 12)) for begin in chance.sample(range(25), 5)]
    bundles = []
    for number, (begin, end) in enumerate(spans):
        from_ns, to_ns = start + round(begin * NS_PER_S), start + round(end * NS_PER_S)
        bundle = site.export(from_ns, to_ns, f"b{number}", sound=number % 2 == 0)
        check = checked(bundle)
        assert verdict(check) == GOOD, (begin, end, as_text(check))
        bundles.append(bundle)
    if NODE.exists():
        paths = [bundle.path for bundle in bundles]
        for path, by_page in zip(paths, by_script(paths), strict=True):
            told = by_file(path)
            assert {each: by_page[each] for each in told} == told


def test_what_was_not_erased_may_not_be_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that leaves out more than the tombstones name is told."""
    site, start = closed(tmp_path, sound=True)
    erase(site, start + 8 * NS_PER_S, start + 10 * NS_PER_S)
    bundle = site.export(start, site.now_ns, "bundle")
    whole = Media.take

    def lossy(self: Media, one: Fragment, silent: bool) -> None:
        if one.index % 5:
            whole(self, one, silent)

    monkeypatch.setattr(Media, "take", lossy)
    check = checked(bundle)
    assert verdict(check)["complete"] == "no"


@given(st.lists(st.tuples(st.integers(1, 30), st.integers(1, 30))), st.data())
def test_ranges_hold_what_a_set_would(ranges: list[tuple[int, int]], data: st.DataObject) -> None:
    held = {each for first, last in ranges for each in range(first, last + 1)}
    first, end = data.draw(st.integers(0, 32)), data.draw(st.integers(0, 32))
    assert Held(ranges).all(first, end) == all(each in held for each in range(first, end))
