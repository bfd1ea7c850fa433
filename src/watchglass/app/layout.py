"""Where a recorder's own files lie, under its state folder."""

import os
from dataclasses import dataclass
from pathlib import Path

from watchglass.base.disk import Disk, WriteSite, lock
from watchglass.base.errors import AlreadyRunningError, ConfigError, DiskFullError, StorageError


@dataclass(frozen=True, slots=True)
class Layout:
    """Paths under the state folder; endpoints are ``ipc://`` sockets only the owner can open."""

    state: Path

    @property
    def run(self) -> Path:
        return self.state / "run"

    @property
    def keeper(self) -> str:
        return f"ipc://{self.run}/keeper"

    @property
    def control(self) -> str:
        return f"ipc://{self.run}/control"

    @property
    def control_proof(self) -> Path:
        """What shows that one may ask at the control socket; another at each start."""
        return self.run / "control.proof"

    @property
    def live(self) -> str:
        return f"ipc://{self.run}/live"

    @property
    def media(self) -> str:
        return f"ipc://{self.run}/media"

    @property
    def onvif(self) -> str:
        return f"ipc://{self.run}/onvif"

    @property
    def understood(self) -> str:
        return f"ipc://{self.run}/understood"

    @property
    def analyst(self) -> str:
        return f"ipc://{self.run}/analyst"

    @property
    def relay(self) -> str:
        return f"ipc://{self.run}/relay"

    @property
    def vitals(self) -> str:
        return f"ipc://{self.run}/vitals"

    @property
    def site_db(self) -> Path:
        return self.state / "site.db"

    @property
    def events_db(self) -> Path:
        return self.state / "events.db"

    @property
    def index_db(self) -> Path:
        return self.state / "index.db"

    @property
    def vault_key(self) -> Path:
        return self.state / "keys" / "vault.key"

    @property
    def accounts_key(self) -> Path:
        """What the secrets of second factors are sealed with."""
        return self.state / "keys" / "accounts.key"

    @property
    def notes(self) -> Path:
        """What people did and the keeper has not taken yet."""
        return self.state / "notes"

    @property
    def exports(self) -> Path:
        """Evidence bundles that were asked for by the page: beside the state folder, for they are
        large, and part of no backup."""
        return self.state.parent / "exports"

    @property
    def redacted(self) -> Path:
        """Redacted copies, a folder for each."""
        return self.exports / "redacted"

    @property
    def ledgers(self) -> Path:
        return self.state / "ledger"

    @property
    def anchors(self) -> Path:
        """Heads that outside authorities have stamped."""
        return self.state / "anchors"


class StateLock:
    """Held by the one recorder, or the one command, that may change a state folder."""

    def __init__(self, layout: Layout, disk: Disk) -> None:
        """AlreadyRunningError when somebody holds it; ConfigError for a folder that cannot be."""
        try:
            disk.make_folders(WriteSite.SETTINGS, layout.run, 0o700)
            os.chmod(layout.state, 0o700)
            self._fd = disk.open(WriteSite.SETTINGS, layout.run / "lock", 0o600)
        except DiskFullError:
            raise
        except (StorageError, OSError) as error:
            raise ConfigError(
                f"The folder {layout.state} cannot be written ({_why(error)}): make it writable, "
                "or choose another with --data."
            ) from error
        if not lock(self._fd):
            os.close(self._fd)
            raise AlreadyRunningError(
                f"A recorder is already running on {layout.state}: stop it first, or choose "
                "another folder with --data."
            )

    def release(self) -> None:
        os.close(self._fd)


def _why(error: Exception) -> str:
    cause = error if isinstance(error, OSError) else error.__cause__
    return cause.strerror or str(cause) if isinstance(cause, OSError) else str(error)
