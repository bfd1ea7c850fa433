"""Route: which kinds of things get a name here, so that nobody waits for what cannot come."""

from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel

from watchglass.access.policy import Action, User
from watchglass.api.paths import PREFIX
from watchglass.api.policy import Signed
from watchglass.api.problem import RESPONSES
from watchglass.api.services import Services, services
from watchglass.base.clock import NS_PER_S
from watchglass.base.errors import WatchglassError
from watchglass.model.detection import ObjectClass

router = APIRouter(prefix=PREFIX, tags=["rules"], responses=RESPONSES)

_NAMED = "watchglass_analysis_named"
_LATELY_NS = 60 * NS_PER_S
Looker = Annotated[User, Depends(Signed(Action.SEE_STATE))]


class Naming(StrEnum):
    """Whether what is seen gets a name now."""

    MODEL = "model"
    NO_MODEL = "no_model"
    OFF = "off"
    UNKNOWN = "unknown"


class NamingInfo(BaseModel):
    """``state``: ``model`` (one names what is seen), ``no_model`` (what moves is followed, and
    nothing says what it is), ``off`` (nothing is looked at on this machine), ``unknown`` (who looks
    does not answer now). ``kinds``: those that get a name; a rule or a search for others alone
    finds nothing new."""

    state: Naming
    kinds: list[ObjectClass]


@router.get("/naming", operation_id="getNaming")
async def get_naming(request: Request, _: Looker) -> NamingInfo:
    """What the model in use can name, as the process that looks says it."""
    of = services(request)
    return await of.blocking.patiently(_naming, of)


def _naming(of: Services) -> NamingInfo:
    try:
        told = {
            each.labels[1]: each.value > 0
            for each in of.ports.numbers()
            if each.metric == _NAMED
        }  # fmt: skip
    except WatchglassError:
        told = {}
    kinds = [each for each in ObjectClass if told.get(each.value)]
    if told:
        return NamingInfo(state=Naming.MODEL if kinds else Naming.NO_MODEL, kinds=kinds)
    now_ns = of.ports.clock.wall_ns()
    off = of.ports.events.store.switched_off(now_ns - _LATELY_NS, now_ns)
    return NamingInfo(state=Naming.OFF if off else Naming.UNKNOWN, kinds=[])
