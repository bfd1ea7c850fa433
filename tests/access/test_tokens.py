"""Tokens for programs: what they open, until when, and that only their hashes are kept."""

from pathlib import Path

import pytest
import sqlalchemy as sa

from watchglass.access.directory import Directory
from watchglass.access.errors import ForbiddenError
from watchglass.access.policy import Action, authorise
from watchglass.access.tokens import Scope, Tokens
from watchglass.base.clock import NS_PER_S, SimulatedClock
from watchglass.base.errors import NotFoundError, RefusedError, UsageError
from watchglass.base.ids import CameraId
from watchglass.store.access import AccessStore, UserRow

CAMERA = CameraId("c" * 32)
MAY = {
    Scope.METRICS: {Action.READ_NUMBERS, Action.READ_HEALTH},
    Scope.HEALTH: {Action.READ_HEALTH},
}


@pytest.fixture
def clock() -> SimulatedClock:
    return SimulatedClock()


@pytest.fixture
def tokens(tmp_path: Path, clock: SimulatedClock) -> Tokens:
    store = AccessStore(tmp_path / "site.db")
    return Tokens(store, clock, Directory(store))


@pytest.mark.parametrize("scope", MAY)
@pytest.mark.parametrize("action", sorted(set(Action) - {Action.OPEN_PAGE, Action.ENTER}))
def test_a_token_opens_what_its_scope_says(tokens: Tokens, scope: Scope, action: Action) -> None:
    user = tokens.find(tokens.create("prometheus", scope, None))
    assert user is not None
    assert user.name == "prometheus"
    if action in MAY[scope]:
        authorise(user, action, CAMERA, None, now_ns=5)
    else:
        with pytest.raises(ForbiddenError):
            authorise(user, action, CAMERA, None, now_ns=5)


def test_only_its_hash_is_kept(tokens: Tokens, tmp_path: Path) -> None:
    text = tokens.create("a", Scope.METRICS, None)
    assert text.startswith("wgt_")
    assert len(text) > 40
    for file in tmp_path.iterdir():
        assert text.encode() not in file.read_bytes()
        assert text.removeprefix("wgt_").encode() not in file.read_bytes()
    (row,) = tokens.all()
    assert text not in repr(row)


def test_it_ends(tokens: Tokens, clock: SimulatedClock) -> None:
    text = tokens.create("a", Scope.METRICS, clock.wall_ns() + 10 * NS_PER_S)
    forever = tokens.create("b", Scope.METRICS, None)
    clock.advance(10 * NS_PER_S - 1)
    assert tokens.find(text) is not None
    clock.advance(1)
    assert tokens.find(text) is None
    assert tokens.find(forever) is not None
    tokens.revoke("b")
    assert tokens.find(forever) is None
    assert [each.name for each in tokens.all()] == ["a"]
    with pytest.raises(NotFoundError):
        tokens.revoke("b")


def test_what_is_none(tokens: Tokens) -> None:
    text = tokens.create("a", Scope.METRICS, None)
    for wrong in ("", "wgt_", text[:-1], text + "x", text.removeprefix("wgt_"), "wgt_" + "x" * 999):
        assert tokens.find(wrong) is None


def test_names(tokens: Tokens, clock: SimulatedClock) -> None:
    tokens.create(" a ", Scope.HEALTH, None)
    with pytest.raises(RefusedError):
        tokens.create("a", Scope.METRICS, None)
    for name in ("", " ", "x" * 65, "a\nb", "\x1b[1m"):
        with pytest.raises(UsageError):
            tokens.create(name, Scope.METRICS, None)
    with pytest.raises(UsageError):
        tokens.create("late", Scope.METRICS, clock.wall_ns())


def test_a_scope_of_a_newer_version_opens_nothing(
    tokens: Tokens, tmp_path: Path, clock: SimulatedClock
) -> None:
    text = tokens.create("a", Scope.METRICS, None)
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'site.db'}")
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE api_tokens SET scope = 'everything'"))
    engine.dispose()
    assert tokens.find(text) is None


def test_the_database_of_the_version_before_is_brought_up(tmp_path: Path) -> None:
    """Its users and sessions stay."""
    path = tmp_path / "site.db"
    store = AccessStore(path)
    store.offer_setup("h", 10)
    store.add_first_user(UserRow("1" * 32, "admin", "hash", 1, "admin"), "h", 5)
    store.close()
    engine = sa.create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        for table in (
            "api_tokens",
            "camera_groups",
            "access_revision",
            "known_devices",
            "access_demands",
            "removed_users",
        ):
            connection.execute(sa.text(f"DROP TABLE {table}"))
        for column in (
            "role",
            "disabled",
            "rights",
            "site_rights",
            "totp_sealed",
            "totp_step",
            "recovery",
        ):
            connection.execute(sa.text(f"ALTER TABLE users DROP COLUMN {column}"))
        for column in ("address", "agent"):
            connection.execute(sa.text(f"ALTER TABLE sessions DROP COLUMN {column}"))
        connection.execute(sa.text("UPDATE schema_version SET version = 1 WHERE what = 'access'"))
    engine.dispose()
    store = AccessStore(path)
    user = store.user_named("admin")
    assert user is not None
    assert user.role == "admin"
    tokens = Tokens(store, SimulatedClock(), Directory(store))
    assert tokens.find(tokens.create("a", Scope.METRICS, None)) is not None
    with pytest.raises(RefusedError):
        tokens.create("a", Scope.METRICS, None)
    store.close()
