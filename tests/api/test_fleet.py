"""The devices around the recorder as the API tells them: judged for real, over a real database."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from tests.api.recorded import Browser, Recorded, Running, running
from tests.trust.seeing import AT_NS, AXIS_MAC, HIK_MAC, SCAN, see
from watchglass.api.application import openapi_of
from watchglass.api.asmade import VIEWS
from watchglass.api.problem import problem_of
from watchglass.app.refusal import error_of, refusal
from watchglass.base.errors import CertificateError, RefusedError
from watchglass.model.coverage import Coverage, ScanEntry, ScanKind
from watchglass.model.observation import Source
from watchglass.model.stream_path import MOST_TRIES
from watchglass.trust.report.signature import Standing, verify_page
from watchglass.trust.view import DeviceView, FleetView

FLEET = "/api/v1/trust/fleet"
HOSTILE = "<img src=x onerror=alert(1)>\u202egpj"
STATED = {
    "name": "North", "country": "US", "region": "OH", "organisation": "public_school",
    "federal_contracts": False, "federal_grants": True, "sensitive_site": None, "critical": None,
    "purposes": ["public_safety"],
}  # fmt: skip


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Running, Browser]]:
    """One recorded camera, at 10.0.0.7; and three devices that were seen."""
    recorded = Recorded(tmp_path_factory.mktemp("site"))
    recorded.record(1)
    with running(recorded) as (at, browser):
        trust = at.of.trust
        assert trust is not None
        trust.add_observations(
            [
                *see("sadp answer sadp", "http server App-webs/", "sadp model DS-2CD2032F-I",
                     "sadp firmware V5.4.0 build 160401", "rtsp rtsp_path /Streaming/Channels/101",
                     address="10.0.0.7", mac=HIK_MAC),
                *see("mdns mdns_service _axis-video._tcp.local", "onvif manufacturer AXIS",
                     address="10.0.0.6", mac=AXIS_MAC),
                *see(f"http title {HOSTILE}", f"import_csv name {HOSTILE}", address="10.0.0.9"),
            ]
        )  # fmt: skip
        scan = SCAN
        trust.put_scan(ScanEntry(scan=scan, kind=ScanKind.SCAN, started_ns=AT_NS))
        for place, answered in (("Annex", 0), ("Main building", 3)):
            trust.put_coverage(
                Coverage(
                    scan=scan, cidr=f"10.0.{answered}.0/24", place=place, started_ns=AT_NS,
                    ended_ns=AT_NS, asked=254, answered=answered, silent=254 - answered,
                    refused=0, doors=(Source.SADP,),
                )
            )  # fmt: skip
        yield at, browser
    recorded.close()


@pytest.fixture
def at(served: tuple[Running, Browser]) -> Running:
    return served[0]


@pytest.fixture
def browser(served: tuple[Running, Browser]) -> Browser:
    return served[1]


def fleet(browser: Browser) -> FleetView:
    answer = browser.get(FLEET)
    assert answer.status_code == 200, answer.text
    return msgspec.json.decode(answer.content, type=FleetView)


def device(browser: Browser, address: str) -> DeviceView:
    (row,) = [each for each in fleet(browser).devices if each.address == address]
    answer = browser.get(f"/api/v1/trust/devices/{row.id}")
    assert answer.status_code == 200, answer.text
    return msgspec.json.decode(answer.content, type=DeviceView)


def test_the_fleet_is_a_sentence_and_rows_that_point_into_tables(browser: Browser) -> None:
    found = fleet(browser)
    assert found.sentence == "0 suspected, 1 certain, 1 building silent."
    first = found.devices[0]
    assert (first.address, first.origin_name, first.listed) == ("10.0.0.7", "Hikvision", True)
    assert [each.rank for each in found.devices] == sorted(
        (each.rank for each in found.devices), reverse=True
    )
    assert first.first is not None
    assert found.to_do[first.first].rank == first.rank
    named = {found.rules[at].id for at in (*first.applies, *first.may_apply)}
    assert "us-ndaa889-b1" in named
    assert any(found.holes[at].cve.startswith("CVE-") for at in (*first.affected, *first.possibly))
    assert not found.devices[-1].may_apply
    assert all(len(each.cve) < 30 for each in found.holes)


def test_a_device_comes_with_all_it_rests_on(browser: Browser, at: Running) -> None:
    found = device(browser, "10.0.0.7")
    assert found.device.verdict.startswith("Label unknown, origin Hikvision, because ")
    assert {each.source for each in found.observations} == {
        Source.SADP, Source.HTTP, Source.RTSP,
    }  # fmt: skip
    assert found.streams == ("rtsp://10.0.0.7/Streaming/Channels/101",)
    assert found.camera == at.of.recorded.camera
    assert set(found.invoice) <= {each.id for each in found.rules}
    other = device(browser, "10.0.0.6")
    assert other.camera is None
    # It answered over ONVIF, which is tried where the path of its maker leads nowhere.
    assert other.streams == ("rtsp://10.0.0.6/axis-media/media.amp", "onvif://10.0.0.6")
    # Of a maker that nobody knows a few are tried, and the device's own word first.
    unknown = device(browser, "10.0.0.9").streams
    assert 1 < len(unknown) <= MOST_TRIES
    assert len(set(unknown)) == len(unknown)


def test_what_devices_say_stays_text(browser: Browser) -> None:
    found = device(browser, "10.0.0.9")
    assert found.name == "<img src=x onerror=alert(1)>\\u202egpj"
    raw = browser.get(FLEET)
    assert raw.headers["content-type"] == "application/json"
    assert "\u202e" not in raw.text
    assert "script-src 'self'" in raw.headers["content-security-policy"]


def test_it_is_judged_anew_only_when_something_changed(browser: Browser) -> None:
    first = browser.get(FLEET)
    tag = first.headers["etag"]
    again = browser.get(FLEET, headers={"If-None-Match": tag})
    assert (again.status_code, again.content) == (304, b"")
    made_ms = fleet(browser).made_ms
    assert fleet(browser).made_ms == made_ms

    before = browser.json("/api/v1/trust/profile")
    assert before["country"] == ""
    assert browser.send("PUT", "/api/v1/trust/profile", STATED).status_code == 204
    assert browser.json("/api/v1/trust/profile") == STATED
    changed = browser.get(FLEET, headers={"If-None-Match": tag})
    assert changed.status_code == 200
    assert fleet(browser).profile.region == "OH"

    def outcome() -> str:
        ruled = device(browser, "10.0.0.7").device.rules
        return next(each.outcome for each in ruled if each.rule == "us-ndaa889-b1")

    assert outcome() == "may_apply"
    bought = {"bought": "2021-03", "money": "federal_award", "document": "invoice 4711"}
    found = device(browser, "10.0.0.7")
    assert "us-ndaa889-b1" in found.invoice
    path = f"/api/v1/trust/devices/{found.device.id}/purchase"
    assert browser.send("PUT", path, bought).status_code == 204
    assert outcome() == "applies"
    assert "4711" in device(browser, "10.0.0.7").device.purchase.words
    assert browser.send("PUT", "/api/v1/trust/profile", before).status_code == 204


def test_a_device_is_kept_in_by_rules_that_are_told_first(browser: Browser) -> None:
    found = device(browser, "10.0.0.7")
    where = f"/api/v1/trust/containment?device={found.device.id}"
    refused = browser.get(where)
    assert (refused.status_code, "name the recorder first" in refused.json()["detail"]) == (
        400,
        True,
    )
    needs = {"recorders": ["10.20.0.5"], "resolvers": [], "clocks": []}
    assert browser.send("PUT", "/api/v1/trust/needs", needs).status_code == 204
    assert browser.json("/api/v1/trust/needs") == needs
    told = browser.json(where)
    assert told["file"] == "cameras.nft"
    assert HIK_MAC in told["text"]
    assert any("Hik-Connect" in each for each in told["breaks"])
    assert device(browser, "10.0.0.7").device.contained is None
    noted = {"devices": [found.device.id], "form": "nftables"}
    assert browser.send("PUT", "/api/v1/trust/contained", noted).status_code == 204
    kept = device(browser, "10.0.0.7").device.contained
    assert kept is not None
    assert "nobody stated" in kept.words
    applied = noted | {"applied": True}
    assert browser.send("PUT", "/api/v1/trust/contained", applied).status_code == 204
    kept = device(browser, "10.0.0.7").device.contained
    assert kept is not None
    assert "in force since" in kept.words
    for wrong in ("0.0.0.0/0", "x; flush ruleset", ""):
        body = {"recorders": [wrong]}
        assert browser.send("PUT", "/api/v1/trust/needs", body).status_code == 400
    assert browser.send("PUT", "/api/v1/trust/needs", {"who": "all"}).status_code == 400
    nobody = {"devices": ["f" * 32], "form": "nftables"}
    assert browser.send("PUT", "/api/v1/trust/contained", nobody).status_code == 404


def test_what_cannot_be_is_refused(browser: Browser) -> None:
    nobody = "f" * 32
    known = fleet(browser).devices[0].id
    for method, path, body, status in (
        ("GET", f"/api/v1/trust/devices/{nobody}", None, 404),
        ("GET", "/api/v1/trust/devices/..%2Ffleet", None, 404),
        ("PUT", f"/api/v1/trust/devices/{nobody}/purchase", {}, 404),
        ("PUT", f"/api/v1/trust/devices/{known}/purchase", {"bought": "soon"}, 400),
        ("PUT", f"/api/v1/trust/devices/{known}/purchase", {"money": "stolen"}, 400),
        ("PUT", "/api/v1/trust/profile", {"country": "usa"}, 400),
        ("PUT", "/api/v1/trust/profile", {"contry": "US"}, 400),
        ("GET", "/api/v1/trust/report.pdf", None, 400),
    ):
        answer = browser.send(method, path, body)
        assert answer.status_code == status, (path, answer.text)
        assert answer.json()["detail"]


def test_the_report_is_signed_and_its_twin_belongs_to_it(browser: Browser) -> None:
    page, twin = (browser.get(f"/api/v1/trust/report.{kind}") for kind in ("html", "json"))
    assert page.headers["content-disposition"] == 'attachment; filename="report.html"'
    found = verify_page(page.content, {"report.json": twin.content}, "")
    assert found.standing is Standing.UNKNOWN_SIGNER
    assert ("report.json", True) in found.files
    changed = verify_page(page.content.replace(b"Hikvision", b"Honeywell", 1), {}, "")
    assert changed.standing is Standing.CHANGED


def test_scans_are_told_and_a_public_network_is_refused(browser: Browser) -> None:
    scans = "/api/v1/trust/scans"
    told = browser.json(scans)
    (known,) = told["scans"]
    assert (known["standing"], known["answered"], known["of"]) == ("ended", 3, 508)
    assert {each["place"] for each in known["networks"]} == {"Annex", "Main building"}
    for network in ("8.8.8.0/24", "127.0.0.0/24", "10.0.0.0/8", "no network"):
        answer = browser.send("POST", scans, {"networks": [{"cidr": network}]})
        assert answer.status_code == 409, network
        assert answer.json()["code"] == "refused"
    assert browser.send("POST", scans, {"networks": []}).status_code == 400
    for what in ("stop", "resume"):
        assert browser.send("POST", f"{scans}/{known['id']}/{what}", {}).status_code == 404
    assert browser.json(scans) == told


def test_a_found_camera_is_recorded_by_who_asks(browser: Browser, at: Running) -> None:
    body = {"url": "rtsp://10.0.0.6/main", "user": "admin", "password": "secret-4711"}
    answer = browser.send("POST", "/api/v1/cameras", body)
    assert answer.status_code == 201
    assert answer.json()["id"] == at.of.recorded.camera
    (order,) = at.of.recording
    assert (order.url, order.user, order.by) == ("rtsp://10.0.0.6/main", "admin", "admin")
    assert not order.allow
    assert "4711" not in repr(order) + answer.text
    assert browser.send("POST", "/api/v1/cameras", {"url": ""}).status_code == 400
    assert not answer.json()["already"]
    # Again is no harm, and says so.
    again = browser.send(
        "POST", "/api/v1/cameras",
        body | {"others": [" rtsp://10.0.0.6/live"], "fingerprint": f"SHA256:{'A' * 43}"},
    )  # fmt: skip
    assert (again.status_code, again.json()["already"]) == (200, True)
    assert at.of.recording[-1].others == ("rtsp://10.0.0.6/live",)
    assert at.of.recording[-1].fingerprint == f"SHA256:{'A' * 43}"
    wrong = browser.send("POST", "/api/v1/cameras", body | {"fingerprint": "SHA256:x"})
    assert "43 characters" in wrong.json()["detail"]
    many = body | {"others": ["rtsp://10.0.0.6/live"] * (MOST_TRIES + 1)}
    assert browser.send("POST", "/api/v1/cameras", many).status_code == 400


def test_a_key_that_is_not_trusted_is_told_with_the_refusal() -> None:
    told = problem_of(error_of(refusal(CertificateError("Not known.", "SHA256:abc"))))
    assert told.status_code == 409
    body = msgspec.json.decode(told.body)
    assert (body["code"], body["fingerprint"]) == ("certificate_untrusted", "SHA256:abc")
    other = problem_of(error_of(refusal(RefusedError("No."))))
    assert msgspec.json.decode(other.body)["fingerprint"] is None


def test_channels_of_a_recorder_are_found_where_it_is(tmp_path: Path) -> None:
    recorded = Recorded(tmp_path / "s")
    recorded.record(1)
    with running(recorded) as (at, browser):
        assert at.of.trust is not None
        at.of.trust.add_observations([
            *see("sadp answer sadp", "sadp model DS-7608NI-K2", "isapi channels 8",
                 "rtsp realm DS-7608NI-K2", address="10.0.0.7", mac=HIK_MAC),
            *(each for number in (1, 3)
              for each in see(f"recorder_channel name Door {number}", address="10.0.0.7",
                              mac=HIK_MAC, channel=number)),
            *see("isapi channels 8", "onvif manufacturer Foobar", address="10.0.0.8"),
            *see("recorder_channel name Gate", address="10.0.0.8", channel=2),
        ])  # fmt: skip
        rows = {each.address: each for each in fleet(browser).devices}
        recorder = device(browser, "10.0.0.7")
        # A camera is recorded at its address, but a recorder is not one camera.
        assert (recorder.device.kind, recorder.camera) == ("recorder", None)
        assert recorder.streams == ("rtsp://10.0.0.7/Streaming/Channels/101",)
        assert rows["10.0.0.7 channel 3"].name == "Door 3"
        third = device(browser, "10.0.0.7 channel 3")
        assert third.streams == ("rtsp://10.0.0.7/Streaming/Channels/301",)
        # Of a recorder whose paths nobody knows none is made up.
        assert device(browser, "10.0.0.8 channel 2").streams == ()
    recorded.close()


def test_how_long_is_kept_is_asked_with_a_reason_where_it_is_long(browser: Browser) -> None:
    where = "/api/v1/keeping"
    assert browser.json(where) == {"hours": 336, "default_hours": 336, "country": None}
    told = browser.send("PUT", where, {"country": "DE", "hours": None}).json()
    assert told == {"hours": 72, "default_hours": 72, "country": "DE"}
    long = {"country": "DE", "hours": 200}
    refused = browser.send("PUT", where, long)
    assert (refused.status_code, refused.json()["code"]) == (400, "usage")
    assert "reason" in refused.json()["detail"]
    # Nothing of what is refused is done, the country neither.
    assert browser.send("PUT", where, {"country": "FR", "hours": 99}).status_code == 400
    assert browser.json(where) == told
    told = browser.send("PUT", where, long | {"reason": "insurer"}).json()
    assert told == {"hours": 200, "default_hours": 72, "country": "DE"}
    assert browser.send("PUT", where, {"country": "DE", "hours": 24}).json()["hours"] == 24
    assert browser.send("PUT", where, {"country": None, "hours": None}).json() == {
        "hours": 336, "default_hours": 336, "country": None,
    }  # fmt: skip
    for wrong in ({"country": "Germany", "hours": 1}, {"country": "DE", "hours": 0}, {"hours": 1}):
        assert browser.send("PUT", where, wrong).status_code == 400


def test_makers_paths_are_told(browser: Browser) -> None:
    found = {each["name"]: each for each in browser.json("/api/v1/stream-paths")}
    hikvision = next(each for name, each in found.items() if name.startswith("Hikvision"))
    assert hikvision["camera"] == "/Streaming/Channels/101"
    assert hikvision["channel"] == "/Streaming/Channels/301"
    assert all(
        each["camera"].startswith("/") and "{" not in each["camera"] for each in found.values()
    )


@pytest.mark.full
def test_every_type_of_the_answers_is_in_the_document(at: Running) -> None:
    document = openapi_of(at.of.app)
    schemas = document["components"]["schemas"]
    assert {each.__name__ for each in VIEWS} <= schemas.keys()
    text = msgspec.json.encode(document).decode()
    used = {part.partition('"')[0] for part in text.split("#/components/schemas/")[1:]}
    assert used <= schemas.keys()


def test_rows_of_many_devices_stay_small(tmp_path_factory: pytest.TempPathFactory) -> None:
    recorded = Recorded(tmp_path_factory.mktemp("site"))
    recorded.record(1)
    with running(recorded) as (at, browser):
        assert at.of.trust is not None
        for number in range(100):
            at.of.trust.add_observations(
                see("sadp answer sadp", "http server App-webs/", "sadp model DS-2CD2032F-I",
                    "sadp firmware V5.4.0 build 160401", f"sadp serial DS-2CD2032F-I{number:09}",
                    f"import_csv name Corridor {number}", "import_csv place Building C",
                    address=f"10.0.1.{number}", mac=f"bc:ad:28:00:01:{number:02x}")
            )  # fmt: skip
        assert len(fleet(browser).devices) == 100
        assert len(browser.get(FLEET).content) < 500_000 / 7
    recorded.close()


def test_a_paper_of_some_size_is_kept_and_given_back_to_save(browser: Browser) -> None:
    where = "/api/v1/trust/documents"
    paper = bytes(range(256)) * 1024  # a photograph's size, not a form's
    headers = browser.headers() | {"Origin": browser.origin, "X-Watchglass": "1"}
    named = f"{where}?name=re%C3%A7u%20%2F1.pdf"
    kept = browser.http.post(named, content=paper, headers=headers)
    assert kept.status_code == 201, kept.text
    sha256 = kept.json()["sha256"]
    assert sha256 == hashlib.sha256(paper).hexdigest()
    answer = browser.get(f"{where}/{sha256}")
    assert answer.content == paper
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    large = browser.http.post(named, content=b"x" * ((4 << 20) + 1), headers=headers)
    assert large.status_code == 413
    assert browser.get(f"{where}/{'0' * 64}").status_code == 404


def test_a_plan_and_steps_are_asked_for_what_they_need(at: Running, browser: Browser) -> None:
    known = device(browser, "10.0.0.7").device.id
    plan, steps = "/api/v1/trust/plan", f"/api/v1/trust/devices/{known}/steps"
    for path, body, code in (
        (plan, {"devices": [known], "due": "soon"}, 400),
        (plan, {"devices": [known]}, 400),
        (plan, {"devices": [known], "step": {"step": "found"}}, 400),
        (plan, {"devices": [], "owner": "Ann"}, 400),
        (steps, {"step": "judged"}, 400),
        (f"/api/v1/trust/devices/{'0' * 32}/steps", {"step": "contained"}, 404),
    ):
        assert browser.send("POST", path, body).status_code == code, body
    planned = {"devices": [known], "owner": "Ann", "wave": 2, "due": "2027-03-31"}
    assert browser.send("POST", plan, planned).status_code == 200
    # What is left out stays.
    for more in ({"wave": 3, "costs": {"device": 7}}, {"costs": {"labour": 5}}):
        assert browser.send("POST", plan, {"devices": [known], **more}).status_code == 200
    found = device(browser, "10.0.0.7").plan
    assert found is not None
    assert (found.owner, found.wave, found.due) == ("Ann", 3, "2027-03-31")
    assert (found.costs.device, found.costs.labour) == (7, 5)
    assert browser.send("POST", steps, {"step": "contained", "note": "VLAN"}).status_code == 204


def test_many_are_planned_at_once_told_row_by_row_and_taken_back(browser: Browser) -> None:
    plan = "/api/v1/trust/plan"
    first, second = (device(browser, each).device.id for each in ("10.0.0.7", "10.0.0.6"))
    was = device(browser, "10.0.0.7").plan
    assert was is not None
    body = {
        "devices": [first, "0" * 32, second, first], "owner": "Ben", "wave": 9,
        "step": {"step": "chosen", "note": "bought for all"},
    }  # fmt: skip
    told = browser.send("POST", plan, body).json()
    assert [each["device"] for each in told["rows"]] == [first, "0" * 32, second]
    assert "no such device" in told["rows"][1]["problem"]
    # Planned, but nobody said what replaces them.
    for each in (told["rows"][0], told["rows"][2]):
        assert each["problem"].startswith("Planned, but"), each
        assert "what replaces it" in each["problem"]
    again = {**body, "devices": [first, second], "replacement": {"maker": "Axis", "model": "P3265"}}
    chosen = browser.send("POST", plan, again).json()
    assert [each["problem"] for each in chosen["rows"]] == ["", ""]
    now = device(browser, "10.0.0.6")
    assert now.device.path is not None
    assert (now.device.path.step, now.device.path.wave) == ("chosen", 9)
    assert any(each.step == "chosen" for each in fleet(browser).devices)

    # The later one first; the earlier one is not what it left any more.
    stale = browser.send("POST", f"{plan}/{told['change']}/undo").json()
    assert all("changed since by admin" in each["problem"] for each in stale["rows"])
    assert browser.send("POST", f"{plan}/{told['change']}/undo").status_code == 404
    undone = browser.send("POST", f"{plan}/{chosen['change']}/undo")
    assert undone.status_code == 200, undone.text
    assert [each["problem"] for each in undone.json()["rows"]] == ["", ""]
    back = device(browser, "10.0.0.6").plan
    assert back is not None
    assert (back.steps, back.replacement, back.owner) == ((), None, "Ben")
    (mistake,) = back.taken_back
    assert (mistake.step.value, mistake.note) == ("chosen", "bought for all")
    left = device(browser, "10.0.0.7").plan
    assert left is not None
    assert {each.step for each in left.steps} == {"contained"}
    assert browser.send("POST", f"{plan}/{chosen['change']}/undo").status_code == 404


@pytest.mark.full
def test_a_plan_of_a_whole_district_is_one_request_and_judged_once(
    at: Running, browser: Browser
) -> None:
    """And who was on no path is on none again."""
    trust = at.of.trust
    assert trust is not None
    seen = [
        each
        for number in range(300)
        for each in see("mdns mdns_service _axis-video._tcp.local", "onvif manufacturer AXIS",
                        address=f"10.9.{number // 250}.{number % 250 + 1}",
                        mac=f"00:40:8c:99:{number // 256:02x}:{number % 256:02x}")
    ]  # fmt: skip
    trust.add_observations(seen)
    devices = [each.id for each in fleet(browser).devices if each.address.startswith("10.9.")]
    assert len(devices) == 300
    unknown = [f"{number:032x}" for number in range(3000)]
    body = {"devices": [*devices, *unknown], "due": "2027-03-31", "owner": "Cem"}
    told = browser.send("POST", "/api/v1/trust/plan", body).json()
    assert [bool(each["problem"]) for each in told["rows"]] == [False] * 300 + [True] * 3000
    planned = fleet(browser)
    assert planned.progress is not None
    assert planned.progress.devices >= 300
    undone = browser.send("POST", f"/api/v1/trust/plan/{told['change']}/undo").json()
    assert not any(each["problem"] for each in undone["rows"])
    left = fleet(browser).progress
    assert left is not None
    assert left.devices == planned.progress.devices - 300
