"""Whatever ends a connection: nothing of it waits for the cycle collector.

A camera that is off is tried for months, and a worker's collector is a calm one: what only it can
free would be a megabyte by then, for each such camera.
"""

import gc
import socket
import weakref
from collections.abc import Callable, Iterator
from types import FrameType

import pytest

from tests.media.raw_rtsp import RawServer, answer, read_request
from tests.media.test_rtsp_session import Camera
from watchglass.base.clock import SystemClock
from watchglass.base.errors import CameraError
from watchglass.media.rtsp import RtspSource


@pytest.fixture
def no_collector() -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def _hangs_up(connection: socket.socket) -> None:
    read_request(connection)


def _no_rtsp(connection: socket.socket) -> None:
    connection.sendall(b"SSH-2.0-OpenSSH_9.2\r\n\r\n")
    connection.recv(1000)


def _refuses(connection: socket.socket) -> None:
    _, headers = read_request(connection)
    connection.sendall(answer(headers.get("cseq", "0"), status="404 Not Found"))


class _HangsUpPlaying(Camera):
    def __call__(self, connection: socket.socket) -> None:
        super().__call__(_Leaving(connection))  # type: ignore[arg-type]


class _Leaving:
    """A connection that ends with its twentieth message."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._left = 20

    def __getattr__(self, name: str) -> object:
        return getattr(self._connection, name)

    def sendall(self, data: bytes) -> None:
        self._left -= 1
        if not self._left:
            raise ConnectionResetError
        self._connection.sendall(data)


def _lost(source: RtspSource, *, shared: bool = False) -> str:
    """Read until it ends; the sentence of the error, and nothing else of it."""
    try:
        source.open()
        if shared:
            assert source.share() is not None
        while True:
            source.take() if shared else source.read()
    except CameraError as error:
        return error.sentence
    finally:
        source.close()


@pytest.mark.usefixtures("no_collector")
@pytest.mark.parametrize("talk", [_hangs_up, _no_rtsp, _refuses, _HangsUpPlaying()])
def test_a_lost_connection_is_freed_at_once(talk: Callable[[socket.socket], None]) -> None:
    with RawServer(talk) as server:
        source = RtspSource(server.url, None, sound=False, clock=SystemClock())
        assert _lost(source)
        there = weakref.ref(source)
        del source
        assert there() is None
        assert server.connections == 1


@pytest.mark.usefixtures("no_collector")
def test_so_is_one_that_was_read_in_turn_with_others() -> None:
    with RawServer(_HangsUpPlaying()) as server:
        source = RtspSource(server.url, None, sound=False, clock=SystemClock())
        assert _lost(source, shared=True)
        there = weakref.ref(source)
        del source
        assert there() is None


@pytest.mark.full
@pytest.mark.usefixtures("no_collector")
def test_a_camera_that_is_off_leaves_nothing() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        url = f"rtsp://127.0.0.1:{closed.getsockname()[1]}/main"
    gc.collect()
    gc.set_debug(gc.DEBUG_SAVEALL)
    try:
        for _ in range(3):
            assert _lost(RtspSource(url, None, sound=False, clock=SystemClock()))
        gc.collect()
        # What other tests of this process left behind may fall due now.
        left = [each for each in gc.garbage if _is_ours(each)]
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
    assert left == []


def _is_ours(thing: object) -> bool:
    """Whether it is of a connection: an object, an error, a frame, a socket."""
    named = type(thing).__module__.startswith("watchglass")
    return named or isinstance(thing, BaseException | FrameType | socket.socket)
