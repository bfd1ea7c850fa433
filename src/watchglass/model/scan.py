"""What a scan is asked for, and what it tells while it runs.

The command line or the api hands a `ScanOrder` to the probe-worker through its standard input,
where nobody else can read it; the worker answers with one `FromScan` a line on its standard output.
Whoever started it writes observations and coverage to the site's database as they come, so that a
scan that is stopped or dies has told what it found.
"""

from enum import StrEnum

import msgspec

from watchglass.base.ids import CollectorId, ScanId
from watchglass.model.coverage import Coverage, Network
from watchglass.model.observation import Observation, Source


class Login(msgspec.Struct, frozen=True):
    """A user name and password that the operator gave, for these addresses, or for all (empty).

    Never logged, never kept with a scan.
    """

    user: str
    password: str
    addresses: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return "Login(…)"


class ScanOrder(msgspec.Struct, frozen=True, kw_only=True, tag="scan"):
    """Look at these networks, through these doors, no faster than this.

    ``rate_per_s`` bounds packets and connections begun, ``parallel`` what is open at once.
    ``skip`` are addresses that an earlier part of the same scan has done. ``lease_files``: of a
    DHCP server, beside those that lie where they usually do. ``loopback``: this machine's own
    addresses may be named too, for a demo.
    """

    scan: ScanId
    networks: tuple[Network, ...]
    doors: tuple[Source, ...]
    logins: tuple[Login, ...] = ()
    rate_per_s: float = 50.0
    parallel: int = 32
    timeout_s: float = 3.0
    skip: tuple[str, ...] = ()
    lease_files: tuple[str, ...] = ()
    loopback: bool = False


class ScanStop(msgspec.Struct, frozen=True, tag="stop"):
    """End it now; what was found is kept."""


class Observed(msgspec.Struct, frozen=True, tag="observed"):
    """A batch, in any order."""

    observations: tuple[Observation, ...]


class ScanProgress(msgspec.Struct, frozen=True, tag="progress"):
    """How far it is: addresses done of addresses to do, and devices that answered.

    ``at``: the address that is looked at now, where one is looked at after the other.
    """

    done: int
    of: int
    answered: int
    at: str = ""


class AddressesDone(msgspec.Struct, frozen=True, tag="done"):
    """These were looked at: the same scan need not look at them again when it goes on."""

    addresses: tuple[str, ...]


class Covered(msgspec.Struct, frozen=True, tag="covered"):
    """The state of one network; told again, it replaces what was told of it before."""

    coverage: Coverage


class ScanEnded(msgspec.Struct, frozen=True, tag="ended"):
    """The last line. ``stopped``: on request. ``error``: a sentence, empty when all went well."""

    stopped: bool = False
    error: str = ""


ToScan = ScanOrder | ScanStop
FromScan = Observed | ScanProgress | AddressesDone | Covered | ScanEnded


class ImportKind(StrEnum):
    """What a file is that somebody gives us to read."""

    NMAP = "nmap"
    SWITCH = "switch"
    CSV = "csv"
    LEASES = "leases"
    BUNDLE = "bundle"
    """What a collector has brought; its seal was checked before."""


class ImportOrder(msgspec.Struct, frozen=True, kw_only=True, tag="import"):
    """Read the file that follows on standard input. ``at_ns``: when it was given to us."""

    scan: ScanId
    kind: ImportKind
    at_ns: int
    place: str = ""
    collector: CollectorId = CollectorId("")
