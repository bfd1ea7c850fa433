"""The process that looks at a camera, as if what the camera sent had taken it over: once it is
fenced in it tries what an intruder would, and answers with what came of it."""

import ctypes
import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

from watchglass.cameras import probe_worker
from watchglass.model.probe import ProbeAnswer, ProbeError, ProbeRequest

_STATE, _CLIP, _PORT = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
_LIBC = ctypes.CDLL(None, use_errno=True)
_PTRACE_ATTACH = 16


def _checked(result: int) -> None:
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))


def _listen() -> None:
    with socket.socket() as own:
        own.listen()


def _meet() -> None:
    with socket.socket(socket.AF_UNIX) as own:
        own.connect(os.fspath(_STATE / "run/keeper"))


def _peek() -> None:
    buffer = ctypes.create_string_buffer(16)
    _checked(_LIBC.process_vm_readv(os.getppid(), buffer, 1, buffer, 1, 0))


def _trace() -> None:
    if os.environ.get(probe_worker.FENCES_SETTING) != "off":  # else its parent, the test, stops
        _checked(_LIBC.ptrace(_PTRACE_ATTACH, os.getppid(), 0, 0))


def _thread() -> None:
    thread = threading.Thread(target=int)
    thread.start()
    thread.join()


_ACTS: dict[str, Callable[[], object]] = {
    "connect out": lambda: socket.create_connection(("127.0.0.1", _PORT), 5).close(),
    "look up a name": lambda: socket.getaddrinfo("localhost", 80),
    "start a thread": _thread,
    "import": lambda: __import__("colorsys"),
    "read the file to play": _CLIP.read_bytes,
    "list the files to play": lambda: os.listdir(_CLIP.parent),
    "write a file to play": lambda: os.close(os.open(_CLIP, os.O_RDWR)),
    "make a file to play": lambda: _CLIP.with_name("new").write_bytes(b""),
    "remove a file to play": lambda: os.unlink(_CLIP),
    "read a key": (_STATE / "keys/vault.key").read_bytes,
    "read a recording": (_STATE.parent / "media/a.mp4").read_bytes,
    "list state": lambda: os.listdir(_STATE),
    "write state": lambda: (_STATE / "new").write_bytes(b""),
    "write elsewhere": lambda: (_STATE.parent.parent / "new").write_bytes(b""),
    "read elsewhere": lambda: Path("/proc/1/environ").read_bytes(),
    "meet the keeper": _meet,
    "be connected to": _listen,
    "look into its parent": _peek,
    "trace its parent": _trace,
    "signal its parent": lambda: os.kill(os.getppid(), 0),
    "fork": lambda: os.fork() or os._exit(0),
    "start a program": lambda: subprocess.run(["/bin/true"], check=True),
    "mount": lambda: _checked(_LIBC.mount(b"none", b"/mnt", b"tmpfs", 0, None)),
}


def _attack(request: ProbeRequest) -> ProbeAnswer:
    done = []
    for name, act in _ACTS.items():
        try:
            act()
        except (OSError, subprocess.SubprocessError):
            continue
        done.append(name)
    return ProbeAnswer(error=ProbeError("camera_unreachable", json.dumps(done)))


probe_worker.answer_request = _attack
probe_worker.main()
