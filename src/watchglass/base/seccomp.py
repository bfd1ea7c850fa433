"""A seccomp filter: system calls that this process never needs fail with EPERM from now on.

It is a deny list over the calls that widen what a process may do. What it leaves open, Landlock
narrows. The numbers are those of x86-64 and of arm64; on other machines there is no filter.
"""

import ctypes
import errno
import os
import platform
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

_PR_SET_SECCOMP, _MODE_FILTER = 22, 2
_SECCOMP_SET_MODE_FILTER, _ALL_THREADS, _SPECULATE = 1, 1, 4
_ALLOW, _KILL, _ERRNO = 0x7FFF_0000, 0x8000_0000, 0x0005_0000
_LOAD, _AND, _IS, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x54, 0x15, 0x35, 0x45, 0x06
_NUMBER_AT, _ARCH_AT, _ARGUMENT_AT = 0, 4, 16
_X32 = 0x4000_0000
_STEP = struct.Struct("=HBBI")
_CLONE_THREAD = 0x0001_0000
_CLONE_NEW_NAMESPACES = 0x7E02_0000


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


NEVER: Final = _names(
    "ptrace process_vm_readv process_vm_writev process_madvise kcmp pidfd_open pidfd_getfd "
    "pidfd_send_signal tkill mount umount2 pivot_root chroot open_tree move_mount fsopen fsconfig "
    "fsmount fspick mount_setattr kexec_load kexec_file_load init_module finit_module "
    "delete_module bpf perf_event_open keyctl add_key request_key userfaultfd unshare setns "
    "open_by_handle_at io_uring_setup io_uring_enter io_uring_register swapon swapoff reboot "
    "settimeofday clock_settime clock_adjtime adjtimex acct quotactl quotactl_fd iopl ioperm "
    "fanotify_init sethostname setdomainname personality modify_ldt syslog vhangup lookup_dcookie "
    "nfsservctl migrate_pages move_pages openat2 execve execveat fork vfork"
)
"""Refused in every fenced process."""
RENAMES: Final = _names(
    "rename renameat renameat2 unlink unlinkat rmdir link linkat symlink symlinkat mknod mknodat "
    "truncate creat"
)
"""What removes, renames or empties files that are there."""
ALTERS: Final = _names(
    "chmod fchmod fchmodat fchmodat2 chown fchown lchown fchownat setxattr lsetxattr fsetxattr "
    "setxattrat removexattr lremovexattr fremovexattr removexattrat utime utimes utimensat "
    "futimesat"
)
"""What changes who may use files, which Landlock does not look at."""
SERVES: Final = _names("listen accept accept4")
"""What lets others connect."""

_X86_64 = (
    "open=2 socket=41 connect=42 accept=43 bind=49 listen=50 clone=56 fork=57 vfork=58 execve=59 "
    "kill=62 truncate=76 rename=82 rmdir=84 creat=85 link=86 unlink=87 symlink=88 chmod=90 "
    "fchmod=91 chown=92 fchown=93 lchown=94 ptrace=101 syslog=103 rt_sigqueueinfo=129 utime=132 "
    "mknod=133 personality=135 vhangup=153 modify_ldt=154 pivot_root=155 adjtimex=159 chroot=161 "
    "acct=163 settimeofday=164 mount=165 umount2=166 swapon=167 swapoff=168 reboot=169 "
    "sethostname=170 setdomainname=171 iopl=172 ioperm=173 init_module=175 delete_module=176 "
    "quotactl=179 nfsservctl=180 setxattr=188 lsetxattr=189 fsetxattr=190 removexattr=197 "
    "lremovexattr=198 fremovexattr=199 tkill=200 lookup_dcookie=212 clock_settime=227 tgkill=234 "
    "utimes=235 kexec_load=246 add_key=248 request_key=249 keyctl=250 migrate_pages=256 openat=257 "
    "mknodat=259 fchownat=260 futimesat=261 unlinkat=263 renameat=264 linkat=265 symlinkat=266 "
    "fchmodat=268 unshare=272 move_pages=279 utimensat=280 accept4=288 rt_tgsigqueueinfo=297 "
    "perf_event_open=298 fanotify_init=300 open_by_handle_at=304 clock_adjtime=305 setns=308 "
    "process_vm_readv=310 process_vm_writev=311 kcmp=312 finit_module=313 renameat2=316 "
    "seccomp=317 kexec_file_load=320 bpf=321 execveat=322 userfaultfd=323"
)
_ARM64 = (
    "setxattr=5 lsetxattr=6 fsetxattr=7 removexattr=14 lremovexattr=15 fremovexattr=16 "
    "lookup_dcookie=18 mknodat=33 unlinkat=35 symlinkat=36 linkat=37 renameat=38 umount2=39 "
    "mount=40 pivot_root=41 nfsservctl=42 truncate=45 chroot=51 fchmod=52 fchmodat=53 fchownat=54 "
    "fchown=55 openat=56 vhangup=58 quotactl=60 utimensat=88 acct=89 personality=92 unshare=97 "
    "kexec_load=104 init_module=105 delete_module=106 clock_settime=112 syslog=116 ptrace=117 "
    "kill=129 tkill=130 tgkill=131 rt_sigqueueinfo=138 reboot=142 sethostname=161 "
    "setdomainname=162 settimeofday=170 adjtimex=171 socket=198 bind=200 listen=201 accept=202 "
    "connect=203 add_key=217 request_key=218 keyctl=219 clone=220 execve=221 swapon=224 "
    "swapoff=225 migrate_pages=238 move_pages=239 rt_tgsigqueueinfo=240 perf_event_open=241 "
    "accept4=242 fanotify_init=262 open_by_handle_at=265 clock_adjtime=266 setns=268 "
    "process_vm_readv=270 process_vm_writev=271 kcmp=272 finit_module=273 renameat2=276 "
    "seccomp=277 bpf=280 execveat=281 userfaultfd=282 kexec_file_load=294"
)
_BOTH = (
    "pidfd_send_signal=424 io_uring_setup=425 io_uring_enter=426 io_uring_register=427 "
    "open_tree=428 move_mount=429 fsopen=430 fsconfig=431 fsmount=432 fspick=433 pidfd_open=434 "
    "clone3=435 openat2=437 pidfd_getfd=438 process_madvise=440 mount_setattr=442 quotactl_fd=443 "
    "fchmodat2=452 setxattrat=463 removexattrat=466"
)


def _table(text: str) -> dict[str, int]:
    pairs = (each.split("=") for each in (text + " " + _BOTH).split())
    return {name: int(number) for name, number in pairs}


@dataclass(frozen=True, slots=True)
class Machine:
    """A processor's name for audit, and its numbers of system calls."""

    arch: int
    calls: Mapping[str, int]
    has_x32: bool = False


MACHINES: Final = {
    "x86_64": Machine(0xC000_003E, _table(_X86_64), has_x32=True),
    "aarch64": Machine(0xC000_00B7, _table(_ARM64)),
}


@dataclass(frozen=True, slots=True)
class Filter:
    """``refused``: names of calls, besides ``NEVER``. ``families``: address families of sockets
    that may be made. ``only_new_files``: a file is opened for writing only where it is created.
    """

    families: tuple[int, ...]
    refused: frozenset[str] = field(default_factory=frozenset)
    only_new_files: bool = False


def install(wanted: Filter) -> bool:
    """Filter all threads of this process, for good; False where the kernel or machine cannot.

    ``PR_SET_NO_NEW_PRIVS`` must be set.
    """
    machine = MACHINES.get(platform.machine())
    if machine is None:
        return False
    program = assemble(wanted, machine, os.getpid())
    libc = ctypes.CDLL(None, use_errno=True)
    code = ctypes.create_string_buffer(program, len(program))
    header = ctypes.create_string_buffer(
        struct.pack("@HP", len(program) // _STEP.size, ctypes.addressof(code))
    )
    call = machine.calls["seccomp"]
    done = libc.syscall(call, _SECCOMP_SET_MODE_FILTER, _ALL_THREADS | _SPECULATE, header)
    if done == 0:
        return True
    if ctypes.get_errno() in (errno.EINVAL, errno.ENOSYS):
        return False
    raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def assemble(wanted: Filter, machine: Machine, pid: int) -> bytes:
    """The filter as the kernel runs it, for a process that is ``pid``."""
    steps = _Steps()
    steps.load(_ARCH_AT)
    steps.add(_IS, machine.arch, skip_true=1)
    steps.add(_RETURN, _KILL)
    steps.load(_NUMBER_AT)
    if machine.has_x32:
        steps.add(_AT_LEAST, _X32, skip_false=1)
        steps.refuse()
    for name in sorted({*NEVER, *wanted.refused}):
        if name in machine.calls:
            steps.add(_IS, machine.calls[name], skip_false=1)
            steps.refuse()
    # The C library asks for it first and falls back to clone, whose flags can be looked at.
    steps.add(_IS, machine.calls["clone3"], skip_false=1)
    steps.refuse(errno.ENOSYS)
    steps.block(machine.calls["clone"], _only_threads())
    steps.block(machine.calls["socket"], _one_of(wanted.families))
    for name in ("kill", "tgkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo"):
        steps.block(machine.calls[name], _one_of((pid,)))
    if wanted.only_new_files:
        for name, argument in (("open", 1), ("openat", 2)):
            if name in machine.calls:
                steps.block(machine.calls[name], _new_files(argument))
    steps.add(_RETURN, _ALLOW)
    return steps.code()


def _only_threads() -> "_Steps":
    steps = _Steps()
    steps.load(_ARGUMENT_AT)
    steps.add(_ANY_BIT, _CLONE_THREAD, skip_true=1)
    steps.refuse()
    steps.add(_ANY_BIT, _CLONE_NEW_NAMESPACES, skip_false=1)
    steps.refuse()
    steps.add(_RETURN, _ALLOW)
    return steps


def _one_of(values: tuple[int, ...]) -> "_Steps":
    steps = _Steps()
    steps.load(_ARGUMENT_AT)
    for value in values:
        steps.add(_IS, value, skip_false=1)
        steps.add(_RETURN, _ALLOW)
    steps.refuse()
    return steps


def _new_files(argument: int) -> "_Steps":
    steps = _Steps()
    at = _ARGUMENT_AT + 8 * argument
    both = os.O_CREAT | os.O_EXCL
    steps.load(at)
    steps.add(_ANY_BIT, os.O_ACCMODE, skip_true=3)
    steps.add(_ANY_BIT, os.O_TRUNC, skip_false=1)
    steps.refuse()
    steps.add(_RETURN, _ALLOW)
    steps.add(_AND, both)
    steps.add(_IS, both, skip_true=1)
    steps.refuse()
    steps.add(_RETURN, _ALLOW)
    return steps


class _Steps:
    """Instructions of the kernel's packet filter."""

    def __init__(self) -> None:
        self._steps: list[bytes] = []

    def add(self, code: int, value: int, *, skip_true: int = 0, skip_false: int = 0) -> None:
        self._steps.append(_STEP.pack(code, skip_true, skip_false, value))

    def load(self, at: int) -> None:
        """The low half of what lies there, which is all that counts on both machines."""
        self.add(_LOAD, at)

    def refuse(self, code: int = errno.EPERM) -> None:
        self.add(_RETURN, _ERRNO | code)

    def block(self, number: int, block: "_Steps") -> None:
        """For one call alone; the block ends with an answer."""
        self.add(_IS, number, skip_false=len(block._steps))
        self._steps += block._steps

    def code(self) -> bytes:
        return b"".join(self._steps)
