"""The process that counts a census: one order from standard input, one answer, and it ends.

What strangers' devices said is parsed here and nowhere else. It reads the one file and the tables
of facts, writes to one folder, and talks to nobody.
"""

import os
import signal
import sys
from pathlib import Path

import msgspec

from watchglass.app.pipes import first_message, say
from watchglass.base import log
from watchglass.base.errors import WatchglassError
from watchglass.base.fence import READS, Fence, Network, put_up
from watchglass.base.landlock import Files, Rule
from watchglass.model.census import CensusFailed, CensusOrder
from watchglass.trust.facts import read_facts

_NICE = 10
_LIMITS = ("/proc/self/cgroup", "/proc/meminfo", "/sys/fs/cgroup")
"""Where DuckDB looks for how much of the machine it may have."""
_WRITES = (
    READS | Files.WRITE | Files.TRUNCATE | Files.MAKE_FILE | Files.MAKE_FOLDER | Files.REMOVE_FILE
    | Files.REMOVE_FOLDER
)  # fmt: skip


def fence_of(order: CensusOrder) -> Fence:
    """One file to read, one folder to write to."""
    return Fence(
        Network.LOCAL,
        (
            *(Rule(Path(each), READS) for each in _LIMITS if Path(each).exists()),
            Rule(Path(order.file), Files.READ), Rule(Path(order.facts), READS),
            Rule(Path(order.folder), _WRITES),
        ),
        calls=False, secrets=True,
    )  # fmt: skip


def main() -> None:
    """Carry out one order."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        order = first_message(msgspec.json.Decoder(CensusOrder))
    except EOFError:
        return
    log.configure("warning")
    os.nice(_NICE)
    # A library that starts threads as it is imported would have them outside the fence.
    put_up(fence_of(order), order.fences)
    from watchglass.trust.census.counting import Counter

    try:
        say(Counter(order, read_facts(Path(order.facts))).count())
    except WatchglassError as error:
        say(CensusFailed(error.sentence))
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
