"""python -m tests.second_reader --state DIR --volume DIR …, or python tests/second_reader DIR DIR …

Prints a report in JSON. Exit status 1: something is damaged, missing or not accounted for.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.second_reader.report import Report


def summary(report: "Report") -> dict[str, object]:
    from tests.second_reader.timeline import unaccounted

    return {
        "fails": report.fails,
        "now": report.now,
        "findings": [vars(finding) for finding in report.findings],
        "files": [
            {
                "path": file.name,
                "length": file.size,
                "fragments": len(file.fragments),
                "root": file.root.hex(),
                "footer": file.has_footer,
                "torn": file.torn,
            }
            for file in report.files
        ],
        "ledgers": [
            {
                "name": name,
                "lines": len(ledger.lines),
                "root": ledger.root.hex(),
                "torn": len(ledger.torn),
                "heads": len(report.heads.get(name, [])),
            }
            for name, ledger in report.ledgers.items()
        ],
        "timelines": [
            {
                "camera": line.camera,
                "stream": line.stream,
                "accountable": line.accountable,
                "spans": [[span.start, span.end, span.what] for span in line.spans],
                "overlaps": line.overlaps,
                "holes": unaccounted(line, 0, report.now),
            }
            for line in report.timelines.values()
        ],
    }


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="second_reader", description=__doc__)
    parser.add_argument("folders", nargs="*", type=Path, metavar="STATE VOLUME")
    parser.add_argument("--state", type=Path)
    parser.add_argument("--volume", type=Path, action="append", default=[])
    parser.add_argument("--now", type=int, help="nanoseconds since 1970; ends what is open")
    parser.add_argument("--least-hole-ns", type=int, default=0)
    given = parser.parse_args(arguments)
    places: list[Path] = list(given.folders)
    state = given.state or (places.pop(0) if places else None)
    if state is None:
        parser.error("no state folder")
    from tests.second_reader.report import read_site

    report = read_site(
        state, given.volume + places, now=given.now, least_hole_ns=given.least_hole_ns
    )
    json.dump(summary(report), sys.stdout, indent=1, default=str)
    print()
    return 1 if report.fails else 0


if __name__ == "__main__":
    if not __package__:  # run as a folder: the parents of this file are not on the path yet
        sys.path[0] = str(Path(__file__).resolve().parents[2])
    sys.exit(main())
