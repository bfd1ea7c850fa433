"""``watchglass camera trust``: which key a camera has to have, once it was replaced or reset."""

from typing import Annotated

import typer

from watchglass.app.cli.shell import Shell, shell
from watchglass.app.hosts import allowed_hosts
from watchglass.base.errors import CameraError, CertificateError, UsageError
from watchglass.cameras.address import resolve, split_url
from watchglass.cameras.probe_worker import run_probe
from watchglass.model.camera import Camera
from watchglass.model.control import TrustRequest
from watchglass.model.fingerprint import read_fingerprint
from watchglass.model.probe import ProbeRequest


def trust(
    context: typer.Context,
    camera: Annotated[
        str, typer.Argument(metavar="CAMERA", help="Name, id, or its first 4 digits.")
    ],
    fingerprint: Annotated[
        str | None, typer.Option(help="Of the key; otherwise it is shown and asked.")
    ] = None,
    reason: Annotated[str, typer.Option("--reason", help="Why.")] = "",
) -> None:
    """Trust the key that a camera shows over TLS now (rtsps://), and no other from now on."""
    of = shell(context)
    found = of.find_camera(camera)
    if not found.streams[0].url.startswith("rtsps:"):
        raise UsageError(f"{found.name} is not spoken to over TLS (rtsps://), and has no key.")
    known = found.streams[0].fingerprint
    key = _asked_for(of, found, known) if fingerprint is None else read_fingerprint(fingerprint)
    if key is None:
        raise UsageError("A fingerprint looks like SHA256: and 43 characters, as it was shown.")
    if key != known:
        of.carry_out(TrustRequest(found.id, key, of.by, reason))
    words = f"has to show the key {key}" if key else "needs a certificate that can be checked"
    of.screen.say(f"{found.name} {words} from now on.")


def _asked_for(of: Shell, camera: Camera, known: str) -> str:
    """The key that is there now, once somebody says that it is right; empty: none is needed."""
    screen = of.screen
    with screen.working(f"looking at {camera.name}"):
        shown = _shown_by(of, camera)
    if shown in ("", known):
        return shown
    screen.say(f"{camera.name} shows the key {shown}.")
    if known:
        screen.say(f"Trusted until now: {known}.")
    if not screen.live:
        raise UsageError(f"Nobody can be asked here: to trust it, say --fingerprint {shown}.")
    if not screen.confirm("Is this the camera's key? Somebody between you and it would show one."):
        screen.say("Nothing was changed.")
        raise typer.Exit(1)
    return shown


def _shown_by(of: Shell, camera: Camera) -> str:
    address, _ = split_url(camera.streams[0].url)
    with of.store() as store:
        allowed = of.settings.allow | allowed_hosts(store)
    checked = resolve(address, allowed)
    try:
        # Without a password: who is there is found out before anything is said.
        run_probe(
            ProbeRequest(checked.url, name=checked.host, transport=camera.streams[0].transport)
        )
    except CertificateError as error:
        return error.fingerprint
    except CameraError as error:
        if error.code in ("camera_unreachable", "stream_invalid"):
            raise
    return ""
