"""``watchglass serve``: record until told to stop."""

import os
import signal
import time
from types import FrameType

import typer

import watchglass
from watchglass.app.cli.shell import Shell, shell
from watchglass.app.wiring import Recorder
from watchglass.app.words import count_words, length_words
from watchglass.base.clock import NS_PER_S
from watchglass.store.site import SiteStore

_IMPATIENT = 130


def serve(context: typer.Context) -> None:
    """Record all cameras until stopped (Ctrl-C, or SIGTERM)."""
    of = shell(context)
    recorder = Recorder(of.ground)
    ending = Ending(recorder)
    ending.catch_signals()
    try:
        _introduce(of, recorder)
        with of.screen.working("starting: what was left open is closed first"):
            recording = recorder.start()
        if not ending.asked:
            _tell_cameras(of, recorder, recording)
        recorder.serve()
        of.screen.say("Stopping: files are closed and accounted for. (Once more to not wait.)")
    finally:
        began_s = time.monotonic()
        recorder.close()
    took = length_words(round((time.monotonic() - began_s) * NS_PER_S))
    of.screen.say(f"Stopped in {took}. From now on the timeline says 'recorder stopped'.")


class Ending:
    """What SIGINT, SIGTERM and SIGHUP mean: the first ends in order, another one does not wait."""

    def __init__(self, recorder: Recorder) -> None:
        self.asked = False
        self._recorder = recorder

    def catch_signals(self) -> None:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._on_signal)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        if self.asked:
            # The pipes to the children break with us: workers close their files by themselves.
            os._exit(_IMPATIENT)
        self.asked = True
        self._recorder.stop()


def _introduce(of: Shell, recorder: Recorder) -> None:
    screen, store = of.screen, recorder.site.store
    screen.say(f"Watchglass {watchglass.__version__}")
    screen.say(f"Recordings are in {of.settings.media}, {retention_words(store)}.")
    for sentence in recorder.missing_volumes():
        screen.error(sentence)


def retention_words(store: SiteStore) -> str:
    """'kept 336 hours, then erased', and where the number comes from."""
    hours, country = store.default_retention_h(), store.country()
    kept = f"kept {count_words(hours, 'hour')}, then erased"
    if store.setting("retention_h") is not None:
        return kept
    if country is None:
        return f"{kept} (the country is not stated: in the EEA the default is 72 hours)"
    return f"{kept} (the default for {country})"


def _tell_cameras(of: Shell, recorder: Recorder, recording: int) -> None:
    cameras = recorder.site.store.cameras(with_credentials=False)
    others = len(cameras) - recording
    if not cameras:
        of.screen.say("No camera is set up yet. Add one, while this runs, in another terminal:")
        of.screen.command(of.command("camera add rtsp://ADDRESS/PATH"))
    else:
        beside = f"; {count_words(others, 'other')} paused" if others else ""
        of.screen.say(f"Recording {count_words(recording, 'camera')}{beside}. Ctrl-C stops.")
