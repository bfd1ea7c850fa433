"""Route: a log or a capture that somebody gives, of which only what cameras sent is taken in."""

import os
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel

from watchglass.access.policy import Action, User
from watchglass.api.egressports import EgressUpload
from watchglass.api.paths import EGRESS, MOST_EGRESS_BYTES
from watchglass.api.policy import Signed
from watchglass.api.problem import RESPONSES
from watchglass.api.services import Services, services
from watchglass.base.errors import RefusedError, UsageError
from watchglass.model.act import ActKind
from watchglass.model.egress import TakeEgressRequest
from watchglass.model.observation import bounded

router = APIRouter(prefix=EGRESS, tags=["devices"], responses=RESPONSES)

_PIECE_BYTES = 1 << 20
_MOST_AT_ONCE = 2
_MOST_NAME = 120
Viewer = Annotated[User, Depends(Signed(Action.SEE_FLEET))]
Stater = Annotated[User, Depends(Signed(Action.STATE_FLEET))]


class EgressTakenInfo(BaseModel):
    """``records`` are of ``cameras``; ``dropped_unread`` were of no known camera, ``unknown`` are
    of no known form, ``beyond`` were more than are kept at once. ``taken_before``: nothing of the
    file was counted again."""

    records: int
    cameras: int
    new_contacts: int
    dropped_unread: int
    unknown: int
    beyond: int
    taken_before: bool


class EgressStateInfo(BaseModel):
    """``logs`` (syslog, by UDP and TCP) and ``flows`` (NetFlow, IPFIX): where the recorder listens
    by itself; ``problems``: where it does not although it is to. What came since it started."""

    logs: list[str]
    flows: list[str]
    problems: list[str]
    records: int
    dropped_unread: int
    unknown: int
    beyond: int


@router.get("", operation_id="getEgressState")
async def get_egress_state(request: Request, _: Viewer) -> EgressStateInfo:
    """Where the recorder listens for what firewalls, name servers and routers note of cameras."""
    of = services(request)
    told = await of.blocking(of.ports.devices.egress.state)
    return EgressStateInfo(
        logs=list(told.logs),
        flows=list(told.flows),
        problems=list(told.problems),
        records=told.records,
        dropped_unread=told.others,
        unknown=told.unknown,
        beyond=told.beyond,
    )


@router.post("", operation_id="takeEgress")
async def take_egress(
    request: Request, user: Stater, name: Annotated[str, Query(max_length=_MOST_NAME)] = ""
) -> EgressTakenInfo:
    """Take in what a firewall, a name server, a router or a capture wrote down, 64 MB at most: its
    bytes are the body. What no known camera sent is dropped unread."""
    of = services(request)
    upload = await of.blocking(_begun, of)
    try:
        piece = bytearray()
        async for part in request.stream():
            piece += part
            if upload.written + len(piece) > MOST_EGRESS_BYTES:
                raise UsageError(
                    "The file is larger than 64 MB: give its parts, or use 'watchglass trust "
                    "egress FILE' on the recorder's machine."
                )
            if len(piece) >= _PIECE_BYTES:
                await of.blocking(upload.write, bytes(piece))
                piece.clear()
        await of.blocking(upload.write, bytes(piece))
        if not upload.written:
            raise UsageError("There is nothing in what was given: choose a log or a capture.")
        shown = bounded(name, _MOST_NAME)
        await of.acts.note(
            user, ActKind.SETTING_CHANGED, f"what cameras sent, by {shown or 'a log'}"
        )
        order = TakeEgressRequest(upload.name, shown)
        taken = await of.blocking.patiently(of.ports.devices.egress.take, order)
    finally:
        await of.blocking(upload.close)
    return EgressTakenInfo(
        records=taken.records,
        cameras=taken.cameras,
        new_contacts=taken.new,
        dropped_unread=taken.others,
        unknown=taken.unknown,
        beyond=taken.beyond,
        taken_before=taken.again,
    )


def _begun(of: Services) -> EgressUpload:
    folder = of.ports.devices.egress.folder
    waiting = sum(each.startswith(EgressUpload.PREFIX) for each in os.listdir(folder))
    if waiting >= _MOST_AT_ONCE:
        raise RefusedError("Other files are being taken in: give this one when they are.")
    return EgressUpload(folder, of.ports.devices.egress.disk)
