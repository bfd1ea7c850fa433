"""``watchglass retention``: how long recordings are kept."""

from dataclasses import dataclass
from typing import Annotated

import typer

from watchglass.app.cli.moments import parse_duration
from watchglass.app.cli.screen import Column
from watchglass.app.cli.serve import retention_words
from watchglass.app.cli.shell import Shell, shell
from watchglass.app.site import country_words
from watchglass.app.words import count_words
from watchglass.base.clock import NS_PER_S
from watchglass.base.errors import UsageError
from watchglass.model.camera import Camera
from watchglass.model.control import CountryRequest, RetentionRequest
from watchglass.model.retention import Kept
from watchglass.model.stream import StreamName
from watchglass.store.country import default_retention_h
from watchglass.store.site import SiteStore

_HOUR_NS = 3600 * NS_PER_S
_COLUMNS = (
    Column("Camera", wraps=True), Column("Stream"), Column("Kept", right=True),
    Column("With events", right=True),
)  # fmt: skip


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
    events: Annotated[
        bool, typer.Option("--events", help="Of recordings in which something happened.")
    ] = False,
    country: Annotated[
        str | None,
        typer.Option("--country", help="Where the cameras are, such as DE; 'none' to withdraw it."),
    ] = None,
    reason: Annotated[
        str, typer.Option("--reason", help="Why longer than the default; it goes into the ledger.")
    ] = "",
    json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Show how long recordings are kept, or set it: for all cameras, for one, for a stream."""
    of = shell(context)
    if stream is not None and camera is None:
        raise UsageError("Say which camera's stream: --camera NAME.")
    if keep is None and (events or camera is not None or reason):
        raise UsageError("Say how long to keep it: --keep 14d.")
    if country is not None:
        of.order(CountryRequest(None if country.lower() == "none" else country, of.by))
    if keep is not None:
        kind = Kept.EVENTS if events else Kept.CONTINUOUS
        of.order(RetentionRequest(_hours(keep), camera or "", stream, kind, of.by, reason))
    _show(of, json=json)


def _hours(text: str) -> int | None:
    if text == "default":
        return None
    hours, rest = divmod(parse_duration(text), _HOUR_NS)
    if rest:
        raise UsageError("Recordings are kept for whole hours: 72h, 14d.")
    return hours


@dataclass(frozen=True, slots=True)
class _Row:
    camera: Camera
    stream: StreamName
    hours: int
    events_h: int


def _rows(store: SiteStore) -> list[_Row]:
    default_h, default_events_h = store.default_retention_h(), store.default_events_h() or 0
    return [
        _Row(each, one.stream, hours, max(hours, events_h))
        for each in store.cameras(with_credentials=False)
        for one in each.streams
        for hours in [one.retention_h or each.retention_h or default_h]
        for events_h in [one.events_h or each.events_h or default_events_h]
    ]


def _show(of: Shell, *, json: bool) -> None:
    with of.store() as store:
        default_h, words = store.default_retention_h(), retention_words(store)
        rows, longest_h = _rows(store), default_retention_h(store.country())
        of_whom = country_words(store)
    if json:
        of.screen.json({
            "default_h": default_h,
            "streams": [
                {
                    "camera": row.camera.id, "name": row.camera.name, "stream": row.stream,
                    "hours": row.hours, "events_hours": row.events_h,
                }
                for row in rows
            ],
        })  # fmt: skip
        return
    of.screen.say(f"Recordings are {words}. On a full disk the oldest goes sooner.")
    if rows:
        of.screen.table(
            _COLUMNS,
            [
                (
                    row.camera.name, row.stream.value, count_words(row.hours, "hour"),
                    count_words(row.events_h, "hour"),
                )
                for row in rows
            ],
        )  # fmt: skip
    longer = sum(max(row.hours, row.events_h) > longest_h for row in rows)
    if longer:
        of.screen.hint(
            f"{count_words(longer, 'stream')} kept longer than {longest_h} hours, the default "
            f"{of_whom}: the ledger has the reason."
        )
