"""Routes: looking around in networks that somebody names."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from watchglass.access.policy import Action, User
from watchglass.api.paths import PREFIX
from watchglass.api.policy import Signed
from watchglass.api.ports import ScanErrand
from watchglass.api.problem import RESPONSES
from watchglass.api.services import services
from watchglass.model.act import ActKind
from watchglass.model.coverage import Network
from watchglass.model.observation import bounded
from watchglass.model.scan import Login
from watchglass.model.survey_control import (
    ResumeScanRequest,
    Scans,
    ScansRequest,
    ScanStanding,
    StartScanRequest,
    StopScanRequest,
)

router = APIRouter(prefix=f"{PREFIX}/trust/scans", tags=["devices"], responses=RESPONSES)

_NS_PER_MS = 1_000_000
_MOST_NETWORKS = 64


class LoginBody(BaseModel):
    """Tried where a device asks for one, and nowhere kept. ``addresses``: only there."""

    model_config = ConfigDict(extra="forbid")

    user: str = Field(min_length=1, max_length=64)
    password: SecretStr = Field(max_length=256)
    addresses: list[Annotated[str, Field(max_length=64)]] = Field([], max_length=256)

    def login(self) -> Login:
        return Login(self.user, self.password.get_secret_value(), tuple(self.addresses))


class NetworkBody(BaseModel):
    """``cidr`` as 192.168.1.0/24; ``place``: what is there, a building."""

    model_config = ConfigDict(extra="forbid")

    cidr: str = Field(min_length=1, max_length=64)
    place: str = Field("", max_length=100)


class ScanBody(BaseModel):
    """``mine``: whoever asks states that these networks are his, where they are public."""

    model_config = ConfigDict(extra="forbid")

    networks: list[NetworkBody] = Field(min_length=1, max_length=_MOST_NETWORKS)
    mine: bool = False
    login: LoginBody | None = None


class ResumeScanBody(BaseModel):
    model_config = ConfigDict(extra="forbid")

    login: LoginBody | None = None


class ScanInfo(BaseModel):
    """``done`` addresses ``of`` all; ``answered`` devices."""

    id: str
    kind: str
    standing: ScanStanding
    networks: list[NetworkBody]
    started_ms: int
    ended_ms: int | None
    by: str
    done: int
    of: int
    answered: int
    note: str


class Offered(BaseModel):
    """A private network that the recorder's machine is in."""

    cidr: str
    interface: str
    addresses: int


class ScanList(BaseModel):
    """The newest scan first. At most one runs."""

    scans: list[ScanInfo]
    offered: list[Offered]


Id = Annotated[str, Path(pattern="^[0-9a-f]{32}$")]
Scanner = Annotated[User, Depends(Signed(Action.SCAN_NETWORK))]


@router.get(
    "", operation_id="listScans", dependencies=[Depends(Signed(Action.SEE_FLEET))]
)  # fmt: skip
async def list_scans(request: Request) -> ScanList:
    """How far scans are, and which networks there are."""
    return await _asked(request, ScansRequest())


@router.post("", operation_id="startScan", status_code=202)
async def start_scan(request: Request, user: Scanner, body: ScanBody) -> ScanList:
    """Look at networks, reading only; 409 while a scan runs, or for one that may not be looked
    at."""
    networks = tuple(
        Network(cidr=each.cidr.strip(), place=bounded(each.place), ours=body.mine)
        for each in body.networks
    )
    where = ", ".join(each.cidr for each in networks)
    await services(request).acts.note(user, ActKind.SCANNED, where)
    return await _asked(request, StartScanRequest(networks, user.name, _logins(body.login)))


@router.post("/{scan}/stop", operation_id="stopScan", status_code=202)
async def stop_scan(request: Request, _: Scanner, scan: Id) -> ScanList:
    """End it soon. What it found is kept, and it can go on."""
    return await _asked(request, StopScanRequest(scan))


@router.post("/{scan}/resume", operation_id="resumeScan", status_code=202)
async def resume_scan(request: Request, user: Scanner, scan: Id, body: ResumeScanBody) -> ScanList:
    """Go on where it was stopped. Its login was not kept: give it again."""
    await services(request).acts.note(user, ActKind.SCANNED, "on with a scan that was stopped")
    return await _asked(request, ResumeScanRequest(scan, user.name, _logins(body.login)))


def _logins(body: LoginBody | None) -> tuple[Login, ...]:
    return (body.login(),) if body is not None else ()


async def _asked(request: Request, errand: ScanErrand) -> ScanList:
    of = services(request)
    return scan_list(await of.blocking.patiently(of.ports.devices.scans, errand))


def scan_list(scans: Scans) -> ScanList:
    """Scans as the API tells them."""
    return ScanList(
        scans=[
            ScanInfo(
                id=each.scan, kind=each.kind, standing=each.standing,
                networks=[
                    NetworkBody.model_construct(cidr=net.cidr, place=net.place)
                    for net in each.networks
                ],
                started_ms=each.started_ns // _NS_PER_MS,
                ended_ms=each.ended_ns // _NS_PER_MS if each.ended_ns is not None else None,
                by=each.by, done=each.done, of=each.of, answered=each.answered, note=each.note,
            )
            for each in scans.scans
        ],
        offered=[
            Offered(cidr=each.cidr, interface=each.interface, addresses=each.addresses)
            for each in scans.offered
        ],
    )  # fmt: skip
