"""A bundle of the first version still verifies, and its broken twins do not.

``bundle-v1.zip`` and the anchor beside it never change once committed: a failure here means
that evidence which somebody holds can no longer be checked.
"""

import hashlib
import json
import re
import zipfile
from pathlib import Path

import pytest

from tests.evidence.test_in_browser_script import NODE, by_script
from watchglass.evidence.verify import check_bundle, verdict

BUNDLE = Path(__file__).with_name("bundle-v1.zip")
ANCHOR = Path(__file__).with_name("bundle-v1.anchor.jsonl")
SHA256 = "cbe96e333fd2cfd56cc05b78a5b559a3256b19a3fb2c4d324a50b67b7cab47b7"
FINGERPRINT = "90c3081473651510593ffaad3c63a1fc4e6917db7eaa4d6c0edbd774cde16c98"
NAMES = zipfile.ZipFile(BUNDLE).namelist()


def test_no_byte_has_changed() -> None:
    assert hashlib.sha256(BUNDLE.read_bytes()).hexdigest() == SHA256


def test_it_verifies_with_its_anchor() -> None:
    check = check_bundle(str(BUNDLE), FINGERPRINT, [ANCHOR.read_bytes()])
    assert set(verdict(check).values()) == {"yes"}, check.findings


@pytest.mark.skipif(not NODE.exists(), reason="the environment has no Node")
def test_it_verifies_in_a_browser_too() -> None:
    (told,) = by_script([BUNDLE], "--fingerprint", FINGERPRINT, "--anchor", str(ANCHOR))
    assert set(told["verdict"].values()) == {"yes"}, told


@pytest.mark.parametrize("name", NAMES, ids=lambda name: name.rsplit("/", 1)[1])
@pytest.mark.parametrize("how", ["flipped", "cut", "gone"])
def test_broken_twins_do_not(name: str, how: str, tmp_path: Path) -> None:
    with zipfile.ZipFile(BUNDLE) as archive:
        archive.extractall(tmp_path)
    path = tmp_path / name
    data = path.read_bytes()
    if how == "flipped":
        path.write_bytes(
            data[: len(data) // 2] + bytes([data[len(data) // 2] ^ 4]) + data[len(data) // 2 + 1 :]
        )
    elif how == "cut":
        path.write_bytes(data[:-1])
    else:
        path.unlink()
    if name.endswith("manifest.json") and how == "gone":
        return  # then it is no bundle: told elsewhere
    check = check_bundle(str(tmp_path / "bundle-v1"), FINGERPRINT, [ANCHOR.read_bytes()])
    assert verdict(check)["intact"] == "no"


# --- with stamps, an erasure and a changed key ---------------------------------------------------

SECOND = Path(__file__).with_name("bundle-v2.zip")
SECOND_SHA256 = "5881bfe7db861d0195beb5bcdaad4d258ca19a673981dee7cae0f819d03ce36b"
SECOND_KEY = "d3d4c1678e367bce573bcc2291ccb016f7d0b9d290fa7d8cff325f4695ea1596"
AUTHORITY = "15750699c04ae399d3ab5018807c7af8026b6859dd96fe3a0685dd756acb70b3"


def test_the_second_holds_by_its_stamps() -> None:
    assert hashlib.sha256(SECOND.read_bytes()).hexdigest() == SECOND_SHA256
    check = check_bundle(str(SECOND), SECOND_KEY, authorities={AUTHORITY})
    assert set(verdict(check).values()) == {"yes"}, check.findings
    first = first_key()
    assert first != SECOND_KEY
    assert verdict(check_bundle(str(SECOND), first))["from"] == "yes"
    assert verdict(check_bundle(str(SECOND), SECOND_KEY))["placed"] == "cannot tell"


@pytest.mark.skipif(not NODE.exists(), reason="the environment has no Node")
def test_the_second_holds_in_a_browser_too() -> None:
    for key in (SECOND_KEY, first_key()):
        (told,) = by_script([SECOND], "--fingerprint", key, "--authority", AUTHORITY)
        assert set(told["verdict"].values()) == {"yes"}, told


def first_key() -> str:
    """The fingerprint of the key that was changed."""
    with zipfile.ZipFile(SECOND) as archive:
        (name,) = [
            each for each in archive.namelist() if re.search(r"/ledger/[0-9a-f]+.jsonl", each)
        ]
        lines = [json.loads(row) for row in archive.read(name).splitlines()]
    keys = [line["public_key"] for line in lines if line["type"] == "key"]
    assert len(keys) == 2
    return hashlib.sha256(bytes.fromhex(keys[0])).hexdigest()
