"""Under a mask nothing of a camera's picture comes out, by no route and from no cache."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.api.mask_desk import LEFT, MaskDesk
from tests.api.mask_walk import (
    ELSEWHERE,
    NO_PICTURES,
    WALKS,
    Refusal,
    Shown,
    byte_routes,
    playback,
    walk,
)
from tests.api.own_worker import OwnWorker
from tests.api.recorded import PASSWORD, Browser, Recorded, Running, Served, served
from tests.app.running import free_port
from tests.browser.across_tape import Deck, spec
from tests.media.numbered import luma_of
from watchglass.access.right import Action, Right, Role
from watchglass.api.application import create_app
from watchglass.api.filetable import FileTable
from watchglass.app.notice_pictures import NoticePictures
from watchglass.base.errors import BusError
from watchglass.base.ids import CameraId
from watchglass.base.secret import Secret
from watchglass.live import conversion
from watchglass.model.act import ActKind, Note
from watchglass.model.conversion import ConvertRequest
from watchglass.model.mask import SEAM_NS
from watchglass.model.notice_picture import PictureWanted

pytestmark = pytest.mark.full

_LOOKS = frozenset({Action.LIVE, Action.PLAYBACK})
_LOW, _HIGH = 52, 66


@pytest.fixture(scope="module")
def deck(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deck]:
    """One camera: H.265, and H.264 as its sub-stream, in files of 10 s, the last being written."""
    deck = Deck(tmp_path_factory.mktemp("d"))
    deck.add(spec(codec="h265", gop_frames=20, seconds=24), spec(seconds=24, seed=2))
    deck.run(11)
    yield deck
    deck.site.kill_keeper()


@dataclass
class Stage:
    """A recorder with that camera, and people who may look at it."""

    of: Served
    at: Running
    desk: MaskDesk
    worker: OwnWorker
    camera: CameraId
    moments: list[int]
    people: dict[str, Browser]
    deaf: list[bool]
    """Not empty: no ledger takes anything."""

    @property
    def admin(self) -> Browser:
        return self.people["admin"]

    def walk(self, who: str = "admin") -> list[Shown | Refusal]:
        return list(walk(self.people[who], self.camera, self.moments))

    def send(self, path: str, body: object, who: str = "admin", method: str = "POST") -> int:
        url = f"/api/v1/cameras/{self.camera}/{path}"
        return self.people[who].send(method, url, body).status_code


@pytest.fixture
def stage(deck: Deck, tmp_path: Path) -> Iterator[Stage]:
    port = free_port()
    worker, desk = OwnWorker(), MaskDesk(tmp_path / "masks", deck.site.clock, deck.cameras)
    of = served(cast(Recorded, deck), port, tmp_path / "ui", worker=worker, masks=desk)
    camera = deck.cameras[0]
    times = [each.at_ms for each in deck.tapes[0].shown]
    deaf: list[bool] = []

    def note(notes: Sequence[Note]) -> None:
        if deaf:
            raise BusError("No server answers.")
        of.noted.extend(notes)

    of = replace(of, app=create_app(replace(of.ports, note_people=note), FileTable()))
    with Running(of, port) as at:
        people = {"admin": Browser(at)}
        assert people["admin"].set_up(of.token).status_code == 201
        yield Stage(of, at, desk, worker, camera, [times[0], times[45], times[-3]], people, deaf)
        for each in people.values():
            each.http.close()
        of.feed.close()


def add_people(stage: Stage) -> None:
    """One of each role who may look, but not see what masks hide; and a program of the admin's."""
    users, tokens = stage.of.ports.users, stage.of.ports.tokens
    rights = (Right(_LOOKS | {Action.CLIP}, everywhere=True),)
    looks = (Right(_LOOKS, everywhere=True),)
    for role in (Role.VIEWER, Role.OPERATOR, Role.INVESTIGATOR):
        users.add(role.value, role, Secret(PASSWORD), looks if role is Role.VIEWER else rights)
        browser = stage.people[role.value] = Browser(stage.at)
        body = {"name": role.value, "password": PASSWORD}
        assert browser.send("POST", "/api/v1/session", body).status_code == 201
    ends_ns = stage.of.ports.clock.wall_ns() + 3600 * 10**9
    owner = users.named("admin").id
    program = stage.people["program"] = Browser(stage.at)
    text = tokens.create_for(owner, "program", rights, frozenset(), ends_ns)
    program.headers = lambda: {"Authorization": f"Bearer {text}"}  # type: ignore[method-assign]


# --- what is seen -----------------------------------------------------------------------------


def halves(each: Shown) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    width = each.luma.shape[1]
    luma = each.luma.astype(int)
    return luma[:, : round(width * 0.48)], luma[:, round(width * 0.56) :]


def is_covered(each: Shown) -> bool:
    covered, _ = halves(each)
    low, high = ((_LOW - 16) * 255 / 219, (_HIGH - 16) * 255 / 219) if each.full else (_LOW, _HIGH)
    return bool(covered.min() >= low - 12 and covered.max() <= high + 12)


def is_as_before(each: Shown, before: dict[str, list[Shown]]) -> bool:
    """What no mask hides is as somebody saw it there without."""
    rest = halves(each)[1]
    # Of a converted live view the newest picture comes first, as it did before.
    of = each.of.replace("form=plain", "form=converted") if "/live/" in each.of else each.of
    offs = [np.abs(rest - halves(one)[1]).mean() for one in before[of]]
    return bool(min(offs) < 4)


def shown(found: list[Shown | Refusal]) -> list[Shown]:
    return [each for each in found if isinstance(each, Shown)]


def refused(found: list[Shown | Refusal]) -> list[Refusal]:
    return [each for each in found if isinstance(each, Refusal)]


# --- the tests --------------------------------------------------------------------------------


def test_every_route_of_bytes_is_walked(stage: Stage) -> None:
    found = byte_routes(stage.of.app.routes)
    assert found - WALKS.keys() - NO_PICTURES.keys() - ELSEWHERE.keys() == set()
    assert WALKS.keys() <= found


def test_no_pixel_under_a_mask_comes_out(stage: Stage) -> None:
    """All that can be had is had first, so that every cache has it without the mask."""
    before = shown(stage.walk())
    assert len(before) > 300
    assert not any(is_covered(each) for each in before)
    by_place: dict[str, list[Shown]] = {}
    for each in before:
        by_place.setdefault(each.of, []).append(each)
    stage.desk.draw(stage.camera)
    add_people(stage)
    for who in stage.people:
        found = stage.walk(who)
        assert len(shown(found)) > 200, who
        assert [each.of for each in shown(found) if not is_covered(each)] == [], who
        assert [each.of for each in shown(found) if not is_as_before(each, by_place)] == [], who
        told = {(each.status, each.code) for each in refused(found)}
        # A viewer takes no clips at all.
        assert told - {(403, "forbidden")} == {(403, "masked")}, who
        # Its own bytes are refused, and what is converted is had instead.
        assert all("/video/" in each.of or "clips/" in each.of for each in refused(found)), who


def test_a_mask_of_a_mask_is_no_longer_what_was_cached(stage: Stage) -> None:
    stage.desk.draw(stage.camera)
    url = f"/api/v1/still/{stage.camera}/main"
    params = {"at_ms": stage.moments[1], "width": 320}
    first = stage.admin.get(url, params=params)
    right = [(0.6, 0.0), (1.0, 0.0), (1.0, 1.0), (0.6, 1.0)]
    stage.desk.draw(stage.camera, right)
    tag = {"If-None-Match": first.headers["etag"]}
    again = stage.admin.get(url, params=params, headers=tag)
    assert again.status_code == 200
    assert again.headers["etag"] != first.headers["etag"]
    assert again.content != first.content
    tag = {"If-None-Match": again.headers["etag"]}
    assert stage.admin.get(url, params=params, headers=tag).status_code == 304


def test_without_the_media_worker_nothing_is_shown(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conversion, "_AGAIN_S", 0.001)
    stage.desk.draw(stage.camera)
    stage.worker.dead = True
    found = stage.walk()
    assert shown(found) == []
    assert {each.status for each in refused(found)} <= {403, 503, 1013}
    assert any("cannot be made just now" in each.code for each in refused(found))


def test_while_masks_cannot_be_read_nothing_is_shown(stage: Stage) -> None:
    stage.desk.broken = True
    found = stage.walk()
    assert shown(found) == []
    assert len(refused(found)) > 10


def test_footage_of_before_the_mask_is_open_and_its_seam_is_not(stage: Stage) -> None:
    at_ms = stage.moments[1]
    from_ns = at_ms * 1_000_000 + SEAM_NS + 10**9
    stage.desk.draw(stage.camera, LEFT, from_ns)
    url = f"/api/v1/still/{stage.camera}/main?width=320"

    def covered(at_ms: int) -> bool:
        answer = stage.admin.get(f"{url}&at_ms={at_ms}")
        return is_covered(Shown(url, luma_of(answer.content), full=True))

    assert not covered(stage.moments[0])
    assert covered(stage.moments[2])
    # Its own bytes are not had even so: they are of a masked camera.
    assert {each.code for each in refused(stage.walk())} == {"masked"}


def test_who_may_sees_without_masks_once_he_said_why(stage: Stage) -> None:
    before = shown(stage.walk())
    stage.desk.draw(stage.camera)
    add_people(stage)
    assert stage.send("unmask", {"reason": "a theft at noon"}, "investigator") == 403
    assert stage.send("unmask", {"reason": ""}) == 400
    stage.of.noted.clear()
    assert stage.send("unmask", {"reason": "a theft at noon"}) == 200
    told = [act.detail for act in stage.of.acts if act.kind is ActKind.MASK_CHANGED]
    assert told == ["lifted: a theft at noon"]
    found = stage.walk()
    assert refused(found) == []
    assert len(shown(found)) == len(before)
    assert not any(is_covered(each) for each in shown(found))
    looks = [look for look in stage.of.looks if look.camera == stage.camera]
    assert looks
    assert {(look.unmasked, look.reason) for look in looks} == {(True, "a theft at noon")}
    assert all(is_covered(each) for each in shown(stage.walk("viewer")))
    assert stage.send("unmask", None, method="DELETE") == 204
    assert all(is_covered(each) for each in shown(stage.walk()))


def test_masks_stay_while_the_ledger_takes_nothing(stage: Stage) -> None:
    stage.desk.draw(stage.camera)
    stage.deaf.append(True)
    assert stage.send("unmask", {"reason": "a theft at noon"}) == 503
    stage.deaf.clear()
    assert stage.send("unmask", {"reason": "a theft at noon"}) == 200
    stage.deaf.append(True)
    assert shown(stage.walk()) == []


def test_masks_are_drawn_listed_and_ended(stage: Stage) -> None:
    body = {"name": "window", "polygon": [list(each) for each in LEFT], "reason": "not ours"}
    assert stage.send("masks", body) == 201
    assert stage.desk.masking(stage.camera).hides
    add_people(stage)
    for who in ("viewer", "program", "investigator"):
        assert stage.send("masks", body, who) == 403
    crossed = [[0, 0], [1, 1], [1, 0], [0, 1]]
    assert stage.send("masks", body | {"polygon": crossed}) == 400
    assert stage.send("masks", body | {"polygon": [[0, 0], [2, 0], [0, 1]]}) == 400
    (mask,) = stage.admin.json(f"/api/v1/cameras/{stage.camera}/masks")["masks"]
    assert (mask["name"], mask["reason"], mask["drawn_by"]) == ("window", "not ours", "admin")
    end = f"masks/{mask['id']}/end"
    assert stage.send(end, {"reason": ""}) == 400
    later = {"reason": "moved", "until_ms": stage.moments[2] + 3_600_000}
    assert stage.send(end, later) == 200
    # What was recorded under it stays covered.
    assert all(is_covered(each) for each in shown(stage.walk()))
    assert stage.send(end, {"reason": "a mistake"}) == 200
    assert not stage.desk.masking(stage.camera).hides
    assert stage.send(end, {"reason": "a mistake"}) == 404
    kinds = [detail for kind, _, _, detail in stage.desk.notes if kind is ActKind.MASK_CHANGED]
    assert [each.split(" '")[0] for each in kinds] == ["drew", "ended", "took away"]


def test_ending_a_mask_takes_the_right_to_see_what_it_hid(stage: Stage) -> None:
    mask = stage.desk.draw(stage.camera)
    add_people(stage)
    users = stage.of.ports.users
    actions = _LOOKS | {Action.CONFIGURE}
    users.set_rights(users.named("operator").id, (Right(actions, everywhere=True),), frozenset())
    stage.people["operator"].send(
        "POST", "/api/v1/session", {"name": "operator", "password": PASSWORD}
    )
    assert stage.send(f"masks/{mask.id}/end", {"reason": "why not"}, "operator") == 403
    assert stage.desk.masking(stage.camera).hides


def test_one_conversion_serves_all_who_see_the_same(stage: Stage) -> None:
    stage.desk.draw(stage.camera)
    add_people(stage)
    playback(stage.people["viewer"], stage.camera, "main", stage.moments)
    assert any(isinstance(each, ConvertRequest) for each in stage.worker.asked)
    stage.worker.asked.clear()
    playback(stage.people["investigator"], stage.camera, "main", stage.moments)
    assert not any(isinstance(each, ConvertRequest) for each in stage.worker.asked)


def test_no_notice_carries_what_a_mask_hides(stage: Stage) -> None:
    """Nobody who reads one may see without masks, and who may has said it for himself alone."""
    pictures = NoticePictures(stage.of.ports, FileTable())

    def made() -> list[Shown]:
        return [
            Shown("", luma_of(pictures.made(wanted(each))), full=True) for each in stage.moments
        ]

    def wanted(at_ms: int) -> PictureWanted:
        return PictureWanted(1, stage.camera, at_ms * 1_000_000, 640)

    before = made()
    assert not any(map(is_covered, before))
    stage.desk.draw(stage.camera)
    found = made()
    assert all(map(is_covered, found))
    for one, other in zip(found, before, strict=True):
        assert np.abs(halves(one)[1] - halves(other)[1]).mean() < 4
    assert stage.send("unmask", {"reason": "a theft at noon"}) == 200
    assert all(map(is_covered, made()))
