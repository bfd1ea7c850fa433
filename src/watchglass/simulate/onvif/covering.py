"""The masks of the simulated device, by Media2: it covers them in its own picture."""

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final
from xml.etree import ElementTree as ET

from watchglass.simulate.onvif.envelope import Call, Fault, first, local
from watchglass.simulate.view import Corners

SOURCE: Final = "vs"
_MOST_MASKS: Final = 4
_MOST_POINTS: Final = 8


@dataclass(slots=True)
class Covering:
    """Of one device. ``rectangles``: it covers nothing else."""

    rectangles: bool = False
    _masks: dict[str, Corners] = field(default_factory=dict)
    _numbers: Callable[[], int] = field(default_factory=lambda: itertools.count(1).__next__)

    @property
    def covers(self) -> tuple[Corners, ...]:
        return tuple(self._masks.values())

    def forget(self) -> None:
        """As a device does that is reset."""
        self._masks.clear()

    def answer(self, call: Call) -> str | None:
        """The body of the answer; None where it is not about masks."""
        match call.operation:
            case "GetMaskOptions":
                return self._options()
            case "GetMasks":
                shown = "".join(_xml(token, each) for token, each in self._masks.items())
                return f"<tr2:GetMasksResponse>{shown}</tr2:GetMasksResponse>"
            case "CreateMask":
                if len(self._masks) >= _MOST_MASKS:
                    raise Fault("MaxMasks", "The maximum number of masks is reached.")
                corners = self._read(call)
                token = f"mask-{self._numbers()}"
                self._masks[token] = corners
                made = f"<tr2:Token>{token}</tr2:Token>"
                return f"<tr2:CreateMaskResponse>{made}</tr2:CreateMaskResponse>"
            case "SetMask":
                mask = first(call.body, "Mask")
                token = mask.get("token", "") if mask is not None else ""
                self._masks[self._known(token)] = self._read(call)
                return "<tr2:SetMaskResponse/>"
            case "DeleteMask":
                del self._masks[self._known(call.text("Token"))]
                return "<tr2:DeleteMaskResponse/>"
            case _:
                return None

    def _options(self) -> str:
        rectangle = str(self.rectangles).lower()
        return (
            "<tr2:GetMaskOptionsResponse>"
            f'<tr2:Options RectangleOnly="{rectangle}" SingleColorOnly="true">'
            f"<tr2:MaxMasks>{_MOST_MASKS}</tr2:MaxMasks><tr2:MaxPoints>{_MOST_POINTS}"
            "</tr2:MaxPoints><tr2:Types>Color</tr2:Types></tr2:Options>"
            "</tr2:GetMaskOptionsResponse>"
        )

    def _known(self, token: str) -> str:
        if token not in self._masks:
            raise Fault("NoConfig", "The requested mask does not exist.")
        return token

    def _read(self, call: Call) -> Corners:
        if call.text("ConfigurationToken") != SOURCE:
            raise Fault("NoConfig", "There is no such video source configuration.")
        polygon = first(call.body, "Polygon")
        points = [] if polygon is None else [
            each for each in polygon.iter() if local(each.tag)[1] == "Point"
        ]  # fmt: skip
        if not 3 <= len(points) <= _MOST_POINTS or (self.rectangles and len(points) != 4):
            raise Fault("InvalidPolygon", "The polygon is not supported.")
        return tuple(_corner(each) for each in points)


def _corner(point: ET.Element) -> tuple[float, float]:
    try:
        x, y = float(point.get("x", "")), float(point.get("y", ""))
    except ValueError:
        raise Fault("InvalidPolygon", "no number") from None
    if not (-1 <= x <= 1 and -1 <= y <= 1):
        raise Fault("InvalidPolygon", "outside the picture")
    return (x + 1) / 2, (1 - y) / 2


def _xml(token: str, corners: Corners) -> str:
    points = "".join(f'<tt:Point x="{2 * x - 1:.3f}" y="{1 - 2 * y:.3f}"/>' for x, y in corners)
    return (
        f'<tr2:Masks token="{token}"><tr2:ConfigurationToken>{SOURCE}</tr2:ConfigurationToken>'
        f"<tr2:Polygon>{points}</tr2:Polygon><tr2:Type>Color</tr2:Type><tr2:Enabled>true"
        "</tr2:Enabled></tr2:Masks>"
    )
