"""What holds now that somebody should know: cameras, disks, the keeper, backups."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from watchglass.app.forecast import Forecast
from watchglass.app.health import Observed, Patience, unrecorded
from watchglass.app.words import CAUSES, REMEDIES, length_words
from watchglass.base.clock import NS_PER_S
from watchglass.base.ids import CameraId, VolumeId
from watchglass.model.notice import Condition, NoticeKind
from watchglass.model.vitals import KeeperVitals

_DAY_NS = 24 * 3600 * NS_PER_S
GAP_LIMIT_NS = 600 * NS_PER_S
"""So much of a camera may be missing in a day before somebody is told."""
BACKUP_DUE_NS = 30 * _DAY_NS
CERTIFICATE_DAYS = (30, 7, 1)
"""So long before the page's certificate ends somebody is told, each time anew."""
_ENOUGH = 1.1
"""A disk that filled up has to hold so many times what is to be kept before that is over."""


@dataclass(frozen=True, slots=True)
class Slow:
    """What is asked for every few minutes. ``missing_ns``: of each camera, in the last day, pauses
    left out. ``since_backup_ns``: None while there is nothing to lose."""

    missing_ns: Mapping[CameraId, int]
    forecasts: Sequence[Forecast]
    hours: int
    since_backup_ns: int | None


@dataclass(frozen=True, slots=True)
class Certificate:
    """That of the page in the network: when it ends and what to do, in a sentence each."""

    left_ns: int
    ends: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Site:
    """What the operator calls things. ``volumes``: a sentence for each that is not there;
    ``unreviewed``: for each export that a second person should have looked at."""

    names: Mapping[CameraId, str]
    volumes: Mapping[VolumeId, str]
    certificate: Certificate | None = None
    unreviewed: Mapping[str, str] = field(default_factory=dict)


def conditions(
    seen: Observed,
    patience: Patience,
    site: Site,
    slow: Slow | None,
    told: Iterable[Condition],
) -> list[Condition]:
    """All that holds. ``told``: what was told and is not over; some of that ends later."""
    lasting = {(each.kind, each.about) for each in told}
    found = [*_cameras(seen, patience, site), *_disks(seen, site), *_keeper(seen, patience)]
    for export, sentence in site.unreviewed.items():
        found.append(Condition(NoticeKind.EXPORT_UNREVIEWED, export, sentence))
    if site.certificate is not None:
        found += _certificate(site.certificate, lasting)
    if slow is not None:
        found += [*_gaps(slow, site, lasting), *_filling(slow, lasting), *_backup(slow)]
    return found


def _cameras(seen: Observed, patience: Patience, site: Site) -> Iterator[Condition]:
    for camera, cause in unrecorded(seen, patience).items():
        name = site.names.get(camera, camera)
        why = f": {CAUSES[cause]}. {REMEDIES.get(cause, '')}".rstrip() if cause else "."
        yield Condition(NoticeKind.CAMERA_OFFLINE, camera, f"{name} is not recorded{why}")


def _disks(seen: Observed, site: Site) -> Iterator[Condition]:
    for volume, sentence in site.volumes.items():
        yield Condition(NoticeKind.DISK_FAILED, volume, sentence)
    keeper = seen.keeper.vitals
    if not isinstance(keeper, KeeperVitals):
        return
    for each in keeper.volumes:
        if each.failing and each.volume not in site.volumes:
            sentence = f"The disk at {each.path} does not keep what it takes: replace it."
            yield Condition(NoticeKind.DISK_FAILED, each.volume, sentence)
    if keeper.in_debt:
        yield Condition(
            NoticeKind.DISK_FAILED, "state",
            "The state folder refuses writes: look whether its disk is full, or fails.",
        )  # fmt: skip
    if keeper.only_held_left:
        yield Condition(
            NoticeKind.DISK_FAILED, "held",
            "A volume is full, and all that is left on it is held: free some space, lift a hold, "
            "or add a volume.",
        )  # fmt: skip


def _keeper(seen: Observed, patience: Patience) -> Iterator[Condition]:
    silent_ns = seen.keeper.silent_ns(seen.now_ns)
    if silent_ns > patience.silent_ns:
        yield Condition(
            NoticeKind.KEEPER_DOWN, "keeper",
            "The keeper says nothing: recording goes on, and nothing becomes durable.",
        )  # fmt: skip


def _gaps(slow: Slow, site: Site, lasting: set[tuple[NoticeKind, str]]) -> Iterator[Condition]:
    for camera, missing_ns in slow.missing_ns.items():
        # It ends when half of it has passed out of the day, so that it is not told twice.
        is_told = (NoticeKind.GAP_LIMIT, camera) in lasting
        if missing_ns > (GAP_LIMIT_NS // 2 if is_told else GAP_LIMIT_NS):
            name, missing = site.names.get(camera, camera), length_words(missing_ns)
            yield Condition(
                NoticeKind.GAP_LIMIT, camera,
                f"{missing} of {name} are missing in the last 24 hours: the timeline says why.",
            )  # fmt: skip


def _filling(slow: Slow, lasting: set[tuple[NoticeKind, str]]) -> Iterator[Condition]:
    for each in slow.forecasts:
        if each.days is None:
            continue
        volume = each.volume
        is_told = (NoticeKind.DISK_FILLING, volume.id) in lasting
        if each.days * 24 < slow.hours * (_ENOUGH if is_told else 1):
            yield Condition(
                NoticeKind.DISK_FILLING, volume.id,
                f"{each.days:.1f} days fit on the disk at {volume.path}, and {slow.hours / 24:.0f} "
                "are to be kept: the oldest goes before its time.",
            )  # fmt: skip


def _backup(slow: Slow) -> Iterator[Condition]:
    if slow.since_backup_ns is not None and slow.since_backup_ns > BACKUP_DUE_NS:
        yield Condition(
            NoticeKind.BACKUP_DUE, "",
            f"The last backup is {length_words(slow.since_backup_ns)} old: make one with "
            "'watchglass backup'.",
        )  # fmt: skip


def _certificate(
    certificate: Certificate, lasting: set[tuple[NoticeKind, str]]
) -> Iterator[Condition]:
    near = [days for days in CERTIFICATE_DAYS if certificate.left_ns <= days * _DAY_NS]
    for days in near:
        # One that was told lasts until there is another certificate; none is told late.
        is_told = (NoticeKind.CERTIFICATE_ENDS, f"{days} days") in lasting
        if is_told or days == near[-1]:
            yield Condition(
                NoticeKind.CERTIFICATE_ENDS, f"{days} days",
                f"The certificate of the page {certificate.ends}. {certificate.remedy}",
            )  # fmt: skip
