"""Codec strings and single-track headers of all that is recorded."""

import pytest

from tests.media.encoded import encode
from watchglass.base.errors import DamagedError, NotFoundError
from watchglass.base.ids import CameraId, RunId
from watchglass.media.bitstream import to_length_prefixed
from watchglass.media.header import file_header
from watchglass.media.parameter_sets import ParameterSets
from watchglass.model.stream import SoundCodec, SoundParameters, StreamName, Track, VideoCodec
from watchglass.recording.boxes import walk
from watchglass.recording.fileheader import HEADER_BOX_BYTES, FileInfo, encode_header_box
from watchglass.recording.track import G711_MIME, track_header

AAC = SoundParameters(SoundCodec.AAC, 16_000, 1, bytes.fromhex("1408"))
ALAW = SoundParameters(SoundCodec.PCM_ALAW, 8000, 1)
MULAW = SoundParameters(SoundCodec.PCM_MULAW, 16_000, 2)


def header(codec: VideoCodec, sound: SoundParameters | None) -> bytes:
    sets = ParameterSets(codec)
    sets.update(to_length_prefixed(encode(codec, 128, 96, 1)[0], codec).parameter_sets)
    info = FileInfo(
        CameraId("c" * 32), StreamName.MAIN, RunId("1" * 32), 0, 0, 0, 90_000,
        sound.sample_rate if sound else 0, 0,
    )  # fmt: skip
    return file_header(sets.parameters(), sound).data + encode_header_box(info)


@pytest.mark.parametrize("sound", [None, AAC, ALAW, MULAW])
@pytest.mark.parametrize("codec", [VideoCodec.H264, VideoCodec.H265])
def test_picture(codec: VideoCodec, sound: SoundParameters | None) -> None:
    found = track_header(header(codec, sound), Track.VIDEO)
    start = "avc1." if codec is VideoCodec.H264 else "hvc1.1.6.L"
    assert found.codec.startswith(start)
    assert found.mime == f'video/mp4; codecs="{found.codec}"'
    assert (found.width, found.height) == (128, 96)
    assert [box.type for box in walk(found.init)] == [b"ftyp", b"moov"]
    assert found.init.count(b"trak") == 1
    assert b"soun" not in found.init


def test_aac_is_a_track_of_its_own() -> None:
    found = track_header(header(VideoCodec.H264, AAC), Track.SOUND)
    assert (found.codec, found.mime) == ("mp4a.40.2", 'audio/mp4; codecs="mp4a.40.2"')
    assert (found.sample_rate, found.channels) == (16_000, 1)
    assert b"vide" not in found.init
    assert found.init.count(b"trex") == 1


@pytest.mark.parametrize(("sound", "codec"), [(ALAW, "pcma"), (MULAW, "pcmu")])
def test_g711_has_no_header(sound: SoundParameters, codec: str) -> None:
    found = track_header(header(VideoCodec.H264, sound), Track.SOUND)
    assert (found.codec, found.mime, found.init) == (codec, G711_MIME, b"")
    assert (found.sample_rate, found.channels) == (sound.sample_rate, sound.channels)


def test_no_sound_and_nonsense() -> None:
    whole = header(VideoCodec.H264, None)
    with pytest.raises(NotFoundError):
        track_header(whole, Track.SOUND)
    for cut in range(8, len(whole) - HEADER_BOX_BYTES, 7):
        with pytest.raises((DamagedError, NotFoundError)):
            track_header(whole[:cut], Track.VIDEO)
