import ipaddress
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchglass.base.errors import CameraUnreachableError, RefusedError
from watchglass.cameras.address import MOST_URL_CHARS, forbidden, inner_ip, resolve, split_url


def _resolver(*ips: str):  # type: ignore[no-untyped-def]
    return lambda host, port: list(ips)


def test_user_and_password_leave_the_url() -> None:
    address, credentials = split_url("rtsp://ad%20min:p%40ss%3A%2F@Cam-1.local:8554/a/b?c=1&d=2")
    assert address.url == "rtsp://cam-1.local:8554/a/b?c=1&d=2"
    assert credentials is not None
    assert (credentials.user, credentials.password.reveal()) == ("ad min", "p@ss:/")
    assert "p@ss" not in repr((address, credentials))


@pytest.mark.parametrize(
    ("url", "stored"),
    [
        ("rtsp://10.0.0.2", "rtsp://10.0.0.2/"),
        ("RTSP://10.0.0.2:554/x", "rtsp://10.0.0.2/x"),
        ("rtsps://10.0.0.2:322/x", "rtsps://10.0.0.2/x"),
        ("rtsp://[2001:DB8::2]:8554/x", "rtsp://[2001:db8::2]:8554/x"),
        ("rtsp://cam.:554/x", "rtsp://cam/x"),
        ("rtsp://u:p@w@10.0.0.2/x@y", "rtsp://10.0.0.2/x@y"),
        ("rtsp://3232235522/x", "rtsp://192.168.0.2/x"),
        ("rtsp://0xc0.0250.2/x", "rtsp://192.168.0.2/x"),
    ],
)
def test_one_form_is_stored(url: str, stored: str) -> None:
    assert split_url(url)[0].url == stored


@pytest.mark.parametrize(
    "url",
    [
        "", "rtsp:", "rtsp://", "rtsp:///x", "10.0.0.2", "//10.0.0.2/", "file:///etc/passwd",
        "http://10.0.0.2/", "concat:rtsp://h/", "rtsp://h ost/", "rtsp://h/a b",
        "rtsp://h/\r\nX: y",
        "rtsp://h/\x00", "rtsp://hö/", "rtsp://h\\@evil/", "rtsp://10.0.0.2:0/", "rtsp://h:65536/",
        "rtsp://h:-1/", "rtsp://h:12a/", "rtsp://[::1/", "rtsp://[::zz]/", "rtsp://[fe80::1%eth0]/",
        "rtsp://1.2.3.4.5/", "rtsp://256.1.1.1/", "rtsp://08.1.1.1/", "rtsp://1.2.3.0x/x/../..#f",
        "rtsp://-h/", "rtsp://a..b/", "rtsp://h/?udp", "rtsp://h/?a=1&multicast", "rtsp://h/?x?tcp",
        "rtsp://a%3Ab:c@h/", "rtsp://%ff:c@h/", "rtsp://a:%0a@h/",
        "rtsp://h/" + "x" * MOST_URL_CHARS,
        "-i rtsp://h/", "rtsp://h,b/", "rtsp://h|b/", "rtsp://$(id)/",
    ],
)  # fmt: skip
def test_refused_as_written(url: str) -> None:
    with pytest.raises(RefusedError) as raised:
        split_url(url)
    assert raised.value.sentence.endswith(".")


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1", "127.9.9.9", "127.1", "0x7f000001", "2130706433", "017700000001", "[::1]",
        "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::127.0.0.1]", "[64:ff9b::127.0.0.1]",
        "[2002:7f00:1::]", "0.0.0.0", "0", "0.1.2.3", "[::]", "169.254.169.254", "169.254.170.2",
        "[fd00:ec2::254]", "[::ffff:169.254.169.254]", "224.0.0.1", "239.1.2.3", "[ff02::1]",
        "255.255.255.255", "240.0.0.1",
    ],
)  # fmt: skip
def test_no_way_to_addresses_that_no_camera_has(host: str) -> None:
    address, _ = split_url(f"rtsp://{host}:8554/x")
    with pytest.raises(RefusedError, match=r"camera"):
        resolve(address)


@pytest.mark.parametrize("ip", ["127.0.0.1", "::1", "169.254.169.254", "::ffff:127.0.0.1"])
def test_names_that_lead_there_are_refused_too(ip: str) -> None:
    address, _ = split_url("rtsp://camera.example/x")
    with pytest.raises(RefusedError):
        resolve(address, resolver=_resolver("192.168.1.5", ip))


def test_the_connection_goes_to_the_checked_address() -> None:
    answers = iter([["192.168.1.5"], ["127.0.0.1"]])
    address, _ = split_url("rtsp://camera.example:8554/x?y=1")
    checked = resolve(address, resolver=lambda host, port: next(answers))
    assert checked.url == "rtsp://192.168.1.5:8554/x?y=1"
    assert (checked.ip, checked.host) == ("192.168.1.5", "camera.example")
    with pytest.raises(RefusedError):
        resolve(address, resolver=lambda host, port: next(answers))


def test_what_the_operator_allows_by_name() -> None:
    address, _ = split_url("rtsp://127.0.0.1:8554/x")
    assert resolve(address, {"127.0.0.1"}).url == "rtsp://127.0.0.1:8554/x"
    named, _ = split_url("rtsp://localhost:8554/x")
    assert resolve(named, {"LOCALHOST"}, resolver=_resolver("127.0.0.1")).ip == "127.0.0.1"
    with pytest.raises(RefusedError):
        resolve(split_url("rtsp://127.0.0.2/")[0], {"127.0.0.1"})


def test_our_own_ports_are_closed_whatever_is_allowed() -> None:
    address, _ = split_url("rtsp://127.0.0.1:8443/x")
    with pytest.raises(RefusedError, match="this recorder"):
        resolve(address, {"127.0.0.1"}, own_ports=frozenset({8443}))
    resolve(address, {"127.0.0.1"}, own_ports=frozenset({9999}))


def test_unknown_names() -> None:
    def fails(host: str, port: int) -> list[str]:
        raise socket.gaierror(-2, "unknown")

    address, _ = split_url("rtsp://nowhere.example/x")
    for resolver in (fails, _resolver()):
        with pytest.raises(CameraUnreachableError, match=r"nowhere\.example"):
            resolve(address, resolver=resolver)


@given(st.text(max_size=60), st.booleans())
def test_any_text_is_split_or_refused(text: str, prefixed: bool) -> None:
    try:
        address, _ = split_url("rtsp://" + text if prefixed else text)
    except RefusedError:
        return
    assert split_url(address.url) == (address, None)
    assert "@" not in address.url.split("/")[2]


@given(st.ip_addresses(v=4), st.sampled_from(["{}", "::ffff:{}", "64:ff9b::{}"]))
def test_every_spelling_of_an_ipv4_address_is_judged_alike(
    ip: ipaddress.IPv4Address, form: str
) -> None:
    spelt = ipaddress.ip_address(form.format(ip))
    assert inner_ip(spelt) == ip
    assert forbidden(inner_ip(spelt)) == forbidden(ip)
    for text in (str(int(ip)), hex(int(ip)), oct(int(ip)).replace("0o", "0")):
        assert split_url(f"rtsp://{text}/")[0].host == str(ip)


@given(st.ip_addresses())
def test_ordinary_addresses_pass(ip: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
    inner = inner_ip(ip)
    if inner.is_private and not (inner.is_loopback or inner.is_unspecified or inner.is_reserved):
        assert (forbidden(inner) is None) == (
            int(inner) >> 24 != 0
            and str(inner) not in ("169.254.169.254", "169.254.170.2", "fd00:ec2::254")
        )
