"""How fast the model in use computes here: for ``doctor``, measured on the spot."""

from collections.abc import Iterator, Sequence

from watchglass.analytics.metrics import told_speed
from watchglass.analytics.models import OFF, Models
from watchglass.analytics.speed import DetectorSpeed
from watchglass.app.analyst_desk import threads
from watchglass.app.checkup import Finding, Verdict
from watchglass.app.words import count_words
from watchglass.base.errors import WatchglassError
from watchglass.config.settings import Settings
from watchglass.model.metric import Sample

_LONGEST_S = 3.0


def model_findings(settings: Settings) -> Iterator[Finding]:
    """Which model names what is seen, or what to do to get one."""
    if settings.model == OFF:
        yield Finding(
            "Model", "off", "What moves is told, and not what it is: WATCHGLASS_MODEL says so."
        )
        return
    models = Models(settings.models)
    try:
        known = models.find(settings.model)
        models.load(known)
    except WatchglassError as error:
        asked = bool(settings.model)
        yield Finding(
            "Model", "none", f"{error.sentence} Until then what moves is told, and not what it is.",
            Verdict.WRONG if asked else Verdict.NOTE,
        )  # fmt: skip
        return
    manifest = known.manifest
    yield Finding(
        "Model", f"{manifest.name}, SHA-256 {manifest.sha256[:16]}",
        f"It names {', '.join(sorted(manifest.names))}. Licence: {manifest.licence}.",
    )  # fmt: skip


def speed_findings(settings: Settings, numbers: Sequence[Sample] = ()) -> Iterator[Finding]:
    """As the analytics-worker measured it at its start, by its ``numbers``; where none runs,
    measured as it would, in less time. Nothing without a model."""
    told = list(measured_speed(numbers))
    if told:
        yield from told
        return
    models = Models(settings.models)
    try:
        known = models.find(settings.model)
        model = models.load(known)
    except WatchglassError:
        return
    # Not above: what only names the model does without the runtime.
    from watchglass.analytics.backends.tuning import fastest, measure

    try:
        best = fastest(measure(known.manifest, model, threads(), _LONGEST_S))
    except WatchglassError as error:
        yield Finding("Model, speed", "cannot be computed", error.sentence, Verdict.WRONG)
        return
    yield _speed(best.speed, "measured now")


def measured_speed(numbers: Sequence[Sample]) -> Iterator[Finding]:
    """As the analytics-worker measured it at its start; nothing where none runs, or without a
    model."""
    told = told_speed(numbers)
    if told is not None:
        yield _speed(told, "the analytics-worker measured at its start")


def _speed(speed: DetectorSpeed, by: str) -> Finding:
    return Finding(
        "Model, speed", f"{speed.wall_ms:.0f} ms a picture, {speed.cpu_ms:.0f} ms of a processor",
        f"{count_words(speed.lanes, 'picture')} side by side with"
        f" {count_words(speed.threads, 'thread')} each is fastest here, through"
        f" {speed.provider.removesuffix('ExecutionProvider')}: {by}.",
    )  # fmt: skip
