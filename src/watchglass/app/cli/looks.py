"""``watchglass looks``: who looked at which camera, as the site's ledger tells."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from watchglass.app.cli.moments import local, parse_duration, shown_time, utc_text
from watchglass.app.cli.screen import Column, Row
from watchglass.app.cli.shell import Shell, shell
from watchglass.app.words import count_words
from watchglass.base.disk import Disk
from watchglass.base.errors import DamagedError
from watchglass.base.ids import CameraId
from watchglass.model.stream import StreamName
from watchglass.recording.commitment import TextStore
from watchglass.recording.people import NotedLook, noted_looks

_SHOWN_MOST = 200
_NOBODY = "not stated"
_ERASED = "(name erased)"
_DAMAGED = "(name damaged)"
_COLUMNS = (
    Column("When"), Column("Who", wraps=True), Column("Camera", wraps=True), Column("How"),
    Column("From"), Column("To"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Shown:
    look: NotedLook
    who: str
    camera: str


def looks(
    context: typer.Context,
    camera: Annotated[
        str | None, typer.Option("--camera", help="Name, id, or its first digits; else all.")
    ] = None,
    since: Annotated[str, typer.Option("--since", help="How far back: 30m, 24h, 7d.")] = "24h",
    json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Show who looked at which camera: live views, and what was played back."""
    of = shell(context)
    now_ns = of.ground.clock.wall_ns()
    since_ns = now_ns - parse_duration(since)
    with of.store() as store:
        only = store.find_camera(camera, with_credentials=False) if camera is not None else None
        known = store.cameras(include_removed=True, with_credentials=False)
    ledger = of.ground.layout.ledgers / "site"
    found = [
        each
        for each in noted_looks(ledger, since_ns)
        if only is None or each.camera == only.id
    ]  # fmt: skip
    shown = _shown(ledger, found, {each.id: each.name for each in known})
    if json:
        of.screen.json([_json(each) for each in shown])
    else:
        _show(of, shown, only.name if only is not None else "any camera", since_ns, now_ns)


def _shown(
    ledger: Path, found: Sequence[NotedLook], names: dict[CameraId, str]
) -> list[_Shown]:  # fmt: skip
    texts = TextStore(ledger / "texts", Disk())
    who = {by: _who(texts, by) for by in {each.by for each in found}}
    return [_Shown(each, who[each.by], names.get(each.camera, each.camera)) for each in found]


def _who(texts: TextStore, by: str | None) -> str:
    if by is None:
        return _NOBODY
    try:
        return texts.get(by) or _ERASED
    except DamagedError:
        return _DAMAGED


def _show(of: Shell, shown: list[_Shown], what: str, since_ns: int, now_ns: int) -> None:
    screen = of.screen
    since = shown_time(since_ns, now_ns)
    if not shown:
        screen.say(
            f"Nobody looked at {what} since {since}: no live view was opened, and nothing was "
            "played back. 'watchglass looks --since 30d' looks further back."
        )
        return
    people = {each.who for each in shown}
    screen.say(
        f"{count_words(len(shown), 'look')} since {since}, by {count_words(len(people), 'name')}."
    )
    if len(shown) > _SHOWN_MOST:
        screen.hint(f"The last {_SHOWN_MOST} of them; --json has all.")
    screen.table(_COLUMNS, [_row(each, now_ns) for each in shown[-_SHOWN_MOST:]])
    zone = local(now_ns).tzname() or "local"
    screen.hint(
        f"From and to are of what was seen. Times are local ({zone}); --json has UTC. Copies that "
        "were cut (clips) are noted in the ledger, and not shown here."
    )


def _row(shown: _Shown, now_ns: int) -> Row:
    look = shown.look
    sub = "" if look.stream is StreamName.MAIN else f", {look.stream.value}"
    return (
        shown_time(look.noted_ns, now_ns),
        shown.who,
        shown.camera,
        f"{look.kind.value}{sub}",
        shown_time(look.from_ns, now_ns),
        shown_time(look.to_ns, now_ns) if look.to_ns is not None else "no end noted",
    )


def _json(shown: _Shown) -> dict[str, Any]:
    """A look for programs; keys stay as they are."""
    look = shown.look
    return {
        "look": look.id,
        "noted": utc_text(look.noted_ns),
        "by": shown.who if look.by is not None else None,
        "camera": look.camera,
        "name": shown.camera,
        "stream": look.stream.value,
        "how": look.kind.value,
        "from": utc_text(look.from_ns),
        "to": utc_text(look.to_ns) if look.to_ns is not None else None,
    }
