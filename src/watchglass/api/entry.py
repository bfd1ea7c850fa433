"""Routes: the first set-up, signing in and out."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, Field, SecretStr

from watchglass.access.door import ADMIN, Entered, Visitor
from watchglass.access.errors import NotSignedInError, TooManyTriesError, WrongPasswordError
from watchglass.access.password import LEAST_CHARACTERS, MOST_CHARACTERS
from watchglass.access.policy import Action, Role, User, may
from watchglass.access.right import SITE_ACTIONS
from watchglass.access.session import ABSOLUTE_NS, Session
from watchglass.api.paths import PREFIX
from watchglass.api.policy import COOKIE, Allowed, Signed, session_of
from watchglass.api.problem import RESPONSES
from watchglass.api.services import services
from watchglass.base.clock import NS_PER_S
from watchglass.base.secret import Secret
from watchglass.model.act import ActKind

router = APIRouter(prefix=PREFIX, tags=["entry"], responses=RESPONSES)

_DEVICE_COOKIE = "__Host-watchglass-device"
"""Opens nothing: whoever has it waits for nobody else's wrong passwords."""
_KNOWN_S = 365 * 24 * 3600
_MOST_DEVICE = 128
_NS_PER_MS = 1_000_000


class SetupState(BaseModel):
    """Whether the recorder still waits for its admin."""

    needed: bool


class SetupRequest(BaseModel):
    """``token`` is from the link that the recorder printed."""

    token: SecretStr = Field(max_length=256)
    password: SecretStr = Field(min_length=LEAST_CHARACTERS, max_length=MOST_CHARACTERS)
    name: str = Field(ADMIN, min_length=1, max_length=64)


class SignInRequest(BaseModel):
    """``code``: of the second factor, where there is one; asked for by the problem
    `second_factor`."""

    password: SecretStr = Field(max_length=MOST_CHARACTERS)
    name: str = Field(ADMIN, min_length=1, max_length=64)
    code: SecretStr = Field(SecretStr(""), max_length=32)


class SessionInfo(BaseModel):
    """Who is signed in. ``ends_ms`` moves on while the session is used; ``site``: what one may do
    that is not with a camera."""

    id: str
    name: str
    role: Role
    site: list[Action]
    ends_ms: int


@router.get("/setup", operation_id="getSetup", dependencies=[Depends(Allowed(Action.ENTER))])
async def get_setup(request: Request) -> SetupState:
    """Whether there is an admin yet."""
    of = services(request)
    return SetupState(needed=not await of.blocking(of.ports.door.is_set_up))


@router.post(
    "/setup", operation_id="setUp", status_code=201,
    dependencies=[Depends(Allowed(Action.ENTER))],
)  # fmt: skip
async def set_up(body: SetupRequest, request: Request, response: Response) -> SessionInfo:
    """Make the admin, once, with the single-use token; signs in."""
    of = services(request)
    entered = await of.blocking.hashing(
        of.ports.door.set_up, _secret(body.token), body.name, _secret(body.password),
        visitor(request),
    )  # fmt: skip
    return _signed_in(request, response, entered)


@router.get(
    "/session", operation_id="getSession", dependencies=[Depends(Signed(Action.OWN_ACCOUNT))]
)
async def get_session(request: Request) -> SessionInfo:
    """Who is signed in; 401 when nobody is."""
    session = session_of(request)
    if session is None:
        raise NotSignedInError("The session has just ended: sign in.")
    return _told(session)


@router.post(
    "/session", operation_id="signIn", status_code=201,
    dependencies=[Depends(Allowed(Action.ENTER))],
)  # fmt: skip
async def sign_in(body: SignInRequest, request: Request, response: Response) -> SessionInfo:
    """Sign in; 401 for a wrong password, 429 with Retry-After for too many of them."""
    of = services(request)
    try:
        entered = await of.blocking.hashing(
            of.ports.door.sign_in, body.name, _secret(body.password), visitor(request),
            body.code.get_secret_value(),
        )  # fmt: skip
    except (WrongPasswordError, TooManyTriesError):
        await of.acts.by_stranger(ActKind.SIGN_IN_FAILED, f"from {_who(request)}")
        raise
    session = _signed_in(request, response, entered)
    await of.acts.mention(session.name, ActKind.SIGNED_IN, f"from {_who(request)}")
    return session


@router.delete(
    "/session", operation_id="signOut", status_code=204,
)  # fmt: skip
async def sign_out(
    request: Request, response: Response, user: Annotated[User, Depends(Signed(Action.OWN_ACCOUNT))]
) -> None:
    """Sign out: the session ends on the server too."""
    of = services(request)
    await of.acts.mention(user, ActKind.SIGNED_OUT)
    await of.blocking(of.ports.sessions.close, request.cookies[COOKIE])
    response.headers["Set-Cookie"] = _cookie(COOKIE, "", 0)
    response.headers["Clear-Site-Data"] = '"cache"'


def _signed_in(request: Request, response: Response, entered: Entered) -> SessionInfo:
    session = services(request).ports.sessions.find(entered.session)
    if session is None:
        raise NotSignedInError("The account was changed at this moment: sign in again.")
    response.headers["Set-Cookie"] = _cookie(COOKIE, entered.session, ABSOLUTE_NS // NS_PER_S)
    response.headers.append("Set-Cookie", _cookie(_DEVICE_COOKIE, entered.device, _KNOWN_S))
    return _told(session)


def _told(session: Session) -> SessionInfo:
    user = session.user
    assert user.role is not None
    return SessionInfo(
        id=user.id, name=user.name, role=user.role,
        site=sorted(each for each in SITE_ACTIONS if may(user, each, now_ns=0)),
        ends_ms=session.ends_ns // _NS_PER_MS,
    )  # fmt: skip


def _cookie(name: str, token: str, lasts_s: int) -> str:
    return f"{name}={token}; Path=/; Max-Age={lasts_s}; Secure; HttpOnly; SameSite=Strict"


def _who(request: Request) -> str:
    return request.client.host if request.client is not None else "unknown"


def visitor(request: Request) -> Visitor:
    """Who knocks."""
    return Visitor(
        _who(request), request.headers.get("user-agent", ""),
        request.cookies.get(_DEVICE_COOKIE, "")[:_MOST_DEVICE],
    )  # fmt: skip


def _secret(text: SecretStr) -> Secret:
    return Secret(text.get_secret_value())
