import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchglass.cameras.address import split_url
from watchglass.cameras.substream import MOST_CANDIDATES, substream_candidates


@pytest.mark.parametrize(
    ("main", "sub"),
    [
        ("/Streaming/Channels/101", "/Streaming/Channels/102"),
        ("/Streaming/channels/1601?x=unicast", "/Streaming/channels/1602?x=unicast"),
        ("/ISAPI/Streaming/Channels/101", "/ISAPI/Streaming/Channels/102"),
        ("/h264/ch1/main/av_stream", "/h264/ch1/sub/av_stream"),
        ("/cam/realmonitor?channel=1&subtype=0", "/cam/realmonitor?channel=1&subtype=1"),
        (
            "/cam/realmonitor?channel=10&subtype=0&unicast=true",
            "/cam/realmonitor?channel=10&subtype=1&unicast=true",
        ),
        ("/media/video1", "/media/video2"),
        ("/unicast/c1/s0/live", "/unicast/c1/s1/live"),
        ("/h264Preview_01_main", "/h264Preview_01_sub"),
        ("/Preview_01_main", "/Preview_01_sub"),
        ("/stream1", "/stream2"),
        ("/videoMain", "/videoSub"),
        ("/profile1/media.smp", "/profile2/media.smp"),
        ("/profile2/media.smp", "/profile3/media.smp"),
        ("/live.sdp", "/live2.sdp"),
        ("/live1s1.sdp", "/live2s1.sdp"),
        ("/rtsp_tunnel?inst=1", "/rtsp_tunnel?inst=2"),
        ("/axis-media/media.amp", "/axis-media/media.amp?resolution=640x360"),
        ("/axis-media/media.amp?resolution=1920x1080", "/axis-media/media.amp?resolution=640x360"),
        (
            "/axis-media/media.amp?streamprofile=Quality",
            "/axis-media/media.amp?streamprofile=Mobile",
        ),
        ("/s0", "/s2"),
        (
            "/user=admin_password=_channel=1_stream=0.sdp",
            "/user=admin_password=_channel=1_stream=1.sdp",
        ),
        ("/cam-1/main", "/cam-1/sub"),
        ("/main", "/sub"),
    ],
)
def test_the_makers_patterns(main: str, sub: str) -> None:
    found = substream_candidates(f"rtsp://main.stream1:8554{main}")
    assert found[0] == f"rtsp://main.stream1:8554{sub}"


@pytest.mark.parametrize(
    "tail",
    ["/Streaming/Channels/102", "/stream2", "/something", "/cam/realmonitor?channel=1&subtype=1"],
)
def test_no_pattern_no_guess(tail: str) -> None:
    assert substream_candidates(f"rtsp://10.0.0.2{tail}") == ()


@given(st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=80))
def test_guesses_stay_on_the_host(tail: str) -> None:
    url = f"rtsp://10.0.0.2/{tail}"
    found = substream_candidates(url)
    assert url not in found
    assert len(found) == len(set(found)) <= MOST_CANDIDATES
    assert all(each.startswith("rtsp://10.0.0.2/") for each in found)


def test_guesses_pass_the_address_rules() -> None:
    for tail in ("/main", "/", "/axis-media/media.amp"):
        for each in substream_candidates(f"rtsp://10.0.0.2{tail}"):
            split_url(each)
