"""All cameras that are spoken to by ONVIF, in one event loop."""

from collections.abc import Iterable
from functools import partial

from msgspec.structs import replace

from watchglass.base.clock import Clock
from watchglass.base.errors import CameraError, CameraUnreachableError, RefusedError
from watchglass.base.ids import CameraId
from watchglass.cameras.address import resolve
from watchglass.cameras.metrics import HEARD, ORDERS, SAID, SPOKEN
from watchglass.cameras.onvif.address import SCHEMES, Reached, split_onvif
from watchglass.cameras.onvif.guarded import GuardedCamera
from watchglass.cameras.onvif.listening import Listening, Tell
from watchglass.cameras.onvif.masking import Masking, TellMasks
from watchglass.cameras.onvif.steering import Steerer, opened
from watchglass.model.metric import Sample
from watchglass.model.said import Said
from watchglass.model.steering import (
    NotSteered,
    Spoken,
    Steered,
    Steering,
    SteeringReply,
)


class Speaker:
    """``use`` says which cameras there are; the rest is asked of one of them."""

    def __init__(
        self,
        clock: Clock,
        tell: Tell | None = None,
        tell_masks: TellMasks | None = None,
        name: str = "",
    ) -> None:
        """``tell`` is told what cameras say happens, ``tell_masks`` what they cover; None where
        nobody wants to know."""
        self._clock = clock
        self._tell = tell
        self._name = name
        self._said = 0
        self._orders = dict.fromkeys(("taken", "refused"), 0)
        self._tell_masks = tell_masks
        self._allow: frozenset[str] = frozenset()
        self._cameras: dict[CameraId, Spoken] = {}
        self._steerers: dict[CameraId, Steerer] = {}
        self._listening: dict[CameraId, Listening] = {}
        self._masking: dict[CameraId, Masking] = {}

    async def use(self, cameras: Iterable[Spoken], allow: Iterable[str]) -> None:
        """From now on these, and no others; one that is spoken to otherwise begins anew."""
        self._allow = frozenset(allow)
        wanted = {each.camera: each for each in cameras}
        for camera, known in list(self._cameras.items()):
            if _bare(wanted.get(camera)) != _bare(known):
                masking = self._masking.pop(camera, None)
                if masking is not None:
                    await masking.close()
                steerer = self._steerers.pop(camera, None)
                if steerer is not None:
                    await steerer.close()
                listening = self._listening.pop(camera, None)
                if listening is not None:
                    await listening.close()
        self._cameras = wanted
        for each in wanted.values():
            if self._tell is not None and each.events and each.camera not in self._listening:
                opener = partial(self._open, each, "events")
                self._listening[each.camera] = Listening(
                    each.camera, opener, self._hear, self._clock
                )
            self._mask(each)

    def _hear(self, said: list[Said]) -> None:
        assert self._tell is not None
        self._said += len(said)
        self._tell(said)

    def samples(self) -> list[Sample]:
        """For any thread."""
        heard = sum(each.heard for each in list(self._listening.values()))
        return [
            SPOKEN.at(len(self._cameras), self._name),
            HEARD.at(heard, self._name),
            SAID.at(self._said, self._name),
            *(ORDERS.at(count, self._name, how) for how, count in self._orders.items()),
        ]

    def _mask(self, camera: Spoken) -> None:
        masking = self._masking.get(camera.camera)
        if masking is not None:
            masking.use(camera.masks)
        elif self._tell_masks is not None and camera.masks:
            opener = partial(self._open, camera, "media")
            self._masking[camera.camera] = Masking(camera, opener, self._tell_masks)

    async def steer(self, order: Steering) -> SteeringReply:
        """What became of an order."""
        camera = self._cameras.get(order.camera)
        if camera is None or not camera.ptz:
            return NotSteered("not_found", "This camera cannot be turned from here.")
        steerer = self._steerers.get(order.camera)
        if steerer is None:
            opener = partial(self._open, camera, "ptz")
            steerer = Steerer(camera.camera, camera.profile, opener, self._clock)
            self._steerers[order.camera] = steerer
        try:
            done = await steerer.carry_out(order) or Steered()
            self._orders["taken"] += 1
            return done
        except CameraError as error:
            self._orders["refused"] += 1
            return NotSteered(error.code, error.sentence)

    async def close(self) -> None:
        """Stop what moves, and hear no more."""
        for listening in self._listening.values():
            await listening.close()
        self._listening.clear()
        for masking in self._masking.values():
            await masking.close()
        self._masking.clear()
        for steerer in self._steerers.values():
            await steerer.close()
        self._steerers.clear()

    async def _open(self, camera: Spoken, service: str) -> GuardedCamera:
        """Its address is checked at each opening, as a stream's is."""
        try:
            address, _ = split_onvif(camera.url)
            checked = resolve(address, self._allow)
        except RefusedError as error:
            raise CameraUnreachableError(error.sentence) from error
        at = Reached(SCHEMES[address.scheme], checked.ip, address.port, address.host)
        session = GuardedCamera(at, camera.user, camera.password, self._clock)
        return await opened(session, service=service)


def _bare(camera: Spoken | None) -> Spoken | None:
    """Without its masks: another mask does not end what is heard."""
    return replace(camera, masks=()) if camera is not None else None
