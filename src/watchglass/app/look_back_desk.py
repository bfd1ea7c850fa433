"""Looks at the past that people ask for: one after another, each by a process of its own.

What is asked for is on disk, so a recorder that is started again goes on where it was.
"""

import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import msgspec

from watchglass.app.kept_index import KeptIndex
from watchglass.app.look_back_late import Late, Missed
from watchglass.app.look_back_trial import WHY, Next, Trial
from watchglass.app.task import OneByOne
from watchglass.app.ways import Ways
from watchglass.app.words import count_words
from watchglass.base import log
from watchglass.base.clock import NS_PER_S, Clock
from watchglass.base.disk import Disk, WriteSite
from watchglass.base.errors import NotFoundError, RefusedError, StorageError, UsageError
from watchglass.base.ids import CameraId, VolumeId
from watchglass.config.settings import Settings
from watchglass.model.look_back import (
    MOST_LOOKS_BACK,
    LookBack,
    LookBackId,
    LookBackStart,
    LookBackState,
    LookBackTold,
)
from watchglass.model.stream import StreamName
from watchglass.model.watch_control import LookBackErrand, LookBackRequest, StopLookBackRequest
from watchglass.recording.mediapath import media_path
from watchglass.store.site_volumes import VolumeEntry

NAME = "look-back"
_MODULE = "watchglass.app.look_back_worker"
_MOST_KEPT = 100
_AHEAD_NS = 5 * NS_PER_S
_TURN_S = 1.0
_WRITE_NS = 10 * NS_PER_S
_BACK_NS = 600 * NS_PER_S
"""A look that was cut off does not go back further."""
_GOES_ON = (LookBackState.WAITING, LookBackState.RUNNING)
_TOLD: msgspec.json.Decoder[LookBackTold] = msgspec.json.Decoder(LookBackTold)
_LOOKS: msgspec.json.Decoder[list[LookBack]] = msgspec.json.Decoder(list[LookBack])
_LOG = log.get("look_back")


class LookBackDesk:
    """Of one recorder. ``forget`` erases what a look found; ``resumed_ns`` says from where it goes
    on when it was cut off, as `EventStore` does. Thread-safe."""

    def __init__(
        self,
        settings: Settings,
        ways: Ways,
        index: KeptIndex,
        volumes: Callable[[], Sequence[VolumeEntry]],
        forget: Callable[[LookBackId], None],
        missed: Missed,
        resumed_ns: Callable[[LookBackId, int, int], int],
        disk: Disk,
        clock: Clock,
    ) -> None:
        self._settings, self._ways, self._index = settings, ways, index
        self._volumes, self._forget, self._disk, self._clock = volumes, forget, disk, clock
        self._late, self._resumed_ns = Late(missed), resumed_ns
        self._path = ways.layout.state / "looks-back.json"
        self._lock = threading.Lock()
        self._looks = {each.id: each for each in self._read()}
        self._written_ns = clock.monotonic_ns()
        self._work = OneByOne("look back", clock, self._look_at_next)

    def start(self) -> None:
        self._work.start()

    def close(self) -> None:
        """What goes on goes on at the next start."""
        self._work.close()

    def errand(self, errand: LookBackErrand) -> Sequence[LookBack]:
        """All looks as they stand after the errand, newest first."""
        match errand:
            case LookBackRequest():
                self._ask(errand)
            case StopLookBackRequest():
                self._stop(errand.id)
            case _:
                pass
        with self._lock:
            return sorted(self._looks.values(), key=lambda each: (-each.asked_ns, each.id))

    def _ask(self, asked: LookBackRequest) -> None:
        if not self._settings.analysis:
            raise RefusedError(
                "Understanding pictures is switched off (WATCHGLASS_ANALYSIS): switch it on first."
            )
        if asked.from_ns >= asked.to_ns:
            raise UsageError("A look at the past ends after it begins.")
        with self._lock:
            if sum(each.state in _GOES_ON for each in self._looks.values()) >= MOST_LOOKS_BACK:
                raise RefusedError(
                    f"{MOST_LOOKS_BACK} looks at the past wait already: stop one of them first."
                )
            self._looks[asked.id] = LookBack(
                id=asked.id, camera=CameraId(asked.camera), from_ns=asked.from_ns,
                to_ns=asked.to_ns, by=asked.by, asked_ns=self._clock.wall_ns(),
                done_to_ns=asked.from_ns,
            )  # fmt: skip
            self._write()
        self._work.wake()

    def _stop(self, id: LookBackId) -> None:
        with self._lock:
            look = self._looks.get(id)
            if look is None:
                raise NotFoundError(
                    "There is no such look at the past: it may be forgotten by now."
                )
            over = look.state not in _GOES_ON
            if over:
                del self._looks[id]
            else:
                self._looks[id] = _with(look, state=LookBackState.STOPPED)
            self._write()
        if over:
            self._forget(id)
        else:
            self._work.kill(id)

    # --- carrying out --------------------------------------------------------------------------

    def _look_at_next(self) -> bool:
        look = self._next()
        try:
            if look is None:
                return self._make_up()
            self._carry_out(look)
        except (StorageError, OSError) as error:
            _LOG.error("look_back_failed", error=str(error))
            if look is not None:
                self._end(look.id, LookBackState.FAILED, str(error))
            return False
        return True

    def _make_up(self) -> bool:
        """Look at what was not looked at when it happened; False where there is nothing."""
        late = self._late.next(self._clock.wall_ns()) if self._settings.analysis else None
        if late is None:
            return False
        trial, then = Trial(), Next.AGAIN
        while then is Next.AGAIN and not self._work.ending.is_set():
            # Always all of it: so it finds the same again, and what is found twice is there once.
            then = trial.after(self._run(late, trial), came_further=False)
            self._pause(then)
        _LOG.info("made_up_for", camera=late.camera, seconds=_seconds(late), came=then.value)
        return True

    def _pause(self, then: Next) -> None:
        if then is Next.AGAIN:
            self._clock.wait(self._work.ending, _TURN_S)

    def _next(self) -> LookBack | None:
        with self._lock:
            waiting = [each for each in self._looks.values() if each.state in _GOES_ON]
            return min(waiting, key=lambda each: (each.asked_ns, each.id), default=None)

    def _carry_out(self, look: LookBack) -> None:
        trial, furthest_ns = Trial(), look.done_to_ns
        while True:
            found = self._set(look.id, state=LookBackState.RUNNING)
            if found is None or found.state is not LookBackState.RUNNING:
                return
            if self._work.ending.is_set():
                return
            last = self._run(self._resumed(found), trial)
            now = self._set(look.id)
            done_ns = now.done_to_ns if now is not None else 0
            then = trial.after(last, came_further=done_ns > furthest_ns)
            furthest_ns = max(furthest_ns, done_ns)
            if then is Next.OVER:
                self._end(look.id, LookBackState.DONE, _left_out(trial))
                return
            if then is not Next.AGAIN:
                self._end(look.id, LookBackState.FAILED, WHY[then])
                return
            self._pause(then)

    def _resumed(self, look: LookBack) -> LookBack:
        """From where it was cut off; whole things, lest half of one is found again."""
        least_ns = max(look.from_ns, look.done_to_ns - _BACK_NS)
        return _with(look, done_to_ns=self._resumed_ns(look.id, look.done_to_ns, least_ns))

    def _run(self, look: LookBack, trial: Trial) -> LookBackTold | None:
        """The last word of a process that looks."""
        last: LookBackTold | None = None
        with self._work.task(_MODULE, look.id) as task:
            task.tell(self._start_of(look, trial))
            for line in task.lines():
                with suppress(msgspec.MsgspecError):  # it tells what it is fenced by, too
                    last = _TOLD.decode(line)
                    self._heard(look, last)
        return last

    def _start_of(self, look: LookBack, trial: Trial) -> LookBackStart:
        settings = self._settings
        volumes = {each.id: each.path for each in self._volumes()}
        return LookBackStart(
            look, tuple(str(each) for each in self._files(look, volumes)),
            tuple(str(each) for each in volumes.values()), self._ways.show_analyst(NAME),
            settings.log_level.value, settings.log_json, settings.fences, trial.careful_to_ns,
            tuple(sorted(trial.left_out)),
        )  # fmt: skip

    def _files(self, look: LookBack, volumes: dict[VolumeId, Path]) -> list[Path]:
        """Of the sub-stream; of the main stream where nothing else was recorded."""
        index = self._index.store()
        if index is None:
            return []
        from_ns = max(look.from_ns, look.done_to_ns)
        for stream in (StreamName.SUB, StreamName.MAIN):
            with index.read() as reader:
                rows = reader.files_between(
                    look.camera, stream, from_ns - _AHEAD_NS, look.to_ns + _AHEAD_NS
                )
            if rows:
                return [
                    media_path(
                        volumes[row.volume], row.camera, row.stream, row.opened_ns, row.run,
                        row.sequence,
                    )
                    for row in rows
                    if row.volume in volumes
                ]  # fmt: skip
        return []

    def _heard(self, look: LookBack, told: LookBackTold) -> None:
        self._set(
            look.id, done_to_ns=told.done_to_ns, pictures=look.pictures + told.pictures,
            busy_s=round(look.busy_s + told.busy_s, 3),
            footage_s=round(look.footage_s + told.footage_s, 3),
        )  # fmt: skip

    # --- kept ----------------------------------------------------------------------------------

    def _set(self, id: LookBackId, **changes: object) -> LookBack | None:
        """The look as it is then; one that was stopped stays stopped."""
        with self._lock:
            look = self._looks.get(id)
            if look is None:
                return None
            if look.state in _GOES_ON:
                look = self._looks[id] = _with(look, **changes)
                now_ns = self._clock.monotonic_ns()
                if "state" in changes or now_ns - self._written_ns >= _WRITE_NS:
                    self._write()
            return look

    def _end(self, id: LookBackId, state: LookBackState, error: str = "") -> None:
        look = self._set(id, state=state, error=error)
        if look is not None:
            _LOG.info("looked_back", look=id, state=look.state, pictures=look.pictures)

    def _read(self) -> list[LookBack]:
        try:
            return _LOOKS.decode(self._path.read_bytes())
        except FileNotFoundError:
            return []
        except (OSError, msgspec.MsgspecError) as error:
            _LOG.error("looks_back_not_read", error=str(error))
            return []

    def _write(self) -> None:
        """Called with the lock. Of those that are over, the newest are kept."""
        over = [each for each in self._looks.values() if each.state not in _GOES_ON]
        for each in sorted(over, key=lambda each: each.asked_ns)[:-_MOST_KEPT]:
            del self._looks[each.id]
        self._written_ns = self._clock.monotonic_ns()
        try:
            self._disk.write_whole(
                WriteSite.SETTINGS, self._path, msgspec.json.encode(list(self._looks.values())),
                0o600,
            )  # fmt: skip
        except StorageError as error:
            _LOG.error("looks_back_not_kept", error=error.sentence)


def _left_out(trial: Trial) -> str:
    """What is to be said of a look that is done; empty where it is whole."""
    if not trial.left_out:
        return ""
    parts = count_words(len(trial.left_out), "part")
    return (
        f"{parts} of it, a few seconds each, made the process that looks at pictures crash, and "
        "could not be looked at."
    )


def _seconds(look: LookBack) -> int:
    return (look.to_ns - look.from_ns) // NS_PER_S


def _with(look: LookBack, **changes: object) -> LookBack:
    return msgspec.structs.replace(look, **changes)
