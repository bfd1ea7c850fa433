"""How somebody sees a camera: as it is, or with what masks hide painted over by the media-worker.

Everything that hands out pictures asks here, after it has read them and before it sends them. When
masks cannot be read, nobody sees anything.
"""

from starlette.requests import HTTPConnection

from watchglass.access.errors import ForbiddenError
from watchglass.access.policy import Action, User, may
from watchglass.access.right import Times
from watchglass.api.lifts import Sight
from watchglass.api.services import services
from watchglass.base.ids import CameraId
from watchglass.model.mask import BARE, Masking


class MaskedError(ForbiddenError):
    """The camera's own pictures are not for this user: masks hide a part of them."""

    code = "masked"

    def __init__(self) -> None:
        super().__init__(
            "Masks hide a part of this camera's picture. Its own pictures are for who may see"
            " without masks, and has said why; everybody else gets the masked ones."
        )


async def sight_of(
    connection: HTTPConnection, user: User, camera: CameraId, times: Times | None = None
) -> Sight:
    """How the user sees the camera's footage of some times (UTC ns); None: as it is now.

    Raises what keeps masks from being read.
    """
    of = services(connection)
    masking: Masking = await of.blocking(of.ports.masks.masking, camera)
    if not masking.hides:
        return Sight()
    reason = of.lifts.reason(user, camera)
    now_ns = of.ports.clock.wall_ns()
    times = times or (now_ns, now_ns + 1)
    if reason and may(user, Action.UNMASK, camera, times, now_ns=now_ns):
        return Sight(BARE, reason)
    return Sight(masking)


async def require_same(
    connection: HTTPConnection, user: User, camera: CameraId, times: Times | None, sight: Sight
) -> None:
    """Return if the user still sees the footage so; MaskedError when masks changed meanwhile."""
    if await sight_of(connection, user, camera, times) != sight:
        raise MaskedError


async def require_bare(
    connection: HTTPConnection, user: User, camera: CameraId, times: Times | None = None
) -> None:
    """Return if the camera's own pictures may go to the user; MaskedError otherwise."""
    if (await sight_of(connection, user, camera, times)).masking.hides:
        raise MaskedError
