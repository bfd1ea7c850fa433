"""Coming in: the single-use token, passwords, guessing."""

from pathlib import Path

import pytest

from tests.cheap_passwords import REAL
from watchglass.access.directory import Directory
from watchglass.access.door import Door, Visitor
from watchglass.access.errors import TooManyTriesError, WrongPasswordError
from watchglass.access.right import Action, Right, Role
from watchglass.access.second_factor import SecondFactors
from watchglass.access.session import ABSOLUTE_NS, IDLE_NS, Sessions
from watchglass.access.throttle import Throttle
from watchglass.access.token import new_token, token_hash
from watchglass.access.users import Users
from watchglass.base.clock import NS_PER_S, SimulatedClock
from watchglass.base.disk import Disk
from watchglass.base.errors import NotFoundError, RefusedError, UsageError
from watchglass.base.ids import CameraId
from watchglass.base.secret import Secret
from watchglass.store.access import AccessStore
from watchglass.store.vault import Vault

GOOD = Secret("four words make one")
HERE, OWNER, STRANGER = (Visitor(f"10.0.0.{number}") for number in (1, 2, 66))


class Entrance:
    """A door, its sessions and its store on a simulated clock."""

    def __init__(self, path: Path, clock: SimulatedClock | None = None) -> None:
        self.clock = clock or SimulatedClock()
        self.store = AccessStore(path)
        self.directory = Directory(self.store)
        self.sessions = Sessions(self.store, self.clock, self.directory)
        self.factors = SecondFactors(
            self.store, Vault(path.with_name("accounts.key"), Disk()), self.clock
        )
        self.users = Users(self.store, self.clock)
        self.door = Door(self.store, self.sessions, self.clock, Throttle(self.clock), self.factors)

    def offer(self) -> Secret:
        token = new_token()
        self.store.offer_setup(token_hash(token), self.clock.wall_ns() + 600 * NS_PER_S)
        return Secret(token)

    def set_up(self) -> str:
        return self.door.set_up(self.offer(), "admin", GOOD, HERE).session


@pytest.fixture
def at(tmp_path: Path) -> Entrance:
    return Entrance(tmp_path / "site.db")


def test_token_makes_one_admin_once(at: Entrance) -> None:
    token = at.offer()
    assert not at.door.is_set_up()
    session = at.sessions.find(at.door.set_up(token, " admin ", GOOD, HERE).session)
    assert session is not None
    assert session.user.name == "admin"
    assert at.door.is_set_up()
    with pytest.raises(RefusedError):
        at.door.set_up(token, "other", GOOD, HERE)
    with pytest.raises(RefusedError):
        at.door.set_up(at.offer(), "other", GOOD, HERE)
    assert at.store.setup_token() is None


def test_token_expires_and_a_newer_one_replaces_it(at: Entrance) -> None:
    first = at.offer()
    second = at.offer()
    with pytest.raises(WrongPasswordError):
        at.door.set_up(first, "admin", GOOD, HERE)
    at.clock.advance(601 * NS_PER_S)
    with pytest.raises(WrongPasswordError, match="too old"):
        at.door.set_up(second, "admin", GOOD, HERE)
    assert not at.door.is_set_up()


@pytest.mark.parametrize("password", ["short", "aaaaaaaaaaaaaaa", "x1" * 200, ""])
def test_bad_new_passwords_use_nothing_up(at: Entrance, password: str) -> None:
    token = at.offer()
    with pytest.raises(UsageError):
        at.door.set_up(token, "admin", Secret(password), HERE)
    assert at.door.set_up(token, "admin", GOOD, HERE).session


@pytest.mark.parametrize("name", ["", "   ", "a\nb", "n" * 65])
def test_bad_names(at: Entrance, name: str) -> None:
    with pytest.raises(UsageError):
        at.door.set_up(at.offer(), name, GOOD, HERE)


def test_sign_in_by_the_right_password_alone(at: Entrance) -> None:
    at.set_up()
    for name, password in (("admin", "four words make two"), ("nobody", GOOD.reveal())):
        with pytest.raises(WrongPasswordError):
            at.door.sign_in(name, Secret(password), HERE)
    assert at.sessions.find(at.door.sign_in("admin", GOOD, HERE).session) is not None
    # The same text in another coding, as another keyboard gives it.
    assert at.sessions.find("made up") is None


def test_guessing_gets_slow_and_stays_where_it_comes_from(at: Entrance) -> None:
    at.set_up()
    wrong = Secret("wrong wrong wrong")
    for _ in range(5):
        with pytest.raises(WrongPasswordError):
            at.door.sign_in("admin", wrong, STRANGER)
    with pytest.raises(TooManyTriesError) as refused:
        at.door.sign_in("admin", wrong, STRANGER)
    assert refused.value.wait_s > 0
    with pytest.raises(TooManyTriesError):
        at.door.sign_in("admin", GOOD, STRANGER)
    assert at.door.sign_in("admin", GOOD, OWNER).session
    at.clock.advance(400 * NS_PER_S)
    assert at.door.sign_in("admin", GOOD, STRANGER).session


def test_nothing_that_opens_a_door_lies_in_the_database(at: Entrance, tmp_path: Path) -> None:
    offered = at.offer()
    token = at.door.set_up(offered, "admin", GOOD, HERE).session
    at.store.close()
    for path in tmp_path.iterdir():
        content = path.read_bytes()
        for secret in (token, offered.reveal(), GOOD.reveal()):
            assert secret.encode() not in content
    assert b"$argon2id$" in (tmp_path / "site.db").read_bytes()


def test_a_guess_costs_what_rfc_9106_asks_for() -> None:
    assert REAL.hash("").startswith("$argon2id$v=19$m=65536,t=3,p=1$")


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


def test_many_machines_that_guess_at_one_account_get_slow(at: Entrance) -> None:
    at.set_up()
    for number in range(20):
        with pytest.raises(WrongPasswordError):
            at.door.sign_in("admin", Secret("wrong wrong wrong"), Visitor(f"10.1.{number}.1"))
    with pytest.raises(TooManyTriesError):
        at.door.sign_in("admin", Secret("wrong wrong wrong"), Visitor("10.1.99.1"))
    # Other accounts are not slower for it.
    with pytest.raises(WrongPasswordError):
        at.door.sign_in("bert", GOOD, Visitor("10.1.99.1"))


def test_guessing_keeps_no_owner_out(at: Entrance) -> None:
    """A browser that somebody signed in with waits for nobody; a new one half a minute at most."""
    device = at.door.set_up(at.offer(), "admin", GOOD, HERE).device
    for number in range(60):
        at.clock.advance(5 * NS_PER_S)
        with pytest.raises((WrongPasswordError, TooManyTriesError)):
            at.door.sign_in("admin", Secret("wrong wrong wrong"), Visitor(f"10.1.{number}.1"))
    # At the same address too, which a stranger in the same house has as well.
    assert at.door.sign_in("admin", GOOD, Visitor("10.1.7.1", device=device)).device == device
    at.clock.advance(31 * NS_PER_S)
    assert at.door.sign_in("admin", GOOD, Visitor("10.9.9.9")).device != device


def test_a_known_browser_is_slowed_down_itself(at: Entrance) -> None:
    device = at.door.set_up(at.offer(), "admin", GOOD, HERE).device
    for number in range(5):
        with pytest.raises(WrongPasswordError):
            at.door.sign_in(
                "admin", Secret("wrong wrong wrong"), Visitor(f"10.1.{number}.1", device=device)
            )
    with pytest.raises(TooManyTriesError):
        at.door.sign_in("admin", GOOD, Visitor("10.1.77.1", device=device))
    # It is known for one account, and opens none.
    at.users.add("bert", Role.VIEWER, GOOD)
    for _ in range(5):
        with pytest.raises(WrongPasswordError):
            at.door.sign_in("bert", Secret("wrong wrong wrong"), Visitor("10.2.0.1", device=device))
    with pytest.raises(TooManyTriesError):
        at.door.sign_in("bert", GOOD, Visitor("10.2.0.1", device=device))


def test_a_network_of_ipv6_is_one_address(at: Entrance) -> None:
    at.set_up()
    for number in range(5):
        with pytest.raises(WrongPasswordError):
            at.door.sign_in("nobody", GOOD, Visitor(f"2001:db8::{number}:1"))
    with pytest.raises(TooManyTriesError):
        at.door.sign_in("somebody", GOOD, Visitor("2001:db8::99"))
    with pytest.raises(WrongPasswordError):
        at.door.sign_in("somebody", GOOD, Visitor("2001:db8:0:1::1"))


def test_sessions_are_listed_and_ended(at: Entrance) -> None:
    token = at.set_up()
    other = at.door.sign_in("admin", GOOD, Visitor("10.0.0.9", "Brow\nser")).session
    session = at.sessions.find(token)
    assert session is not None
    user = session.user
    listed = at.sessions.of_user(user.id)
    assert {(each.address, each.agent) for each in listed} == {
        ("10.0.0.1", ""), ("10.0.0.9", "Browser")
    }  # fmt: skip
    assert at.sessions.end(user.id, "0" * 16) is False
    assert at.sessions.end("2" * 32, user.session) is False
    assert at.sessions.end_all(user.id, but=user.session) == 1
    assert at.sessions.find(other) is None
    assert at.sessions.find(token) is not None
    assert at.sessions.end(user.id, user.session) is True
    assert at.sessions.find(token) is None


def test_another_password_ends_the_other_sessions(at: Entrance) -> None:
    token = at.set_up()
    other = at.door.sign_in("admin", GOOD, OWNER)
    session = at.sessions.find(token)
    assert session is not None
    with pytest.raises(WrongPasswordError):
        at.door.confirm(session.user.id, Secret("wrong wrong wrong"), HERE)
    at.door.confirm(session.user.id, GOOD, HERE)
    at.users.change_password(session.user.id, Secret("another four words"), session.user.session)
    at.sessions.refresh()
    assert at.sessions.find(other.session) is None
    assert at.sessions.find(token) is not None
    assert not at.store.knows_device(session.user.id, token_hash(other.device))
    with pytest.raises(WrongPasswordError):
        at.door.sign_in("admin", GOOD, OWNER)
    assert at.door.sign_in("admin", Secret("another four words"), OWNER).session


def test_what_another_process_changes_holds_at_the_next_look(at: Entrance, tmp_path: Path) -> None:
    at.set_up()
    other = Users(AccessStore(tmp_path / "site.db"), at.clock)
    anna = other.add("Anna", Role.VIEWER, GOOD)
    token = at.door.sign_in("Anna", GOOD, HERE).session
    session = at.sessions.find(token)
    assert session is not None
    assert session.user.role is Role.VIEWER
    before = session.user.grants
    other.set_rights(anna.id, (Right(frozenset({Action.LIVE}), everywhere=True),), frozenset())
    at.sessions.refresh()
    session = at.sessions.find(token)
    assert session is not None
    assert session.user.grants != before
    other.set_disabled(anna.id, True)
    at.sessions.refresh()
    assert at.sessions.find(token) is None
    with pytest.raises(WrongPasswordError):
        at.door.sign_in("Anna", GOOD, HERE)
    other.set_disabled(anna.id, False)
    assert at.sessions.find(token) is None
    token = at.door.sign_in("Anna", GOOD, HERE).session
    other.remove(anna.id)
    at.sessions.refresh()
    assert at.sessions.find(token) is None


def test_a_name_that_the_log_still_tells_of_is_nobody_elses(at: Entrance) -> None:
    at.set_up()
    anna = at.users.add("Anna", Role.VIEWER, GOOD)
    at.users.remove(anna.id)
    for name in ("Anna", "anna", "\uff21nna"):  # the last with a wide A
        with pytest.raises(RefusedError, match="log still tells"):
            at.users.add(name, Role.VIEWER, GOOD)
    at.clock.advance((180 * 24 * 3600 + 1) * NS_PER_S)
    again = at.users.add("Anna", Role.VIEWER, GOOD)
    assert again.id != anna.id


def test_somebody_can_always_manage_users(at: Entrance) -> None:
    at.set_up()
    (admin,) = at.users.all()
    with pytest.raises(RefusedError):
        at.users.remove(admin.id)
    with pytest.raises(RefusedError):
        at.users.set_disabled(admin.id, True)
    with pytest.raises(RefusedError):
        at.users.set_role(admin.id, Role.VIEWER)
    assert at.users.all() == [admin]
    bert = at.users.add("bert", Role.ADMIN, GOOD)
    at.users.set_role(admin.id, Role.VIEWER)
    with pytest.raises(RefusedError):
        at.users.set_disabled(bert.id, True)


@pytest.mark.parametrize("name", ["ANNA", " anna ", "\uff41nna"])
def test_names_that_look_alike_are_one(at: Entrance, name: str) -> None:
    at.users.add("anna", Role.VIEWER, GOOD)
    with pytest.raises(RefusedError):
        at.users.add(name, Role.VIEWER, GOOD)


@pytest.mark.parametrize(
    "right",
    [
        Right(frozenset()), Right(frozenset({Action.LIVE})),
        Right(frozenset({Action.LIVE}), everywhere=True, groups=frozenset({"doors"})),
        Right(frozenset({Action.LIVE}), cameras=frozenset({CameraId("../x")})),
        Right(frozenset({Action.EXPORT}), everywhere=True),
        Right(frozenset({Action.MANAGE_USERS}), everywhere=True),
        Right(frozenset({Action.LIVE}), everywhere=True, from_ns=5, to_ns=5),
        Right(frozenset({Action.LIVE}), everywhere=True, back_s=0),
        Right(frozenset({Action.LIVE}), groups=frozenset({"nowhere"})),
    ],
)  # fmt: skip
def test_rights_that_mean_nothing_are_refused(at: Entrance, right: Right) -> None:
    with pytest.raises((UsageError, NotFoundError)):
        at.users.add("anna", Role.VIEWER, GOOD, (right,))
    assert at.users.all() == []
