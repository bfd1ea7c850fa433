"""What all processes of a recorder hold together, as the kernel tells it."""

import os
from dataclasses import dataclass
from pathlib import Path

_KIB = 1024
_PROC = Path("/proc")


@dataclass(frozen=True, slots=True)
class Holding:
    """Of one process, or of several together.

    ``memory_bytes`` is what it has written to (private pages, shared memory, and what of it was
    swapped out), not the code and files that the kernel could drop and read again.
    """

    memory_bytes: int = 0
    descriptors: int = 0
    threads: int = 0
    zombies: int = 0

    def __add__(self, other: "Holding") -> "Holding":
        return Holding(
            self.memory_bytes + other.memory_bytes,
            self.descriptors + other.descriptors,
            self.threads + other.threads,
            self.zombies + other.zombies,
        )


def holdings(root: int) -> dict[int, Holding]:
    """Of a process and all its descendants, by pid; those that end meanwhile are left out."""
    found = {}
    for pid in family(root):
        try:
            found[pid] = _holding(_PROC / str(pid))
        except (FileNotFoundError, ProcessLookupError):
            continue
    return found


def family(root: int) -> list[int]:
    """A process and all its descendants."""
    children: dict[int, list[int]] = {}
    for folder in _PROC.iterdir():
        if folder.name.isdecimal():
            try:
                stat = (folder / "stat").read_text(encoding="utf-8", errors="replace")
            except (FileNotFoundError, ProcessLookupError):
                continue
            parent = int(stat.rpartition(")")[2].split()[1])
            children.setdefault(parent, []).append(int(folder.name))
    found = [root]
    for pid in found:
        found += children.get(pid, ())
    return found


def program(pid: int) -> str:
    """The module that it runs; empty where it is gone."""
    try:
        words = (_PROC / str(pid) / "cmdline").read_bytes().decode(errors="replace").split("\0")
    except (FileNotFoundError, ProcessLookupError):
        return ""
    after = words[words.index("-m") + 1 :] if "-m" in words else words
    return after[0].rpartition(".")[2] if after else ""


def _holding(folder: Path) -> Holding:
    fields: dict[str, str] = {}
    for line in (folder / "status").read_text(encoding="utf-8", errors="replace").splitlines():
        name, _, value = line.partition(":")
        fields[name] = value.strip()
    if fields["State"].startswith("Z"):
        return Holding(zombies=1)
    parts = (fields.get(name, "0 kB") for name in ("RssAnon", "RssShmem", "VmSwap"))
    memory = sum(int(part.removesuffix(" kB")) for part in parts) * _KIB
    return Holding(memory, len(os.listdir(folder / "fd")), int(fields["Threads"]))
