"""Cameras handed on from the page: who may, what is shown once, and what is said of masks."""

import pytest

from tests.api.people import Person, arrived
from tests.api.recorded import Browser, Recorded, Running
from watchglass.access.right import CAMERA_ACTIONS, Role
from watchglass.model.restream import secret_of

BODY = {"host": "127.0.0.1", "port": 18_554}


def test_a_relay_is_made_shown_once_and_ended(
    signed_in: tuple[Running, Browser], recorded: Recorded
) -> None:
    at, admin = signed_in
    path = f"/api/v1/cameras/{recorded.camera}/relays"
    assert admin.json(path)["relays"] == []
    made = admin.send("POST", path, BODY)
    assert made.status_code == 201, made.text
    told = made.json()
    assert told["url"] == f"rtsp://127.0.0.1:18554/{recorded.camera[:8]}/main"
    assert at.of.masks is not None
    (kept,) = at.of.masks.store.restreams(recorded.camera)
    assert kept.secret == secret_of(told["user"], told["token"])
    assert told["token"] not in str(kept)
    listed = admin.get(path)
    assert told["token"] not in listed.text
    assert kept.secret not in listed.text
    (relay,) = listed.json()["relays"]
    assert (relay["masks"], relay["problem"], relay["sound"]) == ("refuse", "", False)
    assert [each["address"] for each in relay["takers"]] == ["10.0.0.9"]
    (of_site,) = [each for each in admin.json("/api/v1/relays")["relays"] if each["id"] == kept.id]
    assert of_site == relay | {"camera": recorded.camera}
    # What is there already is refused, and so is an address that is none of ours.
    assert admin.send("POST", path, BODY).status_code == 409
    elsewhere = admin.send("POST", path, BODY | {"host": "192.0.2.7"})
    assert elsewhere.status_code in (400, 422)
    assert "name another" in elsewhere.json()["detail"]
    other = f"/api/v1/cameras/{recorded.cameras[1]}/relays/{relay['id']}/end"
    assert admin.send("POST", other, {}).status_code == 404
    ended = admin.send("POST", f"{path}/{relay['id']}/end", {"reason": "switched"})
    assert ended.json()["relays"] == []
    details = [detail for *_, detail in at.of.masks.notes if "relay" in detail]
    assert len(details) == 2
    assert details[-1].endswith("ended: switched")
    assert "with sound" not in details[0]
    (relay,) = admin.send("POST", path, BODY | {"sound": True}).json()["relays"]
    assert relay["sound"] is True
    assert at.of.masks.notes[-1][-1].endswith(", with sound")
    admin.send("POST", f"{path}/{relay['id']}/end", {})


def test_masks_are_refused_painted_on_or_lifted_with_the_right(
    signed_in: tuple[Running, Browser], recorded: Recorded
) -> None:
    at, admin = signed_in
    camera = recorded.cameras[1]
    path = f"/api/v1/cameras/{camera}/relays"
    assert at.of.masks is not None
    bare = admin.send("POST", path, BODY).json()["relays"][0]
    at.of.masks.draw(camera)
    (suspended,) = admin.json(path)["relays"]
    assert "painted on" in suspended["problem"]
    assert suspended["takers"] == []
    assert admin.send("POST", path, BODY | {"port": 18_555}).status_code == 409
    painted = admin.send("POST", path, BODY | {"port": 18_555, "masks": "paint"})
    assert painted.status_code == 201, painted.text
    without = admin.send("POST", path, BODY | {"port": 18_556, "masks": "unmask"})
    assert without.status_code in (400, 422), "it needs a reason"
    lifted = admin.send("POST", path, BODY | {"port": 18_556, "masks": "unmask", "reason": "guard"})
    assert lifted.status_code == 201, lifted.text
    found = {each["masks"]: each["problem"] for each in admin.json(path)["relays"]}
    assert found["paint"] == found["unmask"] == ""
    for each in admin.json(path)["relays"]:
        admin.send("POST", f"{path}/{each['id']}/end", {})
    assert bare["id"] == suspended["id"]


@pytest.mark.parametrize("role", [Role.VIEWER, Role.OPERATOR, Role.INVESTIGATOR])
def test_nobody_but_an_admin_hands_on(
    signed_in: tuple[Running, Browser], recorded: Recorded, role: Role
) -> None:
    at, _ = signed_in
    browser = arrived(at, Person(f"relays {role}", role, frozenset(CAMERA_ACTIONS)))
    path = f"/api/v1/cameras/{recorded.camera}/relays"
    assert browser.get(path).status_code == 403
    assert browser.get("/api/v1/relays").status_code == 403
    assert browser.send("POST", path, BODY).status_code == 403
    assert browser.send("POST", f"{path}/{'0' * 32}/end", {}).status_code == 403
    browser.http.close()
