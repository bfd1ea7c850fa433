"""Bundles checked by others than our programs: by hand as the guide says, and by a check that was
written from the description of the format alone."""

import json
import os
import re
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest

from benches.tamper import crafted_stamps, hostile
from benches.tamper.files import Files
from benches.tamper.sites import Made, victims
from tests.conftest import CHECKOUT
from tests.evidence.test_in_browser_script import NODE, by_file
from tests.golden.test_bundle import ANCHOR, BUNDLE, FINGERPRINT

FOURTH = Path(__file__).with_name("fourth.js")
TOOLS = ("bash", "openssl", "jq", "sha256sum", "od")
LACKING = [each for each in TOOLS if shutil.which(each) is None]
by_hand = pytest.mark.skipif(bool(LACKING), reason=f"there is no {' and no '.join(LACKING)}")
has_node = pytest.mark.skipif(not NODE.exists(), reason="the environment has no Node")


def recipe() -> str:
    """The commands of the guide, as they stand there."""
    guide = (CHECKOUT / "docs" / "evidence.md").read_text("utf-8")
    found = re.search(r"^## By hand\n.*?^```\n(.*?)^```", guide, re.DOTALL | re.MULTILINE)
    assert found is not None
    return found[1]


def unpacked(folder: Path, bundle: Path = BUNDLE) -> Path:
    with zipfile.ZipFile(bundle) as archive:
        archive.extractall(folder)
        top = archive.namelist()[0].split("/")[0]
    return (folder / top).rename(folder / "case17")


def followed(folder: Path, authority: Path | None = None) -> "subprocess.CompletedProcess[str]":
    environment = {**os.environ, "AUTHORITY": str(authority), "LC_ALL": "C.UTF-8"}
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", recipe()], cwd=folder, env=environment,
        capture_output=True, text=True, check=False,
    )  # fmt: skip


def fourth(bundle: Path, fingerprint: str = "", anchor: str = "") -> dict[str, str]:
    told = subprocess.run(
        [str(NODE), str(FOURTH), str(bundle), fingerprint, anchor],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    answers: dict[str, str] = json.loads(told.stdout)["verdict"]
    return answers


def flipped(path: Path) -> None:
    data = path.read_bytes()
    at = len(data) // 2
    path.write_bytes(data[:at] + bytes([data[at] ^ 4]) + data[at + 1 :])


@by_hand
def test_the_recipe_of_the_guide_holds(tmp_path: Path) -> None:
    unpacked(tmp_path)
    told = followed(tmp_path)
    assert told.returncode == 0, told.stderr
    assert told.stdout.split()[0] == FINGERPRINT


@by_hand
@pytest.mark.parametrize("name", ["manifest.json", "manifest.sig", "report.html", "more", "link"])
def test_it_fails_where_something_was_changed(name: str, tmp_path: Path) -> None:
    case = unpacked(tmp_path)
    if name == "more":
        (case / "more.txt").write_text("one more")
    elif name == "link":
        (case / "link").symlink_to("/etc/passwd")
    else:
        flipped(case / name)
    assert followed(tmp_path).returncode != 0


@pytest.mark.full
@by_hand
@pytest.mark.parametrize("what", ["line", "line_gone", "head", "recording"])
def test_it_fails_where_it_was_listed_and_signed_anew(
    what: str, tmp_path: Path, whole: Files
) -> None:
    """By somebody who has the recorder's key, and changed what older signatures cover."""
    files = whole.copy()
    lines, heads = files.rows(files.lines_name), files.rows(files.heads_name)
    if what == "line":
        lines[3] = lines[3].replace(b'"t":"1', b'"t":"2', 1)
    elif what == "line_gone":
        del lines[-2]
    elif what == "head":
        heads[-1] = heads[-1].replace(b'"epoch":"', b'"epoch":"0', 1)[:-1] + b"}"
    else:
        name = files.media[0]
        data = files.held[name]
        files.held[name] = data[:-44] + bytes(32) + data[-12:]
    files.put_rows(files.lines_name, lines)
    files.put_rows(files.heads_name, heads)
    files.relist().write(tmp_path / "case17")
    pem = tmp_path / "case17" / "anchors" / "vienna.pem"
    assert followed(tmp_path, pem).returncode != 0


@pytest.mark.full
@by_hand
def test_the_recipe_takes_stamps(tmp_path: Path, whole: Files, made: Made) -> None:
    case = whole.write(tmp_path / "case17")
    told = followed(tmp_path, case / "anchors" / "vienna.pem")
    assert told.returncode == 0, told.stderr
    assert told.stdout.count("Verification: OK") == 2
    made.other.write(tmp_path / "else")
    flipped(next((case / "anchors").glob("*.tsr")))
    assert followed(tmp_path, case / "anchors" / "vienna.pem").returncode != 0


# --- the fourth check -----------------------------------------------------------------------------


@has_node
def test_a_check_written_from_the_description_agrees(tmp_path: Path) -> None:
    case = unpacked(tmp_path)
    assert set(fourth(case, FINGERPRINT, str(ANCHOR)).values()) == {"yes"}
    assert fourth(case) == {
        "intact": "yes", "complete": "yes", "placed": "cannot tell", "from": "cannot tell",
    }  # fmt: skip
    assert fourth(case, "0" * 64)["from"] == "no"


@has_node
@pytest.mark.full
def test_it_finds_each_file_that_was_changed(tmp_path: Path) -> None:
    case = unpacked(tmp_path)
    for path in sorted(each for each in case.rglob("*") if each.is_file()):
        kept = path.read_bytes()
        flipped(path)
        assert fourth(case, FINGERPRINT)["intact"] == "no", path
        path.write_bytes(kept)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return victims(tmp_path_factory.mktemp("victims"))


@pytest.fixture(scope="module")
def whole(made: Made) -> Files:
    return made.whole


@has_node
@pytest.mark.full
def test_they_differ_by_cannot_tell_alone(made: Made, tmp_path: Path) -> None:
    """Change by change: where one says no, the other does not say yes."""
    assert crafted_stamps.ALL is hostile.ALL  # either adds to the same list
    for number, change in enumerate(hostile.ALL):
        of = made.whole if change.whole else made.part
        files = change.made(of, made.other)
        path = files.write(tmp_path / f"{number:02d}")
        own = by_file(path, made.fingerprint)["verdict"]
        other = fourth(path, made.fingerprint)
        for line, answer in own.items():
            assert other[line] == answer or "cannot tell" in (other[line], answer), (
                change.name, line, answer, other,
            )  # fmt: skip
        shutil.rmtree(path)
