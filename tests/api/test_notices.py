"""Notices and the system as the API tells them."""

import pytest

from tests.api.recorded import Browser, Running
from watchglass.base.ids import NoticeId
from watchglass.model.metric import Sample
from watchglass.model.notice import Notice, NoticeKind, NoticeWay
from watchglass.model.process import ProcessStatus
from watchglass.model.system import FindingTold, LogLine, SystemReport

MAIL = {
    "host": "mail.example.org", "port": 587, "tls": "starttls", "sender": "a@example.org",
    "to": ["b@example.org"], "user": "post", "password": "sesame 1", "daily_min": 420,
    "zone": "Europe/Vienna",
}  # fmt: skip


NONE: dict[str, object] = {each.value: None for each in NoticeWay} | {"plugins": []}
MQTT = {
    "host": "mqtt.example.org", "port": 8883, "user": "post", "password": "sesame 1",
    "quiet": {"zone": "Europe/Vienna", "spans": [{"days": [6, 5], "from_min": 0, "to_min": 1440}]},
}  # fmt: skip


def test_notices_are_listed_and_acknowledged_by_name(at: Running, browser: Browser) -> None:
    store = at.of.notices
    assert store is not None
    assert browser.json("/api/v1/notices") == {"notices": [], "unread": 0}
    for number, about in enumerate((at.of.recorded.camera, "e" * 32)):
        id = NoticeId(f"{number:032x}")
        store.add(Notice(id, NoticeKind.CAMERA_OFFLINE, about, "Hall is away.", 5_000_000_000))
    found = browser.json("/api/v1/notices")
    assert found["unread"] == 2
    first = found["notices"][0]
    assert (first["at_ms"], first["ended_ms"], first["sentence"]) == (5000, None, "Hall is away.")
    path = f"/api/v1/notices/{first['id']}/acknowledge"
    assert browser.send("POST", path).status_code == 204
    found = browser.json("/api/v1/notices")
    assert found["unread"] == 1
    assert {each["acknowledged_by"] for each in found["notices"]} == {"", "admin"}
    assert browser.send("POST", "/api/v1/notices/acknowledge").status_code == 204
    assert browser.json("/api/v1/notices")["unread"] == 0
    gone = browser.send("POST", f"/api/v1/notices/{'f' * 32}/acknowledge")
    assert gone.status_code == 404


def test_ways_are_set_and_their_secrets_told_to_nobody(at: Running, browser: Browser) -> None:
    assert browser.json("/api/v1/notice-ways") == NONE
    made = browser.send("PUT", "/api/v1/notice-ways/mail", MAIL)
    assert made.status_code == 200, made.text
    assert "sesame" not in made.text
    mail = browser.json("/api/v1/notice-ways")["mail"]
    assert (mail["has_password"], mail["daily_min"]) == (True, 420)
    hook = {"url": "https://example.org/hook", "kinds": ["disk_failed"]}
    first = browser.send("PUT", "/api/v1/notice-ways/webhook", hook).json()
    assert len(first["secret"]) > 30
    again = browser.send("PUT", "/api/v1/notice-ways/webhook", hook).json()
    assert again["secret"] is None
    assert first["secret"] not in browser.get("/api/v1/notice-ways").text
    assert browser.send("POST", "/api/v1/notice-ways/webhook/try").status_code == 202
    assert browser.json("/api/v1/notice-ways")["webhook"]["state"]["waiting"] == 1
    assert browser.send("PUT", "/api/v1/notice-ways/mqtt", MQTT).status_code == 200
    mqtt = browser.json("/api/v1/notice-ways")["mqtt"]
    assert (mqtt["has_password"], mqtt["tls"], len(mqtt["node"])) == (True, True, 12)
    assert mqtt["quiet"]["spans"] == [{"days": [5, 6], "from_min": 0, "to_min": 1440}]
    addresses = {"addresses": "ntfys://u:sesame@ntfy.example.org/gate\njson://10.0.0.2/x"}
    apprise = browser.send("PUT", "/api/v1/notice-ways/apprise", addresses).json()["apprise"]
    assert apprise["services"] == ["ntfys", "json"]
    assert "sesame" not in browser.get("/api/v1/notice-ways").text
    kept = browser.send("PUT", "/api/v1/notice-ways/apprise", {"picture": True}).json()["apprise"]
    assert (kept["services"], kept["picture"]) == (["ntfys", "json"], True)
    for way in NoticeWay:
        assert browser.send("DELETE", f"/api/v1/notice-ways/{way}").status_code == 204
    assert browser.json("/api/v1/notice-ways") == NONE
    assert browser.send("POST", "/api/v1/notice-ways/mail/try").status_code == 404


@pytest.mark.parametrize(
    ("way", "body"),
    [
        ("webhook", {"url": "file:///etc/passwd"}), ("webhook", {"url": "https://u:p@a.example/"}),
        ("webhook", {"url": "https://a.example/", "kinds": ["gossip"]}),
        ("mail", MAIL | {"to": ["nobody"]}), ("mail", MAIL | {"tls": "none"}),
        ("mail", MAIL | {"sender": "a@b\r\nBcc: c@d"}), ("mail", MAIL | {"zone": "Mars"}),
        ("mqtt", MQTT | {"host": "a/b"}), ("mqtt", MQTT | {"prefix": "a/#"}),
        ("mqtt", MQTT | {"discovery": "a//b"}), ("mqtt", MQTT | {"quiet": {"zone": "Mars"}}),
        ("apprise", {}), ("apprise", {"addresses": "no address"}),
        ("plugin", {"name": "none"}),
    ],
)  # fmt: skip
def test_what_is_wrong_is_refused(browser: Browser, way: str, body: dict[str, object]) -> None:
    assert browser.send("PUT", f"/api/v1/notice-ways/{way}", body).status_code == 400
    assert browser.json("/api/v1/notice-ways")[way] is None


def test_the_system_is_told_with_its_numbers(at: Running, browser: Browser) -> None:
    process = ProcessStatus("keeper", 7, 3_000_000_000, 1, 0, "Landlock", True)
    finding = FindingTold("Clock", "wrong", "Set it.", "wrong", "a", "b", "c")
    line = LogLine("2026-11-27T17:00:00Z", "error", "keeper", "<img src=x>")
    at.of.system[0] = SystemReport("9", 2_000_000_000, (process,), (finding,), (line,), None, False)
    camera = at.of.recorded.camera
    at.of.numbers[:] = [
        Sample("watchglass_process_cpu_seconds_total", ("keeper",), 1.5),
        Sample("watchglass_process_resident_bytes", ("keeper",), 5e7),
        Sample("watchglass_stream_queue_bytes", (camera, "main", "drop_newest"), 100),
        Sample("watchglass_stream_queue_dropped_total", (camera, "main", "drop_newest"), 2),
        Sample("watchglass_stream_lost_packets_total", (camera, "main"), 0),
    ]
    found = browser.json("/api/v1/system")
    (told,) = found["processes"]
    assert (told["cpu_s"], told["resident_bytes"], told["restarts"]) == (1.5, 50_000_000, 1)
    (queue,) = found["queues"]
    assert (queue["bytes"], queue["dropped"], queue["policy"]) == (100, 2, "drop_newest")
    assert [each["name"] for each in found["drops"]] == ["watchglass_stream_queue_dropped_total"]
    assert (found["started_ms"], found["backup_ms"], found["clock_kept"]) == (2000, None, False)
    assert found["findings"][0]["verdict"] == "wrong"
    assert found["lines"][0]["text"] == "<img src=x>"
    assert found["volumes"][0]["days"] == 11.0
