"""Syncs of a volume: one thread does them all, and goes when nobody asks any more."""

import threading
from pathlib import Path

from watchglass.base.clock import SystemClock
from watchglass.base.disk import Disk
from watchglass.recording.mounted import Mounted
from watchglass.recording.volume import create_volume


class _Seen(Disk):
    def __init__(self) -> None:
        super().__init__()
        self.by: list[threading.Thread] = []

    def sync_filesystem(self, fd: int, path: str) -> None:
        self.by.append(threading.current_thread())
        super().sync_filesystem(fd, path)


def test_one_thread_does_all_syncs(tmp_path: Path) -> None:
    disk = _Seen()
    volume = create_volume(tmp_path / "volume", disk, SystemClock())
    mounted = Mounted(volume, disk, SystemClock(), 4096)
    for number in range(1, 6):
        assert mounted.begin() == number
        assert mounted.settle(10.0)
        assert mounted.synced == number
    assert len(set(disk.by)) == 1
    mounted.close(10.0)
    disk.by[0].join(10.0)
    assert not disk.by[0].is_alive()
