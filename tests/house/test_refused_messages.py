"""What Watchglass refuses is in nothing that it says to others either: numbers for monitors, what
an MQTT broker and Home Assistant are told, and notices, by whatever way.

They are composed in code, so they are made here as they are made there, of everything that can be
seen, and read; and whatever text the code would compose them of is read where it stands.
"""

import ast
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.house.test_refusals import ROOT, Found, offenders, strings
from watchglass.app.exposition import ALL, exposition
from watchglass.app.notice_events import NoticeEvents, Watched
from watchglass.base.clock import NS_PER_S
from watchglass.base.disk import Disk
from watchglass.base.ids import CameraId
from watchglass.events import homeassistant
from watchglass.events.homeassistant import (
    CameraNow,
    GoingOn,
    Group,
    available_topic,
    notice_topic,
    own_topics,
    picture_topic,
    retained,
)
from watchglass.events.message import body_text, mail, title, webhook_body
from watchglass.model.detection import Box, ObjectClass
from watchglass.model.event import BestPicture, EventId, ReviewId
from watchglass.model.letter import Letter, LetterEvent
from watchglass.model.metric import Metric, MetricKind
from watchglass.model.notice import NoticeKind
from watchglass.model.notice_event import EventTold, ReviewTold
from watchglass.model.notice_way import MailSettings, MailTls, MqttSettings
from watchglass.model.notifier import Parcel
from watchglass.model.rule import Rule, RuleId, RuleKind
from watchglass.store.notices import NoticeStore
from watchglass.store.vault import Vault

CAMERA = CameraId("c" * 32)
BROKER = MqttSettings("192.0.2.7", 1883, node="n" * 8, picture=True)
MAIL = MailSettings("192.0.2.7", 587, MailTls.STARTTLS, "a@example.org", ("b@example.org",))

# --- numbers --------------------------------------------------------------------------------------

_RECORDERS = {
    "watchglass_health", "watchglass_volume_watermark_age_seconds",
    "watchglass_anchor_age_seconds", "'watchglass health' says why.",
    "Look at the disk: its health, its mount, and what else writes to it.",
    "It grows: the keeper or a disk hangs; see 'watchglass health'.",
    "It stands still: see 'watchglass health'.",
    "The keeper takes none: see 'watchglass health'.",
    "See the log for what the server answered, and 'watchglass health' for why none is sent.",
    "How old the newest moment is up to which all that was written is on disk for sure: so much a"
    " power cut would cost.",
    "Somebody guesses, or the other system has an old token: make the relay anew.",
}  # fmt: skip


def words_of(metrics: Iterable[Metric]) -> Iterator[str]:
    """Names, labels and explanations."""
    for each in metrics:
        yield from (each.name, *each.labels, each.means, each.normal, each.otherwise)


def test_metrics() -> None:
    assert len(ALL) > 100
    assert not offenders(words_of(ALL), _RECORDERS)
    planted = Metric(
        "watchglass_visitors_total", MetricKind.COUNTER, ("camera", "age_group"), "Visitors.",
        "Some.", "Fewer women than men come: see which.",
    )  # fmt: skip
    assert offenders(words_of([*ALL, planted]), _RECORDERS) == {
        "age_group", "Fewer women than men come: see which."
    }  # fmt: skip
    assert offenders(words_of([replace_name(planted, "watchglass_faces_total")]), _RECORDERS) == {
        "watchglass_faces_total", "age_group", "Fewer women than men come: see which."
    }  # fmt: skip


def replace_name(of: Metric, name: str) -> Metric:
    return Metric(name, of.kind, of.labels, of.means, of.normal, of.otherwise)


def test_what_a_monitor_reads_has_nothing_but_the_tables() -> None:
    """So that to read them is to read all of it."""
    told = exposition([each.at(1, *("x" for _ in each.labels)) for each in ALL])
    known = {f"{each.name}{'{' if each.labels else ' '}" for each in ALL}
    for line in told.splitlines():
        assert line.startswith("# ") or any(line.startswith(each) for each in known), line


# --- a broker, and Home Assistant -----------------------------------------------------------------


def rule(kind: RuleKind, *kinds: ObjectClass) -> Rule:
    return Rule(id=RuleId("d" * 32), camera=CAMERA, name="Porch", kind=kind, kinds=kinds)


def broker_told() -> Mapping[str, str]:
    """All that it is to keep, of each kind of rule about each kind of thing, all going on."""
    found: dict[str, str] = dict.fromkeys(
        (
            available_topic(BROKER), notice_topic(BROKER), picture_topic(BROKER, CAMERA),
            *own_topics(BROKER),
        ),
        "",
    )  # fmt: skip
    camera = CameraNow(CAMERA, "Hall", online=True, recording=True)
    for thing in ObjectClass:
        going_on = GoingOn()
        going_on.known = True
        going_on.hear(
            EventTold(
                event=EventId("e" * 32), camera=CAMERA, rule=RuleId("d" * 32), area=None,
                kind=thing, from_ns=NS_PER_S, to_ns=None,
            )
        )  # fmt: skip
        rules = [rule(kind, *of) for kind in RuleKind for of in ((), (thing,))]
        for number, each in enumerate(rules):
            told = retained(BROKER, [camera], [each], going_on, {CAMERA: "https://x"}, "1")
            found |= {f"{topic}#{thing}{number}": text for topic, text in told.items()}
    return found


def words_told(told: Mapping[str, str]) -> Iterator[str]:
    """Topics, and each key and text of what is told there."""
    for topic, text in told.items():
        yield topic.partition("#")[0]
        yield from strings(json.loads(text)) if text.startswith("{") else (text,)


def test_what_a_broker_and_home_assistant_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    told = broker_told()
    assert {topic.partition("/")[0] for topic in told} == {"watchglass", "homeassistant"}
    assert sum(1 for _ in words_told(told)) > 5000
    assert not offenders(words_told(told))
    monkeypatch.setitem(homeassistant._CLASSES, Group.PERSON, "gender")
    assert offenders(words_told(broker_told())) == {"gender"}
    planted = {"watchglass/n/c/age": "ON", "watchglass/n/c/last_event": '{"mood": "happy"}'}
    assert offenders(words_told(planted)) == {"watchglass/n/c/age", "mood", "happy"}


# --- notices --------------------------------------------------------------------------------------


@pytest.fixture
def letters(tmp_path: Path) -> list[Letter]:
    """Of a review item of each kind of thing, as an alarm and not; and of each kind of notice."""
    store = NoticeStore(tmp_path / "site.db", Vault(tmp_path / "key", Disk()))
    events = NoticeEvents(store, Watched(origin=lambda: "https://recorder.example"))
    told = ReviewTold(
        review=ReviewId("1" * 32), camera=CAMERA, rule=RuleId("d" * 32), rule_name="Porch",
        kind=ObjectClass.PERSON, at_ns=5 * NS_PER_S,
        best=BestPicture(6 * NS_PER_S, Box(0.1, 0.1, 0.2, 0.2)),
    )  # fmt: skip
    for number, thing in enumerate(ObjectClass):
        for alarm in (False, True):
            review = ReviewId(f"{number:032x}")
            events.take(replace(told, review=review, kind=thing, alarm=alarm))
    found = [letter for letter, _ in events.letters({CAMERA: "Hall"})]
    store.close()
    assert {letter.object for letter in found} == set(ObjectClass)
    return found + [
        Letter(event=event, kind=kind, subject="Hall", text="Hall", at_ns=NS_PER_S, ended_ns=1)
        for kind in NoticeKind
        for event in LetterEvent
    ]


def leaves(letter: Letter) -> Iterator[str]:
    """Each text of it as it leaves: webhook and broker, mail, and the services of apprise."""
    parcel = Parcel(letter, b"\xff\xd8", 1, NS_PER_S, NS_PER_S)
    yield from strings(json.loads(webhook_body(parcel)))
    yield mail(MAIL, parcel)
    yield title(letter)
    yield body_text(letter)


def all_that_leaves(letters: Iterable[Letter]) -> Iterator[str]:
    return (text for letter in letters for text in leaves(letter))


def test_notices(letters: list[Letter]) -> None:
    assert not offenders(all_that_leaves(letters))
    planted = replace(letters[0], subject="Hall: an elderly person", text="In a bad mood.")
    found = offenders(leaves(planted))
    assert {"Hall: an elderly person", "Watchglass: Hall: an elderly person"} < found
    assert len(found) == 4  # the mail, and the body
    assert offenders(leaves(replace(letters[0], rule="by gender"))) == {"by gender"}


# --- whatever else the recorder composes ----------------------------------------------------------

_COMPOSED = {
    ".age", "camera_disabled", "child_died", "child_killed", "head", "Health",
    "A head is not there any more: try again.",
    "No ledger with a signed head is on these volumes: nothing can be restored from them.…",
    "old: make one with 'watchglass backup'.",
    # Of HTTP, of users, and of the recorder.
    "; Path=/; Max-Age=", "max-age=31536000", "public, max-age=31536000, immutable", "HEAD",
    "/users/{user}/disabled", "putDisabled", "disabled {}", "/health", "getHealth",
}  # fmt: skip


def literals(source: str) -> Iterator[str]:
    """Each text in a program, those in f-strings too; without what explains it."""
    found = list(ast.walk(ast.parse(source)))
    # A text that stands by itself.
    explains = {id(each.value) for each in found if isinstance(each, ast.Expr)}
    for node in found:
        match node:
            case ast.Constant(value=str(text)) if id(node) not in explains:
                yield text


def composed() -> Iterator[str]:
    """Of notices, of the recorder, of the page's events and links, and between processes; what
    commands print is read with the commands."""
    for package in ("events", "app", "api", "live", "bus"):
        for path in (ROOT / "src" / "watchglass" / package).rglob("*.py"):
            if "cli" not in path.parts:
                yield from literals(path.read_text(encoding="utf-8"))


def unlike(found: Iterable[str]) -> Found:
    return offenders(found, _COMPOSED | _RECORDERS)


def test_what_the_recorder_composes() -> None:
    texts = set(composed())
    assert len(texts) > 2500
    # Of each of these a piece, so that they are among what is read.
    for piece in ("is not recorded", "unique_id", "the camera does not answer", "first time: "):
        assert any(piece in each for each in texts), piece
    assert not unlike(texts)


@pytest.mark.parametrize(
    ("program", "found"),
    [
        ('say(f"{name}: an elderly person")', ": an elderly person"),
        ('told = {"gender": each.kind}', "gender"),
        ('class Of:\n    """Of faces."""\n    topic = "watchglass/faces"', "watchglass/faces"),
        ('def f():\n    "By age."\n    return "looks " "sad"', "looks sad"),
    ],
)
def test_planted_ones_are_found(program: str, found: str) -> None:
    assert unlike(literals(program)) == {found}
