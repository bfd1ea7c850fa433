"""What checks a receipt or a statement says the same, be it a program of one file or a page."""

import json
import random
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.evidence.test_in_browser_script import NODE, by_script
from tests.golden.test_statement import FINGERPRINT, HELD, RECEIPT, canonical, twin
from watchglass.evidence import verify
from watchglass.evidence.verify import as_json, check_statement

pytestmark = pytest.mark.skipif(not NODE.exists(), reason="the environment has no Node")
VALUES: tuple[Any, ...] = (
    None,
    True,
    0,
    -1,
    2**60,
    1.5,
    "",
    "0",
    "-1",
    "\ud800",
    "z" * 64,
    [],
    [[]],
    {},
    {"n": "1"},
)


def by_file(path: Path, fingerprint: str, tool: str = "") -> dict[str, Any]:
    found = as_json(check_statement(path.read_bytes(), fingerprint, tool))
    return {
        "verdict": {line: each["answer"] for line, each in found["verdict"].items()},
        "codes": sorted({f"{each['line']} {each['code']}" for each in found["findings"]}),
    }


def without_sentences(told: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in told.items() if name != "findings"}


def places(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where something lies in a document."""
    inner = value.items() if isinstance(value, dict) else enumerate(value)
    for name, each in inner:
        yield (*at, name)
        if isinstance(each, dict | list):
            yield from places(each, (*at, name))


def changed(raw: bytes, chance: random.Random) -> bytes:
    """One with something in it that is another, lost, or no text of its form at all."""
    file = json.loads(raw)
    if chance.random() < 0.2:
        at = chance.randrange(len(raw))
        return raw[:at] + bytes([raw[at] ^ chance.randrange(1, 256)]) + raw[at + 1 :]
    told = file["statement"]
    while told == file["statement"]:
        document = json.loads(file["statement"])
        path = chance.choice(list(places(document)))
        holder = document
        for name in path[:-1]:
            holder = holder[name]
        if chance.random() < 0.3:
            del holder[path[-1]]
        else:
            holder[path[-1]] = chance.choice(VALUES)
        told = canonical(document)
    return json.dumps(file | {"statement": told}).encode()


def test_both_say_the_same_of_whatever_was_changed(tmp_path: Path) -> None:
    chance = random.Random(10)
    paths = [RECEIPT, HELD]
    for number, change in enumerate(("who", "span", "line", "proof", "head", "key", "signature")):
        paths.append(tmp_path / f"twin{number}.json")
        paths[-1].write_text(json.dumps(twin(RECEIPT, change)))
    for number in range(300):
        paths.append(tmp_path / f"{number}.json")
        paths[-1].write_bytes(changed(chance.choice((RECEIPT, HELD)).read_bytes(), chance))
    said = by_script(paths, "--fingerprint", FINGERPRINT)
    good = 0
    for path, told in zip(paths, said, strict=True):
        try:
            own = by_file(path, FINGERPRINT)
        except verify.Unreadable:
            assert "no receipt" in told["error"], path
            continue
        assert without_sentences(told) == own, path
        good += set(own["verdict"].values()) == {"yes"}
    assert good == 2, "nothing that was changed holds"


@pytest.mark.parametrize("tool", ["", "openssl", "none"])
def test_a_tool_that_is_missing_is_all_that_differs(tool: str) -> None:
    if tool == "openssl" and shutil.which("openssl") is None:
        pytest.skip("there is no openssl")
    answer = "cannot tell" if tool == "none" else "yes"
    found = by_file(RECEIPT, FINGERPRINT, tool)
    assert found["verdict"] == {"intact": answer, "from": answer}
    more = ["--no-tool"] if tool == "none" else []
    (told,) = by_script([RECEIPT], "--fingerprint", FINGERPRINT, *more)
    assert without_sentences(told) == found


def test_the_file_alone_checks_the_folder_that_it_lies_in(tmp_path: Path) -> None:
    shutil.copy(RECEIPT, tmp_path / "statement.json")
    shutil.copy(verify.__file__, tmp_path / "verify.py")
    command = [sys.executable, "-I", str(tmp_path / "verify.py"), "--fingerprint", FINGERPRINT]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "From this recorder: YES" in done.stdout
    (tmp_path / "statement.json").write_text(json.dumps(twin(RECEIPT, "who")))
    assert subprocess.run(command, capture_output=True, check=False).returncode == 40
