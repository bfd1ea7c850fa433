"""What was seen of devices, where was looked, and what the operator said about them.

The tables are in the site's database, with a schema version of their own, and need no camera. All
values are hostile text that was bounded where it came in. An observation told twice in one scan is
kept once, with the time at which it was first told.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import sqlalchemy as sa

from watchglass.base.disk import Disk
from watchglass.base.errors import NotFoundError
from watchglass.base.ids import CollectorId, DeviceId, ScanId
from watchglass.model.coverage import Coverage, ScanEntry
from watchglass.model.observation import Observation, Signal, Source
from watchglass.model.profile import SiteProfile
from watchglass.model.purchase import Purchase
from watchglass.store.database import Database, Schema, Synchronous
from watchglass.store.device_paths import (
    DevicePaths,
    add_path_tables,
    add_plan_tables,
    path_tables,
)
from watchglass.store.kept_reading import KeptReading

_BATCH = 500
_PROFILE = "profile"

_TABLES = sa.MetaData()
_SCANS = sa.Table(
    "trust_scans",
    _TABLES,
    sa.Column("scan", sa.String(32), primary_key=True),
    sa.Column("entry", sa.LargeBinary, nullable=False),
    sa.Column("started_ns", sa.BigInteger, nullable=False),
)
_OBSERVATIONS = sa.Table(
    "trust_observations",
    _TABLES,
    sa.Column("key", sa.String(32), primary_key=True),
    sa.Column("scan", sa.String(32), nullable=False, index=True),
    sa.Column("collector", sa.String(32), nullable=False),
    sa.Column("at_ns", sa.BigInteger, nullable=False),
    sa.Column("source", sa.String(32), nullable=False),
    sa.Column("signal", sa.String(32), nullable=False),
    sa.Column("value", sa.Text, nullable=False),
    sa.Column("address", sa.String(64), nullable=False),
    sa.Column("port", sa.Integer, nullable=False),
    sa.Column("mac", sa.String(17), nullable=False),
    sa.Column("channel", sa.Integer),
)
_COVERAGE = sa.Table(
    "trust_coverage",
    _TABLES,
    sa.Column("scan", sa.String(32), primary_key=True),
    sa.Column("collector", sa.String(32), primary_key=True),
    sa.Column("cidr", sa.String(64), primary_key=True),
    sa.Column("coverage", sa.LargeBinary, nullable=False),
)
_NAMES = sa.Table(
    "trust_device_names",
    _TABLES,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("device", sa.String(32), nullable=False, index=True),
)
_PURCHASES = sa.Table(
    "trust_purchases",
    _TABLES,
    sa.Column("device", sa.String(32), primary_key=True),
    sa.Column("purchase", sa.LargeBinary, nullable=False),
)
_STATED = sa.Table(
    "trust_stated",
    _TABLES,
    sa.Column("what", sa.String(32), primary_key=True),
    sa.Column("value", sa.LargeBinary, nullable=False),
)
path_tables(_TABLES)
_COUNT = sa.select(sa.func.count()).select_from(_OBSERVATIONS)
SCHEMA = Schema(
    "trust",
    _TABLES,
    upgrades=(add_path_tables, add_plan_tables),
    if_damaged="stop the recorder and restore the state folder from a backup; no footage is lost.",
)
T = TypeVar("T")


class TrustStore(DevicePaths):
    """Observations, scans, coverage, device names, purchases, profile. Thread-safe.

    Each method is one transaction, but for ``add_observations``, which takes one for each batch.
    """

    def __init__(self, path: Path, disk: Disk | None = None) -> None:
        self._database = Database(path, SCHEMA, synchronous=Synchronous.FULL, disk=disk)
        self._digest = KeptReading(self._database, self._read_digest)

    def close(self) -> None:
        self._database.close()

    def digest(self) -> str:
        """Names what is kept: the same as long as nothing is seen, stated, noted or forgotten.

        Of observations their number is enough: none is changed, and who forgets some forgets the
        scan that saw them.
        """
        return self._digest()

    def _read_digest(self, connection: sa.Connection) -> str:
        told = hashlib.sha256()
        rows = (
            sa.select(_SCANS.c.scan, _SCANS.c.entry).order_by(_SCANS.c.scan),
            sa.select(_COVERAGE).order_by(*_COVERAGE.primary_key.columns),
            sa.select(_PURCHASES).order_by(_PURCHASES.c.device),
            sa.select(_STATED).order_by(_STATED.c.what),
        )
        told.update(str(connection.scalar(_COUNT)).encode())
        for query in rows:
            for row in connection.execute(query):
                told.update(repr(tuple(row)).encode())
        told.update("".join(self.path_digest(connection)).encode())
        return told.hexdigest()[:32]

    # --- scans -------------------------------------------------------------------------------

    def put_scan(self, entry: ScanEntry) -> None:
        """Note a scan, or what has become of it."""
        with self._database.write() as connection:
            connection.execute(sa.delete(_SCANS).where(_SCANS.c.scan == entry.scan))
            connection.execute(
                sa.insert(_SCANS).values(
                    scan=entry.scan, started_ns=entry.started_ns, entry=_encode(entry)
                )
            )

    def scans(self) -> list[ScanEntry]:
        """All scans and imports, oldest first."""
        query = sa.select(_SCANS.c.entry).order_by(_SCANS.c.started_ns, _SCANS.c.scan)
        with self._database.read() as connection:
            return [self._decode(row, ScanEntry) for row in connection.scalars(query)]

    def forget_scan(self, scan: ScanId) -> None:
        """Forget a scan with all that it saw. NotFoundError where there is none."""
        with self._database.write() as connection:
            if not connection.execute(sa.delete(_SCANS).where(_SCANS.c.scan == scan)).rowcount:
                raise NotFoundError(
                    f"No scan has the id {scan[:40]!r}: see 'watchglass trust scans'."
                )
            connection.execute(sa.delete(_OBSERVATIONS).where(_OBSERVATIONS.c.scan == scan))
            connection.execute(sa.delete(_COVERAGE).where(_COVERAGE.c.scan == scan))

    # --- observations ------------------------------------------------------------------------

    def add_observations(self, observations: Iterable[Observation]) -> int:
        """Keep observations; how many were new."""
        new = 0
        for batch in _batches(observations, _BATCH):
            rows = {_key(each): each for each in reversed(batch)}
            with self._database.write() as connection:
                known = set(connection.scalars(
                    sa.select(_OBSERVATIONS.c.key).where(_OBSERVATIONS.c.key.in_(list(rows)))
                ))  # fmt: skip
                fresh = [_row(key, each) for key, each in rows.items() if key not in known]
                if fresh:
                    connection.execute(sa.insert(_OBSERVATIONS), fresh)
            new += len(fresh)
        return new

    def observations(self, scan: ScanId | None = None) -> list[Observation]:
        """All that was seen, or what one scan saw, in a fixed order."""
        query = sa.select(_OBSERVATIONS).order_by(_OBSERVATIONS.c.at_ns, _OBSERVATIONS.c.key)
        if scan is not None:
            query = query.where(_OBSERVATIONS.c.scan == scan)
        with self._database.read() as connection:
            return [self._observation(row) for row in connection.execute(query)]

    def _observation(self, row: Any) -> Observation:
        try:
            return Observation(
                at_ns=row.at_ns, source=Source(row.source), signal=Signal(row.signal),
                value=row.value, scan=ScanId(row.scan), address=row.address, port=row.port,
                mac=row.mac, channel=row.channel, collector=CollectorId(row.collector),
            )  # fmt: skip
        except ValueError as error:
            raise self._database.damaged(f"an observation: {error}") from error

    # --- coverage ----------------------------------------------------------------------------

    def put_coverage(self, coverage: Coverage) -> None:
        """Keep what a scan reached of a network, in the place of what was told of it before."""
        of_it = {
            "scan": coverage.scan, "collector": coverage.collector,
            "cidr": coverage.cidr or coverage.place[:64],
        }  # fmt: skip
        with self._database.write() as connection:
            connection.execute(sa.delete(_COVERAGE).filter_by(**of_it))
            connection.execute(sa.insert(_COVERAGE).values(coverage=_encode(coverage), **of_it))

    def coverage(self) -> list[Coverage]:
        query = sa.select(_COVERAGE.c.coverage).order_by(
            _COVERAGE.c.scan, _COVERAGE.c.collector, _COVERAGE.c.cidr
        )
        with self._database.read() as connection:
            return [self._decode(row, Coverage) for row in connection.scalars(query)]

    # --- devices -----------------------------------------------------------------------------

    def device_names(self) -> dict[str, DeviceId]:
        """The id that each key, or address, of a device led to."""
        with self._database.read() as connection:
            return _names_in(connection)

    def remember_devices(
        self, names: dict[str, DeviceId], known: Mapping[str, DeviceId] | None = None
    ) -> bool:
        """Which id each name leads to from now on; names not given go on leading where they did.

        ``known``: what they led to when that was decided. False, and nothing is kept, where another
        process has named devices since: whoever has seen its ids must find them again.
        """
        rows = [{"name": name, "device": device} for name, device in sorted(names.items())]
        with self._database.write() as connection:
            if known is not None and _names_in(connection) != known:
                return False
            for batch in _batches(rows, _BATCH):
                named = [row["name"] for row in batch]
                connection.execute(sa.delete(_NAMES).where(_NAMES.c.name.in_(named)))
                connection.execute(sa.insert(_NAMES), list(batch))
        return True

    def purchases(self) -> list[Purchase]:
        query = sa.select(_PURCHASES.c.purchase).order_by(_PURCHASES.c.device)
        with self._database.read() as connection:
            return [self._decode(row, Purchase) for row in connection.scalars(query)]

    def put_purchase(self, purchase: Purchase) -> None:
        """Note what is known of a purchase, in the place of what was noted before."""
        with self._database.write() as connection:
            connection.execute(sa.delete(_PURCHASES).filter_by(device=purchase.device))
            connection.execute(
                sa.insert(_PURCHASES).values(device=purchase.device, purchase=_encode(purchase))
            )

    # --- profile -----------------------------------------------------------------------------

    def profile(self) -> SiteProfile:
        """What was stated of the site; nothing by default."""
        query = sa.select(_STATED.c.value).filter_by(what=_PROFILE)
        with self._database.read() as connection:
            found = connection.scalar(query)
        return SiteProfile() if found is None else self._decode(found, SiteProfile)

    def set_profile(self, profile: SiteProfile) -> None:
        with self._database.write() as connection:
            connection.execute(sa.delete(_STATED).filter_by(what=_PROFILE))
            connection.execute(sa.insert(_STATED).values(what=_PROFILE, value=_encode(profile)))

    def _decode(self, data: bytes, kind: type[T]) -> T:
        try:
            return msgspec.json.decode(data, type=kind)
        except msgspec.DecodeError as error:
            raise self._database.damaged(f"a {kind.__name__}: {error}") from error


def _encode(value: msgspec.Struct) -> bytes:
    return msgspec.json.encode(value)


def _key(seen: Observation) -> str:
    """Names an observation but for its time."""
    timeless = msgspec.structs.replace(seen, at_ns=0)
    return hashlib.sha256(msgspec.json.encode(timeless)).hexdigest()[:32]


def _row(key: str, seen: Observation) -> dict[str, object]:
    return {
        "key": key, "scan": seen.scan, "collector": seen.collector, "at_ns": seen.at_ns,
        "source": seen.source.value, "signal": seen.signal.value, "value": seen.value,
        "address": seen.address, "port": seen.port, "mac": seen.mac, "channel": seen.channel,
    }  # fmt: skip


def _batches(values: Iterable[T], most: int) -> Iterator[Sequence[T]]:
    rest = iter(values)
    while batch := list(islice(rest, most)):
        yield batch


def _names_in(connection: sa.Connection) -> dict[str, DeviceId]:
    rows = connection.execute(sa.select(_NAMES.c.name, _NAMES.c.device))
    return {row.name: DeviceId(row.device) for row in rows}
