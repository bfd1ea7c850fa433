"""What a worker that was taken over would say to the recorder's sockets: with nothing to show, with
what it was itself given, and under names that are not its own."""

import os
import socket
import sys
import time
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

from watchglass.base.errors import BusError
from watchglass.bus.client import BusClient
from watchglass.bus.message import Codec
from watchglass.bus.request import ControlClient
from watchglass.model.assignment import WorkerStart
from watchglass.model.control import Accepted, PauseRequest, Reply, Request
from watchglass.model.order import Configure, Done, FromKeeper, Ordered, ToKeeper
from watchglass.model.vitals import Alive, Measure, ToSupervisor

_RUN = Path(os.environ["ATTACK_DATA"]) / "state/run"
_CAMERA = os.environ.get("ATTACK_CAMERA", "")
_PATIENCE_S = 60.0


def _own() -> tuple[str, list[str]]:
    """The name and the proofs of the worker that this runs in; nothing in other processes."""
    frame = sys._getframe()
    while frame.f_back is not None:
        frame = frame.f_back
        start = frame.f_locals.get("start")
        if isinstance(start, WorkerStart):
            return start.name, [start.keeper.proof, start.live.proof, start.vitals.proof]
    return "nobody", []


def _speak(place: str, name: str, proof: str) -> None:
    """Give the keeper an order, and wait for what comes of it."""
    client: BusClient[ToKeeper, FromKeeper] = BusClient(
        f"ipc://{_RUN}/{place}", name, Codec[ToKeeper](ToKeeper), Codec[FromKeeper](FromKeeper),
        limit_bytes=1 << 20, proof=proof,
    )  # fmt: skip
    until_s = time.monotonic() + _PATIENCE_S
    _reach(place)
    try:
        client.send(Ordered(1, Configure((), (), default_h=1)))
        while time.monotonic() < until_s:
            for message in client.poll(0.05):
                if isinstance(message, Done):
                    if message.error:
                        raise PermissionError(message.error)
                    return
            if client.refusal is not None:
                raise PermissionError(client.refusal)
        raise TimeoutError("it says nothing")
    finally:
        client.close()


def _reach(name: str) -> None:
    """Whether one may connect at all: the bus would try again and again."""
    with socket.socket(socket.AF_UNIX) as own:
        own.connect(os.fspath(_RUN / name))


def order_under_its_own_name() -> None:
    name, proofs = _own()
    _speak("keeper", name, proofs[0] if proofs else "")


def order_as_the_supervisor() -> None:
    """One that gets through is enough."""
    _any(partial(_speak, "keeper", "supervisor", each) for each in ["", *_own()[1]])


def tell_that_the_keeper_lives() -> None:
    client: BusClient[ToSupervisor, Measure] = BusClient(
        f"ipc://{_RUN}/vitals", "keeper", Codec[ToSupervisor](ToSupervisor),
        Codec[Measure](Measure), limit_bytes=1 << 20, proof=(_own()[1] or [""])[-1],
    )  # fmt: skip
    until_s = time.monotonic() + _PATIENCE_S
    _reach("vitals")
    try:
        client.send(Alive())
        while not client.connected:
            client.poll(0.05)
            if client.refusal is not None:
                raise PermissionError(client.refusal)
            if time.monotonic() > until_s:
                raise TimeoutError("it says nothing")
    finally:
        client.close()


def pause_a_camera() -> None:
    """By the control socket, as a command would."""
    try:
        found = (_RUN / "control.proof").read_text()
    except OSError:
        found = ""
    _any(partial(_pause, each) for each in {"", found, *_own()[1]})


def _pause(proof: str) -> None:
    client: ControlClient[Request, Reply] = ControlClient(
        f"ipc://{_RUN}/control", Codec[Request](Request), Codec[Reply](Reply), proof=proof
    )
    reply = client.call(PauseRequest(_CAMERA, None, "nobody", "an attack"), _PATIENCE_S)
    if not isinstance(reply, Accepted):
        raise PermissionError(str(reply))


def _any(acts: Iterable[Callable[[], None]]) -> None:
    errors = []
    for act in acts:
        try:
            act()
        except (OSError, BusError) as error:
            errors.append(error)
        else:
            return
    raise PermissionError("; ".join(map(str, errors)))
