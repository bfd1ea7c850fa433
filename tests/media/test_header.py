import io
import json
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import av
import pytest

from tests.media.encoded import encode
from watchglass.base.errors import StreamInvalidError
from watchglass.media.bitstream import to_length_prefixed
from watchglass.media.header import FileHeader, file_header
from watchglass.media.parameter_sets import ParameterSets
from watchglass.media.sound import sound_parameters
from watchglass.model.stream import SoundCodec, SoundParameters, VideoCodec, VideoParameters

CODECS = [VideoCodec.H264, VideoCodec.H265]
AAC = SoundParameters(SoundCodec.AAC, 16_000, 1, bytes.fromhex("1408"))
ALAW = SoundParameters(SoundCodec.PCM_ALAW, 8000, 1)
MULAW = SoundParameters(SoundCodec.PCM_MULAW, 16_000, 2)


def _video(codec: VideoCodec) -> VideoParameters:
    return ParameterSets(
        codec, to_length_prefixed(encode(codec)[0], codec).parameter_sets
    ).parameters()


def _box(kind: bytes, payload: bytes) -> bytes:
    return (len(payload) + 8).to_bytes(4, "big") + kind + payload


def _fragment(number: int, track: int, start: int, duration: int, samples: list[bytes]) -> bytes:
    """moof and mdat with one run of samples of one duration; the first alone is a key."""
    tfhd = _box(b"tfhd", (0x020000).to_bytes(4, "big") + track.to_bytes(4, "big"))
    tfdt = _box(b"tfdt", b"\x01\x00\x00\x00" + start.to_bytes(8, "big"))
    rows = b"".join(
        duration.to_bytes(4, "big")
        + len(sample).to_bytes(4, "big")
        + (0x02000000 if index == 0 else 0x01010000).to_bytes(4, "big")
        for index, sample in enumerate(samples)
    )
    size = 8 + 16 + 8 + len(tfhd) + len(tfdt) + 8 + 12 + len(rows)
    flags = (0x000701).to_bytes(4, "big")
    trun = _box(
        b"trun", flags + len(samples).to_bytes(4, "big") + (size + 8).to_bytes(4, "big") + rows
    )
    mfhd = _box(b"mfhd", bytes(4) + number.to_bytes(4, "big"))
    moof = _box(b"moof", mfhd + _box(b"traf", tfhd + tfdt + trun))
    assert len(moof) == size
    return moof + _box(b"mdat", b"".join(samples))


def _file(codec: VideoCodec, header: FileHeader) -> bytes:
    samples = [to_length_prefixed(unit, codec).data for unit in encode(codec)]
    return header.data + _fragment(1, header.video.track_id, 0, 9000, samples)


@pytest.mark.parametrize("sound", [None, AAC, ALAW, MULAW], ids=["none", "aac", "alaw", "mulaw"])
@pytest.mark.parametrize("codec", CODECS)
def test_a_file_plays(codec: VideoCodec, sound: SoundParameters | None, tmp_path: Path) -> None:
    header = file_header(_video(codec), sound)
    assert header.video.timescale == 90_000
    assert (header.sound is None) == (sound is None)
    if header.sound is not None and sound is not None:
        assert header.sound.timescale == sound.sample_rate
        assert header.sound.track_id != header.video.track_id
    data = _file(codec, header)
    with av.open(io.BytesIO(data), "r") as container:
        frames = list(container.decode(video=0))
        assert len(frames) == 6
        assert [frame.pts for frame in frames] == [index * 9000 for index in range(6)]
        assert (frames[0].width, frames[0].height) == (64, 48)
        if sound is not None:
            audio = container.streams.audio[0].codec_context
            assert (audio.name, audio.sample_rate, audio.channels) == (
                sound.codec.value, sound.sample_rate, sound.channels,
            )  # fmt: skip
    if shutil.which("ffprobe"):
        path = tmp_path / "one.mp4"
        path.write_bytes(data)
        command = ["ffprobe", "-v", "warning", "-of", "json", "-show_streams", "-count_frames"]
        done = subprocess.run([*command, path], capture_output=True, check=True, text=True)
        picture = json.loads(done.stdout)["streams"][0]
        assert picture["nb_read_frames"] == "6"
        assert picture["codec_tag_string"] == ("avc1" if codec is VideoCodec.H264 else "hvc1")
        assert float(picture["start_time"]) == 0
        if sound is None:
            assert done.stderr == ""


def test_sound_fragments_play() -> None:
    header = file_header(_video(VideoCodec.H264), ALAW)
    assert header.sound is not None
    heard = _fragment(2, header.sound.track_id, 0, 1, [b"\xd5"] * 800)
    with av.open(io.BytesIO(_file(VideoCodec.H264, header) + heard), "r") as container:
        assert sum(int(frame.samples) for frame in container.decode(audio=0)) == 800


def test_same_parameters_give_the_same_bytes_and_no_dates() -> None:
    video = _video(VideoCodec.H264)
    first, second = file_header(video, AAC), file_header(video, AAC)
    assert first == second
    for kind in (b"mvhd", b"tkhd", b"mdhd"):
        at = first.data.find(kind)
        assert at > 0
        assert first.data[at + 8 : at + 16] == bytes(8)
    assert b"elst" not in first.data
    assert b"Lavf" not in first.data


def test_wrong_parameters() -> None:
    video = _video(VideoCodec.H264)
    sps, pps = video.parameter_sets
    for sets in ((), (sps,), (pps,), (b"\x67\x64", pps), (sps[:5], pps)):
        with pytest.raises(StreamInvalidError):
            file_header(replace(video, parameter_sets=sets), None)
    with pytest.raises(StreamInvalidError):
        file_header(replace(video, codec=VideoCodec.H265), None)


@pytest.mark.parametrize(
    ("config", "rate", "channels"),
    [("1408", 16_000, 1), ("1188", 48_000, 1), ("119056E500", 48_000, 2), ("1490", 12_000, 2)],
)
def test_aac_says_its_own_rate(config: str, rate: int, channels: int) -> None:
    found = sound_parameters("aac", 8000, 6, bytes.fromhex(config))
    assert found is not None
    assert (found.sample_rate, found.channels) == (rate, channels)
    file_header(_video(VideoCodec.H264), found)


@pytest.mark.parametrize(
    ("name", "rate", "config"),
    [("aac", 8000, b""), ("aac", 8000, b"\xff" * 9), ("pcm_alaw", 0, b""), ("opus", 48_000, b"")],
)
def test_sound_that_is_not_kept(name: str, rate: int, config: bytes) -> None:
    assert sound_parameters(name, rate, 1, config) is None
