"""Bundles that somebody changed: each change is told by name, by both checks alike."""

from contextlib import suppress
from pathlib import Path

import pytest

from benches.tamper import crafted, crafted_stamps, encryption, forged, hostile, zips
from benches.tamper.__main__ import missed
from benches.tamper.crafted import Crafted
from benches.tamper.sites import Made, victims
from benches.tamper.zips import Trick
from tests.evidence.test_in_browser_script import NODE, by_file, by_script
from watchglass.evidence.verify import Signatures, Unreadable, check_bundle, verdict


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return victims(tmp_path_factory.mktemp("victims"))


@pytest.mark.parametrize("change", crafted.ALL, ids=lambda each: each.name)
def test_a_change_is_told_by_name(made: Made, change: Crafted) -> None:
    files = change.made(made.whole if change.whole else made.part, made.other)
    check = files.check(Signatures(), made.fingerprint)
    assert missed(check, change.line, change.codes) == ""


def test_there_are_enough() -> None:
    assert crafted_stamps.ALL is hostile.ALL is crafted.ALL
    assert len(crafted.ALL) + len(zips.ALL) >= 40


@pytest.mark.parametrize("trick", zips.ALL, ids=lambda each: each.name)
def test_a_zip_that_is_none_of_ours_is_refused(made: Made, trick: Trick, tmp_path: Path) -> None:
    path = tmp_path / "case.zip"
    path.write_bytes(trick.make(made.part))
    with suppress(Unreadable):
        assert verdict(check_bundle(str(path), made.fingerprint))["intact"] == "no"
    assert list(tmp_path.iterdir()) == [path]


def test_nothing_that_was_changed_opens(made: Made) -> None:
    assert [what for what, opens in encryption.tried(zips.plain(made.part)) if opens] == []


@pytest.mark.parametrize("change", forged.ALL, ids=lambda each: each.__name__)
def test_with_the_key_only_an_anchor_tells(made: Made, change: forged.Change) -> None:
    anchor = made.whole.held[made.whole.heads_name]
    files = forged.forged(made.whole, change)
    alone = verdict(files.check(Signatures(), made.fingerprint))
    assert alone == {"intact": "yes", "complete": "yes", "placed": "cannot tell", "from": "yes"}
    held = files.check(Signatures(), made.fingerprint, [anchor])
    assert missed(held, "placed", frozenset({"anchor_differs"})) == ""


def test_an_anchor_places_a_true_one(made: Made) -> None:
    anchor = made.whole.held[made.whole.heads_name]
    for files in (made.whole, made.part):
        answers = verdict(files.check(Signatures(), made.fingerprint, [anchor]))
        assert set(answers.values()) == {"yes"}


@pytest.mark.full
@pytest.mark.skipif(not NODE.exists(), reason="the environment has no Node")
def test_both_checks_say_the_same(made: Made, tmp_path: Path) -> None:
    """Verdicts and codes of the file and of the browser's script, change by change."""
    paths = []
    for number, change in enumerate(crafted.ALL):
        files = change.made(made.whole if change.whole else made.part, made.other)
        paths.append(files.write(tmp_path / f"{number:02d}"))
    said = by_script(paths, "--fingerprint", made.fingerprint)
    for change, path, told in zip(crafted.ALL, paths, said, strict=True):
        own = by_file(path, made.fingerprint)
        assert {"verdict": told["verdict"], "codes": told["codes"]} == own, change.name


@pytest.mark.full
@pytest.mark.skipif(not NODE.exists(), reason="the environment has no Node")
def test_the_script_refuses_the_same_zips(made: Made, tmp_path: Path) -> None:
    paths = []
    for number, trick in enumerate(zips.ALL):
        paths.append(tmp_path / f"{number}.zip")
        paths[-1].write_bytes(trick.make(made.part))
    for trick, told in zip(zips.ALL, by_script(paths), strict=True):
        assert "error" in told or told["verdict"]["intact"] == "no", trick.name
