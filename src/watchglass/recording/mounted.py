"""A volume in use: its syncs, which run beside each other, and what they have settled.

Each sync has a number. What lay on the volume when sync *n* began is durable when *n* succeeded.
After a failed one the kernel may have dropped what it could not write, and would say of the next
that all is well: so what came before a failed sync is doubted, whatever follows.
"""

import os
import queue
import threading
from contextlib import suppress

from watchglass.base import log
from watchglass.base.clock import Clock
from watchglass.base.disk import Disk
from watchglass.base.errors import StorageError, WriteFailedError
from watchglass.recording.alive import Alive
from watchglass.recording.ballast import Ballast
from watchglass.recording.volume import Volume

_IDLE_S = 30.0
"""After so long without a sync its thread ends: of a keeper that was given up nothing is left."""
_LOG = log.get("keeper")


class Mounted:
    """One volume of one keeper; used by the keeper's thread, which waits for syncs as it likes."""

    def __init__(self, volume: Volume, disk: Disk, clock: Clock, ballast_bytes: int) -> None:
        """VolumeMissingError when it is not there."""
        volume.check()
        self.volume = volume
        self.ballast = Ballast(volume.path, disk, ballast_bytes)
        self.floor_bytes = 0
        """What was to be free on it, when that was looked at last."""
        self.settled = 0
        """Number of the last sync that ended, one way or the other."""
        self.synced = 0
        """Number of the last one that succeeded."""
        self.failing_since_ns: int | None = None
        """UTC of the first failure since the last success."""
        self.syncing_since_ns = 0
        """Monotonic, of the sync that runs; 0 while none does."""
        self.synced_ns = clock.monotonic_ns()
        """Monotonic: what was there then is durable."""
        self.syncs = 0
        self.sync_ns = 0
        """Of all syncs that ended, together."""
        self._disk = disk
        self._clock = clock
        self._alive = Alive(volume.path, disk, clock)
        # Opened before the first write and kept: it is told of every error since.
        self._fd = _opened(volume)
        self._begun = 0
        self._asked: queue.SimpleQueue[bool] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._has_thread = False
        self._ended = threading.Event()
        self._error: BaseException | None = None
        self._took_ns = 0

    @property
    def failing(self) -> bool:
        """Whether its last sync failed."""
        return self.failing_since_ns is not None

    @property
    def syncing(self) -> bool:
        """Whether a sync runs, or has ended and was not settled."""
        return self._begun > self.settled

    def begin(self) -> int:
        """Begin a sync; the number of the one that will cover all that was written up to now.

        While one runs, that is the one after it, which a later call begins.
        """
        if self.syncing:
            return self._begun + 1
        self._begun += 1
        self.syncing_since_ns = self._clock.monotonic_ns()
        self._ended.clear()
        with self._lock:
            self._asked.put(True)
            if not self._has_thread:
                self._has_thread = True
                name = f"sync {self.volume.id[:8]}"
                threading.Thread(target=self._work, name=name, daemon=True).start()
        return self._begun

    def settle(self, timeout_s: float) -> bool:
        """Wait for the sync that runs, if one does; whether one ended."""
        if not self.syncing or not self._ended.wait(timeout_s):
            return False
        self.settled = self._begun
        error, self._error = self._error, None
        began_ns, self.syncing_since_ns = self.syncing_since_ns, 0
        self.syncs += 1
        self.sync_ns += self._took_ns
        if error is None:
            self.synced = self.settled
            self.synced_ns = began_ns
            self.failing_since_ns = None
        elif not isinstance(error, StorageError):
            raise error
        elif not self.failing:
            _LOG.error("sync_failed", volume=self.volume.id, error=error.sentence)
            self.failing_since_ns = self._clock.wall_ns()
        return True

    def close(self, timeout_s: float, *, stopped: bool = False) -> None:
        """Give its descriptors back; a sync that does not end keeps them.

        ``stopped``: say that the recorder ended by somebody's will. StorageError when it cannot.
        """
        self.settle(timeout_s)
        self._asked.put(False)
        if self.syncing:
            return
        try:
            if stopped:
                self._alive.tell(stopped=True)
        finally:
            self._alive.close()
            os.close(self._fd)

    def _work(self) -> None:
        """One thread for all syncs: to start one for each costs more than most of them do."""
        while True:
            try:
                goes_on = self._asked.get(timeout=_IDLE_S)
            except queue.Empty:
                goes_on = False
            if goes_on:
                self._sync()
                continue
            with self._lock:
                if self._asked.empty():
                    self._has_thread = False
                    return

    def _sync(self) -> None:
        try:
            self.volume.check()
            self._follow()
            # Without it the last words are older; what was recorded is as durable.
            with suppress(StorageError):
                self._alive.tell()
            self._disk.sync_filesystem(self._fd, str(self.volume.path))
        except BaseException as error:  # noqa: BLE001 - the thread's border: raised where it is awaited
            self._error = error
        finally:
            self._took_ns = self._clock.monotonic_ns() - self.syncing_since_ns
            self._ended.set()

    def _follow(self) -> None:
        """A disk that was taken out and mounted again: the old descriptor would sync nothing."""
        here, held = os.stat(self.volume.path), os.fstat(self._fd)
        if (here.st_dev, here.st_ino) == (held.st_dev, held.st_ino):
            return
        fresh = _opened(self.volume)
        os.close(self._fd)
        self._fd = fresh
        self._alive.close()
        raise WriteFailedError(
            f"Another file system is mounted at {self.volume.path} than was written to: what was "
            "not synced before is read again."
        )


def _opened(volume: Volume) -> int:
    try:
        return os.open(volume.path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise WriteFailedError(
            f"{volume.path} cannot be opened ({error.strerror}): check the disk and its mount."
        ) from error
