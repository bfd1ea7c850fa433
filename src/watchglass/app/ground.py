"""What every command stands on. Light to load: looking needs no keeper and no processes."""

from dataclasses import dataclass

from watchglass.app.layout import Layout
from watchglass.base.clock import Clock, SystemClock
from watchglass.base.disk import Disk
from watchglass.config.settings import Settings
from watchglass.store.site import SiteStore
from watchglass.store.vault import Vault


@dataclass(frozen=True, slots=True)
class Ground:
    """What every command stands on: settings, clock, disk, and where things lie."""

    settings: Settings
    layout: Layout
    disk: Disk
    clock: Clock

    def waits_for_clock(self) -> bool:
        """Whether the clock went ahead so far that nothing is to be erased for its age now."""
        # It brings along what a keeper is made of, which no command should load.
        from watchglass.recording.leap import waits_ns

        return waits_ns(self.layout.ledgers, self.clock.wall_ns()) > 0


def ground(settings: Settings) -> Ground:
    return Ground(settings, Layout(settings.state), Disk(), SystemClock())


def open_store(on: Ground) -> SiteStore:
    """The site's database, made where there is none; its folder has to exist."""
    vault = Vault.load_or_create(on.layout.vault_key, on.disk)
    return SiteStore(on.layout.site_db, vault, on.clock, on.disk)
