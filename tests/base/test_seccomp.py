"""The filter of system calls: its numbers are the kernel's, and its steps decide as they should."""

import errno
import os
import re
import socket
import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchglass.base.seccomp import (
    ALTERS,
    MACHINES,
    NEVER,
    RENAMES,
    SERVES,
    Filter,
    Machine,
    assemble,
)

_HEADERS = {
    "x86_64": Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h"),
    # Arm's numbers are the ones that new machines share.
    "aarch64": Path("/usr/include/asm-generic/unistd.h"),
}
_ALLOW, _KILL, _ERRNO = 0x7FFF_0000, 0x8000_0000, 0x0005_0000
_REFUSED = _ERRNO | errno.EPERM
_PID = 4321


@pytest.mark.parametrize("name", _HEADERS)
def test_numbers_are_those_of_the_kernels_headers(name: str) -> None:
    if not _HEADERS[name].exists():
        pytest.skip("no headers of the kernel")
    text = _HEADERS[name].read_text(encoding="ascii")
    found = re.findall(r"#define __NR(?:3264)?_(\w+)\s+(\d+)", text)
    kernels = {call: int(number) for call, number in found}
    ours = MACHINES[name].calls
    assert len(ours) > 80
    assert {call: kernels.get(call, number) for call, number in ours.items()} == ours
    assert len(ours.keys() & kernels.keys()) > 75


def test_every_name_is_known_on_some_machine() -> None:
    known = {call for machine in MACHINES.values() for call in machine.calls}
    assert {*NEVER, *RENAMES, *ALTERS, *SERVES} <= known


def _decides(program: bytes, arch: int, number: int, arguments: tuple[int, ...] = ()) -> int:
    """What the kernel would answer, as its manual describes the machine."""
    padded = (*arguments, *([0] * (6 - len(arguments))))
    data = struct.pack("=IIQ6Q", number, arch, 0, *(each & (2**64 - 1) for each in padded))
    steps = list(struct.iter_unpack("=HBBI", program))
    at = accumulator = 0
    while True:
        code, skip_true, skip_false, value = steps[at]
        at += 1
        if code == 0x06:
            return int(value)
        if code == 0x20:
            (accumulator,) = struct.unpack_from("=I", data, value)
        elif code == 0x54:
            accumulator &= value
        else:
            holds = {
                0x15: accumulator == value, 0x35: accumulator >= value,
                0x45: bool(accumulator & value),
            }[code]  # fmt: skip
            at += skip_true if holds else skip_false


_WANTED = Filter((socket.AF_UNIX, socket.AF_INET), RENAMES | ALTERS | SERVES, only_new_files=True)
_BOTH = pytest.mark.parametrize("machine", MACHINES.values(), ids=list(MACHINES))


@_BOTH
def test_each_refused_call_is_refused_and_others_pass(machine: Machine) -> None:
    program = assemble(_WANTED, machine, _PID)
    refused = {machine.calls[name] for name in NEVER | _WANTED.refused if name in machine.calls}
    looked_at = {"clone", "clone3", "socket", "kill", "tgkill", "open", "openat"}
    looked_at |= {"rt_sigqueueinfo", "rt_tgsigqueueinfo"}
    special = {machine.calls[name] for name in looked_at if name in machine.calls}
    for number in set(range(500)) - special:
        expected = _REFUSED if number in refused else _ALLOW
        assert _decides(program, machine.arch, number) == expected, number
    assert _decides(program, machine.arch ^ 1, 0) == _KILL
    assert _decides(program, machine.arch, machine.calls["clone3"]) == _ERRNO | errno.ENOSYS
    if machine.has_x32:
        assert _decides(program, machine.arch, 0x4000_0000) == _REFUSED


@_BOTH
@given(flags=st.integers(0, 2**32 - 1))
def test_only_threads_are_cloned(machine: Machine, flags: int) -> None:
    program = assemble(_WANTED, machine, _PID)
    came = _decides(program, machine.arch, machine.calls["clone"], (flags,))
    namespaces = flags & 0x7E02_0000
    assert (came == _ALLOW) == bool(flags & 0x1_0000 and not namespaces)


@_BOTH
@given(flags=st.integers(0, 2**24 - 1))
def test_only_what_is_new_is_opened_for_writing(machine: Machine, flags: int) -> None:
    program = assemble(_WANTED, machine, _PID)
    came = _decides(program, machine.arch, machine.calls["openat"], (0, 0, flags))
    if flags & os.O_ACCMODE:
        both = os.O_CREAT | os.O_EXCL
        assert (came == _ALLOW) == (flags & both == both)
    else:
        assert (came == _ALLOW) == (not flags & os.O_TRUNC)


@_BOTH
def test_sockets_are_of_a_family_and_signals_for_oneself(machine: Machine) -> None:
    program = assemble(_WANTED, machine, _PID)
    made = {
        family
        for family in range(50)
        if _decides(program, machine.arch, machine.calls["socket"], (family,)) == _ALLOW
    }
    assert made == {socket.AF_UNIX, socket.AF_INET}
    for call in ("kill", "tgkill"):
        sent = {
            pid
            for pid in (-1, 0, 1, _PID - 1, _PID)
            if _decides(program, machine.arch, machine.calls[call], (pid,)) == _ALLOW
        }
        assert sent == {_PID}
