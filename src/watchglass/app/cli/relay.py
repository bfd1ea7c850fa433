"""``watchglass relay``: a camera handed on to an old system, until that is switched off."""

import ipaddress
from typing import Annotated
from urllib.parse import quote

import typer

from watchglass.access.token import new_token
from watchglass.app.cli.moments import shown_time, utc_text
from watchglass.app.cli.screen import Column
from watchglass.app.cli.shell import shell
from watchglass.base.errors import NotFoundError, UsageError
from watchglass.base.ids import random_id
from watchglass.model.restream import (
    USUAL_HOST,
    USUAL_PORT,
    AddRestreamRequest,
    DropRestreamRequest,
    RestreamId,
    secret_of,
    user_of,
)
from watchglass.model.stream import StreamName

group = typer.Typer(
    help="Hand a camera on by RTSP, to a system that runs beside.", no_args_is_help=True
)

AsJson = Annotated[bool, typer.Option("--json", help="As JSON.")]
_COLUMNS = (
    Column("Relay"), Column("Camera", wraps=True), Column("Address", wraps=True), Column("User"),
    Column("Made"),
)  # fmt: skip


@group.command("add")
def add(
    context: typer.Context,
    camera: Annotated[str, typer.Argument(metavar="CAMERA", help="Name, id, or first digits.")],
    stream: Annotated[StreamName, typer.Option(help="The large picture, or the small.")] = (
        StreamName.MAIN
    ),
    listen: Annotated[
        str,
        typer.Option(metavar="ADDRESS:PORT", help="Where the other system asks for it."),
    ] = f"{USUAL_HOST}:{USUAL_PORT}",
    unmask: Annotated[
        bool, typer.Option("--unmask", help="Although masks hide a part; needs a reason.")
    ] = False,
    masked: Annotated[
        bool,
        typer.Option("--masked", help="With masks painted on: made anew, which costs CPU."),
    ] = False,
    sound: Annotated[
        bool, typer.Option("--sound", help="With the camera's sound, where it is recorded.")
    ] = False,
    reason: Annotated[str, typer.Option("--reason", help="Why; it goes into the ledger.")] = "",
    json: AsJson = False,
) -> None:
    """Hand a camera on; user and token are shown this once."""
    of = shell(context)
    host, port = _listen(listen)
    found = of.find_camera(camera)
    relay = RestreamId(random_id())
    user, token = user_of(relay), new_token()
    of.carry_out(
        AddRestreamRequest(
            relay, found.id, stream, host, port, user, secret_of(user, token), of.by, unmask,
            reason, masked, sound,
        )
    )  # fmt: skip
    with of.store() as store:
        made = next(each for each in store.restreams(found.id) if each.id == relay)
    if json:
        of.screen.json(
            {"relay": relay, "camera": found.id, "url": made.url, "user": user, "token": token}
        )
        return
    how = "with its masks painted on" if masked else "as it is recorded"
    heard = "with" if sound else "without"
    of.screen.say(f"{found.name} is handed on, {how} and {heard} sound. Keep this now,")
    of.screen.say("the token is not shown again:")
    of.screen.command(made.url.replace("rtsp://", f"rtsp://{quote(user)}:{quote(token)}@"))
    if sound and not found.sound:
        of.screen.hint(
            "Its sound is not kept, so that there is none to hand on until it is:"
            f" '{of.command(f'camera sound {found.id[:8]} on')}' switches it on."
        )
    if not ipaddress.ip_address(host).is_loopback:
        of.screen.hint(
            "RTSP is not encrypted: whoever is between here and there sees the pictures. Keep it to"
            " a network of its own."
        )


@group.command("list")
def list_(context: typer.Context, json: AsJson = False) -> None:
    """Show what is handed on, without tokens."""
    of = shell(context)
    with of.store() as store:
        found = store.restreams()
        names = {
            each.id: each.name
            for each in store.cameras(include_removed=True, with_credentials=False)
        }
    if json:
        of.screen.json([
            {
                "relay": each.id, "camera": each.camera, "stream": each.stream, "url": each.url,
                "user": each.user, "unmasked": each.unmasked, "masked": each.masked,
                "sound": each.sound,
                "made": utc_text(each.made_ns), "made_by": each.made_by,
                "reason": each.reason or None,
            }
            for each in found
        ])  # fmt: skip
    elif not found:
        of.screen.say(f"Nothing is handed on: '{of.command('relay add CAMERA')}' does.")
    else:
        now_ns = of.ground.clock.wall_ns()
        of.screen.table(
            _COLUMNS,
            [
                (each.id[:8], names.get(each.camera, each.camera[:8]), each.url, each.user,
                 shown_time(each.made_ns, now_ns))
                for each in found
            ],
        )  # fmt: skip


@group.command("remove")
def remove(
    context: typer.Context,
    relay: Annotated[str, typer.Argument(metavar="RELAY", help="Its id, or 4 digits of it.")],
    reason: Annotated[str, typer.Option("--reason", help="Why; it goes into the ledger.")] = "",
) -> None:
    """Hand it on no longer; who takes it now is cut off."""
    of = shell(context)
    with of.store() as store:
        found = [each for each in store.restreams() if each.id.startswith(relay.lower())]
    if len(found) != 1 or len(relay) < 4:
        raise NotFoundError(f"No relay, or more than one, is meant by {relay!r}: see 'relay list'.")
    of.carry_out(DropRestreamRequest(found[0].id, of.by, reason))
    of.screen.say(f"{found[0].url} is served no longer.")


def _listen(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not port.isascii() or not port.isdigit():
        raise UsageError(f"{text!r} is no address and port: say it as {USUAL_HOST}:{USUAL_PORT}.")
    return host.strip("[]"), int(port)
