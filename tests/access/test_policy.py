"""The one ``authorise``: nothing that no right gives, and narrowing never widens."""

from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchglass.access.directory import rights_of, text_of
from watchglass.access.errors import ForbiddenError, NotSignedInError
from watchglass.access.policy import Action, User, authorise, may, sees, times_of
from watchglass.access.right import (
    CAMERA_ACTIONS,
    GRANTABLE,
    MOST_OF_ROLE,
    OF_NOW,
    SITE_ACTIONS,
    USUAL_OF_ROLE,
    Grants,
    Right,
    Role,
    Times,
    covers,
    grants_of,
    merged,
    narrowing,
)
from watchglass.base.clock import NS_PER_S
from watchglass.base.ids import CameraId

HALL, GATE, YARD = (CameraId(digit * 32) for digit in "abc")
NOW_NS = 1_000_000 * NS_PER_S
GROUPS = {"doors": frozenset({GATE}), "none": frozenset()}
ADMIN = User("1", "admin", "s", (grants_of(Role.ADMIN, (), frozenset(), {}),), Role.ADMIN)


def user(role: Role, *rights: Right, site: frozenset[Action] = frozenset()) -> User:
    return User("2", "anna", "s", (grants_of(role, rights, site, GROUPS),), role)


def hour(ago: int) -> int:
    return NOW_NS - ago * 3600 * NS_PER_S


def allows(of: User, action: Action, camera: CameraId | None, span: Times | None = None) -> bool:
    """As ``authorise`` says, which has to agree with ``may``."""
    try:
        authorise(of, action, camera, span, now_ns=NOW_NS)
    except ForbiddenError:
        assert not may(of, action, camera, span, now_ns=NOW_NS)
        return False
    assert may(of, action, camera, span, now_ns=NOW_NS)
    return True


# --- by example -----------------------------------------------------------------------------------


@pytest.mark.parametrize("action", Action)
def test_who_is_not_signed_in_may_only_come_in(action: Action) -> None:
    if action in (Action.OPEN_PAGE, Action.ENTER):
        authorise(None, action, HALL, None, now_ns=NOW_NS)
    else:
        with pytest.raises(NotSignedInError):
            authorise(None, action, HALL, None, now_ns=NOW_NS)


@pytest.mark.parametrize("action", Action)
def test_the_admin_may_do_all(action: Action) -> None:
    authorise(ADMIN, action, HALL, (5, 6), now_ns=NOW_NS)


@pytest.mark.parametrize("role", sorted(set(Role) - {Role.ADMIN}))
def test_without_rights_nothing_is_seen(role: Role) -> None:
    nobody = user(role)
    for action in CAMERA_ACTIONS | {Action.SEE_CAMERA}:
        assert not allows(nobody, action, HALL)
    assert not sees(nobody, HALL, now_ns=NOW_NS)
    assert allows(nobody, Action.SEE_STATE, None)
    assert allows(nobody, Action.OWN_ACCOUNT, None)
    assert not allows(nobody, Action.MANAGE_USERS, None)


def test_the_last_day_alone() -> None:
    anna = user(
        Role.VIEWER, Right(frozenset({Action.LIVE, Action.PLAYBACK}), everywhere=True, back_s=86400)
    )
    assert allows(anna, Action.LIVE, HALL)
    assert allows(anna, Action.PLAYBACK, HALL, (hour(24), hour(23)))
    assert not allows(anna, Action.PLAYBACK, HALL, (hour(24) - 1, hour(23)))
    assert not allows(anna, Action.PLAYBACK, HALL, (hour(48), hour(47)))
    assert not allows(anna, Action.SOUND, HALL, (hour(2), hour(1)))


def test_from_date_to_date() -> None:
    case = Right(
        frozenset({Action.PLAYBACK, Action.EXPORT, Action.LIVE}), cameras=frozenset({HALL}),
        from_ns=hour(100), to_ns=hour(50),
    )  # fmt: skip
    bert = user(Role.INVESTIGATOR, case)
    assert allows(bert, Action.EXPORT, HALL, (hour(100), hour(50)))
    assert not allows(bert, Action.EXPORT, HALL, (hour(100), hour(50) + 1))
    assert not allows(bert, Action.EXPORT, GATE, (hour(99), hour(98)))
    # Live is footage of now, which is not in that time.
    assert not allows(bert, Action.LIVE, HALL)
    assert sees(bert, HALL, now_ns=NOW_NS)
    assert not sees(bert, GATE, now_ns=NOW_NS)


def test_times_of_several_rights_add_up() -> None:
    rights = [
        Right(frozenset({Action.PLAYBACK}), everywhere=True, from_ns=a, to_ns=b)
        for a, b in ((10, 20), (20, 30), (40, 50))
    ]
    anna = user(Role.VIEWER, *rights)
    assert times_of(anna, Action.PLAYBACK, HALL, now_ns=NOW_NS) == ((10, 30), (40, 50))
    assert allows(anna, Action.PLAYBACK, HALL, (12, 28))
    assert not allows(anna, Action.PLAYBACK, HALL, (28, 42))
    assert not allows(anna, Action.PLAYBACK, HALL, (15, 15))


def test_a_right_runs_out() -> None:
    guest = Right(frozenset({Action.LIVE}), everywhere=True, expires_ns=NOW_NS)
    assert not allows(user(Role.VIEWER, guest), Action.LIVE, HALL)
    assert may(user(Role.VIEWER, guest), Action.LIVE, HALL, now_ns=NOW_NS - 1)
    assert not sees(user(Role.VIEWER, guest), HALL, now_ns=NOW_NS)


def test_a_group_is_its_cameras() -> None:
    anna = user(Role.VIEWER, Right(frozenset({Action.LIVE}), groups=frozenset({"doors", "gone"})))
    assert allows(anna, Action.LIVE, GATE)
    assert not allows(anna, Action.LIVE, HALL)


@pytest.mark.parametrize("role", sorted(set(Role) - {Role.ADMIN}))
def test_a_role_is_a_ceiling(role: Role) -> None:
    everything = user(role, Right(CAMERA_ACTIONS, everywhere=True), site=SITE_ACTIONS)
    for action in CAMERA_ACTIONS:
        assert allows(everything, action, HALL) == (action in MOST_OF_ROLE[role])
    for action in SITE_ACTIONS - GRANTABLE - {Action.SEE_STATE, Action.SHARE_LAYOUT}:
        assert not allows(everything, action, None)
    assert allows(everything, Action.SHARE_LAYOUT, None) == (role is not Role.VIEWER)
    assert USUAL_OF_ROLE[role] <= MOST_OF_ROLE[role]


def test_a_right_that_the_role_takes_shows_no_camera() -> None:
    anna = user(Role.VIEWER, Right(frozenset({Action.CONFIGURE}), everywhere=True))
    assert not sees(anna, HALL, now_ns=NOW_NS)


def test_a_program_has_no_account() -> None:
    program = User("t", "t", "t", ADMIN.grants)
    assert not allows(program, Action.OWN_ACCOUNT, None)
    assert not allows(User("t", "t", "t", ()), Action.SEE_STATE, None)
    assert not allows(User("t", "t", "t", ()), Action.LIVE, HALL)


@pytest.mark.parametrize(
    "text", ["", "{}", "[1]", '[{"actions":["fly"]}]', '[{"everywhere":true}]']
)
def test_what_cannot_be_read_gives_nothing(text: str) -> None:
    assert rights_of(text, "somebody") == ()


# --- the algebra ----------------------------------------------------------------------------------

moments = st.integers(min_value=0, max_value=20).map(lambda hours: hour(20 - hours))
spans = st.tuples(moments, moments)
actions = st.sampled_from(sorted(Action))
cameras = st.sampled_from([HALL, GATE, YARD])
roles = st.sampled_from(sorted(Role))
site_sets = st.frozensets(st.sampled_from(sorted(SITE_ACTIONS)))
rights = st.builds(
    Right,
    actions=st.frozensets(st.sampled_from(sorted(CAMERA_ACTIONS)), min_size=1),
    everywhere=st.booleans(),
    cameras=st.frozensets(cameras),
    groups=st.frozensets(st.sampled_from(["doors", "none", "gone"])),
    back_s=st.none() | st.integers(min_value=1, max_value=20 * 3600),
    from_ns=st.none() | moments,
    to_ns=st.none() | moments,
    expires_ns=st.none() | moments,
)
many = st.lists(rights, max_size=4).map(tuple)


@given(rights=many, role=roles)
def test_a_set_of_rights_is_read_as_it_was_written(rights: tuple[Right, ...], role: Role) -> None:
    assert rights_of(text_of(rights), role) == rights


@given(role=roles, rights=many, action=actions, camera=cameras, span=st.none() | spans)
def test_nothing_that_no_right_gives(
    role: Role, rights: tuple[Right, ...], action: Action, camera: CameraId, span: Times | None
) -> None:
    if role is Role.ADMIN or action not in CAMERA_ACTIONS:
        return
    giving = [
        right
        for right in rights
        if action in right.actions
        and (right.everywhere or camera in right.cameras or
             any(camera in GROUPS.get(name, frozenset()) for name in right.groups))
        and (right.expires_ns is None or right.expires_ns > NOW_NS)
    ]  # fmt: skip
    allowed = may(user(role, *rights), action, camera, span, now_ns=NOW_NS)
    if not giving or action not in MOST_OF_ROLE[role]:
        assert not allowed
    elif allowed and span is not None and action not in OF_NOW:
        # Each single moment of it is one that some right gives.
        for moment in range(span[0], span[1], 1800 * NS_PER_S):
            assert any(
                (right.from_ns is None or right.from_ns <= moment)
                and (right.to_ns is None or moment < right.to_ns)
                and (right.back_s is None or NOW_NS - right.back_s * NS_PER_S <= moment)
                for right in giving
            )


@given(
    role=roles, rights=many, site=site_sets, narrow=many, narrow_site=site_sets, action=actions,
    camera=cameras, span=st.none() | spans,
)  # fmt: skip
def test_narrowing_never_widens(
    role: Role, rights: tuple[Right, ...], site: frozenset[Action], narrow: tuple[Right, ...],
    narrow_site: frozenset[Action], action: Action, camera: CameraId, span: Times | None,
) -> None:  # fmt: skip
    whole = user(role, *rights, site=site)
    token = User("t", "t", "t", (*whole.grants, narrowing(narrow, narrow_site, GROUPS)))
    alone = User("t", "t", "t", token.grants[1:])
    if action in (Action.OPEN_PAGE, Action.ENTER):
        return
    if may(token, action, camera, span, now_ns=NOW_NS):
        assert may(whole, action, camera, span, now_ns=NOW_NS)
        assert may(alone, action, camera, span, now_ns=NOW_NS)


NARROWER: list[Callable[[Right, Right], Right | None]] = [
    lambda _, __: None,
    lambda right, _: Right(right.actions, cameras=right.cameras & {HALL}),
    lambda right, other: Right(
        right.actions & other.actions, right.everywhere, right.cameras, right.groups,
        right.back_s, right.from_ns, right.to_ns, right.expires_ns,
    ),
    lambda right, _: Right(
        right.actions, right.everywhere, right.cameras, right.groups, min(right.back_s or 600, 600),
        right.from_ns, right.to_ns, right.expires_ns,
    ),
    lambda right, other: Right(
        right.actions, right.everywhere, right.cameras, right.groups, right.back_s,
        max(right.from_ns or 0, other.from_ns or 0), right.to_ns, right.expires_ns,
    ),
    lambda right, _: Right(
        right.actions, right.everywhere, right.cameras, right.groups, right.back_s, right.from_ns,
        right.to_ns, 1,
    ),
]  # fmt: skip


@given(
    role=roles, kept=many, right=rights, other=rights, how=st.sampled_from(NARROWER),
    action=actions, camera=cameras, span=st.none() | spans,
)  # fmt: skip
def test_a_narrower_right_gives_no_more(
    role: Role, kept: tuple[Right, ...], right: Right, other: Right,
    how: Callable[[Right, Right], Right | None], action: Action, camera: CameraId,
    span: Times | None,
) -> None:  # fmt: skip
    less = how(right, other)
    before = user(role, *kept, right)
    after = user(role, *kept, *([less] if less is not None else []))
    if action in (Action.OPEN_PAGE, Action.ENTER):
        return
    if may(after, action, camera, span, now_ns=NOW_NS):
        assert may(before, action, camera, span, now_ns=NOW_NS)


@given(times=st.lists(spans), span=spans)
def test_merged_times_are_the_same_moments(times: list[Times], span: Times) -> None:
    found = merged(times)
    assert list(found) == sorted(found)
    assert all(a < b for a, b in found)
    assert all(one[1] < other[0] for one, other in pairwise(found))
    for moment, _ in (*times, span):
        assert covers(found, (moment, moment + 1)) == any(a <= moment < b for a, b in times)


def test_grants_alone_give_nothing() -> None:
    assert Grants().times(Action.LIVE, HALL, NOW_NS) == ()
