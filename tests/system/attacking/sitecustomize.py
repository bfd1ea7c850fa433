"""Loaded by each process of a recorder under test: once fenced in, it tries what an intruder would.

It says on standard error what came of each act, a line for each process, and the process goes on.
"""

import ctypes
import importlib
import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

from watchglass.app import fences
from watchglass.base.errors import BusError
from watchglass.base.fence import Fenced

orders = importlib.import_module("orders")
_DATA = Path(os.environ["ATTACK_DATA"])
_TARGET, _KEY, _LEDGER = (Path(each) for each in os.environ["ATTACK_FILES"].split(":"))
_PORT = int(os.environ["ATTACK_PORT"])
_LIBC = ctypes.CDLL(None, use_errno=True)
_PTRACE_ATTACH = 16
_CLONE_NEWUSER = 0x1000_0000
_tell = fences.tell


def _checked(result: int) -> None:
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))


def _peek() -> None:
    buffer = ctypes.create_string_buffer(16)
    _checked(_LIBC.process_vm_readv(os.getppid(), buffer, 1, buffer, 1, 0))


def _overwrite() -> None:
    with _TARGET.open("r+b"):
        pass


def _make_media() -> None:
    path = _TARGET.with_name(f"new-{os.getpid()}")
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
    os.pwrite(fd, b"12345", 0)
    os.ftruncate(fd, 3)
    os.close(fd)
    if path.stat().st_size != 3:
        raise OSError("not cut")


def _remake() -> None:
    os.close(os.open(_TARGET, os.O_RDONLY | os.O_TRUNC))


def _meet() -> None:
    with socket.socket(socket.AF_UNIX) as own:
        own.connect(os.fspath(_DATA / "state/run/keeper"))


def _listen() -> None:
    with socket.socket() as own:
        own.listen()


def _udp() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as own:
        own.bind(("127.0.0.1", 0))
        own.sendto(b"x", ("127.0.0.1", own.getsockname()[1]))


def _thread() -> None:
    thread = threading.Thread(target=print, args=("",), kwargs={"file": sys.stderr})
    thread.start()
    thread.join()


_WITH_FILES: dict[str, Callable[[], object]] = {
    "read key": _KEY.read_bytes,
    "read vault key": (_DATA / "state/keys/vault.key").read_bytes,
    "read control proof": (_DATA / "state/run/control.proof").read_bytes,
    "read site": (_DATA / "state/site.db").read_bytes,
    "read ledger": _LEDGER.read_bytes,
    "write ledger": lambda: os.close(os.open(_LEDGER, os.O_RDWR)),
    "read index": (_DATA / "state/index.db").read_bytes,
    "write site": lambda: os.close(os.open(_DATA / "state/site.db", os.O_RDWR)),
    "write state": lambda: (_DATA / "state/new").write_bytes(b""),
    "list state": lambda: os.listdir(_DATA / "state"),
    "list media": lambda: os.listdir(_DATA / "media"),
    "read media": _TARGET.read_bytes,
    "make media": _make_media,
    "overwrite media": _overwrite,
    "cut media": lambda: os.truncate(_TARGET, 0),
    "empty media": _remake,
    "remove media": lambda: os.unlink(_TARGET),
    "rename media": lambda: os.rename(_TARGET, _TARGET.with_name("moved")),
    "link media": lambda: os.link(_TARGET, _TARGET.with_name("linked")),
    "hide media": lambda: os.chmod(_TARGET, 0),
    "write elsewhere": lambda: Path(f"/tmp/attack-{os.getpid()}").write_bytes(b""),
    "read elsewhere": lambda: Path("/proc/1/environ").read_bytes(),
}
_TO_THE_KEEPER = {"order the keeper", "order as the supervisor", "tell that the keeper lives"}
_ACTS: dict[str, Callable[[], object]] = {
    "connect out": lambda: socket.create_connection(("127.0.0.1", _PORT), 5).close(),
    "send udp": _udp,
    "be connected to": _listen,
    "meet the keeper": _meet,
    "order the keeper": orders.order_under_its_own_name,
    "order as the supervisor": orders.order_as_the_supervisor,
    "tell that the keeper lives": orders.tell_that_the_keeper_lives,
    "look into the supervisor": _peek,
    "trace the supervisor": lambda: _checked(_LIBC.ptrace(_PTRACE_ATTACH, os.getppid(), 0, 0)),
    "signal the supervisor": lambda: os.kill(os.getppid(), 0),
    "fork": lambda: os.fork() or os._exit(0),
    "start a program": lambda: subprocess.run(["/bin/true"], check=True),
    "become a program": lambda: os.execv("/bin/true", ["true"]),
    "mount": lambda: _checked(_LIBC.mount(b"none", b"/mnt", b"tmpfs", 0, None)),
    "leave its namespace": lambda: _checked(_LIBC.unshare(_CLONE_NEWUSER)),
    "start a thread": _thread,
    "import": lambda: __import__("colorsys"),
}


def _acts(who: str) -> dict[str, Callable[[], object]]:
    match who:
        case "keeper_process":
            # It may do with files what it likes, and would; and nobody answers yet.
            return {name: act for name, act in _ACTS.items() if name not in _TO_THE_KEEPER}
        case "api_process":
            # It asks for people, and the control socket is served only once it is up.
            return _ACTS | _WITH_FILES
        case _:
            return _ACTS | _WITH_FILES | {"pause a camera": orders.pause_a_camera}


def _told(fenced: Fenced) -> None:
    _tell(fenced)
    own = sys.modules["__main__"].__spec__
    assert own is not None
    who = own.name.rpartition(".")[2]
    came = {}
    for name, act in _acts(who).items():
        try:
            act()
        except (OSError, BusError, subprocess.SubprocessError) as error:
            came[name] = str(error)
        else:
            came[name] = ""
    line = json.dumps({"attack": who, "came": came}) + "\n"
    os.write(2, line.encode())


fences.tell = _told
