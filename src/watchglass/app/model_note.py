"""The model in use, in the site's ledger: a line whenever it is another than at the last start."""

from collections.abc import Callable
from importlib.metadata import entry_points

from watchglass.analytics.models import OFF, PLUG_INS, Models
from watchglass.base import log
from watchglass.base.clock import Clock
from watchglass.base.errors import WatchglassError
from watchglass.base.ids import ActId, random_id
from watchglass.config.settings import Settings
from watchglass.model.act import MOST_DETAIL, Act, ActKind
from watchglass.store.site import SiteStore

_KEY = "model"
_NONE = "no model names what is seen"
_LOG = log.get("site")


def note_model(
    settings: Settings, store: SiteStore, clock: Clock, note: Callable[[Act], object]
) -> None:
    """Tell what is in use by now, unless it was told. A ledger that cannot take it is told of in
    the log, and asked again at the next start: recording does not wait for it."""
    words = model_words(settings)
    try:
        if (store.setting(_KEY) or _NONE) == words:
            return
        note(
            Act(
                ActId(random_id()), "", ActKind.SETTING_CHANGED, clock.wall_ns(),
                detail=words[:MOST_DETAIL],
            )
        )  # fmt: skip
        store.set_setting(_KEY, words)
    except WatchglassError as error:
        _LOG.error("model_not_noted", error=error.sentence)


def model_words(settings: Settings) -> str:
    """Which model, by its hash, and what it leads to; held to its hash now, as it is before it is
    used."""
    if settings.model == OFF or not settings.analysis:
        return _NONE
    models = Models(settings.models)
    try:
        known = models.find(settings.model)
        models.load(known)
    except WatchglassError:
        return _plugged_in(settings.model)
    manifest = known.manifest
    own = f", its manifest {known.pin}" if known.pin else ""
    return (
        f"the model {manifest.name} names what is seen: SHA-256 {manifest.sha256}{own};"
        f" {', '.join(sorted(manifest.names))}"
    )


def _plugged_in(name: str) -> str:
    """What it names, and by which model, is known to it alone: its answers say so in each event."""
    plugged = next(iter(entry_points(group=PLUG_INS, name=name)), None)
    if plugged is None:
        return _NONE
    of = f" of {plugged.dist.name} {plugged.dist.version}" if plugged.dist is not None else ""
    return f"the plug-in {plugged.name}{of} names what is seen"
