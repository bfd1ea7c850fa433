"""Codes that change each half minute, codes for when they are lost, and pictures of secrets."""

import base64
from pathlib import Path

import pytest

from tests.access.test_door import GOOD, HERE, Entrance
from watchglass.access.directory import Directory
from watchglass.access.errors import SecondFactorError, TooManyTriesError, WrongPasswordError
from watchglass.access.policy import Action, may
from watchglass.access.qr import qr_grid, qr_svg
from watchglass.access.right import Role
from watchglass.access.totp import STEP_NS, code_of, secret_text, step_at, uri
from watchglass.base.errors import RefusedError, UsageError
from watchglass.base.secret import Secret


@pytest.mark.parametrize(
    ("at_s", "code"),
    [(59, "287082"), (1111111109, "081804"), (1111111111, "050471"), (1234567890, "005924"),
     (2000000000, "279037"), (20000000000, "353130")],
)  # fmt: skip
def test_codes_are_those_of_the_standard(at_s: int, code: str) -> None:
    """RFC 6238, appendix B, its last six digits."""
    assert code_of(b"12345678901234567890", step_at(at_s * 10**9)) == code


class Enrolled(Entrance):
    """An admin with a second factor."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        session = self.sessions.find(self.set_up())
        assert session is not None
        self.user = session.user.id
        self.text = self.factors.begin(self.user).secret.reveal()
        self.recovery = self.factors.confirm(self.user, self.code())
        self.sessions.refresh()
        self.clock.advance(STEP_NS)

    def code(self, steps: int = 0) -> str:
        secret = base64.b32decode(self.text.replace(" ", ""))
        return code_of(secret, step_at(self.clock.wall_ns()) + steps)

    def sign_in(self, code: str) -> str:
        return self.door.sign_in("admin", GOOD, HERE, code).session


@pytest.fixture
def at(tmp_path: Path) -> Enrolled:
    return Enrolled(tmp_path / "site.db")


def test_the_password_alone_is_not_enough(at: Enrolled) -> None:
    with pytest.raises(SecondFactorError):
        at.sign_in("")
    with pytest.raises(WrongPasswordError):
        at.door.sign_in("admin", Secret("wrong wrong wrong"), HERE, at.code())
    assert at.sessions.find(at.sign_in(at.code())) is not None


def test_a_code_opens_once(at: Enrolled) -> None:
    code = at.code()
    assert at.sign_in(f" {code} ")
    with pytest.raises(WrongPasswordError):
        at.sign_in(code)
    # The one before is not new either, although its time has not passed.
    with pytest.raises(WrongPasswordError):
        at.sign_in(at.code(-1))
    at.clock.advance(STEP_NS)
    assert at.sign_in(at.code())


def test_clocks_are_a_little_off_and_not_more(at: Enrolled) -> None:
    assert at.sign_in(at.code(1))
    at.clock.advance(10 * STEP_NS)
    for wrong in (at.code(2), at.code(-2), "000000x", "12345", "١٢٣٤٥٦"):
        with pytest.raises(WrongPasswordError):
            at.sign_in(wrong)
        at.clock.advance(10 * STEP_NS)


def test_guessing_codes_gets_slow_with_the_password_too(at: Enrolled) -> None:
    """Asking without a code must not let one guess on."""
    for _ in range(5):
        with pytest.raises(SecondFactorError):
            at.sign_in("")
        with pytest.raises(WrongPasswordError):
            at.sign_in("abcdef")
    with pytest.raises(TooManyTriesError):
        at.sign_in("")


def test_a_recovery_code_opens_once(at: Enrolled) -> None:
    assert len(set(at.recovery)) == 10
    code = at.recovery[3]
    assert at.sign_in(code.upper().replace("-", " "))
    with pytest.raises(WrongPasswordError):
        at.sign_in(code)
    assert at.sign_in(at.recovery[4])
    account = at.users.user(at.user)
    assert account.recovery_left == 8


def test_nothing_of_it_can_be_read_in_the_database(at: Enrolled, tmp_path: Path) -> None:
    at.store.close()
    for path in tmp_path.iterdir():
        content = path.read_bytes()
        assert at.text.replace(" ", "").encode() not in content
        for code in at.recovery:
            assert code.encode() not in content
            assert code.replace("-", "").encode() not in content


def test_it_is_taken_away_and_set_again(at: Enrolled) -> None:
    with pytest.raises(RefusedError):
        at.factors.begin(at.user)
    at.users.remove_second_factor(at.user)
    assert at.sign_in("")
    with pytest.raises(RefusedError):
        at.factors.confirm(at.user, "123456")
    begun = at.factors.begin(at.user)
    assert begun.secret.reveal() != at.text
    assert at.text not in repr(begun)
    assert begun.secret.reveal() not in repr(begun)
    with pytest.raises(WrongPasswordError):
        at.factors.confirm(at.user, "000000")
    at.clock.advance(901 * 10**9)
    with pytest.raises(RefusedError):
        at.factors.confirm(at.user, "000000")


def test_a_role_that_has_to_have_one_opens_nothing_without(at: Enrolled) -> None:
    at.users.add("bert", Role.ADMIN, GOOD)
    at.users.set_demands(frozenset({Role.ADMIN}))
    opened = at.door.sign_in("bert", GOOD, HERE)
    session = at.sessions.find(opened.session)
    assert session is not None
    now_ns = at.clock.wall_ns()
    assert may(session.user, Action.OWN_ACCOUNT, now_ns=now_ns)
    assert not may(session.user, Action.SEE_STATE, now_ns=now_ns)
    assert not may(session.user, Action.MANAGE_USERS, now_ns=now_ns)
    at.text = at.factors.begin(session.user.id).secret.reveal()
    at.factors.confirm(session.user.id, at.code())
    at.sessions.refresh()
    session = at.sessions.find(opened.session)
    assert session is not None
    assert may(session.user, Action.MANAGE_USERS, now_ns=now_ns)
    # Whoever had one before goes on.
    assert at.users.user(at.user).lacks_second_factor(Directory(at.store).demands) is False


def test_what_an_app_is_given() -> None:
    link = uri(b"12345678901234567890", "Jörg & Söhne/é", "Watchglass")
    assert link == (
        "otpauth://totp/Watchglass%3AJ%C3%B6rg%20%26%20S%C3%B6hne%2F%C3%A9"
        "?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Watchglass"
    )
    assert secret_text(b"12345678901234567890") == "GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ"
    assert qr_svg(link).startswith("<svg ")


def test_a_qr_code_is_what_other_programs_draw() -> None:
    """Two readers that are not ours read these; the digits are rows of modules, in hexadecimal."""
    rows = [int("".join("1" if dark else "0" for dark in row), 2) for row in qr_grid(b"watchglass")]
    assert [f"{row:06x}" for row in rows] == KNOWN
    long = qr_grid(b"x" * 331)
    assert len(long) == 17 + 4 * 13
    with pytest.raises(UsageError):
        qr_grid(b"x" * 332)


KNOWN = [
    "1fc37f",
    "104b41",
    "17445d",
    "174c5d",
    "174b5d",
    "105841",
    "1fd57f",
    "000400",
    "12d3a0",
    "1726bb",
    "10ce6d",
    "0e2168",
    "1ed6ab",
    "001823",
    "1fcffe",
    "105c13",
    "174922",
    "175cf3",
    "1746b9",
    "104b30",
    "1fd40a",
]
