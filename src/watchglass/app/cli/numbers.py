"""``watchglass doctor --numbers``: what a running recorder counts, in words."""

from collections.abc import Sequence

from watchglass.app.cli.screen import Column
from watchglass.app.cli.shell import Shell
from watchglass.app.exposition import ALL
from watchglass.base.errors import BusError
from watchglass.base.ids import CameraId
from watchglass.model.control import Measurements, MeasureRequest
from watchglass.model.metric import Sample

_ANSWER_S = 10.0


def show_numbers(of: Shell, *, explain: bool, json: bool) -> None:
    """The numbers of recording, the keeper and all processes; those of the page's server are at
    ``/metrics`` alone."""
    found = _measured(of)
    if json:
        of.screen.json(
            [
                {
                    "name": metric.name, "labels": dict(zip(metric.labels, labels, strict=True)),
                    "value": value, "means": metric.means, "normal": metric.normal,
                    "otherwise": metric.otherwise,
                }
                for metric in ALL
                for labels, value in found.get(metric.name, {}).items()
            ]
        )  # fmt: skip
    elif explain:
        for metric in ALL:
            values = found.get(metric.name)
            if values:
                of.screen.say(metric.name)
                of.screen.say(f"  Now: {', '.join(map(_shown, values.items()))}")
                of.screen.say(f"  Means: {metric.means}")
                of.screen.say(f"  Normal: {metric.normal}")
                of.screen.say(f"  Otherwise: {metric.otherwise}")
    else:
        of.screen.table(
            (Column("Number"), Column("Of", wraps=True), Column("Is", right=True)),
            [
                (metric.name.removeprefix("watchglass_"), " ".join(labels), f"{value:.12g}")
                for metric in ALL
                for labels, value in sorted(found.get(metric.name, {}).items())
            ],
        )


def _shown(entry: tuple[tuple[str, ...], float]) -> str:
    labels, value = entry
    return f"{' '.join(labels)} {value:.12g}".strip()


def measured(of: Shell) -> Sequence[Sample]:
    """All numbers of the running recorder; none where none runs."""
    if not of.is_running:
        return ()
    reply = of.ask(MeasureRequest(), _ANSWER_S)
    return reply.samples if isinstance(reply, Measurements) else ()


def _measured(of: Shell) -> dict[str, dict[tuple[str, ...], float]]:
    reply = of.ask(MeasureRequest(), _ANSWER_S)
    if not isinstance(reply, Measurements):
        raise BusError("The recorder answers what was not asked: is it of another version?")
    with of.store() as store:
        names = {each.id: each.name for each in store.cameras(with_credentials=False)}
    found: dict[str, dict[tuple[str, ...], float]] = {}
    for sample in reply.samples:
        found.setdefault(sample.metric, {})[_named(sample, names)] = sample.value
    return found


def _named(sample: Sample, names: dict[CameraId, str]) -> tuple[str, ...]:
    """With a camera's name in place of its id: this is for people."""
    return tuple(names.get(CameraId(label), label) for label in sample.labels)
