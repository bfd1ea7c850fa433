"""The simulated ONVIF device itself: whom it lets in, and what moves it."""

import base64
import hashlib
from datetime import UTC, datetime
from xml.etree import ElementTree as ET

import pytest

from watchglass.base.clock import NS_PER_S
from watchglass.simulate.digest import Credentials
from watchglass.simulate.onvif.envelope import PTZ, Call, Fault, envelope, read
from watchglass.simulate.onvif.security import TokenCheck
from watchglass.simulate.onvif.turning import Turning, seconds

NOW_NS = 1_800_000_000 * NS_PER_S


def _token(password: str = "geheim", nonce: bytes = b"n1", ago_s: int = 0) -> ET.Element:
    created = datetime.fromtimestamp(NOW_NS / NS_PER_S - ago_s, UTC).isoformat()
    packed = nonce + created.encode() + password.encode()
    digest = base64.b64encode(hashlib.sha1(packed, usedforsecurity=False).digest()).decode()
    return ET.fromstring(
        "<Security><UsernameToken><Username>admin</Username>"
        f'<Password Type="x#PasswordDigest">{digest}</Password>'
        f"<Nonce>{base64.b64encode(nonce).decode()}</Nonce><Created>{created}</Created>"
        "</UsernameToken></Security>"
    )


def test_a_token_is_let_in_once_while_it_is_fresh() -> None:
    check = TokenCheck(Credentials("admin", "geheim"), 30).check
    check(_token(), NOW_NS)
    for bad in (
        _token(), _token("falsch", b"n2"), _token(nonce=b"n3", ago_s=31), None,
        _token(nonce=b"n4", ago_s=-31), ET.fromstring("<Security/>"),
    ):  # fmt: skip
        with pytest.raises(Fault, match="not authorized"):
            check(bad, NOW_NS)
    check(_token(nonce=b"n5", ago_s=29), NOW_NS)


def _call(operation: str, inner: str = "") -> Call:
    data = envelope(f"<tptz:{operation}>{inner}</tptz:{operation}>")
    call = read(data)
    assert (call.space, call.operation) == (PTZ, operation)
    return call


_RIGHT = '<tptz:Velocity><tt:PanTilt x="1" y="0"/></tptz:Velocity>'


def test_it_turns_until_it_is_stopped_or_its_time_is_over() -> None:
    turning = Turning()
    turning.answer(_call("ContinuousMove", _RIGHT), NS_PER_S)
    turning.answer(_call("Stop"), 2 * NS_PER_S)
    assert turning.pan == pytest.approx(0.4)
    turning.advance(9 * NS_PER_S)
    assert turning.pan == pytest.approx(0.4)
    timed = _call("ContinuousMove", f"{_RIGHT}<tptz:Timeout>PT0.5S</tptz:Timeout>")
    turning.answer(timed, 10 * NS_PER_S)
    turning.advance(20 * NS_PER_S)
    assert turning.pan == pytest.approx(0.6)
    assert not turning.moving
    turning.answer(_call("ContinuousMove", _RIGHT), 30 * NS_PER_S)
    turning.advance(90 * NS_PER_S)
    assert turning.pan == 1.0, "it has an end"


def test_presets_are_set_and_gone_to() -> None:
    turning = Turning()
    turning.answer(_call("GotoPreset", "<tptz:PresetToken>1</tptz:PresetToken>"), NS_PER_S)
    assert (turning.pan, turning.tilt, turning.zoom) == (-0.5, 0.1, 0.2)
    said = turning.answer(_call("SetPreset", "<tptz:PresetName>&lt;b&gt;</tptz:PresetName>"), 2)
    assert "<tptz:PresetToken>3<" in said
    assert "&lt;b&gt;" in turning.answer(_call("GetPresets"), 3)
    with pytest.raises(Fault):
        turning.answer(_call("GotoPreset", "<tptz:PresetToken>9</tptz:PresetToken>"), 4)


@pytest.mark.parametrize(
    ("text", "value"), [("PT60S", 60.0), ("PT1M5.5S", 65.5), ("", None), ("PT", 0.0), ("x", None)]
)
def test_durations(text: str, value: float | None) -> None:
    assert seconds(text) == value


def test_a_dtd_is_refused() -> None:
    with pytest.raises(Fault):
        read(b'<!DOCTYPE x [<!ENTITY a "b">]><x/>')
