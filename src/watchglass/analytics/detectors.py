"""Which detector there is: the model that the settings name, a plug-in, or moving regions alone."""

from dataclasses import dataclass
from importlib.metadata import entry_points

from watchglass.analytics.detector import Detector, DetectorKind, DetectorSettings
from watchglass.analytics.metrics import named_samples, speed_samples
from watchglass.analytics.models import OFF, PLUG_INS, Models
from watchglass.analytics.regions import RegionDetector
from watchglass.analytics.speed import DetectorSpeed
from watchglass.base import log
from watchglass.base.errors import NotFoundError, WatchglassError
from watchglass.model.metric import Sample

_LOG = log.get("analytics")


@dataclass(frozen=True, slots=True)
class Chosen:
    """A detector, and why it is not the one that was asked for: a sentence, or empty. ``speed``: of
    a model, as it was measured when it was opened."""

    detector: Detector
    instead: str = ""
    speed: DetectorSpeed | None = None

    def samples(self, process: str) -> list[Sample]:
        """What it can name, and of a model its speed."""
        speed = speed_samples(process, self.speed) if self.speed is not None else []
        return [*named_samples(process, self.detector.names), *speed]


def choose(models: Models, wanted: str, threads: int) -> Chosen:
    """What ``WATCHGLASS_MODEL`` asks for; moving regions, with the reason, where it cannot be had.

    Never an error: without names, motion, tracks, zones and counts still work.
    """
    if wanted == OFF:
        return Chosen(RegionDetector())
    try:
        return _named(models, wanted, threads)
    except WatchglassError as error:
        _LOG.warning("no_model", why=error.sentence)
        return Chosen(RegionDetector(), error.sentence)


def _named(models: Models, wanted: str, threads: int) -> Chosen:
    # Not above: the runtime is loaded only where there is a model for it.
    from watchglass.analytics.backends.tuning import open_model

    try:
        known = models.find(wanted)
    except NotFoundError:
        plugged = plugged_in(wanted)
        if plugged is None:
            raise
        return Chosen(plugged.make(DetectorSettings(models.folder, threads)))
    detector, speed = open_model(known.manifest, models.load(known), threads)
    return Chosen(detector, speed=speed)


def plugged_in(name: str) -> DetectorKind | None:
    """The plug-in of that name in the entry-point group; one that does not load is none."""
    for found in entry_points(group=PLUG_INS, name=name):
        try:
            kind: DetectorKind = found.load()
        except Exception:  # noqa: BLE001 - the border of a plug-in: one that fails is none
            _LOG.exception("plug_in_failed", group=PLUG_INS, name=name)
            continue
        return kind
    return None
