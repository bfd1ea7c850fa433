"""The recorder's pulse: judged every third second, and told to systemd and to who waits for pings.

The watchdog is fed while recording lives (``health`` says what that means). The ping is sent while
it lives and nothing is failing: it is for a person, who can mount a disk, which a restart cannot.
A process that alone is stuck is replaced.
"""

import threading
from collections.abc import Callable
from typing import Protocol

from watchglass.app.health import Observed, Patience, judge
from watchglass.app.notify import Notifier
from watchglass.app.replacement import Replacement
from watchglass.app.words import count_words
from watchglass.base import log
from watchglass.model.health import Health, HealthState

_JOIN_S = 2.0
_LOG = log.get("pulse")


class Pings(Protocol):
    """Sends a ping when one is due. Never waits."""

    def beat(self) -> None: ...


class Pulse:
    """A thread of its own. ``observe`` tells what is known now."""

    def __init__(
        self,
        observe: Callable[[], Observed],
        patience: Patience,
        notifier: Notifier,
        pings: Pings | None,
        replacement: Replacement,
    ) -> None:
        self._observe = observe
        self._patience = patience
        self._notifier = notifier
        self._pings = pings
        self._replacement = replacement
        self._every_s = patience.look_s
        if notifier.watchdog_s is not None:
            self._every_s = min(self._every_s, notifier.watchdog_s / 4)
        self._lived = True
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._work, name="pulse", daemon=True)

    def start(self) -> None:
        """The recorder is ready; from now on it is judged."""
        self._notifier.ready()
        self._thread.start()

    def health(self) -> Health:
        """How the recorder is now. For any thread."""
        return judge(self._observe(), self._patience)

    def stop(self) -> None:
        """The end has been asked for: nothing is judged any more, for parts end one by one."""
        self._ending.set()
        self._notifier.stopping()
        if self._thread.is_alive():
            self._thread.join(_JOIN_S)

    def _work(self) -> None:
        while not self._ending.is_set():
            try:
                self._beat()
            except Exception:  # noqa: BLE001 - the thread's border: a pulse that fails feeds
                # nobody, and that is noticed.
                _LOG.exception("pulse_failed")
            self._ending.wait(self._every_s)

    def _beat(self) -> None:
        health = self.health()
        if health.lives != self._lived:
            self._lived = health.lives
            if health.lives:
                _LOG.warning("recording_lives_again")
            else:
                reasons = [each.sentence for each in health.reasons if each.stuck]
                _LOG.error("recording_is_stuck", reasons=reasons)
        if health.lives:
            self._notifier.alive()
        self._notifier.status(summary(health))
        self._replacement.look(health)
        if self._pings is not None and health.state is not HealthState.FAILING:
            self._pings.beat()


def summary(health: Health) -> str:
    """'ok: 4 of 4 cameras recorded'."""
    things = len(health.reasons)
    more = f"; {count_words(things, 'thing')} to see to" if things else ""
    cameras = count_words(health.wanted, "camera")
    return f"{health.state}: {health.recorded} of {cameras} recorded{more}"
