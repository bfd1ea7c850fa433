"""Redacted copies over the API: who may have one made, correct it, and fetch it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import msgspec
import pytest

from tests.analytics.test_covering import going, linked
from tests.api.people import Person, arrived
from tests.api.recorded import Browser, Recorded, Running
from watchglass.access.right import Action, Role
from watchglass.base.clock import NS_PER_S
from watchglass.model.look import Look, LookKind
from watchglass.model.redaction import COPY, FOUND, RedactionState

URL = "/api/v1/redactions"
_MAY = frozenset({Action.PLAYBACK, Action.CLIP})
PICTURES = 60
FILM = b"an MP4 " * 9000


@dataclass
class Scene:
    at: Running
    recorded: Recorded
    people: dict[str, Browser]

    @property
    def desk(self) -> Any:
        return self.at.of.redactions

    def body(self, from_s: float = 3, to_s: float = 9, **more: Any) -> dict[str, Any]:
        began = self.recorded.began_ns
        return {
            "camera": self.recorded.camera, "reason": "request 17",
            "from_ms": (began + int(from_s * NS_PER_S)) // 1_000_000,
            "to_ms": (began + int(to_s * NS_PER_S)) // 1_000_000,
        } | more  # fmt: skip

    def ask(self, who: str = "asks", **more: Any) -> str:
        answer = self.people[who].send("POST", URL, self.body(**more))
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    def made(self) -> str:
        """One in which one thing was found, as if its process had looked."""
        id = self.ask()
        found = linked([going(PICTURES)], failed=frozenset({20}))
        (self.desk.folder / id / FOUND).write_bytes(msgspec.json.encode(found))
        self.set(id, state=RedactionState.MADE, pictures=PICTURES, detector=found.detector)
        return id

    def written(self) -> str:
        id = self.made()
        (self.desk.folder / id / COPY).write_bytes(FILM)
        self.set(id, state=RedactionState.WRITTEN, bytes=len(FILM))
        return id

    def set(self, id: str, **changes: Any) -> None:
        self.desk._put(msgspec.structs.replace(self.desk._redactions[id], **changes))

    def send(self, id: str, what: str, body: Any = None, who: str = "asks") -> Any:
        return self.people[who].send("POST", f"{URL}/{id}/{what}", body or {})


@pytest.fixture(scope="module")
def scene(signed_in: tuple[Running, Browser], recorded: Recorded) -> Iterator[Scene]:
    at, admin = signed_in
    hall, gate = recorded.cameras
    from_ns, to_ns = recorded.began_ns + 2 * NS_PER_S, recorded.began_ns + 10 * NS_PER_S
    people = [
        Person("asks", Role.OPERATOR, _MAY, frozenset({hall})),
        Person("other camera", Role.OPERATOR, _MAY, frozenset({gate})),
        Person("some time", Role.OPERATOR, _MAY, frozenset({hall}), from_ns, to_ns),
        Person("watches", Role.OPERATOR, frozenset({Action.PLAYBACK}), None),
    ]
    found = {each.name: arrived(at, each) for each in people}
    yield Scene(at, recorded, found | {"admin": admin})
    for each in people:
        found[each.name].http.close()


@pytest.fixture(autouse=True)
def none_left(scene: Scene) -> Iterator[None]:
    yield
    for each in list(scene.desk._redactions.values()):
        scene.desk._drop(each)


@pytest.mark.parametrize(
    ("who", "status"),
    [("asks", 201), ("admin", 201), ("some time", 201), ("other camera", 403), ("watches", 403)],
)
def test_it_takes_the_right_to_a_clip(scene: Scene, who: str, status: int) -> None:
    answer = scene.people[who].send("POST", URL, scene.body())
    assert answer.status_code == status, answer.text


def test_it_is_noted_as_what_it_is_before_anything_is_read(scene: Scene) -> None:
    before = len(scene.at.of.noted)
    scene.ask()
    (look,) = scene.at.of.noted[before:]
    assert isinstance(look, Look)
    assert (look.kind, look.user, look.camera) == (
        LookKind.REDACTED, "asks", scene.recorded.camera,
    )  # fmt: skip
    assert look.reason == "request 17"
    for wrong in ({"reason": " "}, {"to_s": 3}, {"to_s": 3 + 901}):
        answer = scene.people["admin"].send("POST", URL, scene.body(**wrong))
        assert answer.status_code == 400, wrong
    late = scene.people["some time"].send("POST", URL, scene.body(3, 12))
    assert late.status_code == 403


@pytest.mark.parametrize("who", ["other camera", "watches"])
def test_what_somebody_may_not_take_a_clip_of_is_not_there(scene: Scene, who: str) -> None:
    id, browser = scene.written(), scene.people[who]
    assert browser.json(URL)["redactions"] == []
    for path in ("", "/findings", "/pictures?first=0&last=3", f"/files/{COPY}"):
        assert browser.get(f"{URL}/{id}{path}").status_code == 404, path
    for path, body in (
        ("corrections", {"kind": "keep", "number": 0}), ("review", {}), ("write", {}),
    ):  # fmt: skip
        assert scene.send(id, path, body, who).status_code == 404, path
    assert browser.send("DELETE", f"{URL}/{id}", None).status_code == 404


def test_a_person_is_led_through_it_and_each_correction_is_kept(scene: Scene) -> None:
    id, browser = scene.made(), scene.people["asks"]
    told = browser.json(f"{URL}/{id}/findings")
    assert [(each["number"], each["kind"], each["stays"]) for each in told["tracks"]] == [
        (0, "person", False)
    ]
    whole = [(each["first"], each["last"], each["cause"]) for each in told["questions"]]
    assert whole == [(20, 20, "failed")]
    pictures = browser.json(f"{URL}/{id}/pictures?first=18&last=22")["pictures"]
    assert [bool(each["cause"]) for each in pictures] == [False, False, True, False, False]
    assert all(each["hidden"] and not each["shown"] for each in pictures)
    assert scene.send(id, "write").status_code == 409  # nobody has reviewed it
    assert scene.send(id, "corrections", {"kind": "keep", "number": 0}).status_code == 200
    clear = {"kind": "clear", "first": 20, "last": 20}
    assert scene.send(id, "corrections", clear).status_code == 200
    drawn = {"kind": "cover", "first": 0, "last": 1, "box": [0.5, 0.5, 0.6, 0.9]}
    assert scene.send(id, "corrections", drawn).status_code == 200
    pictures = browser.json(f"{URL}/{id}/pictures?first=0&last=59")["pictures"]
    assert [each["number"] for each in pictures if each["hidden"]] == [0, 1]
    assert not any(each["cause"] for each in pictures)
    assert pictures[5]["shown"]
    told = browser.json(f"{URL}/{id}/findings")
    assert (told["questions"], told["tracks"][0]["stays"]) == ([], True)
    said = scene.send(id, "review").json()
    assert (said["state"], said["reviewed_by"]) == ("reviewed", "asks")
    assert [(each["kind"], each["by"]) for each in said["corrections"]] == [
        ("keep", "asks"), ("clear", "asks"), ("cover", "asks"),
    ]  # fmt: skip
    # What was reviewed was another.
    undone = scene.send(id, "corrections", {"kind": "undo", "number": 0}).json()
    assert (undone["state"], undone["reviewed_by"]) == ("made", "")
    scene.send(id, "review")
    before = len(scene.at.of.noted)
    assert scene.send(id, "write").json()["state"] == "writing"
    assert [each.kind for each in scene.at.of.noted[before:]] == [LookKind.REDACTED]


@pytest.mark.parametrize(
    "body",
    [
        {"kind": "keep", "number": 1}, {"kind": "undo", "number": 0},
        {"kind": "clear", "first": 3, "last": 2}, {"kind": "clear", "first": 0, "last": 60},
        {"kind": "cover", "first": 0, "last": 1},
        {"kind": "cover", "first": 0, "last": 1, "box": [0.5, 0.5, 0.4, 0.9]},
        {"kind": "clear", "first": 0, "last": 1, "box": [0.1, 0.1, 0.4, 0.9]},
    ],
)  # fmt: skip
def test_corrections_without_sense_are_refused(scene: Scene, body: dict[str, Any]) -> None:
    id = scene.made()
    assert scene.send(id, "corrections", body).status_code == 400
    assert scene.people["asks"].json(f"{URL}/{id}")["corrections"] == []


def test_a_copy_goes_out_noted_and_not_once_masks_have_changed(scene: Scene) -> None:
    id, browser = scene.written(), scene.people["asks"]
    before = len(scene.at.of.noted)
    answer = browser.get(f"{URL}/{id}/files/{COPY}")
    assert (answer.status_code, answer.content) == (200, FILM)
    assert "attachment" in answer.headers["content-disposition"]
    scene.at.of.noted[before:]
    looks = [each for each in scene.at.of.noted[before:] if isinstance(each, Look)]
    assert [(each.kind, each.user) for each in looks] == [(LookKind.REDACTED, "asks")]
    scene.set(id, masks="those of before")
    assert browser.get(f"{URL}/{id}/files/{COPY}").status_code == 409
    scene.set(id, masks="", state=RedactionState.MADE)
    assert browser.get(f"{URL}/{id}/files/{COPY}").status_code == 409
    assert browser.get(f"{URL}/{id}/files/found.json").status_code == 400
    assert browser.send("DELETE", f"{URL}/{id}", None).status_code == 204
    assert not (scene.desk.folder / id).exists()


def test_what_was_found_goes_with_its_footage(scene: Scene) -> None:
    id = scene.written()
    began = scene.recorded.began_ns
    scene.desk.forget(scene.recorded.camera, began, began + NS_PER_S)
    assert (scene.desk.folder / id / COPY).exists()  # another span
    scene.desk.forget(scene.recorded.camera, began + 4 * NS_PER_S, began + 5 * NS_PER_S)
    assert [each.name for each in (scene.desk.folder / id).iterdir()] == ["redaction.json"]
    told = scene.people["asks"].json(f"{URL}/{id}")
    assert (told["state"], told["url"]) == ("failed", "")
    assert "erased" in told["error"]
