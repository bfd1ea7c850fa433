"""What a recorder and its machine are like, looked over: for ``doctor`` and for the page."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from watchglass.app import checkup
from watchglass.app.checkup import Finding, Verdict
from watchglass.app.event_desk import those_aside
from watchglass.app.explained import explained
from watchglass.app.forecast import Forecast, forecasts
from watchglass.app.ground import Ground
from watchglass.app.model_speed import model_findings
from watchglass.app.overview import CameraOverview, overview
from watchglass.app.pulse import summary
from watchglass.app.words import count_words, size_words
from watchglass.base.clock import NS_PER_S
from watchglass.base.errors import WatchglassError
from watchglass.config.settings import Settings
from watchglass.evidence.stamps import AnchorShelf
from watchglass.model.camera import CameraState
from watchglass.model.control import Status
from watchglass.model.health import Health, HealthState
from watchglass.model.system import FindingTold
from watchglass.recording.rest import read_rest
from watchglass.store.country import default_retention_h
from watchglass.store.index import IndexStore
from watchglass.store.site import SiteStore

NO_COUNTRY = "the country is not stated: in the EEA the default is 72 hours"
_TROUBLE_IS_NEW_NS = 7 * 24 * 3600 * NS_PER_S


class OnHand(Protocol):
    """What is at hand of a recorder: for a command, or for the recorder itself."""

    @property
    def ground(self) -> Ground: ...

    @property
    def settings(self) -> Settings: ...

    @property
    def is_running(self) -> bool: ...

    def store(self) -> AbstractContextManager[SiteStore]: ...

    def index(self) -> AbstractContextManager[IndexStore]: ...


class Looked(OnHand, Protocol):
    """Who looks it over."""

    def status(self) -> Status | None: ...

    def health(self) -> Health: ...

    def command(self, words: str) -> str:
        """How to call ``watchglass words``."""
        ...

    def when(self, at_ns: int) -> str:
        """A time as whoever reads it says it."""
        ...


def findings(of: Looked) -> Iterator[Finding]:
    settings, layout = of.settings, of.ground.layout
    yield from checkup.software()
    yield from checkup.folder("State folder", layout.state, settings.ballast_bytes)
    if layout.state.is_dir():
        yield from checkup.kernel(layout.state)
        yield from checkup.clock(layout.state, of.ground.disk, of.ground.clock)
    for part in (_site, _recorder, _recording, _cameras, _rest, _anchors, _found):
        try:
            yield from part(of)
        except WatchglassError as error:
            yield Finding(
                part.__name__.strip("_").capitalize(), "unknown", error.sentence, Verdict.WRONG
            )
    yield from model_findings(settings)
    yield Finding(
        "Queue of a stream", size_words(settings.queue_bytes),
        "So much may wait for the disk; what does not fit is a gap of its own cause.",
    )  # fmt: skip


def _site(of: Looked) -> Iterator[Finding]:
    if not of.ground.layout.site_db.exists():
        yield Finding(
            "Set-up", "nothing yet",
            f"Add a camera with '{of.command('camera add URL')}'.", Verdict.NOTE,
        )  # fmt: skip
        yield _retention(default_retention_h(None), NO_COUNTRY)
        return
    with of.store() as store:
        hours, why = store.default_retention_h(), retention_why(store)
        volumes = store.volumes()
    yield _retention(hours, why)
    for each in volumes:
        yield from checkup.volume(each.id, Path(each.path), of.settings)
    if of.ground.layout.index_db.exists():
        for forecast in all_forecasts(of):
            if forecast.days is not None:
                yield _forecast(forecast, hours)


def _retention(hours: int, why: str) -> Finding:
    return Finding(
        "Retention", count_words(hours, "hour"),
        f"{_sentence(why or 'somebody set it')}. On a full disk the oldest goes sooner.",
    )  # fmt: skip


def _recording(of: Looked) -> Iterator[Finding]:
    """Of what runs; a camera that is not recorded is told of with the cameras."""
    if not of.is_running:
        return
    found = of.health()
    wrong = {HealthState.FAILING: Verdict.WRONG, HealthState.DEGRADED: Verdict.NOTE}
    yield Finding(
        "Recording", summary(found),
        "Every part of the recorder does its work."
        if found.lives
        else "A part of the recorder does nothing any more: a watchdog would start it anew.",
        Verdict.FINE if found.lives else Verdict.WRONG,
    )  # fmt: skip
    for reason in found.reasons:
        if reason.camera is None or reason.stuck or reason.understanding:
            yield Finding("Health", reason.state, reason.sentence, wrong[reason.state])


def _forecast(forecast: Forecast, hours: int) -> Finding:
    assert forecast.days is not None
    enough = forecast.days * 24 >= hours
    return Finding(
        f"Volume {forecast.volume.path}, forecast", f"{forecast.days:.1f} days",
        "So much of what is recorded now fits: recordings are kept for their time."
        if enough
        else "So much of what is recorded now fits: the oldest goes before its time. Add a volume "
        "('watchglass volume add'), or shorten retention.",
        Verdict.FINE if enough else Verdict.NOTE,
    )  # fmt: skip


def _recorder(of: Looked) -> Iterator[Finding]:
    status = of.status()
    if status is None:
        yield Finding(
            "Recorder", "does not run", f"'{of.command('serve')}' starts it.", Verdict.NOTE
        )
        return
    yield Finding(
        "Recorder", f"runs since {of.when(status.started_ns)}",
        f"Version {status.version}; {count_words(len(status.processes), 'process', 'processes')} "
        "besides the supervisor.",
    )  # fmt: skip
    for each in status.processes:
        load = f", {count_words(each.cameras, 'camera')}" if each.cameras else ""
        died = f"It died {count_words(each.restarts, 'time')} and was started again: see the log."
        yield Finding(
            f"Process {each.name}",
            f"pid {each.pid}, since {of.when(each.since_ns)}{load}"
            f"; {each.fence or 'has not told its fence'}",
            died if each.restarts else "It has not died since the recorder started.",
            Verdict.FINE if each.fence_whole and not each.restarts else Verdict.NOTE,
        )


def _cameras(of: Looked) -> Iterator[Finding]:
    if not of.ground.layout.index_db.exists():
        return
    found = overviews(of)
    missing = [each for each in found if each.running and not each.records]
    recording = sum(each.records for each in found)
    yield Finding(
        "Cameras", f"{recording} of {len(found)} record",
        "Those that do not are below, each with its cause."
        if missing
        else "Without a recorder nothing is recorded."
        if found and not recording
        else "Every enabled camera is recorded."
    )  # fmt: skip
    for each in missing:
        since = f" since {of.when(each.since_ns)}" if each.since_ns is not None else ""
        wanted = each.camera.state is CameraState.PAUSED
        yield Finding(
            f"Camera {each.camera.name}", f"no picture{since}: {each.why}", each.remedy,
            Verdict.NOTE if wanted else Verdict.WRONG,
        )  # fmt: skip


def _rest(of: Looked) -> Iterator[Finding]:
    """What hashing recordings again has shown."""
    totals = read_rest(of.ground.layout.state).totals
    now_ns = of.ground.clock.wall_ns()
    if not totals.files:
        yield Finding(
            "Recordings at rest", "none hashed again yet",
            "Each is hashed again half-way through the time it is kept.",
        )  # fmt: skip
        return
    found = [
        f"{number} {what}"
        for number, what in (
            (totals.damaged, "damaged"), (totals.missing, "missing"),
            (totals.unreadable, "that the disk did not read"),
        )
        if number
    ]  # fmt: skip
    is_new = bool(found) and now_ns - totals.trouble_ns < _TROUBLE_IS_NEW_NS
    last = f"The last, {of.when(totals.trouble_ns)}: {totals.last_trouble}. "
    yield Finding(
        "Recordings at rest",
        f"{count_words(totals.files, 'file')} hashed again since "
        f"{of.when(totals.since)}; {', '.join(found) or 'all as they were'}",
        f"{last}Check its disk; the timeline shows what cannot be seen."
        if found
        else "What was recorded is what the disk still holds.",
        Verdict.WRONG if is_new else Verdict.NOTE if found else Verdict.FINE,
    )


def _anchors(of: Looked) -> Iterator[Finding]:
    """Who has stamped what was signed, and when."""
    shelf = AnchorShelf(of.ground.layout.anchors, of.ground.disk)
    every_ns = {each.name: each.every_h * 3600 * NS_PER_S for each in shelf.authorities()}
    if not every_ns:
        yield Finding(
            "Anchors", "no authority stamps what is signed",
            "The recorder's own clock and key are the only witness of when something was recorded: "
            f"'{of.command('anchor add NAME URL')}' adds another.", Verdict.NOTE,
        )  # fmt: skip
        return
    now_ns = of.ground.clock.wall_ns()
    for each in shelf.statuses():
        last_ns = each.stamped_ns
        late = last_ns is None or now_ns - last_ns > 2 * every_ns[each.name]
        waits = f"; {count_words(each.waiting, 'document')} waiting" if each.waiting else ""
        yield Finding(
            f"Anchors by {each.name}",
            f"stamped {of.when(last_ns)}{waits}" if last_ns is not None else f"none yet{waits}",
            each.error or (
                "What was recorded before then cannot be made anew by whoever has the key."
                if last_ns is not None
                else "The recorder asks it when it runs."
            ),
            Verdict.NOTE if late else Verdict.FINE,
        )  # fmt: skip


def _found(of: Looked) -> Iterator[Finding]:
    """What of the database of events was damaged."""
    aside = those_aside(of.ground.layout.events_db)
    if aside:
        yield Finding(
            "Events", f"{count_words(len(aside), 'damaged database')} set aside",
            f"What rules had found until then is in {', '.join(aside)}, in the state folder, and a "
            "new one was begun: look at the disk. What was recorded can be looked at again "
            f"('{of.command('analyse CAMERA --from TIME')}').", Verdict.NOTE,
        )  # fmt: skip


def _sentence(text: str) -> str:
    # Not capitalize(): that would write EEA as eea.
    return text[:1].upper() + text[1:]


def overviews(of: OnHand) -> list[CameraOverview]:
    """All cameras as of now."""
    running = of.is_running
    with of.store() as store:
        cameras = store.cameras(with_credentials=False)
    if not cameras:
        return []
    now_ns = of.ground.clock.wall_ns()
    with of.index() as index, index.read() as reader:
        sizes = reader.bytes_by_camera()
        return [
            overview(reader, each, sizes.get(each.id, 0), now_ns=now_ns, running=running)
            for each in cameras
        ]


def all_forecasts(of: OnHand) -> list[Forecast]:
    """The site's volumes as of now."""
    with of.store() as store, of.index() as index, index.read() as reader:
        return forecasts(store, reader, of.settings.floor_bytes, of.ground.clock.wall_ns())


def retention_why(store: SiteStore) -> str:
    """Where the default comes from; empty when somebody set it."""
    if store.setting("retention_h") is not None:
        return ""
    country = store.country()
    if country is None:
        return NO_COUNTRY
    return f"the default for {country}"


def told(finding: Finding) -> FindingTold:
    """The same with what explains it, for the page."""
    found = explained(finding.about)
    return FindingTold(
        finding.about, finding.value, finding.meaning, finding.verdict.value,
        *((found.means, found.normal, found.otherwise) if found is not None else ()),
    )  # fmt: skip
