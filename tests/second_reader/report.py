"""Reads a whole site and reports."""

from dataclasses import dataclass, field
from pathlib import Path

from . import folders, payload, timeline
from .catalogue import Catalogue, Key, build, check_key
from .crosscheck import check_absent, check_file
from .finding import Finding, Findings
from .folders import Volume
from .heads import Head, check_heads, check_open
from .ledger import Ledger, raw_lines, read_ledger
from .mediafile import MediaFile, read_media
from .timeline import Timeline, unaccounted


@dataclass
class Report:
    findings: list[Finding] = field(default_factory=list)
    files: list[MediaFile] = field(default_factory=list)
    ledgers: dict[str, Ledger] = field(default_factory=dict)  # by camera id, or `site`
    heads: dict[str, list[Head]] = field(default_factory=dict)
    timelines: dict[tuple[str, str], Timeline] = field(default_factory=dict)  # camera, stream
    now: int = 0

    @property
    def fails(self) -> bool:
        return any(finding.fails for finding in self.findings)


def read_site(
    state: Path, volumes: list[Path], *, now: int | None = None, least_hole_ns: int = 0
) -> Report:
    """Everything under `state` and `volumes`. `now` ends open gaps: by default the latest time
    that anything on disk tells of. Holes up to `least_hole_ns` long are not reported."""
    report = Report()
    known, walls = [], []
    for path in (*volumes, state):
        wall, found = folders.read_alive(path)
        walls.append(wall or 0)
        report.findings += found
    for name in folders.ledger_names(state):
        _read_ledger(state, name, report)
    media: dict[str, dict[Key, tuple[MediaFile, str]]] = {}
    for path in volumes:  # after the heads, which say what must be there by now
        volume, found = folders.read_volume(path)
        known.append(volume)
        report.findings += found
        _read_volume(volume, report, media)
    walls += [ledger.lines[-1].time for ledger in report.ledgers.values() if ledger.lines]
    walls += [heads[-1].time for heads in report.heads.values() if heads]
    report.now = now if now is not None else max(walls)
    for name, ledger in report.ledgers.items():
        if name == "site":
            _check_site(ledger, report)
            continue
        for path in volumes:
            if (path / name).is_dir():
                report.findings += folders.check_copy(
                    state / "ledger" / name, path / name / "ledger"
                )
            for kept in sorted((path / name).glob("ledger.*")):
                report.findings += _check_kept(ledger, report.heads[name], kept)
        _read_camera(ledger, media.pop(name, {}), known, report, least_hole_ns)
    for camera in media:
        report.findings.append(Finding("damage", camera, "media of a camera without a ledger"))
    return report


def _read_volume(
    volume: Volume, report: Report, media: dict[str, dict[Key, tuple[MediaFile, str]]]
) -> None:
    for path in folders.media_paths(volume.path):
        name = path.relative_to(volume.path).as_posix()
        file = read_media(path, name)
        report.files.append(file)
        report.findings += file.findings
        header, say = file.header, Findings(name)
        if header is not None and header.stream < len(payload.STREAMS):
            stream = payload.STREAMS[header.stream]
            due = folders.media_path(
                header.camera, stream, header.wall, header.run, header.sequence
            )
            say.same("path", name, due)
        camera, key = name.split("/")[0], _key(path)
        if key is None:
            say.add("note", "not named like a media file")
        elif key in media.setdefault(camera, {}):
            say.damage("there is another file of this run and sequence")
        else:
            media[camera][key] = file, volume.id
        report.findings += say.found


def _key(path: Path) -> Key | None:
    """By its name: the header may be damaged."""
    parts = path.stem.split("-")
    if len(parts) != 3 or not parts[2].isdecimal():
        return None
    return parts[1], int(parts[2])


def _read_ledger(state: Path, name: str, report: Report) -> None:
    folder = state / "ledger" / name
    lines = list(raw_lines(folder / "heads"))  # first: a ledger that grows meanwhile does no harm
    ledger = report.ledgers[name] = read_ledger(folder, name)
    heads, found = check_heads(lines, ledger)
    report.heads[name] = heads
    report.findings += [*ledger.findings, *found, *folders.check_texts(folder)]


def _check_kept(ledger: Ledger, heads: list[Head], kept: Path) -> list[Finding]:
    """A copy that says something else: what a restore gave up, or a fork."""
    say = Findings(str(kept))
    other = read_ledger(kept, ledger.name)
    others, _ = check_heads(list(raw_lines(kept / "heads")), other)
    same = 0
    for mine, theirs in zip(ledger.leaves, other.leaves, strict=False):
        if mine != theirs:
            break
        same += 1
    beyond = [{head.text("epoch") for head in of if head.size > same} for of in (heads, others)]
    if beyond[0] & beyond[1]:
        say.damage(f"a fork: signed otherwise from line {same} on")
    else:
        say.add("note", f"lines from {same} on that the ledger does not have")
    return say.found


def _check_site(ledger: Ledger, report: Report) -> None:
    say = Findings("ledger site")
    for line in ledger.usable("key"):
        check_key(line, say)
    for head in report.heads["site"]:
        say.unless(not head.opened, "a head of the site with open files", head.raw.where)
    report.findings += say.found


def _read_camera(
    ledger: Ledger,
    media: dict[Key, tuple[MediaFile, str]],
    volumes: list[Volume],
    report: Report,
    least_hole_ns: int,
) -> None:
    catalogue = build(ledger)
    report.findings += catalogue.findings
    files = {key: file for key, (file, _) in media.items()}
    for key, (file, volume) in media.items():
        record = catalogue.files.get(key)
        if record is None:
            report.findings.append(Finding("note", file.name, "no line tells of this file"))
        else:
            following = catalogue.files.get((key[0], key[1] + 1))
            report.findings += check_file(record, file, volume, following)
    report.findings += check_absent(catalogue, files, volumes)
    report.findings += check_open(report.heads[ledger.name], catalogue, files)
    streams = {record.stream for record in catalogue.files.values()} | set(catalogue.accountable)
    for stream in sorted(streams):
        at_hand = timeline.AtHand(files, {volume.id for volume in volumes})
        made = timeline.build(catalogue, stream, at_hand, report.now)
        report.timelines[ledger.name, stream] = made
        report.findings += _holes(made, catalogue, least_hole_ns)


def _holes(made: Timeline, catalogue: Catalogue, least_hole_ns: int) -> list[Finding]:
    """Holes up to the last thing that is known: what comes after may not be written yet."""
    if not made.accountable:
        return []
    last = max((span.end for span in made.spans), default=made.accountable[0][0])
    return [
        Finding("hole", f"{catalogue.camera} {made.stream}", f"{start} to {end}")
        for start, end in unaccounted(made, made.accountable[0][0], last)
        if end - start > least_hole_ns
    ]
