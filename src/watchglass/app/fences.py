"""What each process of the recorder is fenced to, and how it tells of it.

Called by the process itself, once it has read its first message and before it touches anything that
a stranger sent; no thread may run yet.
"""

import os
from pathlib import Path

import msgspec

from watchglass.app.layout import Layout
from watchglass.app.pipes import say
from watchglass.base import log
from watchglass.base.disk import Disk, WriteSite
from watchglass.base.errors import VolumeMissingError
from watchglass.base.fence import (
    READS,
    Fence,
    Fenced,
    FenceMode,
    Network,
    name_lookups,
    of_devices,
    put_up,
)
from watchglass.base.ids import VolumeId
from watchglass.base.landlock import Files, Rule
from watchglass.model.assignment import FencedOff, FenceTold
from watchglass.recording.volume import MARK, Volume

_WRITES = READS | Files.WRITE | Files.TRUNCATE
_MAKES = Files.MAKE_FILE | Files.MAKE_FOLDER | Files.WRITE | Files.TRUNCATE
_MEETS = _WRITES | Files.MAKE_FILE | Files.MAKE_SOCKET | Files.REMOVE_FILE
_AUTHORITIES = ("/usr/share/ca-certificates", "/usr/local/share/ca-certificates")
"""Where ``/etc/ssl/certs`` leads to."""
_PROCESSOR = Path("/proc/cpuinfo")
"""What tells an inference runtime which instructions it may use."""
_DEVICES = Path("/sys/bus/pci/devices")
"""ONNX Runtime looks there for what computes faster, and complains where it may not."""
_LOG = log.get("fence")
_OFF: msgspec.json.Decoder[FencedOff] = msgspec.json.Decoder(FencedOff)


def of_camera_worker(volumes: list[Path], sources: Path | None = None) -> Fence:
    """It makes media files and fills them, and reads none: not even those it made before.

    ``sources`` is where files that are played lie. Cameras of this machine are those that are
    plugged in by now.
    """
    rules = [Rule(path, _MAKES) for path in volumes]
    rules += [Rule(path / MARK, Files.READ) for path in volumes]
    rules += [Rule(path, READS) for path in (sources,) if path is not None]
    rules += of_devices()
    return Fence(Network.OUTGOING, (*rules, *name_lookups()), only_new_files=True, secrets=True)


def of_media_worker() -> Fence:
    """Its socket is open already, and others connect to it."""
    return Fence(Network.LOCAL, only_new_files=True, calls=False, serves=True)


def of_analytics_worker(models: Path) -> Fence:
    """It reads models, and what processors there are; its socket is made before it gives up the
    right to make more files."""
    rules = (Rule(models, READS), Rule(_PROCESSOR, Files.READ), Rule(_DEVICES, READS))
    return Fence(Network.LOCAL, rules, only_new_files=True, serves=True)


def of_film(file: Path, models: Path) -> Fence:
    """It reads one video, and models; it writes nothing, and calls nobody."""
    rules = (
        Rule(file, Files.READ), Rule(models, READS), Rule(_PROCESSOR, Files.READ),
        Rule(_DEVICES, READS),
    )  # fmt: skip
    return Fence(Network.LOCAL, rules, only_new_files=True, calls=False)


def of_events_worker(layout: Layout) -> Fence:
    """It writes one database; its socket is made before it gives up the right to make files."""
    base = layout.events_db
    rules = [Rule(Path(f"{base}{end}"), _WRITES) for end in ("", "-wal", "-shm")]
    return Fence(Network.LOCAL, tuple(rules), serves=True)


def of_look_back(volumes: list[Path]) -> Fence:
    """It reads recordings, and speaks with who looks at them."""
    return Fence(Network.LOCAL, tuple(Rule(path, READS) for path in volumes), only_new_files=True)


def of_exporter(layout: Layout, folder: Path, volumes: list[Path]) -> Fence:
    """It reads recordings and what is told of them, and writes to the folder of exports. It parses
    what cameras sent: it sees no key, and no socket by which orders are given."""
    bases = [layout.site_db, layout.index_db, layout.events_db]
    files = [Path(f"{base}{end}") for base in bases for end in ("", "-wal", "-shm")]
    return Fence(
        Network.LOCAL,
        (
            *(Rule(path, _WRITES) for path in files),
            Rule(layout.ledgers, READS),
            Rule(layout.anchors, READS),
            Rule(folder, _MEETS | Files.MAKE_FOLDER | Files.REMOVE_FOLDER | Files.MOVE),
            *(Rule(path, READS) for path in volumes),
        ),
        calls=False,
    )


def of_viewing(reads: Path, writes: Path) -> Fence:
    """It decodes what cameras sent, in one folder, and calls nobody."""
    return Fence(
        Network.LOCAL, (Rule(reads, READS), Rule(writes, _WRITES | Files.MAKE_FILE)), calls=False
    )


def of_redactor(folder: Path, models: Path, volumes: list[Path]) -> Fence:
    """It decodes what cameras sent and asks a model about it; it reads recordings and models,
    writes to the folder of one redacted copy, and calls nobody."""
    rules = [Rule(models, READS), Rule(_PROCESSOR, Files.READ), Rule(_DEVICES, READS)]
    rules += [Rule(path, READS) for path in volumes]
    rules.append(Rule(folder, _MEETS | Files.MOVE))
    return Fence(Network.LOCAL, tuple(rules), calls=False)


def of_onvif_worker() -> Fence:
    """It talks to cameras, by their names too; its socket is open already."""
    return Fence(Network.OUTGOING, name_lookups(), only_new_files=True, serves=True, secrets=True)


def of_relay_worker() -> Fence:
    """It hands pictures on to who connects; all its sockets are open already, and it can open none
    but to this machine's processes. It reads no file, and has no camera's password."""
    return Fence(Network.LOCAL, only_new_files=True, serves=True, secrets=True)


def of_keeper() -> Fence:
    """All files are its business; the network is not."""
    return Fence(Network.LOCAL, None, serves=True, secrets=True)


def of_api(layout: Layout, volumes: list[Path], ui: Path) -> Fence:
    """It reads recordings, changes sessions and passwords, and never sees a key.

    The databases are named one by one: a rule for their folder would cover the keys in it. Where
    one is made anew, the supervisor starts the api again.
    """
    bases = [layout.site_db, layout.index_db, layout.events_db]
    files = [Path(f"{base}{end}") for base in bases for end in ("", "-wal", "-shm")]
    return Fence(
        Network.LOCAL,
        (
            *(Rule(path, _WRITES) for path in files),
            Rule(layout.run, _MEETS),
            Rule(layout.notes, _MEETS),
            Rule(layout.ledgers / "site", READS),
            Rule(layout.exports, READS),
            Rule(ui, READS),
            *(Rule(path, READS) for path in volumes),
        ),
        serves=True,
    )


def of_fleet(layout: Layout, folder: Path, key: Path) -> Fence:
    """It reads what was seen, the tables of facts and the one key that signs reports, and writes to
    a folder of its own."""
    base = layout.site_db
    return Fence(
        Network.LOCAL,
        (
            *(Rule(Path(f"{base}{end}"), _WRITES) for end in ("", "-wal", "-shm")),
            Rule(layout.state / "facts", READS),
            Rule(key, Files.READ),
            Rule(folder, _MEETS),
        ),
        secrets=True,
    )


def of_ping() -> Fence:
    """It asks one server, and reads what tells whether that is the right one."""
    rules = [Rule(Path(each), READS) for each in _AUTHORITIES]
    return Fence(Network.OUTGOING, (*rules, *name_lookups()), secrets=True)


def lay_out_databases(layout: Layout, disk: Disk) -> None:
    """Have the files that SQLite keeps beside its databases be there: rules are on files."""
    for base in (layout.site_db, layout.index_db, layout.events_db):
        lay_out(base, disk)


def lay_out(base: Path, disk: Disk) -> None:
    """The same for one database."""
    for end in ("-wal", "-shm"):
        os.close(disk.open(WriteSite.SETTINGS, base.with_name(base.name + end), 0o600))


def fence_in(fence: Fence, mode: FenceMode) -> Fenced:
    """Put up this process's fence, and log what is less than whole."""
    fenced = put_up(fence, mode)
    if not fenced.whole and mode is not FenceMode.OFF:
        _LOG.warning("fence_not_whole", fence=str(fenced))
    return fenced


def tell(fenced: Fenced) -> None:
    """Say it to the supervisor, by standard output."""
    _say(FenceTold(str(fenced), fenced.whole))


def say_if_fenced_off(volume: VolumeId, path: Path) -> None:
    """A volume that is there and that this process may not read: its disk was mounted, or it was
    added, after the fence was put up. Another process is needed, and the supervisor's to start."""
    mark = path / MARK
    if mark.exists() and not _may_read(mark):
        _say(FencedOff(volume))


def fenced_off(line: bytes) -> VolumeId | None:
    """The volume that a child says it may not read."""
    try:
        return _OFF.decode(line).volume
    except msgspec.MsgspecError:
        return None


def _may_read(path: Path) -> bool:
    try:
        os.close(os.open(path, os.O_RDONLY | os.O_CLOEXEC))
    except PermissionError:
        return False
    except OSError:
        pass
    return True


def _say(message: FenceTold | FencedOff) -> None:
    try:
        say(message)
    except OSError:  # the supervisor is gone, and nobody asks
        _LOG.info("nobody_hears")


class FencedVolume(Volume):
    """A volume as a fenced process sees it: one that it is fenced off from is told of."""

    __slots__ = ()

    def check(self) -> None:
        try:
            Volume.check(self)
        except VolumeMissingError:
            say_if_fenced_off(self.id, self.path)
            raise
