"""Which profiles are recorded, and what is said of it."""

from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from watchglass.base.errors import CameraUnreachableError, RefusedError
from watchglass.cameras.address import AddressRules
from watchglass.cameras.onvif.choice import choices
from watchglass.cameras.onvif.found import clock_words
from watchglass.cameras.probe import probe_camera
from watchglass.model.onvif import OnvifProfile, OnvifRequest, OnvifResult
from watchglass.model.probe import ProbeRequest, ProbeResult


def _profile(token: str, width: int, height: int, codec: str = "h264", **more: object) -> (
    OnvifProfile
):  # fmt: skip
    return OnvifProfile(
        token=token, name=token, codec=codec, width=width, height=height,
        **{"url": f"rtsp://10.9.9.9/{token}", "fps": 25.0, **more},  # type: ignore[arg-type]
    )  # fmt: skip


def test_the_choice_is_explained() -> None:
    (chosen,) = choices(
        [
            _profile("tiny", 176, 144), _profile("sub", 640, 360), _profile("mid", 1280, 720),
            _profile("big", 2560, 1440, "h265"), _profile("still", 2560, 1440, "mjpeg"),
        ]
    )  # fmt: skip
    assert chosen.main.token == "big"
    assert chosen.sub is not None
    assert chosen.sub.token == "sub"
    assert chosen.words == (
        "Main: 2560x1440 H.265 25/s: the largest of its 5 profiles.",
        "Sub: 640x360 H.264 25/s: the smallest of at least 320 wide.",
    )


def test_h264_is_taken_before_a_smaller_one_that_browsers_do_not_play() -> None:
    (chosen,) = choices(
        [_profile("main", 1920, 1080), _profile("a", 640, 360, "h265"), _profile("b", 704, 576)]
    )
    assert chosen.sub is not None
    assert chosen.sub.token == "b"
    assert "in H.264, which every browser plays" in chosen.words[1]


def test_where_there_is_no_small_one_it_is_said() -> None:
    (chosen,) = choices([_profile("only", 1920, 1080)])
    assert chosen.sub is None
    assert "its only profile" in chosen.words[0]
    assert "640×360" in chosen.words[1]
    (tiny,) = choices([_profile("main", 640, 480), _profile("s", 160, 96), _profile("t", 200, 96)])
    assert tiny.sub is not None
    assert tiny.sub.token == "t"
    assert "none is 320 wide" in tiny.words[1]


_PROFILES = st.lists(
    st.builds(
        OnvifProfile,
        token=st.text(max_size=4), name=st.just("x"),
        codec=st.sampled_from(["h264", "h265", "mjpeg", "mpeg4", ""]),
        width=st.integers(0, 5000), height=st.integers(0, 5000),
        fps=st.none() | st.floats(0, 120), url=st.sampled_from(["", "rtsp://x/"]),
        source=st.sampled_from(["", "1", "2"]),
    ),
    max_size=12,
)  # fmt: skip


@settings(max_examples=60)
@given(_PROFILES)
def test_a_sub_is_smaller_and_both_can_be_recorded(profiles: list[OnvifProfile]) -> None:
    usable = [p for p in profiles if p.codec in ("h264", "h265", "mjpeg") and p.url
              and p.width and p.height]  # fmt: skip
    found = choices(profiles)
    assert {each.source for each in found} == {each.source for each in usable}
    for each in found:
        of_source = [p for p in usable if p.source == each.source]
        pixels = each.main.width * each.main.height
        assert pixels == max(p.width * p.height for p in of_source)
        assert len(each.words) == 2
        smaller = [p for p in of_source if p.width * p.height < pixels]
        assert (each.sub is None) == (not smaller)
        assert each.sub is None or each.sub in smaller


@pytest.mark.parametrize(
    ("offset_s", "words"),
    [(None, "not tell"), (1.0, "right"), (-60.0, "60 seconds behind"), (7300, "2 hours ahead"),
     (-86_400 * 400, "400 days behind")],
)  # fmt: skip
def test_a_wrong_clock_is_told(offset_s: float | None, words: str) -> None:
    assert words in clock_words(offset_s)


# --- the camera as a whole ------------------------------------------------------------------------

_RESULT = OnvifResult(
    manufacturer="Maker", model="M1", firmware="1", serial="7",
    profiles=(_profile("big", 1920, 1080), _profile("small", 640, 360)),
    clock_offset_s=0.0, ptz=True, events=True, media2=False, told_host="10.9.9.9",
)  # fmt: skip
_STREAM = ProbeResult(
    codec="h264", width=1, height=1, fps=1.0, gop_s=1.0, bit_rate=1, sounds=(), session_name="",
    seconds=1.0,
)  # fmt: skip


@dataclass
class _Asked:
    streams: list[str]
    devices: list[str]


def _probed(url: str, result: OnvifResult = _RESULT, **more: object) -> tuple[object, _Asked]:
    asked, refuses = _Asked([], []), bool(more.pop("refuse", False))

    def onvif(request: OnvifRequest) -> OnvifResult:
        asked.devices.append(request.url)
        return result

    def stream(request: ProbeRequest) -> ProbeResult:
        asked.streams.append(request.url)
        if request.url.endswith("small") and refuses:
            raise CameraUnreachableError("Not there.")
        return _STREAM

    rules = AddressRules(resolver=lambda _host, _port: ["192.0.2.7"])
    found = probe_camera(
        url, "admin", "geheim", rules=rules, prober=stream, onvif_prober=onvif,
        **more,  # type: ignore[arg-type]
    )  # fmt: skip
    return found, asked


def test_streams_are_looked_at_where_the_device_was_reached() -> None:
    found, asked = _probed("onvif://door.local:8080")
    assert asked.devices == ["http://192.0.2.7:8080"]
    assert asked.streams == ["rtsp://192.0.2.7/big", "rtsp://192.0.2.7/small"]
    urls = [each.url for each in found.streams]  # type: ignore[attr-defined]
    assert urls == ["rtsp://door.local/big", "rtsp://door.local/small"]
    device = found.device  # type: ignore[attr-defined]
    assert device.stored.url == "onvif://door.local:8080"
    assert device.identity == "Maker M1, firmware 1, serial 7"
    assert any("10.9.9.9" in sentence and "door.local" in sentence for sentence in device.words)


def test_a_sub_stream_that_does_not_come_is_a_remark() -> None:
    found, _ = _probed("onvif://door.local", refuse=True)
    assert found.main is not None  # type: ignore[attr-defined]
    assert found.sub is None  # type: ignore[attr-defined]
    assert found.problem.code == "camera_unreachable"  # type: ignore[attr-defined]


def test_a_forbidden_address_is_not_asked() -> None:
    for url in ("onvif://127.0.0.1", "onvif://169.254.169.254", "onvif://[::1]:80", "onvif://"):
        found, asked = _probed(url)
        assert isinstance(found.problem, RefusedError)  # type: ignore[attr-defined]
        assert (asked.devices, asked.streams) == ([], [])


def test_streams_elsewhere_than_rtsp_are_refused() -> None:
    bad = tuple(_profile(token, 9, 9, url="file:///etc/passwd") for token in ("a", "b"))
    found, asked = _probed("onvif://door.local", OnvifResult(
        manufacturer="", model="", firmware="", serial="", profiles=bad, clock_offset_s=None,
        ptz=False, events=False, media2=False, told_host="",
    ))  # fmt: skip
    assert isinstance(found.problem, RefusedError)  # type: ignore[attr-defined]
    assert asked.streams == []


def test_of_several_pictures_one_is_named() -> None:
    two = OnvifResult(
        manufacturer="", model="", firmware="", serial="",
        profiles=(_profile("a", 9, 9, source="1"), _profile("b", 9, 9, source="2")),
        clock_offset_s=None, ptz=False, events=False, media2=False, told_host="",
    )  # fmt: skip
    found, asked = _probed("onvif://door.local", two, source="2")
    assert asked.streams == ["rtsp://192.0.2.7/b"]
    assert "2 pictures" in " ".join(found.device.words)  # type: ignore[attr-defined]
    found, _ = _probed("onvif://door.local", two, source="3")
    assert "'3'" in found.problem.sentence  # type: ignore[attr-defined]
