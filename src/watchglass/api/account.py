"""Routes: one's own account. What opens the door is changed only with the password once more."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from watchglass.access.password import LEAST_CHARACTERS, MOST_CHARACTERS
from watchglass.access.policy import Action, Role, User
from watchglass.api.entry import visitor
from watchglass.api.paths import PREFIX
from watchglass.api.policy import Signed
from watchglass.api.problem import RESPONSES
from watchglass.api.rights import RightBody, Rights, rights_of
from watchglass.api.services import Services, services
from watchglass.base.errors import NotFoundError
from watchglass.base.secret import Secret
from watchglass.model.act import ActKind

router = APIRouter(prefix=f"{PREFIX}/account", tags=["account"], responses=RESPONSES)

_NS_PER_MS = 1_000_000

Owner = Annotated[User, Depends(Signed(Action.OWN_ACCOUNT))]
SessionId = Annotated[str, Path(pattern="^[0-9a-f]{16}$")]
TokenName = Annotated[str, Path(min_length=1, max_length=64)]
Current = Annotated[SecretStr, Field(max_length=MOST_CHARACTERS)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class AccountInfo(BaseModel):
    """``rights`` are within what the role can have; an admin may do everything without.

    ``second_factor_needed``: the role has to have one, and nothing else is open until it is set.
    """

    name: str
    role: Role
    rights: list[RightBody]
    site: list[Action]
    second_factor: bool
    second_factor_needed: bool
    recovery_left: int


class OpenSession(BaseModel):
    """``here``: the one that asks."""

    id: str
    created_ms: int
    seen_ms: int
    address: str
    agent: str
    here: bool


class SessionList(BaseModel):
    """The one used last first."""

    sessions: list[OpenSession]


class TokenInfo(BaseModel):
    name: str
    created_ms: int
    expires_ms: int | None


class TokenList(BaseModel):
    tokens: list[TokenInfo]


class MadeToken(BaseModel):
    """``token`` is told this once."""

    name: str
    token: str


class PasswordChange(_Body):
    current: Current
    password: SecretStr = Field(min_length=LEAST_CHARACTERS, max_length=MOST_CHARACTERS)


class Confirmation(_Body):
    current: Current


class NewToken(_Body):
    """Never more than its owner may at the moment."""

    current: Current
    name: str = Field(min_length=1, max_length=64)
    rights: Rights = []
    site: list[Action] = Field([], max_length=len(Action))
    days: int = Field(ge=1, le=366)


class Code(_Body):
    code: str = Field(min_length=1, max_length=32)


class EnrolmentInfo(BaseModel):
    """For an authenticator app; told this once. ``svg``: a QR code of ``uri``."""

    secret: str
    uri: str
    svg: str


class RecoveryCodes(BaseModel):
    """Each opens once, where the app is lost; told this once."""

    codes: list[str]


@router.get("", operation_id="getAccount")
async def get_account(request: Request, user: Owner) -> AccountInfo:
    """What one may do, and how one signs in."""
    of = services(request)
    account = await of.blocking(of.ports.users.user, user.id)
    demands = await of.blocking(of.ports.users.demands)
    return AccountInfo(
        name=account.name, role=account.role,
        rights=[RightBody.of(each) for each in account.rights], site=sorted(account.site),
        second_factor=account.has_second_factor,
        second_factor_needed=account.lacks_second_factor(demands),
        recovery_left=account.recovery_left,
    )  # fmt: skip


@router.put("/password", operation_id="changePassword", status_code=204)
async def change_password(request: Request, user: Owner, body: PasswordChange) -> None:
    """A new password: all other sessions end."""
    of = services(request)
    await _confirmed(request, user, body.current)
    await of.acts.note(user, ActKind.USER_CHANGED, "changed the own password")
    new = Secret(body.password.get_secret_value())
    await of.blocking.hashing(of.ports.users.change_password, user.id, new, user.session)
    await of.blocking(of.ports.sessions.refresh)


@router.get("/sessions", operation_id="listSessions")
async def list_sessions(request: Request, user: Owner) -> SessionList:
    """Where one is signed in."""
    found = services(request).ports.sessions.of_user(user.id)
    return SessionList(
        sessions=[
            OpenSession(
                id=each.id, created_ms=each.created_ns // _NS_PER_MS,
                seen_ms=each.seen_ns // _NS_PER_MS, address=each.address, agent=each.agent,
                here=each.id == user.session,
            )
            for each in found
        ]
    )  # fmt: skip


@router.delete("/sessions", operation_id="endOtherSessions", status_code=204)
async def end_other_sessions(request: Request, user: Owner) -> None:
    """Sign out everywhere else."""
    of = services(request)
    await of.acts.note(user, ActKind.SESSION_ENDED, "ended all other own sessions")
    await of.blocking(of.ports.sessions.end_all, user.id, user.session)


@router.delete("/sessions/{session}", operation_id="endSession", status_code=204)
async def end_session(request: Request, user: Owner, session: SessionId) -> None:
    """Sign out somewhere."""
    of = services(request)
    await of.acts.note(user, ActKind.SESSION_ENDED, "ended an own session")
    if not await of.blocking(of.ports.sessions.end, user.id, session):
        raise NotFoundError("There is no such session: it has ended.")


@router.post("/second-factor", operation_id="beginSecondFactor", status_code=201)
async def begin_second_factor(request: Request, user: Owner, body: Confirmation) -> EnrolmentInfo:
    """A secret for an authenticator app; it counts once a code of it was given."""
    of = services(request)
    await _confirmed(request, user, body.current)
    begun = await of.blocking(of.ports.factors.begin, user.id)
    return EnrolmentInfo(
        secret=begun.secret.reveal(), uri=begun.uri.reveal(), svg=begun.svg.reveal()
    )


@router.put("/second-factor", operation_id="confirmSecondFactor")
async def confirm_second_factor(request: Request, user: Owner, body: Code) -> RecoveryCodes:
    """From now on a code is asked for; here are those for when the app is lost."""
    of = services(request)
    await of.acts.note(user, ActKind.USER_CHANGED, "set an own second factor")
    codes = await of.blocking(of.ports.factors.confirm, user.id, body.code)
    await of.blocking(of.ports.sessions.refresh)
    return RecoveryCodes(codes=codes)


@router.post("/second-factor/remove", operation_id="removeOwnSecondFactor", status_code=204)
async def remove_own_second_factor(request: Request, user: Owner, body: Confirmation) -> None:
    """Sign in with the password alone again, where the role allows that."""
    of = services(request)
    await _confirmed(request, user, body.current)
    await of.acts.note(user, ActKind.USER_CHANGED, "took the own second factor away")
    await of.blocking(of.ports.users.remove_second_factor, user.id)
    await of.blocking(of.ports.sessions.refresh)


@router.get("/tokens", operation_id="listTokens")
async def list_tokens(request: Request, user: Owner) -> TokenList:
    """Programs that may do some of what one may, without what opens."""
    of = services(request)
    return TokenList(
        tokens=[
            TokenInfo(
                name=each.name, created_ms=each.created_ns // _NS_PER_MS,
                expires_ms=each.expires_ns // _NS_PER_MS if each.expires_ns is not None else None,
            )
            for each in await of.blocking(of.ports.tokens.of_user, user.id)
        ]
    )  # fmt: skip


@router.post("/tokens", operation_id="makeToken", status_code=201)
async def make_token(request: Request, user: Owner, body: NewToken) -> MadeToken:
    """A token for a program: `Authorization: Bearer`."""
    of = services(request)
    await _confirmed(request, user, body.current)
    await of.acts.note(user, ActKind.TOKEN_CHANGED, f"made token {body.name}")
    expires_ns = of.ports.clock.wall_ns() + body.days * 86_400_000 * _NS_PER_MS
    text = await of.blocking(
        of.ports.tokens.create_for, user.id, body.name, rights_of(body.rights),
        frozenset(body.site), expires_ns,
    )  # fmt: skip
    return MadeToken(name=body.name.strip(), token=text)


@router.delete("/tokens/{token}", operation_id="revokeToken", status_code=204)
async def revoke_token(request: Request, user: Owner, token: TokenName) -> None:
    """It opens nothing from now on."""
    of = services(request)
    await of.acts.note(user, ActKind.TOKEN_CHANGED, f"revoked token {token}")
    await of.blocking(of.ports.tokens.revoke, token, user.id)


async def _confirmed(request: Request, user: User, current: SecretStr) -> None:
    of: Services = services(request)
    await of.blocking.hashing(
        of.ports.door.confirm, user.id, Secret(current.get_secret_value()), visitor(request)
    )
