"""The commands around evidence: keys, anchors, encryption, on a site that was recorded."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.evidence.site_making import ExportedSite
from watchglass.app.cli.program import program
from watchglass.evidence.verify import check_bundle, verdict

pytestmark = pytest.mark.full


def called(data: Path, *words: str, fails: str = "") -> str:
    told = CliRunner().invoke(program, ["--data", str(data), *words])
    if fails:
        assert fails in str(told.exception), (words, told.output, told.exception)
    else:
        assert told.exit_code == 0, (words, told.output, told.exception)
    return told.output


def test_a_bundle_is_encrypted_opened_and_checked_after_the_key_was_changed(
    tmp_path: Path,
) -> None:
    site = ExportedSite(tmp_path)
    start = site.now_ns
    site.record(8)
    site.gap(5)
    site.sign_heads()
    site.site.stop_keeper()
    data = tmp_path / "site"
    first = json.loads(called(data, "key", "show", "--json"))[-1]["fingerprint"]
    called(data, "key", "rotate", fails="needs a reason")
    called(data, "key", "rotate", "--reason", "it is time")
    called(data, "key", "revoke", first[:12], "--since", "1 minute ago", "--reason", "a theft")
    before, now = json.loads(called(data, "key", "show", "--json"))
    assert before["fingerprint"] == first
    assert before["revoked"]
    assert now["vouched"]

    case = tmp_path / "case.zip"
    moments = [_iso(start), _iso(start + 8 * 10**9)]
    made = json.loads(
        called(
            data, "export", "Gate 0", "--from", moments[0], "--to", moments[1], "-o", str(case),
            "--reason", "case 17", "--encrypt", "--json",
        )
    )  # fmt: skip
    assert not case.exists()
    encrypted = Path(made["path"])
    assert encrypted.name == "case.zip.age"
    called(data, "verify", str(encrypted), fails="decrypt")
    words = tmp_path / "words"
    words.write_text(made["passphrase"] + "\n")
    words.chmod(0o600)
    called(data, "decrypt", str(encrypted), "--passphrase-file", str(words))
    check = check_bundle(str(case), now["fingerprint"])
    assert verdict(check)["intact"] == verdict(check)["complete"] == "yes", check.findings

    assert "No authority" in called(data, "anchor", "list")
    called(data, "anchor", "add", "vienna", "ftp://tsa.example/", fails="https")
    called(data, "anchor", "add", "vienna", "https://tsa.example/", "--every", "12")
    assert json.loads(called(data, "anchor", "list", "--json"))[0]["every_h"] == 12
    called(data, "anchor", "drop", "vienna")
    called(data, "anchor", "drop", "vienna", fails="No authority")
    called(data, "anchor", "save", str(tmp_path / "heads.jsonl"))


def _iso(ns: int) -> str:
    return f"{datetime.fromtimestamp(ns / 1e9, UTC):%Y-%m-%dT%H:%M:%SZ}"
