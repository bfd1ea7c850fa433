"""The fleet of a data folder: its store and fact tables, and the judgement of both."""

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import date

import watchglass
from watchglass.app.ground import Ground
from watchglass.base.disk import WriteSite
from watchglass.store.egress import EgressStore
from watchglass.store.trust import TrustStore
from watchglass.trust import fleet
from watchglass.trust.fleet import Fleet
from watchglass.trust.replaced import ReplacedTables

PROGRAM = f"watchglass {watchglass.__version__}"


@contextmanager
def trust_store(on: Ground) -> Iterator[TrustStore]:
    """The tables of trust in the site's database, made where there are none."""
    on.disk.make_folders(WriteSite.SETTINGS, on.layout.state, 0o700)
    store = TrustStore(on.layout.site_db, on.disk)
    try:
        yield store
    finally:
        store.close()


@contextmanager
def egress_store(on: Ground) -> Iterator[EgressStore]:
    """The tables of egress and containment, made where there are none."""
    on.disk.make_folders(WriteSite.SETTINGS, on.layout.state, 0o700)
    store = EgressStore(on.layout.site_db, on.disk)
    try:
        yield store
    finally:
        store.close()


class KeptStores:
    """Both stores for who is asked all the time, opened when first asked for. Thread-safe.

    A page that shows a scan asks each second, and to open a store costs ten times as much as to
    read what is told.
    """

    def __init__(self, on: Ground) -> None:
        self._on = on
        self._lock = threading.Lock()
        self._open = ExitStack()
        self._trust: TrustStore | None = None
        self._egress: EgressStore | None = None

    @property
    def trust(self) -> TrustStore:
        with self._lock:
            if self._trust is None:
                self._trust = self._open.enter_context(trust_store(self._on))
            return self._trust

    @property
    def egress(self) -> EgressStore:
        with self._lock:
            if self._egress is None:
                self._egress = self._open.enter_context(egress_store(self._on))
            return self._egress

    def close(self) -> None:
        """Nobody may ask any more."""
        with self._lock:
            self._trust = self._egress = None
            self._open.close()


def fact_tables(on: Ground) -> ReplacedTables:
    """The facts, with what the user put in place of the package's own."""
    return ReplacedTables(on.layout.state / "facts", on.disk, on.clock)


def judge_fleet(on: Ground, when: date | None = None) -> Fleet:
    """All that was seen, judged for a day (today, in UTC)."""
    facts = fact_tables(on).facts()
    with trust_store(on) as store, egress_store(on) as egress:
        return fleet.judge_fleet(store, facts, on.clock.wall_ns(), when, egress)
