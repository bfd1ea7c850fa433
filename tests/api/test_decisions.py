"""Holds, erasures and requests of people over the API: two people, real files, a real keeper."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.api.mask_desk import MaskDesk
from tests.api.people import Person, arrived
from tests.api.recorded import Browser, Recorded, Running, running
from tests.store.understood import BEGAN_NS, walk
from watchglass.access.right import Action, Role
from watchglass.app.decisions import Decisions
from watchglass.base.clock import NS_PER_S, SimulatedClock
from watchglass.base.ids import CameraId
from watchglass.evidence.page.statement import statement_page
from watchglass.evidence.verify import check_statement, verdict
from watchglass.model.gap import GapCause
from watchglass.model.order import Order
from watchglass.model.subject_request import (
    AnswerSubjectRequest,
    RequestOutcome,
    TakeSubjectRequest,
)
from watchglass.recording.ledger import Ledger

_MS = 1_000_000
V1 = "/api/v1"


def newest(found: list[dict[str, Any]], seen: set[str]) -> dict[str, Any]:
    """The one that was not there before: the clock stands still between them."""
    (one,) = (each for each in found if each["id"] not in seen)
    seen.add(one["id"])
    return one


@dataclass
class Two:
    """Ann asks, Bob decides; Vera only looks."""

    at: Running
    recorded: Recorded
    ann: Browser
    bob: Browser
    vera: Browser
    _seen: set[str] = field(default_factory=set)

    @property
    def camera(self) -> str:
        return self.recorded.camera

    def ms(self, seconds: float) -> int:
        return (self.recorded.began_ns + round(seconds * NS_PER_S)) // _MS

    def ask(self, begin: float, end: float, **more: Any) -> dict[str, Any]:
        body = {"from_ms": self.ms(begin), "to_ms": self.ms(end), "reason": "asked by a neighbour"}
        answer = self.ann.send("POST", f"{V1}/cameras/{self.camera}/erasures", body | more)
        assert answer.status_code == 201, answer.text
        return newest(answer.json()["erasures"], self._seen)

    def state(self, erasure: str) -> dict[str, Any]:
        found: list[dict[str, Any]] = self.bob.json(f"{V1}/erasures")["erasures"]
        return next(each for each in found if each["id"] == erasure)

    def take(self, **body: Any) -> dict[str, Any]:
        taken = self.ann.send("POST", f"{V1}/requests", {"cameras": [self.camera]} | body)
        assert taken.status_code == 201, taken.text
        return newest(taken.json()["requests"], self._seen)

    def decide(self, by: Browser, erasure: str, decision: str, note: str = "") -> Any:
        body = {"decision": decision, "note": note}
        return by.send("POST", f"{V1}/cameras/{self.camera}/erasures/{erasure}/decide", body)

    def line(self, type: str) -> list[dict[str, object]]:
        folder = self.recorded.site.state / "ledger" / self.camera
        return [each.fields for each in Ledger.read_lines(folder) if each.type == type]

    def public(self) -> str:
        return str(self.line("key")[-1]["public_key"])


def verified(made: dict[str, str], two: Two) -> dict[str, str]:
    fingerprint = hashlib.sha256(bytes.fromhex(two.public())).hexdigest()
    return verdict(check_statement(json.dumps(made).encode(), fingerprint))


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Two]:
    recorded = Recorded(tmp_path_factory.mktemp("decisions"), sound=True)
    recorded.record(32)
    recorded.worker.tell_gap(recorded.camera, GapCause.STALLED)
    recorded.cycle()
    recorded.cycle()
    rights = frozenset({Action.PLAYBACK, Action.HOLD, Action.ERASE})
    with running(recorded) as (at, _):
        people = [
            arrived(at, Person(name, Role.INVESTIGATOR, actions, None, site=site))
            for name, actions, site in (
                ("ann", rights, frozenset({Action.HANDLE_REQUESTS})),
                ("bob", rights, frozenset()), ("vera", frozenset({Action.PLAYBACK}), frozenset()),
            )
        ]  # fmt: skip
        ann, bob, vera = people
        yield Two(at, recorded, ann, bob, vera)
        for each in people:
            each.http.close()


def media(two: Two) -> bytes:
    return b"".join(path.read_bytes() for path in two.recorded.site.files)


def test_two_people_erase_and_everything_of_it_goes(two: Two) -> None:
    plan = two.bob.json(
        f"{V1}/playback/{two.camera}/main", params={"at_ms": two.ms(0), "span_ms": 32_000}
    )
    piece = plan["pieces"][1]
    segment = piece["video"]["segments"][0]["url"]
    assert two.bob.get(segment).status_code == 200
    found = two.at.of.found
    assert found is not None
    store = found.store
    ago_s = (two.recorded.began_ns - BEGAN_NS) / NS_PER_S
    found.write(
        [walk(name, ago_s + at, ago_s + at + 2, camera=two.recorded.camera)
         for name, at in (("gone", 8), ("kept", 28))]
    )  # fmt: skip
    asked = two.ask(7, 11)
    assert (asked["state"], asked["may_decide"], asked["asked_by"]) == ("asked", False, "ann")
    # Nobody decides on what they asked for; who has no right does not see it, and may not.
    assert two.decide(two.ann, asked["id"], "approved").status_code == 409
    assert two.vera.json(f"{V1}/erasures")["erasures"] == []
    assert two.decide(two.vera, asked["id"], "approved").status_code == 403
    assert not two.line("erasure_ordered")
    before = media(two)
    done = two.decide(two.bob, asked["id"], "approved")
    assert done.status_code == 200, done.text
    first = two.state(asked["id"])
    assert (first["state"], first["decided_by"]) == ("approved", "bob")
    assert first["done_ms"] is not None
    assert len(media(two)) < len(before)
    assert two.bob.get(segment).status_code == 410
    for kind in ("thumbnail", "still"):
        path = f"{V1}/{kind}/{two.camera}" + ("/main" if kind == "still" else "")
        shown = two.bob.get(path, params={"at_ms": two.ms(9)})
        # The newest picture before it, and none of it.
        assert shown.status_code != 200 or int(shown.headers["x-picture-ms"]) < two.ms(7)
    kinds = store.kinds_between(two.recorded.camera, 0, 2**62)
    assert len(kinds) == 1, "the track of that time went, the later one stayed"
    line = two.bob.json(
        f"{V1}/timeline", params={"from_ms": two.ms(0), "to_ms": two.ms(32), "buckets": 64}
    )
    assert "erased" in json.dumps(line)
    # Decided is decided.
    assert two.decide(two.bob, asked["id"], "refused").status_code == 409


def test_the_receipt_proves_it_and_shows_nothing(two: Two) -> None:
    erasures = two.bob.json(f"{V1}/erasures")["erasures"]
    done = next((each for each in erasures if each["done_ms"]), None)
    if done is None:
        asked = two.ask(20, 21)
        assert two.decide(two.bob, asked["id"], "approved").status_code == 200
        done = asked
    path = f"{V1}/cameras/{two.camera}/erasures/{done['id']}/receipt"
    two.recorded.site.cycle(lasts_s=61)
    made = two.ann.json(path)
    document, signature = made["statement"], made["signature"]
    assert verified(made, two) == {"intact": "yes", "from": "yes"}
    told = json.loads(document)
    assert (told["asked_by"], told["approved_by"]) == ("ann", "bob")
    assert told["gone"], "what went is told by its span"
    for change in (
        document.replace('"bob"', '"ann"'), document.replace(told["to"], told["from"]),
        document.replace('"kind":"watchglass erasure', '"kind":"watchglass'),
    ):  # fmt: skip
        assert verified({**made, "statement": change}, two)["intact"] != "yes"
    page = two.ann.get(f"{path}.html")
    assert page.status_code == 200
    assert "Receipt of an erasure" in page.text
    assert "<script" not in page.text and "<img" not in page.text  # noqa: PT018
    assert two.vera.get(path).status_code == 403
    hostile = json.dumps({**told, "name": "<script>alert(1)</script>"})
    assert "<script>" not in statement_page(hostile, signature)


def test_what_is_held_is_not_erased(two: Two) -> None:
    body = {"from_ms": two.ms(14), "to_ms": two.ms(15), "reason": "a dispute"}
    held = two.bob.send("POST", f"{V1}/cameras/{two.camera}/holds", body)
    assert held.status_code == 201, held.text
    (hold,) = held.json()["holds"]
    assert (hold["by"], hold["reason"], hold["may_lift"]) == ("bob", "a dispute", True)
    assert two.vera.json(f"{V1}/holds")["holds"][0]["by"] is None
    assert two.vera.send("POST", f"{V1}/cameras/{two.camera}/holds", body).status_code == 403
    asked = two.ask(13, 16)
    refused = two.decide(two.bob, asked["id"], "approved")
    assert refused.status_code == 409
    assert "held" in refused.text
    assert two.state(asked["id"])["state"] == "asked", "it can be approved once the hold is lifted"
    assert two.decide(two.ann, asked["id"], "withdrawn").status_code == 200
    lift = f"{V1}/cameras/{two.camera}/holds/{hold['id']}/lift"
    assert two.bob.send("POST", lift, {"reason": "settled"}).json()["holds"] == []


def test_a_request_holds_its_span_until_it_is_answered(two: Two) -> None:
    body = {
        "contact": "mail@example.org", "who": "somebody in a red coat", "cameras": [two.camera],
        "from_ms": two.ms(24), "to_ms": two.ms(26),
    }  # fmt: skip
    assert two.bob.send("POST", f"{V1}/requests", body).status_code == 403
    one = two.take(**body)
    assert one["deadline_ms"] - one["received_ms"] == 30 * 24 * 3600 * 1000
    (hold,) = two.bob.json(f"{V1}/holds")["holds"]
    assert hold["of_request"] and not hold["may_lift"]  # noqa: PT018
    # Somebody else's erasure of it is refused; the one that answers it is not.
    other = two.ask(24, 26)
    assert two.decide(two.bob, other["id"], "approved").status_code == 409
    statement = two.ann.json(f"{V1}/requests/{one['id']}/held")
    told = json.loads(statement["statement"])
    assert told["cameras"][0]["recorded_s"] == 2
    assert verified(statement, two) == {"intact": "yes", "from": "yes"}
    own = two.ask(24, 26, request=one["id"])
    approved = two.decide(two.bob, own["id"], "approved")
    assert approved.status_code == 200, approved.text
    answer = {"outcome": "erased", "answer": ""}
    answered = two.ann.send("POST", f"{V1}/requests/{one['id']}/answer", answer)
    outcomes = {each["id"]: each["outcome"] for each in answered.json()["requests"]}
    assert outcomes[one["id"]] == "erased"
    assert two.bob.json(f"{V1}/holds")["holds"] == []
    page = two.ann.get(f"{V1}/requests/{one['id']}/held.html")
    assert "What is held, and who saw it" in page.text
    again = two.ann.send("POST", f"{V1}/requests/{one['id']}/answer", answer)
    assert again.status_code == 409


def test_a_refusal_is_told_why(two: Two, tmp_path: Path) -> None:
    body = {"contact": "x", "cameras": [two.camera], "from_ms": two.ms(1), "to_ms": two.ms(2)}
    one = two.take(**body)
    answer = f"{V1}/requests/{one['id']}/answer"
    assert two.ann.send("POST", answer, {"outcome": "refused"}).status_code in (400, 422)
    told = two.ann.send("POST", answer, {"outcome": "refused", "answer": "no such person"})
    assert told.status_code == 200
    assert two.bob.json(f"{V1}/holds")["holds"] == []


def test_the_deadline_is_told_of_before_it_comes(tmp_path: Path) -> None:
    """A week before it and a day before it; each once."""
    clock = SimulatedClock()
    camera = CameraId("c" * 32)
    desk = MaskDesk(tmp_path / "site", clock, [camera])

    class Keeper:
        def order(self, order: Order) -> str:
            return ""

    decisions = Decisions(desk.store, Keeper(), desk.note, clock, lambda *_: None)
    now_ns = clock.wall_ns()
    decisions.take_request(
        TakeSubjectRequest("d" * 32, "", "x", "", (camera,), now_ns - 9, now_ns - 1, "ann")
    )
    told = []
    for _ in range(32):
        told.append(len(decisions.due()))
        clock.advance(24 * 3600 * NS_PER_S)
    assert [day for day, count in enumerate(told) if count] == [23, 29]
    decisions.answer_request(AnswerSubjectRequest("d" * 32, RequestOutcome.NOTHING, "", "ann"))
    assert decisions.due() == []
    assert desk.store.forget_subjects() == 0
    clock.advance(91 * 24 * 3600 * NS_PER_S)
    decisions.keep_up()
    (one,) = desk.store.subject_requests()
    assert (one.contact, one.forgotten_ns is not None) == ("", True)
