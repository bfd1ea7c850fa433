"""The simulated device's pan, tilt and zoom: it moves with time, stops at its ends, has presets."""

import math
import re
from dataclasses import dataclass, field
from typing import Final
from xml.sax.saxutils import escape

from watchglass.base.clock import NS_PER_S
from watchglass.simulate.onvif.envelope import PTZ, Call, Fault, first

_SPEED: Final = 0.4
"""Of a full turn, as spaces have it (-1 to 1), in a second."""
_DURATION = re.compile(r"P(?:T(?:(?P<m>\d+)M)?(?:(?P<s>\d+(?:\.\d+)?)S)?)")
_MOST_PRESETS: Final = 64


@dataclass(slots=True)
class Turning:
    """Pan and tilt from -1 to 1, zoom from 0 to 1; ``now_ns`` is monotonic."""

    pan: float = 0.0
    tilt: float = 0.0
    zoom: float = 0.0
    speeds: tuple[float, float, float] = (0.0, 0.0, 0.0)
    moved: list[str] = field(default_factory=list)
    """The operations that came, oldest first; for tests."""
    ignores_timeout: bool = False
    _until_ns: float = math.inf
    _at_ns: int = 0
    _presets: dict[str, tuple[str, float, float, float]] = field(
        default_factory=lambda: {"1": ("Gate", -0.5, 0.1, 0.2), "2": ("Court", 0.5, -0.2, 0.0)}
    )

    def answer(self, call: Call, now_ns: int) -> str:
        """The body of the answer; Fault for what it does not do."""
        if call.space != PTZ:
            raise Fault("ActionNotSupported", "The requested action is not implemented.")
        self.advance(now_ns)
        inner = self._answer(call, now_ns)
        return f"<tptz:{call.operation}Response>{inner}</tptz:{call.operation}Response>"

    def advance(self, now_ns: int) -> None:
        """Let the time since the last call pass."""
        end_ns = min(now_ns, self._until_ns)
        passed_s = max(0.0, (end_ns - self._at_ns) / NS_PER_S) if self._at_ns else 0.0
        pan, tilt, zoom = self.speeds
        self.pan = _within(self.pan + pan * passed_s * _SPEED, -1.0)
        self.tilt = _within(self.tilt + tilt * passed_s * _SPEED, -1.0)
        self.zoom = _within(self.zoom + zoom * passed_s * _SPEED, 0.0)
        self._at_ns = now_ns
        if now_ns >= self._until_ns:
            self.speeds = (0.0, 0.0, 0.0)

    @property
    def moving(self) -> bool:
        return any(self.speeds)

    def _answer(self, call: Call, now_ns: int) -> str:
        self.moved.append(call.operation)
        match call.operation:
            case "ContinuousMove":
                self.speeds = self._vector(call, (0.0, 0.0, 0.0))
                wait_s = seconds(call.text("Timeout"))
                self._until_ns = (
                    math.inf if self.ignores_timeout or wait_s is None
                    else now_ns + wait_s * NS_PER_S
                )  # fmt: skip
            case "Stop":
                self.speeds = (0.0, 0.0, 0.0)
            case "AbsoluteMove":
                self._go(self._vector(call, (self.pan, self.tilt, self.zoom)))
            case "RelativeMove":
                by = self._vector(call, (0.0, 0.0, 0.0))
                self._go((self.pan + by[0], self.tilt + by[1], self.zoom + by[2]))
            case "GetStatus":
                return self._status()
            case "GetNodes":
                return _NODE
            case "GetPresets":
                return "".join(self._preset(token) for token in self._presets)
            case "SetPreset":
                return f"<tptz:PresetToken>{self._set(call)}</tptz:PresetToken>"
            case "GotoPreset":
                self._go(self._known(call.text("PresetToken"))[1:])
            case _:
                raise Fault("ActionNotSupported", "The requested action is not implemented.")
        return ""

    def _vector(
        self, call: Call, default: tuple[float, float, float]
    ) -> tuple[float, float, float]:
        pan_tilt, zoom = first(call.body, "PanTilt"), first(call.body, "Zoom")
        try:
            return (
                float(pan_tilt.get("x", "0")) if pan_tilt is not None else default[0],
                float(pan_tilt.get("y", "0")) if pan_tilt is not None else default[1],
                float(zoom.get("x", "0")) if zoom is not None else default[2],
            )
        except ValueError:
            raise Fault("InvalidArgVal", "no number") from None

    def _go(self, to: tuple[float, float, float]) -> None:
        self.speeds = (0.0, 0.0, 0.0)
        self.pan, self.tilt = _within(to[0], -1.0), _within(to[1], -1.0)
        self.zoom = _within(to[2], 0.0)

    def _set(self, call: Call) -> str:
        token = call.text("PresetToken") or str(len(self._presets) + 1)
        if token not in self._presets and len(self._presets) >= _MOST_PRESETS:
            raise Fault("TooManyPresets", "Maximum number of presets reached.")
        name = call.text("PresetName", f"Preset {token}")
        self._presets[token] = (name, self.pan, self.tilt, self.zoom)
        return token

    def _known(self, token: str) -> tuple[str, float, float, float]:
        if token not in self._presets:
            raise Fault("NoToken", "The requested preset token does not exist.")
        return self._presets[token]

    def _preset(self, token: str) -> str:
        name, pan, tilt, zoom = self._presets[token]
        return (
            f'<tptz:Preset token="{escape(token)}"><tt:Name>{escape(name)}</tt:Name>'
            f'<tt:PTZPosition>{_position(pan, tilt, zoom)}</tt:PTZPosition></tptz:Preset>'
        )  # fmt: skip

    def _status(self) -> str:
        state = "MOVING" if self.moving else "IDLE"
        return (
            f"<tptz:PTZStatus><tt:Position>{_position(self.pan, self.tilt, self.zoom)}"
            f"</tt:Position><tt:MoveStatus><tt:PanTilt>{state}</tt:PanTilt><tt:Zoom>{state}"
            "</tt:Zoom></tt:MoveStatus><tt:UtcTime>2026-01-01T00:00:00Z</tt:UtcTime>"
            "</tptz:PTZStatus>"
        )


def _position(pan: float, tilt: float, zoom: float) -> str:
    return f'<tt:PanTilt x="{pan:.5f}" y="{tilt:.5f}"/><tt:Zoom x="{zoom:.5f}"/>'


def _within(value: float, least: float) -> float:
    return min(1.0, max(least, value))


def seconds(text: str) -> float | None:
    """Of a duration as PT1M5S; None for what is none."""
    match = _DURATION.fullmatch(text)
    if not text or match is None:
        return None
    return 60.0 * int(match["m"] or 0) + float(match["s"] or 0)


_SPACE: Final = "http://www.onvif.org/ver10/tptz"


def _space(name: str, path: str, least: str, *, zoom: bool) -> str:
    ranges = f"<tt:XRange><tt:Min>{least}</tt:Min><tt:Max>1</tt:Max></tt:XRange>"
    if not zoom:
        ranges += f"<tt:YRange><tt:Min>{least}</tt:Min><tt:Max>1</tt:Max></tt:YRange>"
    return f"<tt:{name}><tt:URI>{_SPACE}/{path}</tt:URI>{ranges}</tt:{name}>"


_NODE: Final = (
    '<tptz:PTZNode token="ptz" FixedHomePosition="false"><tt:Name>ptz</tt:Name>'
    "<tt:SupportedPTZSpaces>"
    + _space("AbsolutePanTiltPositionSpace", "PanTiltSpaces/PositionGenericSpace", "-1", zoom=False)
    + _space("AbsoluteZoomPositionSpace", "ZoomSpaces/PositionGenericSpace", "0", zoom=True)
    + _space("RelativePanTiltTranslationSpace", "PanTiltSpaces/TranslationGenericSpace", "-1",
             zoom=False)
    + _space("RelativeZoomTranslationSpace", "ZoomSpaces/TranslationGenericSpace", "-1", zoom=True)
    + _space("ContinuousPanTiltVelocitySpace", "PanTiltSpaces/VelocityGenericSpace", "-1",
             zoom=False)
    + _space("ContinuousZoomVelocitySpace", "ZoomSpaces/VelocityGenericSpace", "-1", zoom=True)
    + "</tt:SupportedPTZSpaces><tt:MaximumNumberOfPresets>64</tt:MaximumNumberOfPresets>"
    "<tt:HomeSupported>false</tt:HomeSupported></tptz:PTZNode>"
)  # fmt: skip
