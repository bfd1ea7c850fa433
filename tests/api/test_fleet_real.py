"""A real recorder with its own processes: the fleet is judged, scanned and recorded over HTTP."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from benches._harness import Login, RunningRecorder
from tests.api.processes import Page
from tests.app.conftest import PASSWORD, USER
from tests.app.running import wait_until
from tests.trust.seeing import HIK_MAC, see
from watchglass.simulate.process import Simulator
from watchglass.store.trust import TrustStore
from watchglass.trust.report.signature import Standing, verify_page

pytestmark = pytest.mark.full

SCANS = "/api/v1/trust/scans"


@pytest.fixture
def page(data: Path) -> Iterator[Page]:
    recorder = RunningRecorder(
        data,
        PYTHONWARNINGS="error",
        WATCHGLASS_ANALYSIS="false",
        WATCHGLASS_ALLOW="127.0.0.1,127.0.77.1",
    )
    try:
        with Page(recorder.page()) as found:
            found.set_up()
            yield found
    finally:
        recorder.stop()


def newest(page: Page) -> dict[str, Any]:
    found: dict[str, Any] = page.json(SCANS)["scans"][0]
    return found


def test_a_fenced_process_judges_and_signs(page: Page, data: Path) -> None:
    assert page.json("/api/v1/trust/fleet")["sentence"] == "No device was found yet."
    store = TrustStore(data / "state" / "site.db")
    store.add_observations(see("sadp answer sadp", "http server App-webs/", mac=HIK_MAC))
    store.close()
    fleet = page.json("/api/v1/trust/fleet")
    (row,) = fleet["devices"]
    assert (row["origin_name"], row["certainty"]) == ("Hikvision", "certain")
    again = page.json("/api/v1/trust/fleet")
    assert again["made_ms"] == fleet["made_ms"]
    assert page.json(f"/api/v1/trust/devices/{row['id']}")["device"]["because"]
    signed = page.get("/api/v1/trust/report.html")
    assert signed.status_code == 200, signed.text
    twin = page.get("/api/v1/trust/report.json").content
    found = verify_page(signed.content, {"report.json": twin}, "")
    assert found.standing is Standing.UNKNOWN_SIGNER
    assert ("report.json", True) in found.files


def test_a_scan_is_stopped_and_goes_on(page: Page) -> None:
    body = {"networks": [{"cidr": "127.0.77.0/24", "place": "Annex"}]}
    started = page.post(SCANS, body)
    assert started.status_code == 202, started.text
    wait_until(lambda: newest(page)["standing"] == "running" and newest(page)["of"] > 0)
    assert page.post(SCANS, body).status_code == 409
    scan = newest(page)["id"]
    assert page.post(f"{SCANS}/{scan}/stop", {}).status_code == 202
    wait_until(lambda: newest(page)["standing"] == "waiting")
    stopped = newest(page)
    # That it waits says so.
    assert stopped["note"] == ""
    assert stopped["done"] < stopped["of"]
    assert page.post(f"{SCANS}/{scan}/resume", {}).status_code == 202
    assert newest(page)["standing"] == "running"
    assert page.post(f"{SCANS}/{scan}/stop", {}).status_code == 202
    wait_until(lambda: newest(page)["standing"] == "waiting")
    assert newest(page)["done"] >= stopped["done"]


def test_a_found_camera_is_recorded_with_its_sub_stream(page: Page, cameras: Simulator) -> None:
    login = Login.of(cameras.urls[0].main)
    wrong = {"url": login.url, "user": USER, "password": "wrong", "name": "Hall"}
    refused = page.post("/api/v1/cameras", wrong)
    assert refused.status_code == 409
    assert refused.json()["code"] == "auth_failed"
    assert page.json("/api/v1/cameras")["cameras"] == []
    added = page.post("/api/v1/cameras", wrong | {"password": PASSWORD})
    assert added.status_code == 201, added.text
    assert added.json()["name"] == "Hall"
    assert [each["name"] for each in added.json()["streams"]] == ["main", "sub"]
    wait_until(lambda: page.recording() == [added.json()["id"]])
