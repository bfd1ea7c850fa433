"""People with every kind of rights, signed in at a served site without hashing a password."""

from dataclasses import dataclass, field, replace

from tests.api.recorded import Browser, Running
from watchglass.access.directory import text_of
from watchglass.access.right import Action, Right, Role
from watchglass.base.ids import CameraId, random_id
from watchglass.store.access import UserRow


@dataclass(frozen=True)
class Person:
    """Who somebody is, in plain values: what may be is judged here anew, by hand."""

    name: str
    role: Role
    actions: frozenset[Action] = frozenset()
    cameras: frozenset[CameraId] | None = frozenset()
    """None: all."""
    from_ns: int = 0
    to_ns: int = 2**62
    site: frozenset[Action] = frozenset()
    id: str = field(default_factory=random_id)

    def may(self, action: Action, camera: CameraId | None, span: tuple[int, int] | None) -> bool:
        """The rule, said another way than ``access.right`` says it."""
        if self.role is Role.ADMIN:
            return True
        if action.value not in _CAMERA:
            return action.value in {"own_account", "see_state"} | set(_SITE[self.role]) or (
                action in self.site
            )
        if camera is None or (self.cameras is not None and camera not in self.cameras):
            return False
        within = {each.value for each in self.actions} & set(_MOST[self.role])
        if action is Action.SEE_CAMERA:
            return bool(within)
        if action.value not in within:
            return False
        return span is None or (self.from_ns <= span[0] and span[1] <= self.to_ns)


_CAMERA = {
    "see_camera", "live", "playback", "sound", "ptz", "clip", "export", "configure", "unmask",
    "hold", "erase",
}  # fmt: skip
_SITE = {Role.VIEWER: (), Role.OPERATOR: ("read_health",), Role.INVESTIGATOR: ("read_health",)}
_MOST = {
    Role.VIEWER: ("live", "playback", "sound"),
    Role.OPERATOR: ("live", "playback", "sound", "ptz", "clip", "configure"),
    Role.INVESTIGATOR: ("live", "playback", "sound", "clip", "export", "unmask", "hold", "erase"),
}


def right_of(person: Person) -> Right:
    """Its one right."""
    right = Right(
        person.actions, everywhere=person.cameras is None, cameras=person.cameras or frozenset()
    )
    from_ns = person.from_ns or None
    to_ns = person.to_ns if person.to_ns < 2**62 else None
    return Right(right.actions, right.everywhere, right.cameras, from_ns=from_ns, to_ns=to_ns)


def arrived(at: Running, person: Person) -> Browser:
    """The person, as a browser that is signed in."""
    ports = at.of.ports
    rights = (right_of(person),) if person.actions else ()
    at.of.access.add_user(
        UserRow(
            person.id, person.name, "no password", 1, person.role.value, rights=text_of(rights),
            site_rights=text_of(person.site),
        )
    )  # fmt: skip
    ports.sessions.refresh()
    browser = Browser(at)
    browser.cookie = ports.sessions.open(person.id)
    return browser


def again(at: Running, person: Person, browser: Browser) -> Browser:
    """Signed in once more, where a request may have ended the session."""
    browser.cookie = at.of.ports.sessions.open(person.id)
    return browser


def renamed(person: Person, name: str) -> Person:
    return replace(person, name=name, id=random_id())
