"""Routes: anchors, which outside authorities stamp, or somebody takes away."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from watchglass.access.policy import Action, User
from watchglass.api.paths import PREFIX
from watchglass.api.policy import Signed
from watchglass.api.problem import RESPONSES
from watchglass.api.services import services
from watchglass.base.errors import NotFoundError
from watchglass.model.act import ActKind
from watchglass.model.stamping import (
    AnchorNowRequest,
    AnchorsRequest,
    AnchorsTold,
    Authority,
    AuthorityStatus,
    DropAuthorityRequest,
    SetAuthorityRequest,
)

router = APIRouter(prefix=PREFIX + "/anchors", tags=["anchors"], responses=RESPONSES)

_NS = 1_000_000_000
_NS_PER_MS = 1_000_000
_MOST_PEM = 64_000
Changer = Annotated[User, Depends(Signed(Action.CHANGE_SYSTEM))]
Name = Annotated[str, Path(pattern="^[a-z0-9][a-z0-9-]{0,39}$")]


class AuthorityBody(BaseModel):
    """``every_h``: hours between two stamps. ``allow``: its host may be one that is refused by
    default. ``certificates``: its own, PEM, no other is taken then; empty: any is; null keeps what
    is known."""

    model_config = ConfigDict(extra="forbid")

    url: str = Field(min_length=1, max_length=1000)
    every_h: int = Field(6, ge=1, le=744)
    allow: bool = False
    certificates: str | None = Field(None, max_length=_MOST_PEM)


class AuthorityInfo(BaseModel):
    """``stamped_ms``: the time in its last stamp. ``by``: of whom the certificate is; ``root``: the
    SHA-256 of the topmost that is known of it, for whoever checks a bundle. ``waiting``: what it
    has not stamped yet."""

    name: str
    url: str
    every_h: int
    allow: bool
    certified: bool = Field(description="No other certificate than its own is taken.")
    stamped_ms: int | None
    by: str
    root: str
    failed_ms: int | None
    error: str
    waiting: int


class AuthorityList(BaseModel):
    authorities: list[AuthorityInfo]


@router.get("", operation_id="listAuthorities")
async def list_authorities(request: Request, _: Changer) -> AuthorityList:
    """Who stamps what was signed, and how that goes."""
    of = services(request)
    return _list(await of.blocking(of.ports.anchors.order, AnchorsRequest()))


@router.put("/{name}", operation_id="setAuthority")
async def set_authority(
    request: Request, user: Changer, name: Name, body: AuthorityBody
) -> AuthorityList:
    """Have a time stamping authority (RFC 3161) stamp. It gets a hash, and nothing recorded."""
    of = services(request)
    pem = body.certificates.encode() if body.certificates is not None else None
    one = Authority(name, body.url.strip(), body.every_h, body.allow)
    detail = f"time stamps of {name} every {body.every_h} h, from {one.url}"
    await of.acts.note(user, ActKind.SETTING_CHANGED, detail)
    order = SetAuthorityRequest(one, pem, user.name)
    return _list(await of.blocking(of.ports.anchors.order, order))


@router.delete("/{name}", operation_id="dropAuthority")
async def drop_authority(request: Request, user: Changer, name: Name) -> AuthorityList:
    """Ask it no more. Its stamps stay."""
    of = services(request)
    await of.acts.note(user, ActKind.SETTING_CHANGED, f"no time stamps of {name} any more")
    order = DropAuthorityRequest(name, user.name)
    return _list(await of.blocking(of.ports.anchors.order, order))


@router.post("/stamp", operation_id="stampNow", status_code=202)
async def stamp_now(request: Request, user: Changer) -> AuthorityList:
    """Have what is signed by now stamped by all; how it went is in the list soon after."""
    of = services(request)
    order = AnchorNowRequest(user.name, wait_s=0.0)
    return _list(await of.blocking(of.ports.anchors.order, order))


@router.get("/heads", operation_id="getHeads", response_class=Response)
async def get_heads(request: Request, _: Changer) -> Response:
    """What was signed last of every ledger, a line each: an anchor for somebody to take away. It
    has hashes and signatures, no picture and no name."""
    of = services(request)
    heads = await of.blocking(of.ports.anchors.heads)
    if not heads:
        raise NotFoundError("The recorder has signed nothing yet: try again in a minute.")
    now = datetime.fromtimestamp(of.ports.clock.wall_ns() // _NS, UTC)
    name = f'attachment; filename="anchor-{now:%Y%m%dT%H%M%SZ}.jsonl"'
    headers = {"Cache-Control": "no-store", "Content-Disposition": name}
    return Response(b"".join(head + b"\n" for head in heads), 200, headers, "application/jsonl")


def _list(told: AnchorsTold) -> AuthorityList:
    known = {each.name: each for each in told.authorities}
    return AuthorityList(
        authorities=[
            _info(each, known.get(each.name, AuthorityStatus(each.name)), told)
            for each in told.set_up
        ]
    )


def _info(one: Authority, status: AuthorityStatus, told: AnchorsTold) -> AuthorityInfo:
    return AuthorityInfo(
        name=one.name, url=one.url, every_h=one.every_h, allow=one.allow,
        certified=one.name in told.certified, stamped_ms=_ms(status.stamped_ns), by=status.by,
        root=status.root, failed_ms=_ms(status.failed_ns), error=status.error,
        waiting=status.waiting,
    )  # fmt: skip


def _ms(ns: int | None) -> int | None:
    return ns // _NS_PER_MS if ns is not None else None
