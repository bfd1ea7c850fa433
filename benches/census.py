"""Counting camera networks in banner data: rows a second of CPU, and the memory that it takes.

The rows are made here: addresses drawn from a large space, so that most are met once or twice, a
thousand cities, five hundred operators, answers of cameras and of everything else, ten thousand
different ones, one row in a thousand broken. The order is what ``watchglass trust census`` gives to
its process, fences and all; the file is read from disk. ``rows_per_s`` is by CPU seconds of that
process, as all work here; the memory is its peak.
"""

import argparse
import random
import sys
import time
from pathlib import Path

from benches._harness import BenchError, report, workplace
from watchglass.app.census import counted
from watchglass.model.census import CensusOrder

_ROWS, _QUICK = 5_000_000, 500_000
_MEMORY = 384 << 20
_TARGETS = {"rows_per_s": (">=", 100_000.0), "rss_mb": ("<=", 768.0)}
_CAMERAS = ("App-webs/", "DNVRS-Webs", "DVRDVS-Webs")
_OTHERS = ("nginx", "Apache/2.4.58 (Debian)", "lighttpd/1.4.76", "Microsoft-IIS/10.0", "mini_httpd")
_COUNTRIES = ("US", "DE", "FR", "VN", "MX", "GB", "BR", "IN", "TR", "TH", "IT", "PL", "LI", "TV")


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/bench census")
    parser.add_argument("--quick", action="store_true")
    asked = parser.parse_args()
    rows = _QUICK if asked.quick else _ROWS
    with workplace() as folder:
        file = folder / "banners.csv"
        cameras = _write(file, rows)
        (folder / "spill").mkdir()
        began = time.monotonic()
        found = counted(CensusOrder(
            file=str(file), folder=str(folder / "spill"), facts=str(folder / "facts"),
            memory_bytes=_MEMORY,
        ))  # fmt: skip
        wall_s = time.monotonic() - began
        size_mb = file.stat().st_size / 1e6
    if found.rows + found.broken != rows or found.networks != cameras:
        raise BenchError(
            f"{found.rows} rows and {found.broken} broken ones of {rows}, {found.networks} "
            f"networks of {cameras}: it does not count what is there."
        )
    return report(
        "census",
        asked.quick,
        {
            "rows": rows, "rows_per_s": rows / found.cpu_s, "rss_mb": found.peak_bytes / 1e6,
            "file_mb": size_mb, "cpu_s": found.cpu_s, "wall_s": wall_s,
            "networks": found.networks, "signatures": found.signatures, "broken": found.broken,
            "cells_left_out": sum(each.left_out for each in found.tables),
        },
        _TARGETS,
    )  # fmt: skip


def _write(file: Path, rows: int) -> int:
    """The rows; how many networks with cameras are in them."""
    luck = random.Random(11)
    seen: set[int] = set()
    with file.open("w", encoding="utf-8") as out:
        out.write("ip,port,country,city,operator,server,title\n")
        for at in range(rows):
            if at % 1000 == 999:
                out.write(f"broken,{at},only\n")
                continue
            number = luck.getrandbits(24)
            ip = f"203.{number >> 16}.{number >> 8 & 255}.{number & 255}"
            if luck.random() < 0.3:
                server, title = luck.choice(_CAMERAS), ""
                seen.add(number)
            else:
                server, title = luck.choice(_OTHERS), f"Welcome {luck.randrange(700)}"
            country = luck.choices(_COUNTRIES, range(len(_COUNTRIES), 0, -1))[0]
            out.write(
                f"{ip},{luck.choice((80, 8080, 8000))},{country},City {luck.randrange(1000)},"
                f"AS{luck.randrange(500)} Net,{server},{title}\n"
            )
    return len(seen)


if __name__ == "__main__":
    sys.exit(main())
