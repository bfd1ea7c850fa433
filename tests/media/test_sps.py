import base64
import io
from pathlib import Path

import av
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.media.encoded import encode
from watchglass.base.errors import StreamInvalidError
from watchglass.media.bitstream import split_nal_units, to_length_prefixed
from watchglass.media.parameter_sets import ParameterSets
from watchglass.media.sps import MOST_PIXELS_A_SIDE, parse_sps
from watchglass.model.stream import VideoCodec

H264, H265 = VideoCodec.H264, VideoCodec.H265
Options = tuple[tuple[str, str], ...]
SIZES = [(64, 48), (176, 144), (640, 360), (322, 182), (1920, 1080), (66, 34)]


def _sets(
    codec: VideoCodec, width: int = 64, height: int = 48, options: Options = ()
) -> tuple[bytes, ...]:
    units = encode(codec, width, height, 1, options)
    return to_length_prefixed(units[0], codec).parameter_sets


@pytest.mark.parametrize(("width", "height"), SIZES)
@pytest.mark.parametrize("codec", [H264, H265])
def test_size_is_what_libavcodec_decodes(codec: VideoCodec, width: int, height: int) -> None:
    units = encode(codec, width, height, 1)
    decoder = av.CodecContext.create("h264" if codec is H264 else "hevc", "r")
    assert isinstance(decoder, av.VideoCodecContext)
    frames = decoder.decode(av.Packet(units[0])) + decoder.decode(None)
    parameters = ParameterSets(codec, split_nal_units(units[0])).parameters()
    assert (parameters.width, parameters.height) == (frames[0].width, frames[0].height)
    assert (parameters.width, parameters.height) == (width, height)


def test_rate_and_reordering_of_real_streams() -> None:
    h264 = parse_sps(_sets(H264)[0], H264)
    assert (h264.fps, h264.reorder_depth) == (10.0, 0)
    three = (("tune", "film"), ("bf", "3"), ("b_strategy", "0"), ("x264-params", "b-pyramid=2"))
    assert parse_sps(_sets(H264, 64, 48, options=three)[0], H264).reorder_depth == 2
    h265 = parse_sps(_sets(H265)[1], H265)
    assert (h265.fps, h265.reorder_depth) == (10.0, 0)
    assert (h265.profile, h264.level > 0) == (1, True)


@pytest.mark.parametrize(
    ("codec", "sps", "size"),
    [
        (H264, "Z2QAHqwsaoLA9puCgIKgAAADACAAAAMD0IAA", (704, 480)),  # Dahua
        (H264, "Z00AKZpkA8ARPyzUBAQFAAADA+gAAOpgBA==", (1920, 1080)),  # Hikvision
        (H264, "Z00AH5WoFAFuQA==", (1280, 720)),  # Foscam
        (H265, "QgEBAUAAAAMAAAMAAAMAAAMAmaACgIAsH+Wu5Gwa5VE1BQYFAIA=", None),  # Anjvision
        (H265, "QgEBAWAAAAMAsAAAAwAAAwBaoAWCAeFja5JFL83BQYFBAAADAAEAAAMADKE=", (704, 480)),
    ],
)
def test_cameras_in_the_field(codec: VideoCodec, sps: str, size: tuple[int, int] | None) -> None:
    found = parse_sps(base64.b64decode(sps), codec)
    assert size in (None, (found.width, found.height))


_REAL = [_sets(H264)[0], _sets(H265)[1], _sets(H264, 322, 182)[0], _sets(H265, 322, 182)[1]]


@given(
    nal=st.one_of(
        st.binary(max_size=80),
        st.tuples(
            st.sampled_from(_REAL), st.integers(0, 40), st.binary(max_size=6), st.integers(0, 60)
        ).map(lambda t: (t[0][: t[1]] + t[2] + t[0][t[1] + len(t[2]) :])[: t[3]]),
    ),
    codec=st.sampled_from([H264, H265]),
)
@example(nal=b"\x67" + b"\x00" * 4000, codec=H264)
@example(nal=b"\x42\x01" + b"\xff" * 4000, codec=H265)
def test_nonsense_gives_our_error_or_a_possible_size(nal: bytes, codec: VideoCodec) -> None:
    try:
        found = parse_sps(nal, codec)
    except StreamInvalidError:
        return
    assert 0 < found.width <= MOST_PIXELS_A_SIDE
    assert 0 < found.height <= MOST_PIXELS_A_SIDE
    assert found.fps is None or 0.01 <= found.fps <= 1000


@given(nals=st.lists(st.binary(max_size=30), max_size=60), codec=st.sampled_from([H264, H265]))
def test_sets_take_anything(nals: list[bytes], codec: VideoCodec) -> None:
    try:
        sets = ParameterSets(codec, nals)
        sets.parameters()
    except StreamInvalidError:
        return
    assert sets.complete


def test_sets_in_force() -> None:
    sps, pps = _sets(H264)
    other_sps, other_pps = _sets(H264, 176, 144)
    sets = ParameterSets(H264, [pps])
    assert not sets.complete
    assert sets.update([sps])
    assert not sets.update([sps, pps])
    assert sets.in_order == (sps, pps)
    assert sets == ParameterSets(H264, [sps, pps])
    assert sets.update([other_sps])
    assert sets != ParameterSets(H264, [sps, pps])
    assert sets.in_order == (other_sps, other_pps)
    assert sets.parameters().width == 176


def test_too_many_sets_are_refused() -> None:
    # pps ids as Exp-Golomb numbers
    def pps(number: int) -> bytes:
        bits = f"{number + 1:b}"
        code = "0" * (len(bits) - 1) + bits + "1"
        code += "0" * (-len(code) % 8)
        return b"\x68" + int(code, 2).to_bytes(len(code) // 8, "big") + b"\x80"

    with pytest.raises(StreamInvalidError):
        ParameterSets(H264, [pps(number) for number in range(64)])


def test_all_sample_videos(shared_dir: Path) -> None:
    """Sizes agree with libavformat for every H.264 or H.265 file that can be opened."""
    seen = 0
    for path in sorted(shared_dir.glob("testdata/video/*.mp4"))[:4]:
        with av.open(io.BytesIO(path.read_bytes())) as container:
            stream = container.streams.video[0]
            extradata = stream.codec_context.extradata or b""
            if stream.codec_context.name != "h264" or extradata[:1] != b"\x01":
                continue
            size = int.from_bytes(extradata[6:8], "big")
            found = parse_sps(extradata[8 : 8 + size], H264)
            assert (found.width, found.height) == (stream.width, stream.height)
            seen += 1
    assert seen
