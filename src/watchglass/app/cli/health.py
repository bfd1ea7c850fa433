"""``watchglass health``: whether recording lives, for people and for monitors."""

from typing import Annotated

import typer

from watchglass.app.cli.shell import Shell, shell
from watchglass.app.health import named
from watchglass.app.pulse import summary
from watchglass.base.errors import WatchglassError
from watchglass.model.control import HealthRequest
from watchglass.model.health import Health, HealthState, Reason

_HEALTH_S = 5.0
_EXIT = {HealthState.OK: 0, HealthState.DEGRADED: 1, HealthState.FAILING: 2}
_UNKNOWN = 3


def health(
    context: typer.Context,
    json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Say whether recording lives. Exit code as Nagios reads it: 0 ok, 1 degraded, 2 failing, 3
    not known."""
    of = shell(context)
    try:
        found = health_of(of)
    except WatchglassError as error:
        of.screen.error(error.sentence)
        raise typer.Exit(_UNKNOWN) from None
    if json:
        of.screen.json(
            {
                "state": found.state,
                "lives": found.lives,
                "cameras_recorded": found.recorded,
                "cameras_wanted": found.wanted,
                "reasons": [
                    {"state": each.state, "sentence": each.sentence, "stuck": each.stuck}
                    for each in found.reasons
                ],
            }
        )
    else:
        of.screen.say(summary(found))
        for each in found.reasons:
            of.screen.say(f"  {each.state}: {each.sentence}")
    raise typer.Exit(_EXIT[found.state])


def health_of(of: Shell) -> Health:
    """How the recorder is; failing where none runs or answers. Cameras have their names."""
    if not of.is_running:
        return _failing(f"No recorder runs: '{of.command('serve')}' starts it.")
    try:
        reply = of.ask(HealthRequest(), _HEALTH_S)
    except WatchglassError as error:
        return _failing(f"The recorder does not answer: {error.sentence}", stuck=True)
    if not isinstance(reply, Health):
        return _failing("The recorder answers what was not asked: is it of another version?")
    with of.store() as store:
        names = {each.id: each.name for each in store.cameras(with_credentials=False)}
    return named(reply, names)


def _failing(sentence: str, *, stuck: bool = False) -> Health:
    return Health(HealthState.FAILING, 0, 0, (Reason(HealthState.FAILING, sentence, None, stuck),))
