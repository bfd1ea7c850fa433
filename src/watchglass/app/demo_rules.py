"""What the demo wants to be told of: zones, a line and rules on its scenes, as somebody would set
them."""

from collections.abc import Mapping

from watchglass.app.site import Site
from watchglass.base.ids import CameraId, random_id
from watchglass.model.area import Area, AreaId, AreaKind
from watchglass.model.polygon import Point
from watchglass.model.rule import Rule, RuleId, RuleKind
from watchglass.model.watch_control import SetAreaRequest, SetRuleRequest

BY = "demo"
_NUMBERS = ((0.0, 0.0), (1.0, 0.0), (1.0, 0.13), (0.0, 0.13))
"""Where each frame of a simulated camera shows its number, and so always changes."""
_WALK = ((0.5, 0.98), (0.5, 0.45))
_DOOR = ((0.32, 0.45), (0.68, 0.45), (0.68, 0.98), (0.32, 0.98))


def set_rules(site: Site, simulated: Mapping[str, CameraId], clip: CameraId | None) -> None:
    """Draw and set them, by the name of the camera."""
    for camera in simulated.values():
        _draw(site, camera, "Frame number", AreaKind.IGNORE, _NUMBERS)
    street, yard, gate = (simulated[name] for name in ("Street", "Yard", "Gate"))
    _count(site, street)
    door = _draw(site, yard, "Door", AreaKind.ZONE, _DOOR)
    _rule(site, yard, "Somebody comes to the door", RuleKind.ENTER, door)
    way_in = _draw(site, gate, "Way in", AreaKind.ZONE, _DOOR)
    _rule(site, gate, "Somebody in the way in", RuleKind.ENTER, way_in, alarm=True)
    if clip is not None:
        _count(site, clip)
        _rule(site, clip, "Whatever moves", RuleKind.MOTION, None)


def _count(site: Site, camera: CameraId) -> None:
    walk = _draw(site, camera, "Walk", AreaKind.LINE, _WALK)
    _rule(site, camera, "Passers-by", RuleKind.COUNTING, walk)
    _rule(site, camera, "Somebody passes", RuleKind.CROSSING, walk)


def _draw(
    site: Site, camera: CameraId, name: str, kind: AreaKind, points: tuple[Point, ...]
) -> AreaId:
    area = Area(id=AreaId(random_id()), camera=camera, name=name, kind=kind, points=points)
    site.carry_out(SetAreaRequest(camera, area, True, BY))
    return area.id


def _rule(
    site: Site, camera: CameraId, name: str, kind: RuleKind, area: AreaId | None, *,
    alarm: bool = False,
) -> None:  # fmt: skip
    rule = Rule(id=RuleId(random_id()), camera=camera, name=name, kind=kind, area=area, alarm=alarm)
    site.carry_out(SetRuleRequest(camera, rule, True, BY))
