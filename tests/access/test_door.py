"""Coming in: the single-use token, passwords, guessing."""

from pathlib import Path

import pytest

from watchglass.access.directory import Directory
from watchglass.access.door import Door
from watchglass.access.errors import TooManyTriesError, WrongPasswordError
from watchglass.access.session import ABSOLUTE_NS, IDLE_NS, Sessions
from watchglass.access.throttle import Throttle
from watchglass.access.token import new_token, token_hash
from watchglass.base.clock import NS_PER_S, SimulatedClock
from watchglass.base.errors import RefusedError, UsageError
from watchglass.base.secret import Secret
from watchglass.store.access import AccessStore

GOOD = Secret("four words make one")


class Entrance:
    """A door, its sessions and its store on a simulated clock."""

    def __init__(self, path: Path, clock: SimulatedClock | None = None) -> None:
        self.clock = clock or SimulatedClock()
        self.store = AccessStore(path)
        self.directory = Directory(self.store)
        self.sessions = Sessions(self.store, self.clock, self.directory)
        self.door = Door(self.store, self.sessions, self.clock, Throttle(self.clock))

    def offer(self) -> Secret:
        token = new_token()
        self.store.offer_setup(token_hash(token), self.clock.wall_ns() + 600 * NS_PER_S)
        return Secret(token)

    def set_up(self) -> str:
        return self.door.set_up(self.offer(), "admin", GOOD, "here")


@pytest.fixture
def at(tmp_path: Path) -> Entrance:
    return Entrance(tmp_path / "site.db")


def test_token_makes_one_admin_once(at: Entrance) -> None:
    token = at.offer()
    assert not at.door.is_set_up()
    session = at.sessions.find(at.door.set_up(token, " admin ", GOOD, "here"))
    assert session is not None
    assert session.user.name == "admin"
    assert at.door.is_set_up()
    with pytest.raises(RefusedError):
        at.door.set_up(token, "other", GOOD, "here")
    with pytest.raises(RefusedError):
        at.door.set_up(at.offer(), "other", GOOD, "here")
    assert at.store.setup_token() is None


def test_token_expires_and_a_newer_one_replaces_it(at: Entrance) -> None:
    first = at.offer()
    second = at.offer()
    with pytest.raises(WrongPasswordError):
        at.door.set_up(first, "admin", GOOD, "here")
    at.clock.advance(601 * NS_PER_S)
    with pytest.raises(WrongPasswordError, match="too old"):
        at.door.set_up(second, "admin", GOOD, "here")
    assert not at.door.is_set_up()


@pytest.mark.parametrize("password", ["short", "aaaaaaaaaaaaaaa", "x1" * 200, ""])
def test_bad_new_passwords_use_nothing_up(at: Entrance, password: str) -> None:
    token = at.offer()
    with pytest.raises(UsageError):
        at.door.set_up(token, "admin", Secret(password), "here")
    assert at.door.set_up(token, "admin", GOOD, "here")


@pytest.mark.parametrize("name", ["", "   ", "a\nb", "n" * 65])
def test_bad_names(at: Entrance, name: str) -> None:
    with pytest.raises(UsageError):
        at.door.set_up(at.offer(), name, GOOD, "here")


def test_sign_in_by_the_right_password_alone(at: Entrance) -> None:
    at.set_up()
    for name, password in (("admin", "four words make two"), ("nobody", GOOD.reveal())):
        with pytest.raises(WrongPasswordError):
            at.door.sign_in(name, Secret(password), "here")
    assert at.sessions.find(at.door.sign_in("admin", GOOD, "here")) is not None
    # The same text in another coding, as another keyboard gives it.
    assert at.sessions.find("made up") is None


def test_guessing_gets_slow_and_stays_where_it_comes_from(at: Entrance) -> None:
    at.set_up()
    wrong = Secret("wrong wrong wrong")
    for _ in range(5):
        with pytest.raises(WrongPasswordError):
            at.door.sign_in("admin", wrong, "stranger")
    with pytest.raises(TooManyTriesError) as refused:
        at.door.sign_in("admin", wrong, "stranger")
    assert refused.value.wait_s > 0
    with pytest.raises(TooManyTriesError):
        at.door.sign_in("admin", GOOD, "stranger")
    assert at.door.sign_in("admin", GOOD, "owner")
    at.clock.advance(400 * NS_PER_S)
    assert at.door.sign_in("admin", GOOD, "stranger")


def test_nothing_that_opens_a_door_lies_in_the_database(at: Entrance, tmp_path: Path) -> None:
    offered = at.offer()
    token = at.door.set_up(offered, "admin", GOOD, "here")
    at.store.close()
    for path in tmp_path.iterdir():
        content = path.read_bytes()
        for secret in (token, offered.reveal(), GOOD.reveal()):
            assert secret.encode() not in content
    assert b"$argon2id$" in (tmp_path / "site.db").read_bytes()


def test_session_ends_when_idle(at: Entrance) -> None:
    token = at.set_up()
    at.clock.advance(IDLE_NS - NS_PER_S)
    assert at.sessions.find(token) is not None
    at.clock.advance(IDLE_NS - NS_PER_S)
    assert at.sessions.find(token) is not None
    at.clock.advance(IDLE_NS + NS_PER_S)
    assert at.sessions.find(token) is None


def test_session_ends_however_much_it_is_used(at: Entrance) -> None:
    token = at.set_up()
    used_ns = 0
    while at.sessions.find(token) is not None:
        at.clock.advance(IDLE_NS // 2)
        used_ns += IDLE_NS // 2
    assert ABSOLUTE_NS <= used_ns <= ABSOLUTE_NS + IDLE_NS


def test_signing_out_ends_it_on_the_server(at: Entrance, tmp_path: Path) -> None:
    token = at.set_up()
    at.sessions.close(token)
    assert at.sessions.find(token) is None
    again = Entrance(tmp_path / "site.db", at.clock)
    assert again.sessions.find(token) is None


def test_sessions_outlive_a_restart(at: Entrance, tmp_path: Path) -> None:
    token = at.set_up()
    at.clock.advance(IDLE_NS // 2)
    assert at.sessions.find(token) is not None
    at.sessions.forget_ended()
    at.clock.advance(IDLE_NS * 3 // 4)
    again = Entrance(tmp_path / "site.db", at.clock)
    assert again.sessions.find(token) is not None
    at.clock.advance(IDLE_NS)
    assert Entrance(tmp_path / "site.db", at.clock).sessions.find(token) is None


def test_a_user_has_a_bounded_number_of_sessions(at: Entrance) -> None:
    first = at.set_up()
    (user,) = {row.user for row in at.store.sessions()}
    for _ in range(20):
        at.clock.advance(NS_PER_S)
        at.sessions.open(user)
    assert at.sessions.find(first) is None
    assert len(at.store.sessions()) == 20
