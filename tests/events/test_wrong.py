"""What an ignore area would have hidden, told before somebody draws it."""

import msgspec

from tests.events.rules.tracks import area, events, found, part, point, rule, straight
from watchglass.events.wrong import hidden, suggested
from watchglass.model.area import Area, AreaId, AreaKind, checked_points
from watchglass.model.object_track import TrackPart
from watchglass.model.rule import RuleKind

MOTION = rule(RuleKind.MOTION)


def tree(first: float = 0.0) -> TrackPart:
    """It shakes about its place."""
    points = [point(first + n / 5, 0.3 + 0.03 * (-1) ** (n // 5), 0.4) for n in range(40)]
    return part(points, f"tree{first}")


def ignoring(corners: Area | tuple[tuple[float, float], ...]) -> Area:
    assert isinstance(corners, tuple)
    return msgspec.structs.replace(area(corners, AreaKind.IGNORE), id=AreaId("i"))


def test_the_area_that_is_suggested_hides_what_was_wrong_and_it_alone() -> None:
    walk = part(straight((0.6, 0.8), (0.9, 0.8), 8), "walk")
    near = part(straight((0.2, 0.9), (0.4, 0.9), 8), "near")
    all_told = events(MOTION, None, tree(), walk, near)
    (wrong,) = (each for each in all_told if each.track == "tree0.0")
    corners = suggested(wrong)
    assert checked_points(AreaKind.IGNORE, corners) == corners
    ignored = ignoring(corners)
    assert [each.track for each in hidden(ignored, all_told)] == ["tree0.0"]
    after = found([MOTION], [ignored], [tree(), walk, near])[0]
    assert sorted(each.track for each in after) == ["near", "walk"]


def test_all_that_it_hides_is_told_though_it_was_right() -> None:
    behind = part(straight((0.31, 0.35), (0.31, 0.43), 8, first=30), "behind")
    all_told = events(MOTION, None, tree(), tree(60.0), behind)
    wrong = next(each for each in all_told if each.track == "tree0.0")
    told = {each.track for each in hidden(ignoring(suggested(wrong)), all_told)}
    assert told == {"tree0.0", "tree60.0", "behind"}


def test_who_crosses_it_on_the_way_is_told_as_its_rule_was_met_there() -> None:
    enter_all = events(rule(RuleKind.ENTER), None, part(straight((0.28, 0.4), (0.9, 0.4), 10), "x"))
    wrong = events(MOTION, None, tree())[0]
    assert [each.track for each in hidden(ignoring(suggested(wrong)), enter_all)] == ["x"]


def test_another_camera_loses_nothing() -> None:
    told = events(MOTION, None, tree())
    elsewhere = msgspec.structs.replace(ignoring(suggested(told[0])), camera="d" * 32)
    assert not hidden(elsewhere, told)
