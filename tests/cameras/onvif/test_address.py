"""What becomes of addresses that a device tells."""

from contextlib import suppress
from urllib.parse import urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from watchglass.base.errors import RefusedError
from watchglass.cameras.onvif.address import (
    Reached,
    is_onvif,
    reached,
    split_onvif,
    stream_address,
)

AT = Reached("http", "192.0.2.7", 8080, "door.local")


@pytest.mark.parametrize(
    ("told", "gone_to"),
    [
        ("http://192.168.1.5/onvif/media", "http://192.0.2.7:8080/onvif/media"),
        ("http://192.168.1.5:80/onvif/media?x=1", "http://192.0.2.7:8080/onvif/media?x=1"),
        ("http://192.0.2.7:9000/onvif/media", "http://192.0.2.7:9000/onvif/media"),
        ("https://192.0.2.7/onvif/media", "https://192.0.2.7:443/onvif/media"),
        ("http://DOOR.local:81/m", "http://192.0.2.7:81/m"),
        ("http://user:geheim@192.168.1.5/m", "http://192.0.2.7:8080/m"),
        ("file:///etc/passwd", "http://192.0.2.7:8080/etc/passwd"),
        ("http://169.254.169.254/latest", "http://192.0.2.7:8080/latest"),
        ("http://[::1]:99999/x", AT.service),
        ("", AT.service),
        ("nonsense", AT.service),
        ("http://192.0.2.7/a b", AT.service),
        ("http://192.0.2.7/a\r\nHost: x", AT.service),
    ],
)
def test_a_device_leads_to_itself_alone(told: str, gone_to: str) -> None:
    assert AT.corrected(told) == gone_to


@settings(max_examples=60)
@given(st.text(max_size=80) | st.from_regex(r"https?://[^/]{0,20}(:\d{0,6})?(/.*)?"))
def test_whatever_is_told_the_host_is_the_one_that_was_reached(told: str) -> None:
    for at in (AT, Reached("https", "2001:db8::1", 443, "2001:db8::1")):
        parts = urlsplit(at.corrected(told))
        assert parts.hostname == at.ip
        assert parts.scheme in ("http", "https")
        assert parts.username is None
        assert at.corrected(told).isascii()
        assert at.corrected(told).isprintable()


@settings(max_examples=60)
@given(st.text(max_size=80) | st.from_regex(r"rtsps?://[^/]{0,20}(:\d{0,6})?(/.*)?"))
def test_a_stream_is_at_the_host_that_was_reached_or_nowhere(told: str) -> None:
    with suppress(RefusedError):
        found = stream_address(told, "door.local")
        assert found.host == "door.local"
        assert found.scheme in ("rtsp", "rtsps")
        assert found.url.startswith(f"{found.scheme}://door.local")


def test_of_a_stream_port_and_path_are_kept() -> None:
    told = "rtsp://admin:p@ss@192.168.77.5:8554/Streaming/Channels/101?transportmode=unicast"
    found = stream_address(told, "192.0.2.7")
    expected = "rtsp://192.0.2.7:8554/Streaming/Channels/101?transportmode=unicast"
    assert found.url == expected
    assert stream_address("rtsp://10.0.0.1/a", "2001:db8::1").url == "rtsp://[2001:db8::1]/a"


def test_what_somebody_adds() -> None:
    assert is_onvif("ONVIF://door.local")
    assert not is_onvif("rtsp://door.local")
    address, login = split_onvif("onvif://admin:geheim@door.local:8080/anything")
    assert address.url == "onvif://door.local:8080"
    assert login is not None
    assert login.password.reveal() == "geheim"
    assert split_onvif("onvifs://door.local")[0].port == 443
    with pytest.raises(RefusedError):
        split_onvif("http://door.local/")
    assert reached("http://[2001:db8::1]:80", "door") == Reached("http", "2001:db8::1", 80, "door")
