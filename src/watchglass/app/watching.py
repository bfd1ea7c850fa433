"""Changes of areas and rules: in the database, and as acts in the ledger.

What watches how people behave is refused where the camera's place forbids it, whichever of the two
was stated first.
"""

import threading
from collections.abc import Callable

from msgspec.structs import replace

from watchglass.base.clock import Clock
from watchglass.base.errors import RefusedError, UsageError
from watchglass.base.ids import CameraId, is_id
from watchglass.model.act import ActKind
from watchglass.model.area import AreaKind
from watchglass.model.rule import NEEDS_PURPOSE, checked_rule, place_words
from watchglass.model.watch_control import (
    DropAreaRequest,
    DropRuleRequest,
    SetAreaRequest,
    SetRuleRequest,
    WatchRequest,
)
from watchglass.store.site import SiteStore

Note = Callable[[ActKind, CameraId, str, str], None]
"""Puts an act into the ledger: kind, camera, by whom, in words."""


class Watching:
    """Of one site. ``changed`` is called when areas or rules are others."""

    def __init__(
        self, store: SiteStore, note: Note, clock: Clock, changed: Callable[[], None]
    ) -> None:
        self._store, self._note, self._clock, self._changed = store, note, clock, changed
        # A place may be stated while a rule is set: whichever comes second sees the other.
        self._lock = threading.Lock()

    def carry_out(self, request: WatchRequest) -> CameraId:
        """Do what was asked; the camera it was about."""
        camera = self._store.find_camera(request.camera, with_credentials=False).id
        with self._lock:
            self._carry_out(camera, request)
        self._changed()
        return camera

    def _carry_out(self, camera: CameraId, request: WatchRequest) -> None:
        match request:
            case SetAreaRequest():
                self._set_area(camera, request)
            case DropAreaRequest():
                area = self._store.drop_area(camera, request.area)
                detail = f"took away the {area.kind.value} '{area.name}' ({area.id[:8]})"
                self._note(ActKind.AREA_CHANGED, camera, request.by, detail)
            case SetRuleRequest():
                self._set_rule(camera, request)
            case DropRuleRequest():
                rule = self._store.drop_rule(camera, request.rule)
                detail = f"took away the {rule.kind.value} rule '{rule.name}' ({rule.id[:8]})"
                self._note(ActKind.RULE_CHANGED, camera, request.by, detail)

    def refuse(self, camera: CameraId, by: str) -> None:
        """Switch off what the camera's place, as it is stated by now, forbids."""
        statement = self._store.statement(camera)
        if not statement.refuses_rules:
            return
        why = f"the camera is stated to watch a {place_words(statement)}"
        with self._lock:
            off = self._store.refuse_rules(camera, why)
            for rule in off:
                which = f"{rule.kind.value} rule '{rule.name}' ({rule.id[:8]})"
                self._note(ActKind.RULE_CHANGED, camera, by, f"switched off the {which}: {why}")
        if off:
            self._changed()

    def _set_area(self, camera: CameraId, request: SetAreaRequest) -> None:
        area = replace(request.area, camera=camera)
        _check_id(area.id)
        if area.expires_ns is not None:
            if area.kind is not AreaKind.IGNORE:
                raise UsageError("Only an ignore area expires by itself.")
            if area.expires_ns <= self._clock.wall_ns():
                raise UsageError("The ignore area would be over at once: give a later time.")
        known = {each.id: each for each in self._store.areas(camera)}
        if request.new and area.id in known:
            raise RefusedError("An area of that id is there already: choose another id.")
        area = self._store.set_area(area, request.by, new=request.new)
        before = known.get(area.id)
        how = "drew" if before is None else "changed" if before.points == area.points else "moved"
        detail = f"{how} the {area.kind.value} '{area.name}' ({area.id[:8]})"
        self._note(ActKind.AREA_CHANGED, camera, request.by, detail)

    def _set_rule(self, camera: CameraId, request: SetRuleRequest) -> None:
        rule = replace(request.rule, camera=camera)
        _check_id(rule.id)
        rule = checked_rule(rule, self._store.areas(camera), self._store.statement(camera))
        if request.new and any(each.id == rule.id for each in self._store.rules(camera)):
            raise RefusedError("A rule of that id is there already: choose another id.")
        self._store.set_rule(rule, request.by, new=request.new)
        how = "made" if request.new else "changed"
        detail = f"{how} the {rule.kind.value} rule '{rule.name}' ({rule.id[:8]})"
        if rule.kind in NEEDS_PURPOSE:
            detail += f", for: {rule.purpose}"
        if not rule.enabled:
            detail += ", switched off"
        self._note(ActKind.RULE_CHANGED, camera, request.by, detail)


def _check_id(text: str) -> None:
    if not is_id(text):
        raise UsageError("An id is 32 digits, 0-9 and a-f.")
