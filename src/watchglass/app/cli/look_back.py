"""``watchglass analyse CAMERA``: a span of a recording, understood again."""

import time

from watchglass.app.cli.moments import shown_time
from watchglass.app.cli.shell import Shell
from watchglass.app.cli.timeline import span_of
from watchglass.base.errors import NotFoundError, RefusedError
from watchglass.base.ids import random_id
from watchglass.model.look_back import LookBack, LookBackId, LookBackState
from watchglass.model.watch_control import LookBackRequest, LooksBack, LooksBackRequest

_ASK_S = 10.0
_LOOK_S = 1.0
_GOES_ON = (LookBackState.WAITING, LookBackState.RUNNING)


def look_back(of: Shell, camera: str, from_: str, to: str | None, *, wait: bool) -> LookBack:
    """Ask the running recorder for it, and tell how far it is until it is over."""
    if not of.is_running:
        command = of.command("serve")
        raise NotFoundError(f"No recorder runs here, and who looks is a part of it: '{command}'.")
    from_ns, to_ns, now_ns = span_of(of, from_, to)
    found = of.find_camera(camera)
    id = LookBackId(random_id())
    look = _one(of, LookBackRequest(id, found.id, from_ns, to_ns, of.by), id)
    of.screen.say(
        f"Looking again at what {found.name} recorded from {shown_time(from_ns, now_ns)} to "
        f"{shown_time(to_ns, now_ns)}."
    )
    shown = -1
    while wait and look.state in _GOES_ON:
        part = int(100 * (look.done_to_ns - from_ns) / max(1, to_ns - from_ns))
        if part != shown:
            of.screen.say(f"{max(0, part)} %")
            shown = part
        time.sleep(_LOOK_S)
        look = _one(of, LooksBackRequest(), id)
    if look.state is LookBackState.FAILED:
        raise RefusedError(look.error)
    if look.state is LookBackState.DONE:
        speed = f", {look.speed:.0f} times as fast as it happened" if look.speed else ""
        of.screen.say(f"Done: {look.pictures} pictures looked at{speed}.")
        if look.error:
            of.screen.remark(look.error)
    return look


def _one(of: Shell, request: LookBackRequest | LooksBackRequest, id: LookBackId) -> LookBack:
    reply = of.ask(request, _ASK_S)
    if isinstance(reply, LooksBack):
        for each in reply.looks:
            if each.id == id:
                return each
    raise NotFoundError("The look at the past is gone: somebody forgot it.")
