"""Where processes meet: ``ipc://`` sockets in folders that only their owner can enter.

The kernel's file permissions keep other users out: who can open the folder is this user. Which of
this user's processes may speak is for `proof` to show. ``tcp://`` between machines would be added
here and nowhere else: ``open_router`` and ``open_dealer`` would set the CURVE keys (and refuse tcp
without them) and ZMTP heartbeats, since a TCP peer can vanish without the kernel noticing;
sessions, credits and beats stay as they are.
"""

import fcntl
import os
import socket
import stat
from pathlib import Path

import zmq

from watchglass.base.errors import AlreadyRunningError, BusError, ConfigError

_SCHEME = "ipc://"
_PATH_LIMIT_BYTES = 107  # sun_path with its closing zero
_PROBE_S = 1.0
_BACKLOG = 128


def ipc_path(endpoint: str) -> Path:
    """The socket file of an endpoint; ConfigError for what is not an absolute ``ipc://`` path."""
    path = endpoint.removeprefix(_SCHEME)
    if path == endpoint or not path.startswith("/"):
        raise ConfigError(f"'{endpoint}' is no endpoint: give ipc:// and an absolute path.")
    if len(os.fsencode(path)) > _PATH_LIMIT_BYTES:
        raise ConfigError(
            f"The socket path '{path}' is too long for the system: choose a state folder whose"
            f" path is shorter (at most {_PATH_LIMIT_BYTES} bytes in all)."
        )
    return Path(path)


def answers(path: Path) -> bool:
    """Whether a process listens at this socket file."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(_PROBE_S)
        try:
            probe.connect(os.fspath(path))
        except (BlockingIOError, TimeoutError):
            return True  # it listens, and is too busy to accept
        except OSError:
            return False
    return True


def _owner_only(folder: Path) -> None:
    """Make the folder, or see that it is ours alone: it is the lock on the door."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = folder.stat()
    if found.st_uid != os.geteuid() or stat.S_IMODE(found.st_mode) & 0o077:
        raise ConfigError(
            f"Others can enter '{folder}', where processes of the recorder meet: make it yours"
            " alone (chmod 700) or choose another folder."
        )


class Listener:
    """A listening socket file, held for as long as this object is open.

    ZeroMQ is given the descriptor and not the path: left to itself it removes whatever file is in
    the way, a living server's included, and removes it again, late, when it closes.
    """

    def __init__(self, endpoint: str) -> None:
        self.path = ipc_path(endpoint)
        _owner_only(self.path.parent)
        self._lock_fd = self._locked()
        try:
            self._remove_stale()
            self._socket = self._listening()
        except BaseException:
            os.close(self._lock_fd)
            raise
        self._inode = self.path.stat().st_ino
        self._closed = False

    def _locked(self) -> int:
        # Closes the race of two servers that both find the file stale.
        lock = self.path.with_name(self.path.name + ".lock")
        descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(descriptor)
            raise AlreadyRunningError(f"Another process answers at '{self.path}'.") from error
        return descriptor

    def _remove_stale(self) -> None:
        try:
            mode = self.path.lstat().st_mode
        except FileNotFoundError:
            return
        if not stat.S_ISSOCK(mode):
            raise ConfigError(f"'{self.path}' is in the way and is no socket: move it elsewhere.")
        if answers(self.path):
            raise AlreadyRunningError(f"Another process answers at '{self.path}'.")
        self.path.unlink()

    def _listening(self) -> socket.socket:
        listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        try:
            listening.bind(os.fspath(self.path))
            listening.listen(_BACKLOG)
        except OSError as error:
            listening.close()
            raise ConfigError(f"Cannot listen at '{self.path}': {error.strerror}.") from error
        return listening

    def hand_over(self) -> int:
        """The listening descriptor, which the caller owns from now on."""
        return self._socket.detach()

    def close(self) -> None:
        """Remove the file, if it is still ours, and let another server take the place."""
        if self._closed:
            return
        self._closed = True
        self._socket.close()
        try:
            if self.path.lstat().st_ino == self._inode:
                self.path.unlink()
        except FileNotFoundError:
            pass
        except PermissionError:
            pass  # a fenced process may not; the next listener finds the file stale
        os.close(self._lock_fd)


def open_router(
    listener: Listener, frame_limit_bytes: int, incoming_messages: int, outgoing_messages: int
) -> "Socket":
    """The server's end; so many messages from and to one peer may wait inside ZeroMQ."""
    router = _socket(zmq.ROUTER, frame_limit_bytes)
    # A ROUTER drops in silence what it cannot deliver, unless told not to.
    router.setsockopt(zmq.ROUTER_MANDATORY, 1)
    router.setsockopt(zmq.RCVHWM, incoming_messages)
    router.setsockopt(zmq.SNDHWM, outgoing_messages)
    router.setsockopt(zmq.USE_FD, listener.hand_over())
    router.bind(f"{_SCHEME}{listener.path}")
    return router


def open_dealer(endpoint: str, frame_limit_bytes: int) -> "Socket":
    """A client's end: one connection and never a second one beneath it.

    It cannot be written to before it is connected nor after the connection broke, so every frame
    goes to the server that said Welcome, or comes back.
    """
    dealer = _socket(zmq.DEALER, frame_limit_bytes)
    dealer.setsockopt(zmq.IMMEDIATE, 1)
    dealer.setsockopt(zmq.RECONNECT_IVL, -1)
    dealer.setsockopt(zmq.SNDHWM, 0)  # credits are the bound
    dealer.connect(f"{_SCHEME}{ipc_path(endpoint)}")
    return dealer


Socket = zmq.Socket[bytes]


def _socket(kind: int, frame_limit_bytes: int) -> Socket:
    # One context for the process: one more thread of ZeroMQ's, however many hops there are.
    try:
        opened: Socket = zmq.Context.instance().socket(kind)
    except zmq.ZMQError as error:  # no descriptor left
        raise BusError(f"Cannot open a socket: {error.strerror}.") from error
    opened.setsockopt(zmq.LINGER, 0)
    opened.setsockopt(zmq.MAXMSGSIZE, frame_limit_bytes)
    return opened
