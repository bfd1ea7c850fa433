"""The header of a media file: ``ftyp`` and ``moov`` of a fragmented MP4.

libavformat writes it, from parameters alone: no encoder or decoder is opened. Fragments are written
elsewhere, by us; so the result also says under which track ids and time scales they must count, as
read back from the bytes.
"""

import io
import threading
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import av
from av.container import OutputContainer

from watchglass.base.errors import StreamInvalidError
from watchglass.media.av_errors import FOREIGN_ERRORS
from watchglass.media.parameter_sets import ParameterSets
from watchglass.model.stream import SoundCodec, SoundParameters, VideoCodec, VideoParameters

# `empty_moov`: the header first, and complete. `skip_trailer`: nothing after it.
_MOVFLAGS = "empty_moov+default_base_moof+skip_trailer"

_FORMATS = {VideoCodec.H264: "h264", VideoCodec.H265: "hevc", VideoCodec.MJPEG: "mjpeg"}
_TAGS = {VideoCodec.H264: "avc1", VideoCodec.H265: "hvc1"}

# One empty ADTS frame: libavformat takes no AAC from nothing. All that it says is replaced.
_ADTS = bytes.fromhex("fff15040015ffc") + bytes.fromhex("de04")


@dataclass(frozen=True, slots=True)
class TrackHeader:
    """A track as the header declares it. ``timescale`` counts per second."""

    track_id: int
    timescale: int


@dataclass(frozen=True, slots=True)
class FileHeader:
    """``ftyp`` and ``moov``, and how fragments must refer to them."""

    data: bytes
    video: TrackHeader
    sound: TrackHeader | None


def file_header(video: VideoParameters, sound: SoundParameters | None) -> FileHeader:
    """The header for these parameters; the same bytes for the same parameters.

    StreamInvalidError when the parameter sets are incomplete or libavformat refuses them.
    """
    sets = ParameterSets(video.codec, video.parameter_sets)
    if not sets.complete:
        raise StreamInvalidError("The camera has not described its picture completely.")
    sets.sequence()
    problem = StreamInvalidError("The camera's description of its stream fits into no file.")
    try:
        header = _read_back(_write(video, sets, sound))
    except FOREIGN_ERRORS as error:
        raise problem from error
    if header.video.timescale != video.timescale or (
        sound is not None and (header.sound is None or header.sound.timescale != sound.sample_rate)
    ):
        raise problem
    return header


def _write(video: VideoParameters, sets: ParameterSets, sound: SoundParameters | None) -> bytes:
    file = io.BytesIO()
    # The mp4 muxer refuses G.711, which QuickTime has a name for.
    g711 = sound is not None and sound.codec is not SoundCodec.AAC
    with av.open(
        file,
        "w",
        format="mov" if g711 else "mp4",
        options={
            "movflags": _MOVFLAGS,
            "video_track_timescale": str(video.timescale),
            "use_editlist": "0",
            "fflags": "+bitexact",
        },
    ) as out:
        _add_video(out, video, sets)
        if sound is not None:
            _add_sound(out, sound)
        out.start_encoding()
        # The muxer's own end: with no sample it would only add an index of nothing.
        data = file.getvalue()
    return data or file.getvalue()


def _add_video(out: OutputContainer, video: VideoParameters, sets: ParameterSets) -> None:
    stream: Any = out.add_stream_from_template(_template(_FORMATS[video.codec]), opaque=True)
    stream.time_base = Fraction(1, video.timescale)
    context = stream.codec_context
    context.width, context.height = video.width, video.height
    if video.codec in _TAGS:
        context.extradata = b"".join(b"\x00\x00\x00\x01" + nal for nal in sets.in_order)
        context.codec_tag = _TAGS[video.codec]


def _add_sound(out: OutputContainer, sound: SoundParameters) -> None:
    form = {"aac": "aac", "pcm_alaw": "alaw", "pcm_mulaw": "mulaw"}[sound.codec.value]
    stream: Any = out.add_stream_from_template(_template(form), opaque=True)
    stream.time_base = Fraction(1, sound.sample_rate)
    context = stream.codec_context
    context.sample_rate = sound.sample_rate
    context.layout = {1: "mono", 2: "stereo"}.get(sound.channels, f"{sound.channels}c")
    if sound.extradata:
        context.extradata = sound.extradata


# --- templates ------------------------------------------------------------------------------------

_templates: dict[str, Any] = {}
_templates_lock = threading.Lock()


def _template(form: str) -> Any:
    """A stream of a kind, made once: PyAV copies output streams only from input streams."""
    with _templates_lock:
        if form not in _templates:
            start = _ADTS if form == "aac" else b""
            _templates[form] = av.open(io.BytesIO(start), "r", format=form)
        return _templates[form].streams[0]


# --- reading back ---------------------------------------------------------------------------------


def _boxes(data: bytes, start: int, end: int) -> list[tuple[bytes, int, int]]:
    """The boxes in ``data[start:end]``: type, and where their payload starts and ends."""
    found = []
    while start + 8 <= end:
        size = int.from_bytes(data[start : start + 4], "big")
        if not 8 <= size <= end - start:
            raise ValueError("a box is longer than what holds it")
        found.append((data[start + 4 : start + 8], start + 8, start + size))
        start += size
    return found


def _child(data: bytes, start: int, end: int, *path: bytes) -> tuple[int, int]:
    for kind in path:
        start, end = next((s, e) for k, s, e in _boxes(data, start, end) if k == kind)
    return start, end


def _read_back(data: bytes) -> FileHeader:
    """Track ids and time scales (14496-12, 8.3.2 and 8.4.2), and that nothing follows ``moov``."""
    top = _boxes(data, 0, len(data))
    if [kind for kind, _, _ in top] != [b"ftyp", b"moov"]:
        raise ValueError("the header is not ftyp and moov")
    tracks: dict[bytes, TrackHeader] = {}
    for kind, start, end in _boxes(data, top[1][1], top[1][2]):
        if kind != b"trak":
            continue
        at, _ = _child(data, start, end, b"tkhd")
        track_id = int.from_bytes(data[at + 12 : at + 16], "big")
        at, _ = _child(data, start, end, b"mdia", b"mdhd")
        timescale = int.from_bytes(data[at + 12 : at + 16], "big")
        at, _ = _child(data, start, end, b"mdia", b"hdlr")
        tracks[data[at + 8 : at + 12]] = TrackHeader(track_id, timescale)
    return FileHeader(data, tracks[b"vide"], tracks.get(b"soun"))
