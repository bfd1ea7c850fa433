"""Landlock: the kernel keeps a thread, and all it starts later, from files that are not its own.

Only what a ruleset *handles* is refused, and only where no rule beneath allows it. The syscalls
have the same numbers on every machine. A rule is on what lies at a path now: a file that takes the
place of another, and a disk that is mounted again, are not covered by it.
"""

import ctypes
import os
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntFlag
from pathlib import Path

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_ASK_VERSION = 1
_RULE_PATH_BENEATH = 1
_RULESET = struct.Struct("=QQQ")
_PATH_BENEATH = struct.Struct("=Qi")
_SCOPE_SINCE, _NET_SINCE = 6, 4
_SCOPE_ABSTRACT_SOCKETS, _SCOPE_SIGNALS = 1, 2


class Files(IntFlag):
    """What may be done with files beneath a path."""

    EXECUTE = 1 << 0
    WRITE = 1 << 1
    READ = 1 << 2
    LIST = 1 << 3
    REMOVE_FOLDER = 1 << 4
    REMOVE_FILE = 1 << 5
    MAKE_DEVICE = 1 << 6
    MAKE_FOLDER = 1 << 7
    MAKE_FILE = 1 << 8
    MAKE_SOCKET = 1 << 9
    MAKE_FIFO = 1 << 10
    MAKE_BLOCK = 1 << 11
    MAKE_LINK = 1 << 12
    MOVE = 1 << 13
    TRUNCATE = 1 << 14
    DEVICE_CALLS = 1 << 15


_OF_ONE_FILE = Files.EXECUTE | Files.WRITE | Files.READ | Files.TRUNCATE | Files.DEVICE_CALLS
_SINCE = {Files.MOVE: 2, Files.TRUNCATE: 3, Files.DEVICE_CALLS: 5}


class Tcp(IntFlag):
    """What may be done with TCP."""

    BIND = 1
    CONNECT = 2


@dataclass(frozen=True, slots=True)
class Rule:
    """``path``, and all beneath it, may be used so. A path that is not there allows nothing."""

    path: Path
    files: Files


def abi() -> int:
    """The version of the kernel's Landlock; 0 where there is none."""
    return max(0, _call(_CREATE_RULESET, None, ctypes.c_size_t(0), _ASK_VERSION))


def restrict(rules: Iterable[Rule] | None, refused_tcp: Tcp) -> int:
    """Keep this thread to the rules, for good; the version that does it, 0 where there is none.

    ``None`` leaves files alone. ``PR_SET_NO_NEW_PRIVS`` must be set. OSError when it fails.
    """
    version = abi()
    if version == 0:
        return 0
    handled = _known_to(version) if rules is not None else Files(0)
    tcp = refused_tcp if version >= _NET_SINCE else 0
    scopes = _SCOPE_ABSTRACT_SOCKETS | _SCOPE_SIGNALS if version >= _SCOPE_SINCE else 0
    if not (handled or tcp or scopes):
        return version
    attributes = _RULESET.pack(handled, tcp, scopes)
    # Older kernels know fewer fields, and take a longer structure only with zeros there.
    ruleset = _checked(_call(_CREATE_RULESET, attributes, ctypes.c_size_t(len(attributes)), 0))
    try:
        for rule in rules or ():
            _allow(ruleset, rule, handled)
        _checked(_call(_RESTRICT_SELF, ruleset, 0))
    finally:
        os.close(ruleset)
    return version


def _known_to(version: int) -> Files:
    known = Files(0)
    for each in Files:
        if _SINCE.get(each, 1) <= version:
            known |= each
    return known


def _allow(ruleset: int, rule: Rule, handled: Files) -> None:
    try:
        at = os.open(rule.path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    try:
        allowed = rule.files & handled
        if not rule.path.is_dir():
            allowed &= _OF_ONE_FILE
        if allowed:
            attributes = _PATH_BENEATH.pack(allowed, at)
            _checked(_call(_ADD_RULE, ruleset, _RULE_PATH_BENEATH, attributes, 0))
    finally:
        os.close(at)


def _call(*arguments: object) -> int:
    return int(ctypes.CDLL(None, use_errno=True).syscall(*arguments))


def _checked(result: int) -> int:
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return result
