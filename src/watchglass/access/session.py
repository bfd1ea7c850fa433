"""Sessions, kept on the server: a random token with the browser, its hash here.

All of them are in memory, so that asking who a request is from touches no disk; what changes them
does, and belongs in a thread. What another process ends, or changes of somebody's rights, holds
from the next ``refresh`` on.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace

from watchglass.access.directory import Directory
from watchglass.access.policy import User
from watchglass.access.token import new_token, token_hash
from watchglass.base.clock import NS_PER_S, Clock
from watchglass.store.access import AccessStore, SessionRow

IDLE_NS = 7 * 24 * 3600 * NS_PER_S
"""A session that nobody uses ends after this; a wall that is left open uses it."""
ABSOLUTE_NS = 30 * 24 * 3600 * NS_PER_S
_NOTED_EVERY_NS = 300 * NS_PER_S
_MOST_OF_A_USER = 20
_ID = 16


@dataclass(frozen=True, slots=True)
class Session:
    """Somebody's sign-in; ``ends_ns`` (UTC) moves on while it is used."""

    user: User
    ends_ns: int


@dataclass(frozen=True, slots=True)
class Opened:
    """A session as its owner sees it; ``id`` opens nothing. Times are UTC."""

    id: str
    created_ns: int
    seen_ns: int
    address: str
    agent: str


class Sessions:
    """All sessions of a site. Thread-safe; ``find`` never blocks on the disk."""

    def __init__(self, store: AccessStore, clock: Clock, directory: Directory) -> None:
        self._store = store
        self._clock = clock
        self._directory = directory
        self._lock = threading.Lock()
        self._rows: dict[str, SessionRow] = {}
        self._noted: dict[str, int] = {}
        for row in store.sessions():
            self._rows[row.token_hash] = row
            self._noted[row.token_hash] = row.seen_ns
        self.forget_ended()

    def find(self, token: str) -> Session | None:
        """The session that a token opens, which counts as use; None when it is over."""
        hashed, now_ns = token_hash(token), self._clock.wall_ns()
        with self._lock:
            row = self._rows.get(hashed)
            if row is None or _ends_ns(row) <= now_ns:
                return None
            # Never back: a clock that was set back must not lengthen a session.
            self._rows[hashed] = row = replace(row, seen_ns=max(row.seen_ns, now_ns))
            ends_ns = _ends_ns(row)
        account = self._directory.account(row.user)
        if account is None or account.disabled:
            return None
        grants = (self._directory.grants(row.user),)
        return Session(User(row.user, account.name, hashed[:_ID], grants, account.role), ends_ns)

    def refresh(self) -> None:
        """Take up what other processes have changed, if they have. Blocks on the database."""
        with self._lock:
            known = set(self._rows)
        if not self._directory.refresh():
            return
        still = {row.token_hash for row in self._store.sessions()}
        with self._lock:
            for hashed in known - still:
                self._rows.pop(hashed, None)
                self._noted.pop(hashed, None)

    def open(self, user: str, address: str = "", agent: str = "") -> str:
        """A new session; its token, which is told nowhere else. ``address`` and ``agent`` are for
        its owner, to know it by."""
        token, now_ns = new_token(), self._clock.wall_ns()
        row = SessionRow(
            token_hash(token), user, now_ns, now_ns, address[:64],
            "".join(filter(str.isprintable, agent))[:200],
        )  # fmt: skip
        self._store.add_session(row)
        with self._lock:
            self._rows[row.token_hash] = row
            self._noted[row.token_hash] = now_ns
            of_user = sorted(
                (each for each in self._rows.values() if each.user == user),
                key=lambda each: each.seen_ns,
            )
        self._end([each.token_hash for each in of_user[:-_MOST_OF_A_USER]])
        return token

    def close(self, token: str) -> None:
        """End a session."""
        self._end([token_hash(token)])

    def of_user(self, user: str) -> list[Opened]:
        """All sessions of somebody, the one used last first."""
        now_ns = self._clock.wall_ns()
        with self._lock:
            rows = [row for row in self._rows.values() if row.user == user]
        return [
            Opened(row.token_hash[:_ID], row.created_ns, row.seen_ns, row.address, row.agent)
            for row in sorted(rows, key=lambda row: row.seen_ns, reverse=True)
            if _ends_ns(row) > now_ns
        ]

    def end(self, user: str, session: str) -> bool:
        """End one of somebody's sessions; False when there is none such."""
        return bool(self._end_of(user, lambda each: each == session))

    def end_all(self, user: str, but: str = "") -> int:
        """End all of somebody's sessions except ``but``; how many."""
        return self._end_of(user, lambda each: each != but)

    def _end_of(self, user: str, which: Callable[[str], bool]) -> int:
        with self._lock:
            hashes = [
                key for key, row in self._rows.items() if row.user == user and which(key[:_ID])
            ]
        self._end(hashes)
        return len(hashes)

    def forget_ended(self) -> None:
        """Remove what is over, and note what is in use, for a restart."""
        now_ns = self._clock.wall_ns()
        with self._lock:
            over = [key for key, row in self._rows.items() if _ends_ns(row) <= now_ns]
            used = [
                row
                for key, row in self._rows.items()
                if row.seen_ns - self._noted[key] > _NOTED_EVERY_NS
            ]
        self._end(over)
        for row in used:
            self._store.saw_session(row.token_hash, row.seen_ns)
            self._noted[row.token_hash] = row.seen_ns

    def _end(self, hashes: list[str]) -> None:
        if not hashes:
            return
        with self._lock:
            for hashed in hashes:
                self._rows.pop(hashed, None)
                self._noted.pop(hashed, None)
        self._store.end_sessions(hashes)


def _ends_ns(row: SessionRow) -> int:
    return min(row.seen_ns + IDLE_NS, row.created_ns + ABSOLUTE_NS)
