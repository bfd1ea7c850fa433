"""A real recorder whose wall clock, sleep and disk are the test's, by ``interposed.c``.

No code of the product knows of it: the functions of libc that it calls are stood in for.
"""

import mmap
import shutil
import struct
import subprocess
from pathlib import Path

import pytest

_SOURCE = Path(__file__).with_suffix(".c")
_NS_PER_S = 1_000_000_000
_FIELDS = struct.Struct("=qqq")


class Interposed:
    """The controls of one recorder; ``environment`` is for its start."""

    def __init__(self, folder: Path, slow: str = "") -> None:
        """``slow``: a part of the paths whose writes can be made to take long."""
        compiler = shutil.which("cc")
        if compiler is None:
            pytest.skip("no C compiler is installed")
        library, control = folder / "interposed.so", folder / "control"
        subprocess.run(
            [compiler, "-O1", "-Wall", "-Werror", "-shared", "-fPIC", "-o", str(library),
             str(_SOURCE), "-ldl"],
            check=True,
        )  # fmt: skip
        control.write_bytes(bytes(_FIELDS.size))
        with control.open("r+b") as file:
            self._map = mmap.mmap(file.fileno(), _FIELDS.size)
        self._wall_ns = self._slept_ns = self._write_ms = 0
        self.environment = {
            "LD_PRELOAD": str(library),
            "INTERPOSED_CONTROL": str(control),
            "INTERPOSED_SLOW": slow or "\n",
        }

    def step(self, by_s: float) -> None:
        """Set the wall clock forward or back."""
        self._wall_ns += round(by_s * _NS_PER_S)
        self._tell()

    def sleep(self, for_s: float) -> None:
        """Let the machine have slept: wall and boot time went on, the monotonic clock did not."""
        self._slept_ns += round(for_s * _NS_PER_S)
        self._tell()

    def write_takes(self, seconds: float) -> None:
        """Each write to the slow files, from now on."""
        self._write_ms = round(seconds * 1000)
        self._tell()

    def _tell(self) -> None:
        _FIELDS.pack_into(self._map, 0, self._wall_ns, self._slept_ns, self._write_ms)
