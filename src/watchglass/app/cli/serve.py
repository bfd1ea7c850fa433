"""``watchglass serve``: record until told to stop."""

import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import watchglass
from watchglass.app.cli.screen import Screen
from watchglass.app.cli.shell import Shell, shell
from watchglass.app.cli.signals import Ending
from watchglass.app.findings import retention_why
from watchglass.app.words import count_words, length_words
from watchglass.base import heap
from watchglass.base.clock import NS_PER_S
from watchglass.base.errors import WatchglassError
from watchglass.store.site import SiteStore

if TYPE_CHECKING:
    from watchglass.app.in_network import InNetwork
    from watchglass.app.wiring import Recorder


def serve(
    context: typer.Context,
    port: Annotated[int | None, typer.Option(help="Of the page; 0 takes a free one.")] = None,
    lan: Annotated[
        bool, typer.Option("--lan", help="Serve the page in the network too, encrypted.")
    ] = False,
    host: Annotated[
        list[str] | None,
        typer.Option("--host", help="With --lan: a name that browsers use; again for each."),
    ] = None,
    certificate: Annotated[
        Path | None, typer.Option(help="With --lan: PEM, in the place of the recorder's own.")
    ] = None,
    key: Annotated[Path | None, typer.Option(help="Of that certificate.")] = None,
) -> None:
    """Record all cameras, and serve the page, until stopped (Ctrl-C, or SIGTERM)."""
    from watchglass.app.wiring import Recorder

    heap.bound()
    of = replace(
        shell(context), port=port, lan=lan or None, hosts=",".join(host) if host else None,
        certificate=certificate, certificate_key=key,
    )  # fmt: skip
    recorder = Recorder(of.ground)
    ending = Ending(recorder.stop)
    try:
        _introduce(of, recorder)
        with of.screen.working("starting: what was left open is closed first"):
            recording = recorder.start()
        heap.tend(of.ground.clock)
        if not ending.asked:
            _tell_cameras(of, recorder, recording)
            if of.ground.settings.page:
                open_page(of.screen, recorder)
            else:
                of.screen.say("There is no page (WATCHGLASS_PAGE): other commands reach it.")
        recorder.serve()
        of.screen.say("Stopping: files are closed and accounted for. (Once more to not wait.)")
    finally:
        began_s = time.monotonic()
        recorder.close()
    took = length_words(round((time.monotonic() - began_s) * NS_PER_S))
    of.screen.say(f"Stopped in {took}. From now on the timeline says 'recorder stopped'.")


def open_page(screen: Screen, recorder: "Recorder") -> str | None:
    """Start the page and say where it is; recording goes on where it cannot be."""
    try:
        with screen.working("starting the page"):
            url = recorder.open_page()
    except WatchglassError as error:
        screen.error(f"No page yet: {error.sentence} Recording goes on, and it is tried again.")
        return None
    if url is not None:
        if recorder.in_network is not None:
            tell_certificate(screen, recorder.in_network)
        first = "#" in url
        screen.say("Open this once, and set your password:" if first else "The page:")
        screen.command(url)
    return url


def tell_certificate(screen: Screen, found: "InNetwork") -> None:
    """What a browser shows before it lets anybody in, to be compared."""
    names = ", ".join(found.hosts)
    screen.say(f"Served in the network, encrypted, to who asks for {names}.")
    screen.say(f"The certificate's SHA-256 fingerprint, until {found.page.ends:%Y-%m-%d}:")
    screen.command(found.page.fingerprint)
    if not found.trusted:
        screen.say("Nobody has signed it: a browser asks once; compare what it shows with this.")


def _introduce(of: Shell, recorder: "Recorder") -> None:
    screen, store = of.screen, recorder.site.store
    screen.say(f"Watchglass {watchglass.__version__}")
    places = " and ".join(str(each.path) for each in store.volumes())
    screen.say(f"Recordings are in {places}, {retention_words(store)}.")
    for sentence in recorder.missing_volumes():
        screen.error(sentence)


def retention_words(store: SiteStore) -> str:
    """'kept 336 hours, then erased', and where the number comes from."""
    why = retention_why(store)
    kept = f"kept {count_words(store.default_retention_h(), 'hour')}, then erased"
    return f"{kept} ({why})" if why else kept


def _tell_cameras(of: Shell, recorder: "Recorder", recording: int) -> None:
    cameras = recorder.site.store.cameras(with_credentials=False)
    others = len(cameras) - recording
    if not cameras:
        of.screen.say("No camera is set up yet. Add one, while this runs, in another terminal:")
        of.screen.command(of.command("camera add rtsp://ADDRESS/PATH"))
    else:
        beside = f"; {count_words(others, 'other')} paused" if others else ""
        of.screen.say(f"Recording {count_words(recording, 'camera')}{beside}. Ctrl-C stops.")
