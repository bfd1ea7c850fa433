"""Evidence bundles over the API: who may ask, agree, see and fetch which, route by route."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from msgspec.structs import replace

from tests.api.people import Person, arrived
from tests.api.recorded import Browser, Recorded, Running
from watchglass.access.right import Action, Role
from watchglass.base.clock import NS_PER_S
from watchglass.base.errors import BusError
from watchglass.model.act import ActKind
from watchglass.model.export import ConsentRule, Export, ExportState
from watchglass.model.look import LookKind

URL = "/api/v1/exports"
_MAY = frozenset({Action.PLAYBACK, Action.SOUND, Action.EXPORT})
ZIP = b"PK bytes of a bundle " * 70_000
ACTS = ("approve", "refuse", "accept", "object")


@dataclass
class Scene:
    at: Running
    recorded: Recorded
    people: dict[str, Browser]

    @property
    def desk(self) -> Any:
        return self.at.of.exports

    def body(self, from_s: float = 3, to_s: float = 9, **more: Any) -> dict[str, Any]:
        began = self.recorded.began_ns
        return {
            "cameras": [self.recorded.camera], "reason": "case 17",
            "from_ms": (began + int(from_s * NS_PER_S)) // 1_000_000,
            "to_ms": (began + int(to_s * NS_PER_S)) // 1_000_000,
        } | more  # fmt: skip

    def ask(self, who: str = "asks", **more: Any) -> dict[str, Any]:
        answer = self.people[who].send("POST", URL, self.body(**more))
        assert answer.status_code == 201, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def made(self, who: str = "asks", **more: Any) -> str:
        """A bundle that is there."""
        id = str(self.ask(who, **more)["id"])
        export: Export = self.desk.book.get(id)
        (self.desk.folder / export.file).write_bytes(ZIP)
        self.desk.book.put(replace(export, state=ExportState.DONE, bytes=len(ZIP)))
        return id


@pytest.fixture(scope="module")
def scene(signed_in: tuple[Running, Browser], recorded: Recorded) -> Iterator[Scene]:
    at, admin = signed_in
    hall, gate = recorded.cameras
    from_ns, to_ns = recorded.began_ns + 2 * NS_PER_S, recorded.began_ns + 10 * NS_PER_S
    people = [
        Person("asks", Role.INVESTIGATOR, _MAY, frozenset({hall})),
        Person("second", Role.INVESTIGATOR, _MAY, None),
        Person("other camera", Role.INVESTIGATOR, _MAY, frozenset({gate})),
        Person("some time", Role.INVESTIGATOR, _MAY, frozenset({hall}), from_ns, to_ns),
        Person("clips alone", Role.OPERATOR, frozenset({Action.PLAYBACK, Action.CLIP}), None),
        Person("unmasks", Role.INVESTIGATOR, _MAY | {Action.UNMASK}, frozenset({hall})),
    ]
    found = {each.name: arrived(at, each) for each in people}
    yield Scene(at, recorded, found | {"admin": admin})
    for each in people:
        found[each.name].http.close()


@pytest.fixture(autouse=True)
def no_rule(scene: Scene) -> Iterator[None]:
    yield
    scene.desk._store.set_consent_rule(ConsentRule())


@pytest.mark.parametrize(
    ("who", "status"),
    [("asks", 201), ("second", 201), ("admin", 201), ("some time", 201), ("unmasks", 201),
     ("other camera", 403), ("clips alone", 403)],
)  # fmt: skip
def test_it_takes_the_right_to_export(scene: Scene, who: str, status: int) -> None:
    answer = scene.people[who].send("POST", URL, scene.body())
    assert answer.status_code == status, answer.text


def test_it_takes_the_right_for_all_of_the_span_and_each_camera(scene: Scene) -> None:
    late = scene.people["some time"].send("POST", URL, scene.body(3, 12))
    assert late.status_code == 403
    both = scene.body(cameras=list(scene.recorded.cameras))
    assert scene.people["asks"].send("POST", URL, both).status_code == 403
    assert scene.people["second"].send("POST", URL, both).status_code == 201


def test_a_reason_is_demanded_and_the_ledger_has_the_request(scene: Scene) -> None:
    none = scene.people["asks"].send("POST", URL, scene.body(reason=""))
    assert none.status_code == 400
    blank = scene.people["asks"].send("POST", URL, scene.body(reason="  "))
    assert blank.status_code == 400
    before = len(scene.at.of.acts)
    made = scene.ask()
    act = scene.at.of.acts[before]
    assert (act.kind, act.user, act.camera) == (ActKind.EVIDENCE, "asks", scene.recorded.camera)
    assert "case 17" in act.detail
    assert made["id"][:12] in act.detail


@pytest.mark.parametrize("who", ["other camera", "clips alone"])
def test_what_somebody_may_not_export_is_not_there(scene: Scene, who: str) -> None:
    """Each route that names a bundle."""
    id, browser = scene.made(), scene.people[who]
    assert browser.json(URL)["exports"] == []
    assert browser.get(f"{URL}/{id}").status_code == 404
    assert browser.get(f"{URL}/{id}/file").status_code == 404
    for act in (*ACTS, "stop", "resume"):
        body = {"reason": "why"} if act in ACTS else None
        assert browser.send("POST", f"{URL}/{id}/{act}", body).status_code == 404, act
    assert browser.send("DELETE", f"{URL}/{id}").status_code == 404
    assert scene.people["asks"].json(f"{URL}/{id}")["state"] == "done"


def test_the_rule_is_the_admins(scene: Scene) -> None:
    body = {"needed": True, "review_h": 5}
    assert scene.people["second"].send("PUT", f"{URL}/rule", body).status_code == 403
    assert scene.people["admin"].send("PUT", f"{URL}/rule", body).json() == body
    assert scene.people["asks"].json(URL)["rule"] == body


def test_a_second_person_agrees_and_never_the_same(scene: Scene) -> None:
    scene.desk._store.set_consent_rule(ConsentRule(needed=True))
    asked = scene.ask()
    assert (asked["state"], asked["may_decide"], asked["mine"]) == ("asked", False, True)
    path = f"{URL}/{asked['id']}/approve"
    own = scene.people["asks"].send("POST", path, {"reason": ""})
    assert (own.status_code, own.json()["code"]) == (409, "refused")
    shown = scene.people["second"].json(f"{URL}/{asked['id']}")
    assert (shown["may_decide"], shown["mine"]) == (True, False)
    agreed = scene.people["second"].send("POST", path, {"reason": "seen"}).json()
    assert (agreed["state"], agreed["consent"]) == ("waiting", "given")
    assert agreed["decision"]["by"] == "second"
    stopped = scene.people["asks"].send("POST", f"{URL}/{asked['id']}/stop").json()
    assert stopped["state"] == "stopped"
    resumed = scene.people["asks"].send("POST", f"{URL}/{asked['id']}/resume").json()
    assert resumed["state"] == "waiting"


def test_an_emergency_waits_for_a_review(scene: Scene) -> None:
    scene.desk._store.set_consent_rule(ConsentRule(needed=True))
    id = scene.made(emergency=True)
    told = scene.people["second"].json(f"{URL}/{id}")
    assert (told["consent"], told["may_review"], told["overdue"]) == ("emergency", True, False)
    assert scene.people["asks"].send("DELETE", f"{URL}/{id}").status_code == 409
    own = scene.people["asks"].send("POST", f"{URL}/{id}/accept", {"reason": ""})
    assert own.status_code == 409
    silent = scene.people["second"].send("POST", f"{URL}/{id}/object", {"reason": ""})
    assert silent.status_code == 400
    done = scene.people["second"].send("POST", f"{URL}/{id}/accept", {"reason": "it was one"})
    assert done.json()["review"]["agreed"] is True
    assert scene.people["asks"].send("DELETE", f"{URL}/{id}").status_code == 204
    assert scene.people["asks"].get(f"{URL}/{id}").status_code == 404


def test_a_bundle_is_fetched_and_each_time_noted(scene: Scene) -> None:
    id = scene.made()
    before = len(scene.at.of.looks)
    got = scene.people["second"].get(f"{URL}/{id}/file")
    assert got.content == ZIP
    assert got.headers["content-type"] == "application/zip"
    assert f"evidence-{id[:12]}.zip" in got.headers["content-disposition"]
    (look,) = scene.at.of.looks[before:]
    assert (look.kind, look.user, look.unmasked) == (LookKind.EVIDENCE, "second", False)
    assert "case 17" in look.reason


def test_who_cannot_be_noted_gets_nothing(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    id = scene.made()
    queue = scene.at.of.app.state.services.notes

    async def deaf(_: object) -> None:
        raise BusError("The keeper does not answer.")

    monkeypatch.setattr(queue, "tell", deaf)
    answer = scene.people["second"].get(f"{URL}/{id}/file")
    assert answer.status_code == 503
    assert b"PK" not in answer.content


def test_what_is_not_made_yet_is_not_fetched(scene: Scene) -> None:
    asked = scene.ask()
    assert asked["url"] == ""
    assert scene.people["asks"].get(f"{URL}/{asked['id']}/file").status_code == 409


def test_a_masked_camera_takes_the_right_to_unmask(scene: Scene) -> None:
    """To ask for it, to agree to it, and to fetch it; those of before it was masked, too."""
    assert scene.at.of.masks is not None
    earlier = scene.made()
    mask = scene.at.of.masks.draw(scene.recorded.camera)
    try:
        plain = scene.people["unmasks"].send("POST", URL, scene.body())
        assert (plain.status_code, plain.json()["code"]) == (409, "refused")
        body = scene.body(unmask=True)
        assert scene.people["asks"].send("POST", URL, body).status_code == 403
        id = scene.made("unmasks", unmask=True)
        assert scene.desk.book.get(id).cameras[0].unmasked
        assert scene.people["second"].get(f"{URL}/{id}").status_code == 404
        assert scene.people["second"].get(f"{URL}/{id}/file").status_code == 404
        late = scene.people["asks"].get(f"{URL}/{earlier}/file")
        assert (late.status_code, late.json()["code"]) == (403, "masked")
        before = len(scene.at.of.looks)
        assert scene.people["unmasks"].get(f"{URL}/{id}/file").content == ZIP
        assert scene.at.of.looks[before].unmasked
    finally:
        store = scene.at.of.masks.store
        store.end_mask(scene.recorded.camera, mask.id, None, "me", "over")


def test_a_passphrase_is_taken_and_never_told(scene: Scene) -> None:
    words = "correct horse battery"
    id = scene.made(passphrase=words)
    answer = scene.people["second"].get(f"{URL}/{id}")
    assert answer.json()["encrypted"] is True
    got = scene.people["second"].get(f"{URL}/{id}/file")
    assert got.headers["content-type"] == "application/octet-stream"
    assert f"evidence-{id[:12]}.zip.age" in got.headers["content-disposition"]
    listed = scene.people["asks"].get(URL)
    assert words not in answer.text + listed.text
    assert words not in str(scene.at.of.acts)
    for bad in ("too short", "x" * 257, ["in", "a", "list"]):
        refused = scene.people["asks"].send("POST", URL, scene.body(passphrase=bad))
        assert refused.status_code == 400
        assert str(bad)[:9] not in refused.text
    assert scene.ask(passphrase="")["encrypted"] is False
