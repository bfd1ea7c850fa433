"""A receipt and a statement of the first version still verify, and their broken twins do not.

The two files never change once committed: somebody may hold such a paper.
"""

import json
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.app.running import call_here
from watchglass.evidence.verify import check_statement, verdict

RECEIPT = Path(__file__).with_name("receipt-v1.json")
HELD = Path(__file__).with_name("held-v1.json")
FINGERPRINT = "b24bd4ac360b3caf0f6ac356cb8de3982d485835443850e790fa3bf7e9b23a96"
KEY = ["--fingerprint", FINGERPRINT]


def told(path: Path, *more: str) -> tuple[int, dict[str, str], str]:
    """Exit status, answers, fingerprint."""
    done = call_here("verify", str(path), *more, "--json")
    found = json.loads(done.stdout)
    answers = {line: each["answer"] for line, each in found["verdict"].items()}
    return done.returncode, answers, found["fingerprint"]


def canonical(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


@pytest.mark.parametrize("path", [RECEIPT, HELD], ids=lambda path: path.stem)
def test_it_verifies(path: Path) -> None:
    assert told(path, *KEY)[0] == 0
    assert told(path) == (10, {"intact": "yes", "from": "cannot tell"}, FINGERPRINT)
    assert told(path, "--fingerprint", "0" * 64)[:2] == (40, {"intact": "yes", "from": "no"})


def test_a_folder_with_its_page_is_taken_too(tmp_path: Path) -> None:
    folder = tmp_path / "receipt"
    folder.mkdir()
    (folder / "statement.json").write_bytes(RECEIPT.read_bytes())
    done = call_here("verify", str(folder), *KEY)
    assert done.returncode == 0, done.stderr
    assert "Intact: YES" in done.stdout
    (folder / "statement.json").write_bytes(RECEIPT.read_bytes()[:-9])
    done = call_here("verify", str(folder), *KEY)
    assert done.returncode == 40
    assert "no receipt" in done.stderr


def twin(path: Path, change: str) -> dict[str, str]:
    """The file with a change in what it says; the signature stays."""
    found: dict[str, str] = json.loads(path.read_text())
    document = json.loads(found["statement"])
    match change:
        case "who":
            document["approved_by"] = "mallory"
        case "span":
            document["to"], document["from"] = document["from"], document["to"]
        case "line":
            document["ledger"]["lines"].pop()
        case "proof":
            line = document["ledger"]["lines"][0]
            line["path"] = line["path"][1:]
        case "head":
            document["ledger"]["size"] = "1"
        case "key":
            document["key"] = "11" * 32
        case "seen":
            document["cameras"][0]["recorded_s"] = 0
        case "signature":
            return found | {"signature": "00" + found["signature"][2:]}
    return found | {"statement": canonical(document)}


@pytest.mark.parametrize(
    ("path", "change"),
    [(RECEIPT, each) for each in ("who", "span", "line", "proof", "head", "key", "signature")]
    + [(HELD, each) for each in ("seen", "key", "signature")],
    ids=lambda each: each if isinstance(each, str) else each.stem,
)
def test_broken_twins_do_not(path: Path, change: str, tmp_path: Path) -> None:
    (tmp_path / "twin.json").write_text(json.dumps(twin(path, change)))
    assert told(tmp_path / "twin.json", *KEY)[:2] == (40, {"intact": "no", "from": "no"})


def test_one_without_a_key_cannot_be_told(tmp_path: Path) -> None:
    found = json.loads(HELD.read_text())
    document = json.loads(found["statement"])
    del document["key"]
    (tmp_path / "old.json").write_text(json.dumps(found | {"statement": canonical(document)}))
    assert told(tmp_path / "old.json", *KEY)[0] == 10


@settings(max_examples=40)
@given(
    st.sampled_from(["ledger", "from", "done", "erasure", "camera"]),
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=9),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(["head", "lines", "size", "n"]), inner, max_size=3)
        ),
        max_leaves=6,
    ),
)
def test_nothing_that_is_said_breaks_the_check(name: str, value: object) -> None:
    found = json.loads(RECEIPT.read_text())
    before = json.loads(found["statement"])
    document = before | {name: value}
    assume(document != before)
    raw = json.dumps(found | {"statement": canonical(document)}).encode()
    assert verdict(check_statement(raw, FINGERPRINT))["intact"] == "no"
