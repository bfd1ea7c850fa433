"""From what holds to what leaves: notices in the database, and a real process that sends them."""

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from tests.app.test_notice_sending import Hook, hook
from watchglass.app.ground import Ground, open_store
from watchglass.app.health import Heard, Observed, Wanted
from watchglass.app.kept_index import KeptIndex
from watchglass.app.layout import Layout
from watchglass.app.notice_desk import NoticeDesk, Outside
from watchglass.app.notice_events import Watched
from watchglass.app.notice_watch import Certificate
from watchglass.app.notice_ways import change_way
from watchglass.base.clock import NS_PER_S, SimulatedClock
from watchglass.base.disk import Disk
from watchglass.base.errors import NotFoundError, UsageError
from watchglass.base.fence import FenceMode
from watchglass.base.ids import CameraId, VolumeId
from watchglass.config.settings import Settings
from watchglass.model.act import Act
from watchglass.model.camera import StreamAddress
from watchglass.model.gap import GapCause
from watchglass.model.letter import Letter, LetterEvent
from watchglass.model.notice import NoticeKind, NoticeWay
from watchglass.model.notice_control import DropWayRequest, SetWayRequest, TryWayRequest
from watchglass.model.notice_way import MailSettings, MailTls, WebhookSettings
from watchglass.model.rule import Rule
from watchglass.model.stream import StreamName
from watchglass.model.vitals import KeeperVitals, StreamVitals, VolumeVitals, WorkerVitals
from watchglass.store.notices import MOST_WAITING, NoticeStore

__all__ = ["hook"]
VOLUME = VolumeId("b" * 32)
MAIL = MailSettings("mail.example.org", 587, MailTls.STARTTLS, "a@example.org", ("b@example.org",))


class Bed:
    """A desk over a site with one camera, which is recorded or not as ``cause`` says."""

    def __init__(self, folder: Path) -> None:
        folder.joinpath("state").mkdir()
        self.clock = SimulatedClock()
        settings = Settings(folder, folder / "media", fences=FenceMode.OFF)
        on = Ground(settings, Layout(folder / "state"), Disk(), self.clock)
        self.site = open_store(on)
        self.site.add_volume(VOLUME, folder / "media")
        address = StreamAddress(StreamName.MAIN, "rtsp://192.0.2.1/m")
        self.camera = self.site.add_camera("Hall", [address], VOLUME).id
        self.cause: GapCause | None = None
        self.failing = False
        self.deaths = 0
        self.keeper_silent_ns = 0
        self.acts: list[Act] = []
        self.rules: list[Rule] = []
        self.looks = False
        self.pictures: dict[CameraId, bytes] = {}
        self.certificate: Certificate | None = None
        self.unreviewed: dict[str, str] = {}
        self.outside = Outside(
            self.observe, dict, self.picture, self.acts.append,
            Watched(lambda: self.rules, lambda: "https://recorder.example", lambda: self.looks),
            lambda: self.certificate, lambda: self.unreviewed,
        )  # fmt: skip
        self.desk = NoticeDesk(
            on, self.site, KeptIndex(on.layout.index_db), self.outside, 200 * NS_PER_S
        )

    def picture(self, camera: CameraId, at_ns: int) -> bytes:
        if camera not in self.pictures:
            raise NotFoundError("There is no picture.")
        return self.pictures[camera]

    def observe(self) -> Observed:
        now_ns = self.clock.monotonic_ns()
        stream = StreamVitals(
            self.camera, StreamName.MAIN, self.cause is None, self.cause, now_ns, 0, now_ns, 0, 1
        )
        worker = WorkerVitals((stream,), (), 0)
        volume = VolumeVitals(VOLUME, "/media", 0, now_ns, self.failing)
        keeper = KeeperVitals(now_ns, (volume,), in_debt=False, only_held_left=False)
        return Observed(
            now_ns, now_ns,
            Heard("keeper", 1, self.deaths, now_ns - self.keeper_silent_ns, keeper),
            (Heard("camera-worker-1", 1, 0, now_ns, worker),), (),
            (Wanted(self.camera, StreamName.MAIN, VOLUME, "camera-worker-1", now_ns),),
        )  # fmt: skip

    def turn(self, seconds: float = 0) -> None:
        """So much time passes, and the desk looks."""
        self.clock.advance(round(seconds * NS_PER_S))
        self.desk.turn()

    def kinds(self, *, lasting: bool = False) -> list[NoticeKind]:
        return [each.kind for each in self.desk.store.notices(lasting=lasting)]

    def set_hook(self, hook: Hook, *kinds: NoticeKind) -> None:
        settings = WebhookSettings(hook.url(), kinds, allow=True)
        self.desk.change(SetWayRequest(settings, "s3cret", "me"))

    def sends_until(self, hook: Hook, count: int) -> None:
        until_s = time.monotonic() + 30
        while len(hook.asked) < count or self.desk.store.due(1 << 62) is not None:
            assert time.monotonic() < until_s, hook.asked
            self.desk.turn()
            time.sleep(0.02)


@pytest.fixture
def bed(tmp_path: Path) -> Iterator[Bed]:
    made = Bed(tmp_path)
    yield made
    made.desk.close()
    made.site.close()


def test_a_camera_that_stays_away_is_told_and_that_it_is_back(bed: Bed) -> None:
    bed.turn()
    first = bed.desk.store.notices()
    assert [each.kind for each in first] == [NoticeKind.RECORDER_RESTARTED]
    assert first[0].sentence == "The recorder was started. It had not run for 3 min 20 s."
    assert first[0].ended_ns == first[0].at_ns
    bed.cause = GapCause.AUTH_FAILED
    bed.turn(1)
    bed.turn(59)
    assert bed.kinds(lasting=True) == []
    bed.turn(2)
    (lost,) = bed.desk.store.notices(lasting=True)
    assert (lost.kind, lost.about) == (NoticeKind.CAMERA_OFFLINE, bed.camera)
    assert lost.sentence.startswith("Hall is not recorded: the camera refuses")
    bed.cause = None
    bed.turn(1)
    bed.turn(31)
    assert bed.kinds(lasting=True) == []
    assert bed.desk.store.acknowledge(lost.id, "guard", 5) == 1
    assert bed.desk.store.acknowledge(None, "chief", 6) == 1
    seen = {each.id: each.acknowledged_by for each in bed.desk.store.notices()}
    assert seen == {lost.id: "guard", first[0].id: "chief"}
    with pytest.raises(NotFoundError):
        bed.desk.store.acknowledge(type(lost.id)("0" * 32), "guard", 7)


def test_what_was_told_before_a_start_is_not_told_again_and_ends(bed: Bed, tmp_path: Path) -> None:
    bed.failing = True
    bed.turn()
    bed.turn(16)
    assert NoticeKind.DISK_FAILED in bed.kinds(lasting=True)
    again = NoticeDesk(bed.desk._on, bed.site, bed.desk._index, bed.outside, None)
    again.turn()
    assert [each.kind for each in again.store.notices(lasting=True)] == [NoticeKind.DISK_FAILED]
    bed.failing = False
    again.turn()
    bed.clock.advance(61 * NS_PER_S)
    again.turn()
    assert again.store.notices(lasting=True) == []
    again.close()


def test_an_emergency_export_that_nobody_reviewed(bed: Bed) -> None:
    bed.unreviewed["a" * 32] = "ada exported evidence of Gate in an emergency."
    bed.turn(1)
    assert NoticeKind.EXPORT_UNREVIEWED in bed.kinds(lasting=True)
    bed.unreviewed.clear()
    bed.turn(1)
    assert NoticeKind.EXPORT_UNREVIEWED not in bed.kinds(lasting=True)


def test_a_silent_keeper_a_death_and_a_backup_that_is_due(bed: Bed) -> None:
    bed.turn(100)
    bed.keeper_silent_ns = 25 * NS_PER_S
    bed.turn(1)
    bed.turn(11)
    assert bed.kinds(lasting=True) == [NoticeKind.KEEPER_DOWN]
    bed.keeper_silent_ns, bed.deaths = 0, 1
    bed.turn(1)
    newest = bed.desk.store.notices()[0]
    assert newest.sentence == "keeper had died, and was started again: its log says why."
    bed.turn(11)
    assert bed.kinds(lasting=True) == []
    bed.turn(31 * 24 * 3600)
    assert bed.kinds(lasting=True) == [NoticeKind.BACKUP_DUE]
    bed.site.note_backup(bed.clock.wall_ns())
    bed.turn(301)
    assert bed.kinds(lasting=True) == []


@pytest.mark.full
def test_notices_leave_signed_are_tried_again_and_say_how_it_went(bed: Bed, hook: Hook) -> None:
    hook.asked.clear()
    hook.status = 200
    bed.set_hook(hook, NoticeKind.CAMERA_OFFLINE)
    bed.turn()  # the start is of a kind that is not wanted
    bed.desk.change(TryWayRequest(NoticeWay.WEBHOOK, "me"))
    bed.sends_until(hook, 1)
    assert json.loads(hook.asked[0][2])["event"] == "test"
    hook.status = 503
    bed.cause = GapCause.CAMERA_UNREACHABLE
    bed.turn(1)
    bed.turn(61)
    until_s = time.monotonic() + 30
    while not bed.desk.store.status(NoticeWay.WEBHOOK).error:
        assert time.monotonic() < until_s
        bed.desk.turn()
        time.sleep(0.02)
    status = bed.desk.store.status(NoticeWay.WEBHOOK)
    assert (status.error, status.waiting) == ("The server answers 503.", 1)
    count = len(hook.asked)
    bed.turn(29)
    assert len(hook.asked) == count
    hook.status = 200
    bed.clock.advance(2 * NS_PER_S)
    bed.sends_until(hook, count + 1)
    told = [json.loads(body) for _, _, body in hook.asked]
    assert {each["event"] for each in told[1:]} == {"opened"}
    assert len({each["notice"] for each in told[1:]}) == 1
    assert bed.desk.store.status(NoticeWay.WEBHOOK).error == ""
    # What the process holds dies with it, and is sent by the next.
    bed.desk.children[0].kill()
    bed.desk.change(TryWayRequest(NoticeWay.WEBHOOK, "me"))
    bed.sends_until(hook, count + 2)
    samples = {(each.metric, each.labels): each.value for each in bed.desk.samples()}
    assert samples["watchglass_notices_sent_total", ("webhook",)] >= 2


def test_a_day_is_told_once_whatever_the_clock_does(bed: Bed) -> None:
    daily = msgspec.structs.replace(MAIL, daily_min=150, zone="Europe/Vienna")
    bed.desk.change(SetWayRequest(daily, None, "me"))
    # 2026-10-25: half past two comes twice there; 2027-03-28: it does not come.
    moments = [
        datetime(2026, 10, 25, 0, 20, tzinfo=UTC), datetime(2026, 10, 25, 0, 35, tzinfo=UTC),
        datetime(2026, 10, 25, 1, 35, tzinfo=UTC), datetime(2026, 10, 25, 12, tzinfo=UTC),
        datetime(2027, 3, 28, 0, 59, tzinfo=UTC), datetime(2027, 3, 28, 1, 1, tzinfo=UTC),
    ]  # fmt: skip
    sent = []
    for moment in moments:
        bed.clock.step_wall(round(moment.timestamp()) * NS_PER_S - bed.clock.wall_ns())
        bed.desk._daily()
        sent.append(bed.desk.store.status(NoticeWay.MAIL).waiting)
    assert sent == [0, 1, 1, 1, 1, 2]
    delivery = bed.desk.store.due(1 << 62)
    assert delivery is not None
    assert bed.desk.store.letter(delivery).text == (
        "1 camera, 0 s missing, not known yet how many days are left.\nNothing needs you."
    )


# --- what is kept ---------------------------------------------------------------------------------


def test_secrets_are_sealed_and_stay_with_their_server(bed: Bed, tmp_path: Path) -> None:
    store = bed.desk.store
    mail = msgspec.structs.replace(MAIL, user="post")
    change_way(store, SetWayRequest(mail, "sesame 1", "me"), 1)
    secret = store.secret(NoticeWay.MAIL)
    assert secret is not None
    assert secret.reveal() == "sesame 1"
    assert b"sesame" not in (tmp_path / "state" / "site.db").read_bytes()
    change_way(
        store, SetWayRequest(msgspec.structs.replace(mail, to=("c@example.org",)), None, "me"), 1
    )
    assert store.has_secret(NoticeWay.MAIL)
    elsewhere = msgspec.structs.replace(mail, host="evil.example.org")
    with pytest.raises(UsageError, match="give the password again"):
        change_way(store, SetWayRequest(elsewhere, None, "me"), 1)
    hook = WebhookSettings("https://a.example.org/x")
    change_way(store, SetWayRequest(hook, "k", "me"), 1)
    moved = WebhookSettings("https://b.example.org/x")
    with pytest.raises(UsageError, match="another server"):
        change_way(store, SetWayRequest(moved, None, "me"), 1)
    change_way(store, DropWayRequest(NoticeWay.MAIL, "me"), 1)
    assert not store.has_secret(NoticeWay.MAIL)
    with pytest.raises(NotFoundError):
        change_way(store, TryWayRequest(NoticeWay.MAIL, "me"), 1)


@pytest.mark.parametrize(
    "url",
    ["ftp://a/b", "file:///etc/passwd", "https://", "https://u:p@a/b", "https://a/b#c", "http://a:0/",
     "https://a b/", "javascript:alert(1)", "https://a/\r\nX: y"],
)  # fmt: skip
def test_what_is_no_webhook(bed: Bed, url: str) -> None:
    with pytest.raises(UsageError, match="A webhook is an address"):
        change_way(bed.desk.store, SetWayRequest(WebhookSettings(url), "k", "me"), 1)


@pytest.mark.parametrize(
    "wrong",
    [{"host": "a/b"}, {"port": 0}, {"to": ()}, {"to": ("x",)}, {"sender": "x\r\ny"},
     {"user": "u", "tls": MailTls.NONE}, {"daily_min": 1440}, {"zone": "Mars/Base"}],
)  # fmt: skip
def test_what_no_mail_can_be_sent_by(bed: Bed, wrong: dict[str, object]) -> None:
    settings = msgspec.structs.replace(MAIL, **wrong)
    with pytest.raises(UsageError):
        change_way(bed.desk.store, SetWayRequest(settings, None, "me"), 1)


def letter(number: int) -> Letter:
    kind = NoticeKind.DISK_FAILED
    return Letter(event=LetterEvent.OPENED, kind=kind, subject="", text=str(number), at_ns=number)


def test_queue_and_list_are_bounded_and_say_what_they_dropped(tmp_path: Path) -> None:
    bed = Bed(tmp_path)
    store: NoticeStore = bed.desk.store
    store.set_way(WebhookSettings("https://a.example.org/"), None)
    for number in range(MOST_WAITING + 3):
        store.put(NoticeWay.WEBHOOK, letter(number), number)
    status = store.status(NoticeWay.WEBHOOK)
    assert (status.waiting, status.dropped) == (MOST_WAITING, 3)
    oldest = store.due(1 << 62)
    assert oldest is not None
    assert store.letter(oldest).text == "3"
    store.failed(oldest, "gone", 5, None)
    assert store.status(NoticeWay.WEBHOOK).dropped == 4
    bed.desk.close()
    bed.site.close()
