"""Routes: users, what each may do, and groups of cameras. What is changed is in the log."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from watchglass.access.directory import Account
from watchglass.access.password import LEAST_CHARACTERS, MOST_CHARACTERS
from watchglass.access.policy import Action, Role, User
from watchglass.access.right import GRANTABLE, MOST_OF_ROLE, USUAL_OF_ROLE
from watchglass.api.paths import PREFIX
from watchglass.api.policy import Signed
from watchglass.api.problem import RESPONSES
from watchglass.api.rights import Id, RightBody, Rights, rights_of
from watchglass.api.services import Services, services
from watchglass.base.ids import CameraId
from watchglass.base.secret import Secret
from watchglass.model.act import ActKind

router = APIRouter(prefix=PREFIX, tags=["users"], responses=RESPONSES)

_NS_PER_MS = 1_000_000

Manager = Annotated[User, Depends(Signed(Action.MANAGE_USERS))]
UserId = Annotated[str, Path(pattern="^[0-9a-f]{32}$")]
GroupName = Annotated[str, Path(min_length=1, max_length=64)]
Password = Annotated[SecretStr, Field(min_length=LEAST_CHARACTERS, max_length=MOST_CHARACTERS)]
Site = Annotated[list[Action], Field(max_length=len(Action))]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class UserInfo(BaseModel):
    """``site``: what somebody was given beside the role. ``sessions``: how many are open."""

    id: str
    name: str
    role: Role
    disabled: bool
    created_ms: int
    rights: list[RightBody]
    site: list[Action]
    second_factor: bool
    sessions: int


class RoleInfo(BaseModel):
    """``most``: what the role can be given on cameras; ``usual``: what is offered first."""

    role: Role
    most: list[Action]
    usual: list[Action]
    second_factor: bool = Field(description="Whoever has the role has to have one.")


class GroupInfo(BaseModel):
    name: str
    cameras: list[str]


class UserList(BaseModel):
    """``grantable``: what can be given beside a role."""

    users: list[UserInfo]
    roles: list[RoleInfo]
    grantable: list[Action]
    groups: list[GroupInfo]


class NewUser(_Body):
    name: str = Field(min_length=1, max_length=64)
    role: Role
    password: Password
    rights: Rights = []
    site: Site = []


class RoleBody(_Body):
    role: Role


class RightsBody(_Body):
    rights: Rights
    site: Site = []


class DisabledBody(_Body):
    disabled: bool


class PasswordBody(_Body):
    password: Password


class GroupBody(_Body):
    cameras: list[Id] = Field(max_length=1000)


class DemandBody(_Body):
    roles: list[Role] = Field(max_length=len(Role))


@router.get("/users", operation_id="listUsers")
async def list_users(request: Request, _: Manager) -> UserList:
    """All users, by name, and what there is to give."""
    of = services(request)
    return await of.blocking(_users, of)


@router.post("/users", operation_id="addUser", status_code=201)
async def add_user(request: Request, by: Manager, body: NewUser) -> UserInfo:
    """A new user, who may do with cameras what the rights say and nothing else."""
    of = services(request)
    await of.acts.note(by, ActKind.USER_CHANGED, f"added {body.name} as {body.role}")
    account = await of.blocking.hashing(
        of.ports.users.add, body.name, body.role, Secret(body.password.get_secret_value()),
        rights_of(body.rights), frozenset(body.site),
    )  # fmt: skip
    return _info(of, account)


@router.put("/users/{user}/role", operation_id="putRole")
async def put_role(request: Request, by: Manager, user: UserId, body: RoleBody) -> UserInfo:
    """Another role. Rights beyond it count for nothing meanwhile."""
    of = services(request)
    await _noted(of, by, user, f"made {{}} {body.role}")
    await of.blocking(of.ports.users.set_role, user, body.role)
    return await of.blocking(_one, of, user)


@router.put("/users/{user}/rights", operation_id="putRights")
async def put_rights(request: Request, by: Manager, user: UserId, body: RightsBody) -> UserInfo:
    """Replace all rights; they hold for open sessions too, within a second."""
    of = services(request)
    await _noted(of, by, user, f"gave {{}} {len(body.rights)} rights")
    await of.blocking(of.ports.users.set_rights, user, rights_of(body.rights), frozenset(body.site))
    return await of.blocking(_one, of, user)


@router.put("/users/{user}/disabled", operation_id="putDisabled")
async def put_disabled(request: Request, by: Manager, user: UserId, body: DisabledBody) -> UserInfo:
    """Keep somebody out, signed out everywhere, or let them in again."""
    of = services(request)
    await _noted(of, by, user, "disabled {}" if body.disabled else "enabled {}")
    await of.blocking(of.ports.users.set_disabled, user, body.disabled)
    return await of.blocking(_one, of, user)


@router.put("/users/{user}/password", operation_id="putPassword", status_code=204)
async def put_password(request: Request, by: Manager, user: UserId, body: PasswordBody) -> None:
    """A new password; all sessions end."""
    of = services(request)
    await _noted(of, by, user, "set the password of {}")
    await of.blocking.hashing(
        of.ports.users.set_password, user, Secret(body.password.get_secret_value())
    )


@router.delete("/users/{user}/sessions", operation_id="endSessions", status_code=204)
async def end_sessions(request: Request, by: Manager, user: UserId) -> None:
    """Sign somebody out everywhere."""
    of = services(request)
    await _noted(of, by, user, "ended all sessions of {}", ActKind.SESSION_ENDED)
    await of.blocking(of.ports.sessions.end_all, user)


@router.delete("/users/{user}/second-factor", operation_id="removeSecondFactor", status_code=204)
async def remove_second_factor(request: Request, by: Manager, user: UserId) -> None:
    """Take it from somebody who has lost it."""
    of = services(request)
    await _noted(of, by, user, "took the second factor of {}")
    await of.blocking(of.ports.users.remove_second_factor, user)


@router.delete("/users/{user}", operation_id="removeUser", status_code=204)
async def remove_user(request: Request, by: Manager, user: UserId) -> None:
    """Remove somebody with sessions, rights and tokens. What the log says stays."""
    of = services(request)
    await _noted(of, by, user, "removed {}")
    await of.blocking(of.ports.users.remove, user)


@router.put("/second-factor", operation_id="putDemands", status_code=204)
async def put_demands(request: Request, by: Manager, body: DemandBody) -> None:
    """Which roles have to have a second factor: without, they can only set one."""
    of = services(request)
    told = ", ".join(sorted(body.roles)) or "nobody"
    await of.acts.note(by, ActKind.SETTING_CHANGED, f"second factor for {told}")
    await of.blocking(of.ports.users.set_demands, frozenset(body.roles))


@router.put("/groups/{group}", operation_id="putGroup", status_code=204)
async def put_group(request: Request, by: Manager, group: GroupName, body: GroupBody) -> None:
    """Make a group of cameras, or replace them: rights that name it follow."""
    of = services(request)
    await of.acts.note(by, ActKind.USER_CHANGED, f"group {group}: {len(body.cameras)} cameras")
    await of.blocking(of.ports.users.put_group, group, map(CameraId, body.cameras))


@router.delete("/groups/{group}", operation_id="removeGroup", status_code=204)
async def remove_group(request: Request, by: Manager, group: GroupName) -> None:
    """Rights that name it give nothing by it any more."""
    of = services(request)
    await of.acts.note(by, ActKind.USER_CHANGED, f"removed group {group}")
    await of.blocking(of.ports.users.remove_group, group)


async def _noted(
    of: Services, by: User, user: str, what: str, kind: ActKind = ActKind.USER_CHANGED
) -> None:
    account = await of.blocking(of.ports.users.user, user)
    await of.acts.note(by, kind, what.format(account.name))


def _users(of: Services) -> UserList:
    demands = of.ports.users.demands()
    return UserList(
        users=[_info(of, each) for each in of.ports.users.all()],
        roles=[
            RoleInfo(
                role=role, most=sorted(MOST_OF_ROLE[role]), usual=sorted(USUAL_OF_ROLE[role]),
                second_factor=role in demands,
            )
            for role in Role
        ],
        grantable=sorted(GRANTABLE),
        groups=[
            GroupInfo(name=name, cameras=sorted(cameras))
            for name, cameras in of.ports.users.groups().items()
        ],
    )  # fmt: skip


def _one(of: Services, user: str) -> UserInfo:
    return _info(of, of.ports.users.user(user))


def _info(of: Services, account: Account) -> UserInfo:
    return UserInfo(
        id=account.id,
        name=account.name,
        role=account.role,
        disabled=account.disabled,
        created_ms=account.created_ns // _NS_PER_MS,
        rights=[RightBody.of(each) for each in account.rights],
        site=sorted(account.site),
        second_factor=account.has_second_factor,
        sessions=len(of.ports.sessions.of_user(account.id)),
    )
