"""What a camera sends, written down packet by packet, and recorded for real.

A raw RTSP server plays the tape as fast as it is read, so an hour of odd times takes a moment; the
recorder behind it is the real one: receiver, reader thread, writer thread, files.
"""

import base64
import json
import socket
import subprocess
import threading
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import islice
from pathlib import Path

import av
import numpy as np
from av.bitstream import BitStreamFilterContext

from tests.media.raw_rtsp import RawServer, camera_talk, rtp
from tests.recording.stream_making import check_order, facts_of, media_files, scanned
from watchglass.base.clock import SystemClock
from watchglass.base.disk import Disk
from watchglass.base.ids import CameraId, random_id
from watchglass.base.retry import Backoff
from watchglass.media.bitstream import split_nal_units
from watchglass.media.rtsp import RtspSource
from watchglass.model.fact import Fact, FileOpened, GapOpened, Hole, RunEnded
from watchglass.model.gap import GapCause
from watchglass.model.stream import StreamName, Track, VideoCodec
from watchglass.recording.fragment import decode_fragment
from watchglass.recording.outbox import Outbox
from watchglass.recording.recorder import StreamRecorder
from watchglass.recording.rounds import Rounds
from watchglass.recording.volume import create_volume
from watchglass.recording.writer import StreamQueue, VolumeWriter

SOUND_SDP = b"m=audio 0 RTP/AVP 8\r\na=control:track2\r\n"
_NAMES = {VideoCodec.H264: b"H264", VideoCodec.H265: b"H265"}
_WAIT_S = 30.0


def described(codec: VideoCodec = VideoCodec.H264, sets: Iterable[bytes] = ()) -> bytes:
    """SDP of one video track, with parameter sets (of H.264) if there are any."""
    told = ",".join(base64.b64encode(each).decode() for each in sets)
    fmtp = f"a=fmtp:96 packetization-mode=1;sprop-parameter-sets={told}\r\n" if told else ""
    return (
        b"v=0\r\ns=-\r\nt=0 0\r\na=control:*\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 "
        + _NAMES[codec] + b"/90000\r\n" + fmtp.encode() + b"a=control:track1\r\n"
    )  # fmt: skip


@dataclass
class Tape:
    """Interleaved packets in order; pictures are Annex B."""

    codec: VideoCodec = VideoCodec.H264
    pieces: list[bytes] = field(default_factory=list)
    sequence: int = 0
    sound_sequence: int = 0

    def picture(self, unit: bytes, timestamp: int) -> None:
        self.nals(split_nal_units(unit), timestamp)

    def nals(self, nals: Sequence[bytes], timestamp: int) -> None:
        for at, nal in enumerate(nals):
            last = at == len(nals) - 1
            for payload, ends in _fragments(nal, 1 if self.codec is VideoCodec.H264 else 2):
                marker = last and ends
                self.pieces.append(rtp(payload, self.sequence, timestamp, marker=marker))
                self.sequence += 1

    def lose(self, packets: int = 1) -> None:
        self.sequence += packets

    def sound(self, data: bytes, timestamp: int) -> None:
        self.pieces.append(
            rtp(data, self.sound_sequence, timestamp, marker=False, channel=2, kind=8)
        )
        self.sound_sequence += 1

    def sender_report(self, ntp: int, timestamp: int) -> None:
        report = b"\x80\xc8\x00\x06\x11\x22\x33\x44" + ntp.to_bytes(8, "big")
        report += (timestamp & 0xFFFF_FFFF).to_bytes(4, "big") + bytes(8)
        self.pieces.append(b"$\x01" + len(report).to_bytes(2, "big") + report)


def _fragments(nal: bytes, header_bytes: int) -> list[tuple[bytes, bool]]:
    """A NAL unit as payloads (FU-A or FU where needed), the last one marked."""
    if len(nal) <= 1400:
        return [(nal, True)]
    pieces = [nal[at : at + 1400] for at in range(header_bytes, len(nal), 1400)]
    if header_bytes == 1:
        head, kind = bytes((nal[0] & 0xE0 | 28,)), nal[0] & 0x1F
    else:
        head, kind = bytes((nal[0] & 0x81 | 49 << 1, nal[1])), nal[0] >> 1 & 0x3F
    last = len(pieces) - 1
    return [
        (head + bytes((kind | (at == 0) << 7 | (at == last) << 6,)) + piece, at == last)
        for at, piece in enumerate(pieces)
    ]


@dataclass
class Sample:
    """A picture or sound as a file holds it; times in ticks of its track, in its run."""

    data: bytes
    media: int
    shown: int
    is_key: bool


@dataclass
class Recorded:
    """What was recorded of one or more connections."""

    files: list[Path]
    facts: list[Fact]

    @property
    def opened(self) -> list[FileOpened]:
        return [fact for fact in self.facts if isinstance(fact, FileOpened)]

    @property
    def runs(self) -> int:
        return len({fact.run for fact in self.opened})

    @property
    def causes(self) -> list[GapCause]:
        """Of the gaps, in order; that of the end is left out."""
        found = [f.cause for f in self.facts if isinstance(f, GapOpened | RunEnded | Hole)]
        return [cause for cause in found if cause is not GapCause.RECORDER_STOPPED]

    @property
    def holes(self) -> list[Hole]:
        return [fact for fact in self.facts if isinstance(fact, Hole)]

    def samples(self, track: Track = Track.VIDEO) -> list[Sample]:
        """In the order of the files' names in the facts."""
        found = []
        for opened in self.opened:
            (path,) = (p for p in self.files if f"{opened.run}-{opened.sequence:04}" in p.name)
            data = path.read_bytes()
            for entry in scanned(path).entries:
                fragment = decode_fragment(data[entry.offset : entry.offset + entry.length])
                if entry.track != track:
                    continue
                media = fragment.info.media_time
                for sample, at in zip(fragment.samples, fragment.offsets, strict=True):
                    body = data[entry.offset + at : entry.offset + at + sample.data_bytes]
                    shown = media + sample.composition_offset
                    found.append(Sample(body, media, shown, sample.is_key))
                    media += sample.duration
        return found


def record(
    tmp_path: Path, sdp: bytes | Sequence[bytes], tapes: Sequence[Tape], *, sound: bool = False
) -> Recorded:
    """Play a tape at each connection, and end when the last has been taken to its end."""
    clock, outbox = SystemClock(), Outbox(limit=1_000_000)
    volume = create_volume(tmp_path / "volume", Disk(), clock)
    writer = VolumeWriter(volume, Disk(), outbox, clock)
    writer.start()
    queue = StreamQueue(CameraId(random_id()), StreamName.MAIN, writer, 256 << 20)
    rounds = Rounds(clock, period_s=0.005)
    descriptions = [sdp] * len(tapes) if isinstance(sdp, bytes) else list(sdp)
    played = threading.Semaphore(0)

    def talk(connection: socket.socket) -> None:
        at = server.connections - 1
        if at >= len(tapes):
            played.release()
            server.ending.wait(_WAIT_S)
            return

        def send(to: socket.socket) -> None:
            to.sendall(b"".join(tapes[at].pieces))
            # Both ends of the stream are known, so the receiver can tell the last picture whole.
            to.shutdown(socket.SHUT_WR)

        camera_talk(descriptions[at], send)(connection)

    with RawServer(talk) as server:
        recorder = StreamRecorder(
            queue, lambda: RtspSource(server.url, None, sound=sound, clock=clock), clock,
            backoff=Backoff(first_s=0.01, most_s=0.01), rounds=rounds,
        )  # fmt: skip
        rounds.start()
        recorder.start()
        assert played.acquire(timeout=_WAIT_S)
        recorder.stop(GapCause.RECORDER_STOPPED)
        assert recorder.join(_WAIT_S)
        rounds.close(_WAIT_S)
    writer.finish(_WAIT_S)
    facts = facts_of(outbox)
    check_order(facts)
    return Recorded(media_files(volume.path), facts)


def plays(path: Path) -> None:
    """That ffprobe and ffmpeg find no fault in a file."""
    for command in (
        ["ffprobe", "-v", "error", "-count_packets", str(path)],
        ["ffmpeg", "-v", "error", "-xerror", "-i", str(path), "-f", "null", "-"],
    ):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, ""), (path, command)


def shown_times(path: Path) -> list[float]:
    """Presentation times in seconds as ffprobe tells them, in the order of showing."""
    done = subprocess.run(
        ["ffprobe", "-v", "error", "-select_streams", "v", "-show_frames", "-show_entries",
         "frame=pts_time", "-of", "json", str(path)],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return [float(frame["pts_time"]) for frame in json.loads(done.stdout)["frames"]]


def packets_of(path: Path) -> int:
    """How many packets of video ffprobe counts in a file, whatever it thinks of them."""
    done = subprocess.run(
        ["ffprobe", "-v", "quiet", "-select_streams", "v", "-count_packets", "-show_entries",
         "stream=nb_read_packets", "-of", "json", str(path)],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return int(json.loads(done.stdout)["streams"][0]["nb_read_packets"])


def reordered(frames: int, fps: int) -> list[tuple[bytes, int]]:
    """Access units of an encoder with B-frames, in decoding order, and when each is shown."""
    context = av.CodecContext.create("libx264", "w")
    assert isinstance(context, av.VideoCodecContext)
    context.width, context.height, context.pix_fmt = 64, 48, "yuv420p"
    context.time_base, context.framerate = Fraction(1, fps), Fraction(fps)
    context.options = {"x264-params": "bframes=2:b-adapt=0:keyint=15:repeat-headers=1"}
    noise = np.random.default_rng(7)
    packets = []
    for number in range(frames):
        picture = np.full((72, 64), 16, np.uint8)
        picture[:, number : number + 20] = noise.integers(0, 255, (72, 20), dtype=np.uint8)
        frame = av.VideoFrame.from_ndarray(picture, "yuv420p")
        frame.pts = number
        packets += context.encode(frame)
    packets += context.encode(None)
    return [(bytes(packet), packet.pts or 0) for packet in packets]


def tape_of(path: Path, most: int = 30) -> Tape | None:
    """The first pictures of a media file; None when it has none that RTSP cameras send."""
    tape = None
    with (
        suppress(av.FFmpegError, UnicodeDecodeError, ValueError, IndexError),
        av.open(path) as file,
    ):
        video = file.streams.video[0]
        codec = {"h264": VideoCodec.H264, "hevc": VideoCodec.H265}.get(video.codec.name)
        if codec is None:
            return None
        tape = Tape(codec)
        convert = BitStreamFilterContext(f"{video.codec.name}_mp4toannexb", video)
        for packet in islice(file.demux(video), most):
            for out in convert.filter(packet):
                if out.pts is not None:
                    tape.picture(bytes(out), round(out.pts * out.time_base * 90_000))
    return tape
