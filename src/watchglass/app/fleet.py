"""The fleet of a data folder: its store and fact tables, and the judgement of both."""

from collections.abc import Iterator
from contextlib import contextmanager
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


def fact_tables(on: Ground) -> ReplacedTables:
    """The facts, with what the user put in place of the package's own."""
    return ReplacedTables(on.layout.state / "facts", on.disk, on.clock)


def judge_fleet(on: Ground, when: date | None = None) -> Fleet:
    """All that was seen, judged for a day (today, in UTC)."""
    facts = fact_tables(on).facts()
    with trust_store(on) as store, egress_store(on) as egress:
        return fleet.judge_fleet(store, facts, on.clock.wall_ns(), when, egress)
