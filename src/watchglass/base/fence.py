"""Fences: what a process gives up, for good, before it touches what strangers sent.

A ``Fence`` says what a process needs; all else is refused by the kernel (Landlock for files and
TCP, seccomp for system calls). An older kernel, or a container that forbids it, has less of a fence
or none: the process then runs without, and says so, unless fences are required.
"""

import ctypes
import os
import resource
import socket
import sys
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from watchglass.base import landlock, seccomp
from watchglass.base.errors import ConfigError
from watchglass.base.landlock import Files, Rule, Tcp

READS = Files.READ | Files.LIST
_PR_SET_DUMPABLE, _PR_SET_NO_NEW_PRIVS = 4, 38
_LIBRARIES = ("/usr", "/lib", "/lib32", "/lib64", "/sys/devices/system/cpu")
_NEEDED_FILES = ("/etc/ld.so.cache", "/etc/localtime", "/dev/null", "/dev/zero", "/dev/urandom")
_NAMES = ("/etc", "/run/systemd/resolve", "/run/resolvconf", "/run/NetworkManager", "/run/nscd")
"""Where names of hosts are looked up. All of ``/etc``, because its files are replaced by others
while we run, and a rule is on the file that is there now."""


_DEV = Path("/dev")


class FenceMode(StrEnum):
    """``auto``: as good as the kernel can. ``require``: whole, or the process does not run."""

    AUTO = "auto"
    REQUIRE = "require"
    OFF = "off"


class Network(StrEnum):
    """Which sockets a process may make."""

    LOCAL = "local"
    """Those of this machine's processes (``AF_UNIX``)."""
    OUTGOING = "outgoing"
    """TCP that it begins itself, and UDP; it lets nobody connect."""


@dataclass(frozen=True, slots=True)
class Fence:
    """What one kind of process needs, besides what it has open when it is fenced.

    ``rules``: files it may use, besides Python's own, to read; None where files are not fenced.
    ``only_new_files``: it writes only to files that it makes, and removes and renames none.
    ``calls``: whether it may connect to sockets; ``serves``: whether it may let others connect.
    ``secrets``: no core file, and no other process of this user looks into it.
    """

    network: Network
    rules: tuple[Rule, ...] | None = ()
    only_new_files: bool = False
    calls: bool = True
    serves: bool = False
    secrets: bool = False

    def filter(self) -> seccomp.Filter:
        families = [socket.AF_UNIX]
        if self.network is Network.OUTGOING:
            # A route socket is how the C library orders the addresses of a name.
            families += [socket.AF_INET, socket.AF_INET6, socket.AF_NETLINK]
        refused: set[str] = set() if self.rules is None else set(seccomp.ALTERS)
        if self.only_new_files:
            refused.update(seccomp.RENAMES)
        if not self.calls:
            refused.add("connect")
        if not self.serves:
            refused.update(seccomp.SERVES)
        return seccomp.Filter(tuple(families), frozenset(refused), self.only_new_files)

    def tcp(self) -> Tcp:
        """What is refused of TCP, whatever socket the process was handed."""
        return Tcp.BIND if self.network is Network.OUTGOING else Tcp.BIND | Tcp.CONNECT


@dataclass(frozen=True, slots=True)
class Fenced:
    """What holds for a process: the version of Landlock (0 for none), whether calls are filtered,
    and why there is less than all."""

    landlock: int
    seccomp: bool
    why_less: str = field(default="")

    @property
    def whole(self) -> bool:
        return self.landlock > 0 and self.seccomp

    def __str__(self) -> str:
        files = f"Landlock ABI {self.landlock}" if self.landlock else "no Landlock"
        why = f" ({self.why_less})" if self.why_less else ""
        return f"{files}, seccomp: {'on' if self.seccomp else 'off'}{why}"


UNFENCED = Fenced(0, False, "switched off by WATCHGLASS_FENCES")


def put_up(fence: Fence, mode: FenceMode) -> Fenced:
    """Fence this process in, for good. ConfigError when that is required and cannot be done.

    Landlock holds for the thread that asks and those it starts, so there may be no other yet.
    """
    if mode is FenceMode.OFF:
        return UNFENCED
    if fence.secrets:
        keep_secrets()
    _prctl(_PR_SET_NO_NEW_PRIVS)
    version, filtered, why = 0, False, ""
    try:
        if len(os.listdir("/proc/self/task")) > 1:
            raise OSError("threads run already")
        version = landlock.restrict(_rules(fence), fence.tcp())
        why = "" if version else "this kernel has no Landlock, or does not use it"
    except OSError as error:
        why = f"Landlock refuses: {error.strerror or error}"
    try:
        filtered = seccomp.install(fence.filter())
        why = why or ("" if filtered else "this kernel or machine has no seccomp filter")
    except OSError as error:
        why = why or f"seccomp refuses: {error.strerror or error}"
    fenced = Fenced(version, filtered, why)
    if mode is FenceMode.REQUIRE and not fenced.whole:
        raise ConfigError(
            f"Fences are required, and there is only this: {fenced}. Use a newer kernel, or set "
            "WATCHGLASS_FENCES to 'auto'."
        )
    return fenced


def keep_secrets() -> None:
    """No core file of this process, and no look into its memory but by root."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _prctl(_PR_SET_DUMPABLE, value=0)


def name_lookups() -> tuple[Rule, ...]:
    """What it takes to find the addresses of hosts."""
    return tuple(Rule(Path(each), READS) for each in _NAMES)


def of_devices() -> list[Rule]:
    """Cameras of this machine that are plugged in now, and the names by which they are found."""
    cameras = [Rule(path, Files.READ | Files.DEVICE_CALLS) for path in _DEV.glob("video*")]
    return [*cameras, Rule(_DEV / "v4l", READS)]


def _rules(fence: Fence) -> tuple[Rule, ...] | None:
    if fence.rules is None:
        return None
    own = [*_LIBRARIES, *_NEEDED_FILES, sys.prefix, sys.base_prefix]
    own += [each for each in sys.path if each.startswith("/") and each != "/"]
    return (*(Rule(Path(each), READS) for each in own), *fence.rules)


def _prctl(what: int, *, value: int = 1) -> None:
    ctypes.CDLL(None, use_errno=True).prctl(what, value, 0, 0, 0)
