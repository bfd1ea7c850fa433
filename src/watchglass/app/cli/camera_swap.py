"""``watchglass camera swap`` and ``devices``: another device in a camera's place."""

from typing import Annotated

import typer

from watchglass.app.adding import request_for
from watchglass.app.cli.camera_add import (
    Allow,
    AsJson,
    Fingerprint,
    Look,
    Over,
    PasswordStdin,
    Source,
    Sub,
    Url,
    User,
    Wanted,
    probe_json,
    show_probe,
    way_of,
)
from watchglass.app.cli.moments import shown_time, utc_text
from watchglass.app.cli.screen import Column
from watchglass.app.cli.shell import shell
from watchglass.app.swap_look import refuse_same
from watchglass.app.swapping import NOTHING_SAID
from watchglass.base.errors import UsageError
from watchglass.model.camera import Transport
from watchglass.model.control import SwapCameraRequest

Which = Annotated[str, typer.Argument(metavar="CAMERA", help="Name, id, or its first 4 digits.")]
Reason = Annotated[str, typer.Option("--reason", help="Why; it goes into the ledger.")]


def swap(
    context: typer.Context,
    camera: Which,
    url: Url,
    reason: Reason = "",
    user: User = None,
    password_stdin: PasswordStdin = False,
    sub: Sub = None,
    allow: Allow = False,
    transport: Over = Transport.AUTO,
    fingerprint: Fingerprint = None,
    source: Source = "",
    json: AsJson = False,
) -> None:
    """Put another device in a camera's place: its name, zones, rules, rights and past stay."""
    of = shell(context)
    if not reason.strip():
        raise UsageError("Putting another device there needs a reason: --reason 'why'.")
    known = of.find_camera(camera)
    one_stream = len(known.streams) < 2 and sub is None
    wanted = Wanted(url, sub, one_stream, source, way_of(transport, fingerprint))
    look = Look(of, wanted, user, allow)
    found = look.found(password_stdin)
    with of.store() as store:
        refuse_same(store, known, found)
    if not json:
        show_probe(of.screen, found)
    to = request_for(found, known.name, of.by, look.allow)
    _, running = of.carry_out(SwapCameraRequest(known.id, to, of.by, reason))
    if json:
        of.screen.json({"camera": known.id, "name": known.name} | probe_json(found))
        return
    look.tell_allowed()
    when = "now" if running else "when the recorder runs"
    of.screen.say(
        f"{known.name} is recorded from the new device {when}. Its name, zones, rules, rights and "
        "recordings stay; the ledger tells which device it was at which time."
    )


def devices(context: typer.Context, camera: Which, json: AsJson = False) -> None:
    """Show which devices have stood in a camera's place, and since when."""
    of = shell(context)
    known = of.find_camera(camera)
    with of.store() as store:
        found = store.devices_behind(known.id)
    if json:
        of.screen.json([
            {
                "number": each.number, "since": utc_text(each.since_ns),
                "identity": each.identity, "host": each.host, "by": each.by,
                "reason": each.reason,
            }
            for each in found
        ])  # fmt: skip
        return
    now_ns = of.ground.clock.wall_ns()
    of.screen.table(
        (Column("Since"), Column("Device", wraps=True), Column("At"), Column("Why", wraps=True)),
        [
            (shown_time(each.since_ns, now_ns), each.identity or NOTHING_SAID, each.host,
             each.reason or "as it was added")
            for each in found
        ],
    )  # fmt: skip
