"""One camera's way out, as its owner goes it: found, judged, kept in, replaced, proved gone."""

import json
from pathlib import Path

import pytest

from tests.app.conftest import PASSWORD, USER
from tests.app.running import call_here, json_of
from tests.app.test_recorder import add, bare
from tests.trust.seeing import HIK_MAC, see
from watchglass.simulate.process import Simulator
from watchglass.store.trust import TrustStore

pytestmark = pytest.mark.full


def done(*words: str, code: int = 0, stdin: str = "") -> str:
    made = call_here(*words, stdin=stdin)
    assert made.returncode == code, made.stderr
    return made.stdout + made.stderr


def test_a_relabelled_camera_is_replaced_and_its_page_proves_it(
    data: Path, cameras: Simulator, tmp_path: Path
) -> None:
    of = ("--data", str(data))
    hall = add(data, cameras.urls[0].main, "--no-sub", "--name", "Hall")
    done(*of, "zone", "add", hall, "Door", "--points", "0.1,0.1 0.9,0.1 0.5,0.9")
    store = TrustStore(data / "state" / "site.db")
    store.add_observations(
        see("sadp answer sadp", "http server App-webs/", "sadp model C800",
            "import_csv label Annke", "import_csv place School 7",
            f"own_camera camera_id {hall}", mac=HIK_MAC)
    )  # fmt: skip
    store.close()
    (device,) = json_of(*of, "trust", "devices", "--listed")
    assert (device["label"], device["origin"]) == ("Annke", "hikvision")
    before = tmp_path / "before"
    done(*of, "trust", "report", "--out", str(before))

    done(*of, "trust", "step", "10.0.0.5", "contained", "--note", "VLAN 40")
    done(*of, "trust", "step", "10.0.0.5", "installed")
    done(*of, "trust", "step", "10.0.0.5", "installed", "--back", "--note", "the wrong one")
    assert "Nobody said" in done(*of, "trust", "step", "10.0.0.5", "installed", "--back", code=2)
    assert "what replaces it" in done(*of, "trust", "step", "10.0.0.5", "chosen", code=2)
    told = done(
        *of, "trust", "plan", "10.0.0.5", "--owner", "Ann", "--wave", "1", "--cost",
        "device=219.90", "--currency", "EUR", "--need", "megapixels=8", "--by", "maker=Axis",
        "--by", "model=P3265-LV", "--by", "megapixels=4",
    )  # fmt: skip
    assert "megapixels: 4" in told
    done(*of, "trust", "step", "10.0.0.5", "chosen")

    done(
        *of, "camera", "swap", hall, bare(cameras.urls[1].main), "--user", USER,
        "--password-stdin", "--allow", "--reason", "relabelled", stdin=PASSWORD + "\n",
    )  # fmt: skip
    done(*of, "trust", "step", "10.0.0.5", "installed", "--camera", "Hall")
    (zone,) = json_of(*of, "zone", "list", hall)
    assert zone["name"] == "Door"
    assert [each["number"] for each in json_of(*of, "camera", "devices", hall)] == [1, 2]

    gone = ("trust", "step", "10.0.0.5", "removed", "--card", "done", "--disk", "none")
    assert "--cloud" in done(*of, *gone, code=2)
    paper = tmp_path / "receipt.pdf"
    paper.write_bytes(b"disposed of, 4711")
    kept = done(*of, *gone, "--cloud", "done", "--document", str(paper))
    done(*of, "trust", "step", "10.0.0.5", "filed")

    sha256 = kept.split()[-1]
    ledger = "".join(each.read_text() for each in (data / "state/ledger/site").glob("*.jsonl"))
    lines = [json.loads(each) for each in ledger.splitlines() if '"device_step"' in each]
    assert [each["step"] for each in lines] == [
        "contained", "installed", "installed", "chosen", "installed", "removed", "filed",
    ]  # fmt: skip
    assert [each.get("back", False) for each in lines] == [False, False, True, *[False] * 4]
    assert lines[5]["document"] == sha256

    (device,) = json_of(*of, "trust", "devices", "--listed")
    assert {each["step"] for each in device["to_do"]} <= {"find_invoice"}  # nothing to mend on it
    progress = json_of(*of, "trust", "progress")
    assert (progress["devices"], progress["removed"]) == (1, 1)
    assert progress["costs"] == {"EUR": 21990}
    page = tmp_path / "device.html"
    done(*of, "trust", "page", "10.0.0.5", "--out", str(page))
    shown = page.read_text()
    assert all(words in shown for words in (sha256, "VLAN 40", "disposal", "Annke"))
    done("verify", str(page))
    page.write_text(shown.replace("VLAN 40", "VLAN 41"))
    done("verify", str(page), code=40)

    after = tmp_path / "after"
    done(*of, "trust", "report", "--out", str(after), "--compare", str(before))
    changes = json.loads((after / "changes.json").read_text())["changes"]
    assert [each["what"] for each in changes].count("step") == 5
