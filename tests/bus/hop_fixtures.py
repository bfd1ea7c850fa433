"""What the bus tests share: two kinds of messages each way, and both ends in one thread."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import msgspec

from watchglass.base.clock import Clock
from watchglass.bus.client import BusClient, LinkRenewed
from watchglass.bus.message import Codec
from watchglass.bus.server import BusServer, PeerJoined, PeerLost, Received


class Note(msgspec.Struct, frozen=True, tag="note"):
    number: int
    body: bytes = b""


class Bell(msgspec.Struct, frozen=True, tag="bell"):
    text: str


class Ack(msgspec.Struct, frozen=True, tag="ack"):
    up_to: int


Up: TypeAlias = Note | Bell
UP: Codec[Up] = Codec(Up, limit_bytes=1024 * 1024)
DOWN: Codec[Ack] = Codec(Ack)

News: TypeAlias = Received[Up] | PeerJoined | PeerLost


def endpoint_in(folder: Path) -> str:
    return f"ipc://{folder}/run/keeper.sock"


def a_server(endpoint: str, **options: Any) -> BusServer[Up, Ack]:
    return BusServer(endpoint, UP, DOWN, **options)


def a_client(
    endpoint: str, name: str = "worker-1", limit_bytes: int = 10**6, **options: Any
) -> BusClient[Up, Ack]:
    return BusClient(endpoint, name, UP, DOWN, limit_bytes=limit_bytes, **options)


PAIRS: "list[Pair]" = []
"""Those that the test began: closed with it, also where it fails."""


class Pair:
    """A client and a server, polled in turn, and everything they said."""

    def __init__(self, client: BusClient[Up, Ack], server: BusServer[Up, Ack]) -> None:
        self.client = client
        self.server = server
        self.at_server: list[News] = []
        self.at_client: list[Ack | LinkRenewed] = []
        self.gives_back = True

    def turn(self) -> None:
        self.at_client += self.client.poll(0.002)
        for item in self.server.poll(0.002):
            self.at_server.append(item)
            if isinstance(item, Received) and self.gives_back:
                self.server.done(item.peer, item.size_bytes)

    def until(self, wanted: Callable[[], bool], timeout_s: float = 10.0) -> None:
        deadline_s = time.monotonic() + timeout_s
        while not wanted():
            assert time.monotonic() < deadline_s, "it did not come about"
            self.turn()

    def turns(self, seconds: float) -> None:
        deadline_s = time.monotonic() + seconds
        while time.monotonic() < deadline_s:
            self.turn()

    def until_apart(self) -> None:
        """Until the client notices that its server is gone."""
        while self.client.connected:
            self.client.poll(0.05)

    @property
    def received(self) -> list[Up]:
        return [item.message for item in self.at_server if isinstance(item, Received)]

    @property
    def numbers(self) -> list[int]:
        return [message.number for message in self.received if isinstance(message, Note)]

    def close(self) -> None:
        self.client.close()
        self.server.close()


def a_pair(folder: Path, clock: Clock | None = None, **server_options: Any) -> Pair:
    endpoint = endpoint_in(folder)
    server = a_server(endpoint, clock=clock, **server_options)
    pair = Pair(a_client(endpoint, clock=clock), server)
    PAIRS.append(pair)
    pair.until(lambda: pair.client.connected)
    return pair
