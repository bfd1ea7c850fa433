"""Routes: a camera handed on by RTSP to an old system, until that is switched off."""

from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request
from pydantic import BaseModel, ConfigDict, Field

from watchglass.access.policy import Action, User
from watchglass.access.token import new_token
from watchglass.api.areas import require_camera
from watchglass.api.paths import PREFIX
from watchglass.api.policy import Signed, check
from watchglass.api.problem import RESPONSES
from watchglass.api.services import Services, services
from watchglass.base.errors import NotFoundError
from watchglass.base.ids import CameraId, random_id
from watchglass.model.restream import (
    USUAL_HOST,
    USUAL_PORT,
    AddRestreamRequest,
    DropRestreamRequest,
    Restream,
    RestreamId,
    RestreamsTold,
    secret_of,
    user_of,
)
from watchglass.model.stream import StreamName

router = APIRouter(prefix=PREFIX + "/cameras/{camera}/relays", tags=["relays"], responses=RESPONSES)
of_site = APIRouter(prefix=PREFIX + "/relays", tags=["relays"], responses=RESPONSES)

_NS_PER_MS = 1_000_000
Id = Annotated[str, Path(pattern="^[0-9a-f]{32}$")]
# Whoever has a relay sees the camera for as long as it lasts: nobody but an admin gives that.
Giver = Annotated[User, Depends(Signed(Action.ADD_CAMERA))]


class MaskedBy(StrEnum):
    """What becomes of masks: nothing is handed on while there are any; they are painted on, which
    takes decoding and encoding; or what they hide is handed on too."""

    REFUSE = "refuse"
    PAINT = "paint"
    UNMASK = "unmask"


class TakerInfo(BaseModel):
    """Who takes it now, from an address."""

    address: str
    since_ms: int


class RelayInfo(BaseModel):
    """``problem``: why nothing is handed on now, and what to do; empty: it is."""

    id: str
    stream: StreamName
    url: str
    user: str
    masks: MaskedBy
    sound: bool
    made_ms: int
    made_by: str
    reason: str
    problem: str
    takers: list[TakerInfo]


class RelayList(BaseModel):
    relays: list[RelayInfo]


class SiteRelayInfo(RelayInfo):
    camera: str


class SiteRelayList(BaseModel):
    relays: list[SiteRelayInfo]


class RelayBody(BaseModel):
    """``host``: an address of this machine, where the other system asks for it."""

    model_config = ConfigDict(extra="forbid")

    stream: StreamName = StreamName.MAIN
    host: str = Field(USUAL_HOST, min_length=2, max_length=64)
    port: int = Field(USUAL_PORT, ge=1024, le=65_535)
    masks: MaskedBy = MaskedBy.REFUSE
    sound: bool = False
    reason: str = Field("", max_length=300, description="It goes into the ledger.")


class RelayMade(BaseModel):
    """The token is shown this once. ``url`` has neither user nor token in it."""

    url: str
    user: str
    token: str
    relays: list[RelayInfo]


class DropRelayBody(BaseModel):
    model_config = ConfigDict(extra="forbid")

    reason: str = Field("", max_length=300)


@of_site.get("", operation_id="listAllRelays")
async def list_all_relays(request: Request, _: Giver) -> SiteRelayList:
    """Every camera that is handed on: where, to whom, who takes it now."""
    of = services(request)
    return SiteRelayList(relays=await of.blocking(_all_relays, of))


@router.get("", operation_id="listRelays")
async def list_relays(request: Request, _: Giver, camera: Id) -> RelayList:
    """Where a camera is handed on, and who takes it now."""
    of = services(request)
    return RelayList(relays=await of.blocking(_relays, of, CameraId(camera)))


@router.post("", operation_id="makeRelay", status_code=201)
async def make_relay(request: Request, user: Giver, camera: Id, body: RelayBody) -> RelayMade:
    """Hand a camera on. With what masks hide, it takes the right to see without them."""
    of = services(request)
    unmask = body.masks is MaskedBy.UNMASK
    if unmask:
        check(request, user, Action.UNMASK, CameraId(camera))
    relay, token = RestreamId(random_id()), new_token()
    login = user_of(relay)
    order = AddRestreamRequest(
        relay, camera, body.stream, body.host.strip(), body.port, login, secret_of(login, token),
        user.name, unmask, body.reason, body.masks is MaskedBy.PAINT, body.sound,
    )  # fmt: skip
    await of.blocking(of.ports.relays.order, order)
    relays = await of.blocking(_relays, of, CameraId(camera))
    url = next((each.url for each in relays if each.id == relay), "")
    return RelayMade(url=url, user=login, token=token, relays=relays)


@router.post("/{relay}/end", operation_id="endRelay")
async def end_relay(
    request: Request, user: Giver, camera: Id, relay: Id, body: DropRelayBody
) -> RelayList:
    """Hand it on no longer; who takes it now is cut off."""
    of = services(request)
    await of.blocking(_end, of, CameraId(camera), RestreamId(relay), user.name, body.reason)
    return RelayList(relays=await of.blocking(_relays, of, CameraId(camera)))


def _end(of: Services, camera: CameraId, relay: RestreamId, by: str, reason: str) -> None:
    if all(each.id != relay for each in of.ports.relays.of(camera)):
        raise NotFoundError("This camera has no such relay: somebody ended it already.")
    of.ports.relays.order(DropRestreamRequest(relay, by, reason))


def _relays(of: Services, camera: CameraId) -> list[RelayInfo]:
    require_camera(of, camera)
    found = of.ports.relays.of(camera)
    if not found:
        return []
    told = of.ports.relays.told()
    hides = of.ports.masks.masking(camera).hides
    return [_info(each, told, hides=hides) for each in found]


def _all_relays(of: Services) -> list[SiteRelayInfo]:
    found = of.ports.relays.of(None)
    if not found:
        return []
    told = of.ports.relays.told()
    hides = {each: of.ports.masks.masking(each).hides for each in {one.camera for one in found}}
    return [
        SiteRelayInfo(
            camera=each.camera, **_info(each, told, hides=hides[each.camera]).model_dump()
        )
        for each in found
    ]  # fmt: skip


def _info(relay: Restream, told: RestreamsTold, *, hides: bool) -> RelayInfo:
    masks = MaskedBy.PAINT if relay.masked else MaskedBy.REFUSE
    return RelayInfo(
        id=relay.id,
        stream=relay.stream,
        url=relay.url,
        user=relay.user,
        masks=MaskedBy.UNMASK if relay.unmasked else masks,
        sound=relay.sound,
        made_ms=relay.made_ns // _NS_PER_MS,
        made_by=relay.made_by,
        reason=relay.reason,
        problem=_problem(relay, told, hides=hides),
        takers=[
            TakerInfo(address=each.peer, since_ms=each.since_ns // _NS_PER_MS)
            for each in told.takers
            if each.restream == relay.id
        ],
    )


def _problem(relay: Restream, told: RestreamsTold, *, hides: bool) -> str:
    if relay.id in told.served:
        at = relay.host, relay.port
        return next((one.problem for one in told.unserved if (one.host, one.port) == at), "")
    if hides and not (relay.unmasked or relay.masked):
        return (
            "A mask hides a part of the picture since then: end this relay, and make one with "
            "masks painted on."
        )
    return "The camera is not recorded now, and so it is not handed on: resume it."
