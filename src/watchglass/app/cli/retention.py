"""``watchglass retention``: how long recordings are kept."""

from typing import Annotated

import typer

from watchglass.app.cli.moments import parse_duration
from watchglass.app.cli.screen import Column
from watchglass.app.cli.serve import retention_words
from watchglass.app.cli.shell import Shell, shell
from watchglass.app.words import count_words
from watchglass.base.clock import NS_PER_S
from watchglass.base.errors import UsageError
from watchglass.model.control import CountryRequest, RetentionRequest
from watchglass.model.stream import StreamName

_HOUR_NS = 3600 * NS_PER_S


def retention(
    context: typer.Context,
    keep: Annotated[
        str | None, typer.Option("--keep", help="72h, 14d; 'default' for what holds otherwise.")
    ] = None,
    camera: Annotated[
        str | None, typer.Option("--camera", help="Name, id, or its first digits; else all.")
    ] = None,
    stream: Annotated[
        StreamName | None, typer.Option("--stream", help="One of the camera's streams alone.")
    ] = None,
    country: Annotated[
        str | None,
        typer.Option("--country", help="Where the cameras are, such as DE; 'none' to withdraw it."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Show how long recordings are kept, or set it: for all cameras, for one, for a stream."""
    of = shell(context)
    if stream is not None and camera is None:
        raise UsageError("Say which camera's stream: --camera NAME.")
    if country is not None:
        of.order(CountryRequest(None if country.lower() == "none" else country))
    if keep is not None:
        of.order(RetentionRequest(_hours(keep), camera or "", stream))
    _show(of, json=json)


def _hours(text: str) -> int | None:
    if text == "default":
        return None
    hours, rest = divmod(parse_duration(text), _HOUR_NS)
    if rest:
        raise UsageError("Recordings are kept for whole hours: 72h, 14d.")
    return hours


def _show(of: Shell, *, json: bool) -> None:
    with of.store() as store:
        default_h, words = store.default_retention_h(), retention_words(store)
        cameras = store.cameras(with_credentials=False)
    rows = [
        (each, one.stream, one.retention_h or each.retention_h or default_h)
        for each in cameras
        for one in each.streams
    ]
    if json:
        of.screen.json({
            "default_h": default_h,
            "streams": [
                {"camera": each.id, "name": each.name, "stream": stream, "hours": hours}
                for each, stream, hours in rows
            ],
        })  # fmt: skip
        return
    of.screen.say(f"Recordings are {words}. On a full disk the oldest goes sooner.")
    if rows:
        of.screen.table(
            (Column("Camera", wraps=True), Column("Stream"), Column("Kept", right=True)),
            [(each.name, stream.value, count_words(hours, "hour")) for each, stream, hours in rows],
        )
