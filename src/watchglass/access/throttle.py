"""Slows down whoever guesses: after a few wrong tries, each further one has to wait longer.

Wrong tries count for the address that they come from and for the account that they are for, so
that neither one machine with many names nor many machines with one name gets far. A browser that
somebody has signed in with before counts for itself alone: no stranger who guesses at an account
can keep its owner out.
"""

import ipaddress
import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from watchglass.access.errors import TooManyTriesError
from watchglass.base.clock import NS_PER_S, Clock

_FORGOTTEN_NS = 3600 * NS_PER_S
_MOST_KEPT = 10_000


class Whose(StrEnum):
    """For what wrong tries count."""

    ADDRESS = "address"
    ACCOUNT = "account"
    DEVICE = "device"


Key: TypeAlias = tuple[Whose, str]
_FREE_TRIES = {Whose.ADDRESS: 5, Whose.ACCOUNT: 20, Whose.DEVICE: 5}
_LONGEST_S = {Whose.ADDRESS: 300.0, Whose.ACCOUNT: 30.0, Whose.DEVICE: 300.0}
"""Of an account briefly: who comes with a new browser while somebody guesses has to get in too."""


@dataclass(slots=True)
class _Tries:
    wrong: int = 0
    last_ns: int = 0


class Throttle:
    """Counts wrong tries. Thread-safe; bounded.

    A try counts as wrong from its start until ``succeeded``, so that many at once gain nothing.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._tries: OrderedDict[Key, _Tries] = OrderedDict()

    def admit(self, keys: Sequence[Key]) -> None:
        """Let a try begin that counts for all ``keys``; TooManyTriesError while one has to wait."""
        now_ns = self._clock.monotonic_ns()
        with self._lock:
            found = [(key, self._of(key, now_ns)) for key in keys]
            wait_s = max(
                _wait_s(key[0], tries.wrong) - (now_ns - tries.last_ns) / NS_PER_S
                for key, tries in found
            )
            if wait_s > 0:
                raise TooManyTriesError(
                    f"Too many wrong tries: wait {max(1, round(wait_s))} s, then try again.",
                    wait_s,
                )
            for _, tries in found:
                tries.wrong += 1
                tries.last_ns = now_ns
            while len(self._tries) > _MOST_KEPT:
                self._tries.popitem(last=False)

    def succeeded(self, keys: Sequence[Key]) -> None:
        """The password was right: for this address and device all is forgotten. For the account
        only this try: strangers who guess at it go on."""
        with self._lock:
            for key in keys:
                tries = self._tries.get(key)
                if key[0] is not Whose.ACCOUNT:
                    self._tries.pop(key, None)
                elif tries is not None:
                    tries.wrong = max(0, tries.wrong - 1)

    def refund(self, keys: Sequence[Key]) -> None:
        """This try was not a wrong one, and is not the end of it either."""
        with self._lock:
            for key in keys:
                tries = self._tries.get(key)
                if tries is not None:
                    tries.wrong = max(0, tries.wrong - 1)

    def _of(self, key: Key, now_ns: int) -> _Tries:
        tries = self._tries.setdefault(key, _Tries())
        self._tries.move_to_end(key)
        if now_ns - tries.last_ns > _FORGOTTEN_NS:
            tries.wrong = 0
        return tries


def address_key(address: str) -> Key:
    """Of IPv6 the network of 64 bits: whoever has one address there has them all."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return Whose.ADDRESS, address[:64]
    if found.version == 6 and found.ipv4_mapped is None:
        return Whose.ADDRESS, str(ipaddress.ip_network((found, 64), strict=False))
    return Whose.ADDRESS, str(found)


def _wait_s(whose: Whose, wrong: int) -> float:
    if wrong < _FREE_TRIES[whose]:
        return 0.0
    return min(_LONGEST_S[whose], 2.0 ** min(wrong - _FREE_TRIES[whose], 10))
