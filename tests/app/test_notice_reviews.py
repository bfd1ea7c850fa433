"""What rules found, as it is told: once an item, by the ways that are for it, and with a picture
only where that is in the ledger."""

import base64
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.app.test_notice_desk import MAIL, Bed
from tests.app.test_notice_sending import Hook, fresh, hook
from watchglass.app.notice_watch import Certificate
from watchglass.base.clock import NS_PER_S
from watchglass.base.ids import CameraId
from watchglass.model.act import ActKind
from watchglass.model.detection import Box, ObjectClass
from watchglass.model.event import BestPicture, ReviewId
from watchglass.model.gap import GapCause
from watchglass.model.letter import Letter, LetterEvent
from watchglass.model.notice import NoticeKind, NoticeWay
from watchglass.model.notice_control import DropWayRequest, SetWayRequest
from watchglass.model.notice_event import ReviewTold
from watchglass.model.notice_way import MailSettings, Quiet, WebhookSettings
from watchglass.model.rule import RuleId
from watchglass.model.schedule import WeeklySpan

__all__ = ["fresh", "hook"]
ALWAYS = Quiet("UTC", (WeeklySpan((0, 1, 2, 3, 4, 5, 6), 0, 1440),))
DAY_NS = 24 * 3600 * NS_PER_S


@pytest.fixture
def bed(tmp_path: Path) -> Iterator[Bed]:
    made = Bed(tmp_path)
    made.turn()
    yield made
    made.desk.close()
    made.site.close()


def told(camera: CameraId, review: str = "1" * 32, *, alarm: bool = False) -> ReviewTold:
    return ReviewTold(
        review=ReviewId(review), camera=camera, rule=RuleId("2" * 32), rule_name="Porch",
        kind=ObjectClass.PERSON, at_ns=5 * NS_PER_S,
        best=BestPicture(6 * NS_PER_S, Box(0.1, 0.1, 0.2, 0.2)), alarm=alarm,
    )  # fmt: skip


def waiting(bed: Bed, way: NoticeWay = NoticeWay.MAIL) -> list[Letter]:
    """What was put there, taken out again."""
    store, found = bed.desk.store, []
    while (delivery := store.due(1 << 62, (way,))) is not None:
        found.append(store.letter(delivery))
        store.sent(delivery, 1)
    return found


def set_mail(bed: Bed, settings: MailSettings = MAIL) -> None:
    bed.desk.store.set_way(replace(settings, daily_min=None), None)


def test_an_item_is_told_once_and_again_when_it_becomes_an_alarm(bed: Bed) -> None:
    set_mail(bed)
    post = bed.desk._post
    sent: list[tuple[Letter, bool]] = []
    post.tell = lambda letter, *, urgent=False: sent.append((letter, urgent))  # type: ignore[method-assign]
    for alarm in (False, False, True, True, False):
        bed.desk.take(told(bed.camera, alarm=alarm))
    bed.desk.take(told(bed.camera, "3" * 32))
    bed.turn()
    assert [(letter.id[0], urgent) for letter, urgent in sent] == [
        ("1", False), ("1", True), ("3", False),
    ]  # fmt: skip
    letter = sent[0][0]
    assert (letter.event, letter.kind) == (LetterEvent.FOUND, NoticeKind.REVIEW)
    assert letter.subject == "Hall: a person (Porch)"
    assert letter.link == "https://recorder.example/#review/" + "1" * 32
    assert sent[1][0].subject == "Alarm: Hall: a person (Porch)"
    # It lies among the review items, not among the notices.
    assert NoticeKind.REVIEW not in bed.kinds()


def test_quiet_hours_let_alarms_through_and_hold_what_is_of_the_recorder(bed: Bed) -> None:
    night = Quiet("Europe/Vienna", (WeeklySpan((0, 1, 2, 3, 4, 5, 6), 22 * 60, 6 * 60),))
    set_mail(bed, replace(MAIL, quiet=night))
    bed.clock.step_wall(1_800_655_200 * NS_PER_S - bed.clock.wall_ns())  # 23:00 there
    post, store = bed.desk._post, bed.desk.store

    def letter(event: LetterEvent, id: str, kind: NoticeKind = NoticeKind.CAMERA_OFFLINE) -> Letter:
        return Letter(event=event, kind=kind, subject=id, text=id, at_ns=1, id=id)

    now_ns = bed.clock.wall_ns()
    post.tell(letter(LetterEvent.FOUND, "walk", NoticeKind.REVIEW))
    assert waiting(bed) == []
    post.tell(letter(LetterEvent.FOUND, "break-in", NoticeKind.REVIEW), urgent=True)
    assert [each.id for each in waiting(bed)] == ["break-in"]
    # What came and went is nothing any more, what lasts is told when the night is over.
    for id in ("brief", "lasts"):
        post.tell(letter(LetterEvent.OPENED, id))
    post.tell(letter(LetterEvent.ENDED, "brief"))
    assert store.due(now_ns) is None
    assert store.due(now_ns + 7 * 3600 * NS_PER_S - 1) is None
    assert store.due(now_ns + 7 * 3600 * NS_PER_S) is not None
    assert [each.id for each in waiting(bed)] == ["lasts"]
    # By day it ends as it began.
    bed.clock.advance(8 * 3600 * NS_PER_S)
    post.tell(letter(LetterEvent.ENDED, "lasts"))
    post.tell(letter(LetterEvent.FOUND, "postman", NoticeKind.REVIEW))
    assert [each.id for each in waiting(bed)] == ["lasts", "postman"]


def test_a_disk_that_fails_is_told_in_quiet_hours_and_an_absent_camera_is_not(bed: Bed) -> None:
    set_mail(bed, replace(MAIL, quiet=ALWAYS))
    bed.failing, bed.cause = True, GapCause.CAMERA_UNREACHABLE
    bed.turn()
    bed.turn(61)
    bed.turn(1)
    now = {letter.kind for letter in due_now(bed)}
    assert now == {NoticeKind.DISK_FAILED}
    assert NoticeKind.CAMERA_OFFLINE in {each.kind for each in waiting(bed)}


def due_now(bed: Bed) -> list[Letter]:
    store, found = bed.desk.store, []
    while (delivery := store.due(bed.clock.wall_ns())) is not None:
        found.append(store.letter(delivery))
        store.sent(delivery, 1)
    return found


def test_a_way_takes_the_kinds_that_it_is_for(bed: Bed) -> None:
    set_mail(bed, replace(MAIL, kinds=(NoticeKind.DISK_FAILED,)))
    bed.desk.take(told(bed.camera))
    bed.turn()
    assert waiting(bed) == []
    set_mail(bed, replace(MAIL, kinds=(NoticeKind.REVIEW,)))
    bed.desk.store.note_review(ReviewId("9" * 32), 1, alarm=False)
    bed.desk.take(told(bed.camera, "8" * 32))
    bed.desk.take(told(bed.camera, "9" * 32))
    bed.desk._post.turn = lambda: None  # type: ignore[method-assign] # nothing leaves here
    bed.turn()
    assert [each.id for each in waiting(bed)] == ["8" * 32]


@pytest.mark.full
def test_a_picture_leaves_with_it_once_the_ledger_has_it(bed: Bed, hook: Hook) -> None:
    settings = WebhookSettings(hook.url(), allow=True, picture=True)
    bed.desk.change(SetWayRequest(settings, "s3cret", "me"))
    bed.desk.take(told(bed.camera))
    bed.turn()
    assert hook.asked == []  # the moment is not in the index yet
    bed.pictures[bed.camera] = b"\xff\xd8masked"
    bed.clock.advance(4 * NS_PER_S)
    bed.sends_until(hook, 1)
    body = json.loads(hook.asked[0][2])
    assert (body["event"], body["object"], body["rule"]) == ("found", "person", "Porch")
    assert base64.b64decode(body["picture"]["base64"]) == b"\xff\xd8masked"
    (act,) = bed.acts
    assert (act.kind, act.camera, act.user) == (ActKind.PICTURE_SENT, bed.camera, "")
    assert act.detail == "by webhook: picture of 1970-01-01T00:00:06Z"
    # Who did not choose it gets none, and a moment without any is told without.
    del bed.pictures[bed.camera]
    bed.desk.take(told(bed.camera, "4" * 32))
    bed.turn()
    bed.clock.advance(21 * NS_PER_S)
    bed.sends_until(hook, 2)
    assert "picture" not in json.loads(hook.asked[1][2])
    bed.desk.change(DropWayRequest(NoticeWay.WEBHOOK, "me"))
    bed.pictures[bed.camera] = b"\xff\xd8masked"
    bed.desk.change(SetWayRequest(replace(settings, picture=False), "s3cret", "me"))
    bed.desk.take(told(bed.camera, "5" * 32))
    bed.sends_until(hook, 3)
    assert "picture" not in json.loads(hook.asked[2][2])
    assert len(bed.acts) == 1


@pytest.mark.full
def test_no_picture_leaves_that_the_ledger_does_not_take(bed: Bed, hook: Hook) -> None:
    from watchglass.base.errors import BusError

    def refuses(_: object) -> None:
        raise BusError("The keeper is down.")

    settings = WebhookSettings(hook.url(), allow=True, picture=True)
    bed.desk.change(SetWayRequest(settings, "s3cret", "me"))
    bed.pictures[bed.camera] = b"\xff\xd8masked"
    bed.desk._post._note = refuses
    bed.desk.take(told(bed.camera))
    bed.turn()
    bed.clock.advance(21 * NS_PER_S)
    bed.sends_until(hook, 1)
    assert "picture" not in json.loads(hook.asked[0][2])


def test_a_certificate_is_told_of_three_times_and_never_late(bed: Bed) -> None:
    ends_ns = bed.clock.wall_ns() + 40 * DAY_NS
    sentences: list[tuple[int, list[str]]] = []
    for day in range(45):
        left_ns = ends_ns - bed.clock.wall_ns()
        bed.certificate = Certificate(left_ns, "ends on 2027-01-01 00:00 UTC", "Renew it.")
        bed.turn()
        fresh = [
            each.about
            for each in bed.desk.store.notices(lasting=True)
            if each.kind is NoticeKind.CERTIFICATE_ENDS
        ]
        if len(fresh) > len(sentences):
            sentences.append((day, fresh))
        bed.clock.advance(DAY_NS)
    assert [(day, len(each)) for day, each in sentences] == [(10, 1), (33, 2), (39, 3)]
    bed.certificate = Certificate(300 * DAY_NS, "ends later", "Renew it.")
    bed.turn()
    bed.turn(1)
    assert NoticeKind.CERTIFICATE_ENDS not in bed.kinds(lasting=True)
    # Who starts it with five days left is told once.
    bed.certificate = Certificate(5 * DAY_NS, "ends on 2027-01-01 00:00 UTC", "Renew it.")
    bed.turn()
    assert bed.kinds(lasting=True).count(NoticeKind.CERTIFICATE_ENDS) == 1
