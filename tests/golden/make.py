"""Make a small archive of every kind of bytes: ``python -m tests.golden.make FOLDER``.

``v1`` beside this file was made so, once, and never changes: it is what later versions must open.
Ids, keys, salts and times are fixed; pictures depend on the encoder that is installed.

One camera was added, paused, disabled and enabled, and recorded: an old file that retention took,
then a run of a silent file, a file with sound and one that was cut off by a crash, over the end of
a month. A second camera was removed. The times of the clock are UTC.
"""

import hashlib
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from watchglass.base.clock import NS_PER_S, SimulatedClock
from watchglass.base.disk import Disk
from watchglass.base.ids import CameraId, RunId
from watchglass.media.bitstream import to_length_prefixed
from watchglass.media.encode import VideoEncoder, VideoEncoding, encode_g711
from watchglass.media.header import file_header
from watchglass.model.stream import (
    SoundCodec,
    SoundParameters,
    StreamName,
    Track,
    VideoCodec,
    VideoParameters,
)
from watchglass.recording.commitment import TextStore, commit
from watchglass.recording.fileheader import FileInfo, encode_header_box
from watchglass.recording.footer import Entry, encode_footer, file_root
from watchglass.recording.fragment import FragmentInfo, Sample, encode_fragment, flags_of
from watchglass.recording.heads import HeadChain, OpenFile
from watchglass.recording.keys import ALGORITHM, SigningKey
from watchglass.recording.ledger import Ledger
from watchglass.recording.mediapath import media_path
from watchglass.recording.merkle import leaf_hash, tree_hash
from watchglass.recording.placement import wall_at

WIDTH, HEIGHT, FPS = 160, 96, 15
FRAME_TICKS = 90_000 // FPS
FILE_S = 2
GOP = 15
PICTURES_A_FRAGMENT = 6
SOUND_RATE = 8_000
SOUND_PACKET = 160
RATE_PPB = 12_500
START_NS = 1_769_903_820 * NS_PER_S  # 2026-01-31T23:57:00Z


def fixed_id(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()[:32]


CAMERA = CameraId(fixed_id("camera"))
REMOVED = CameraId(fixed_id("removed camera"))
OLD_RUN, RUN = RunId(fixed_id("old run")), RunId(fixed_id("run"))
VOLUME = fixed_id("volume")
MAIN = StreamName.MAIN.value


@dataclass
class Media:
    """One file in the making."""

    info: FileInfo
    header: bytes
    path: Path
    entries: list[Entry] = field(default_factory=list)
    data: bytes = b""

    @property
    def root(self) -> bytes:
        return file_root(leaf_hash(self.header), self.entries)


def pictures(count: int) -> Iterator[tuple[bytes, bool]]:
    """Access units of a bright square that crosses a grey ramp; and whether each is a key frame."""
    encoder = VideoEncoder(VideoEncoding("h264", WIDTH, HEIGHT, FPS, 60_000, constant_rate=False))
    ramp = np.full((HEIGHT * 3 // 2, WIDTH), 128, dtype=np.uint8)
    ramp[:HEIGHT] = np.linspace(40, 160, WIDTH, dtype=np.uint8)
    units: list[bytes] = []
    for number in range(count):
        picture = ramp.copy()
        picture[32:56, number % 130 : number % 130 + 24] = 230
        units += encoder.encode(picture, key=number % GOP == 0)
    units += encoder.flush()
    assert len(units) == count
    for number, unit in enumerate(units):
        yield unit, number % GOP == 0


class Maker:
    """Writes everything under one folder."""

    def __init__(self, folder: Path) -> None:
        self.volume = folder / "volume"
        self.state = folder / "state"
        self.disk = Disk()
        self.clock = SimulatedClock(START_NS)
        self.key = SigningKey(hashlib.sha256(b"golden key").digest())
        self.ledgers: dict[str, Ledger] = {}
        self.chains: dict[str, HeadChain] = {}
        self.media: list[Media] = []
        self.next_fragment = 0

    # --- ledgers ---

    def start_ledger(self, name: str) -> Ledger:
        folder = self.state / "ledger" / name
        epoch = fixed_id(f"epoch of {name}")
        ledger = Ledger.open(folder, self.disk, self.clock, ledger=name, epoch=epoch)
        self.ledgers[name] = ledger
        self.chains[name] = HeadChain(folder / "heads", self.disk, name, epoch)
        key = {"key": self.key.key_id, "algorithm": ALGORITHM, "public_key": self.key.public_hex}
        ledger.append("key", key)
        return ledger

    def text(self, ledger: Ledger, text: str) -> str:
        made = commit(text, hashlib.sha256(text.encode()).digest())
        TextStore(ledger.folder / "texts", self.disk).put(
            made, self.clock.wall_ns(), personal=False
        )
        return made.hex

    def sign(self, name: str, open_files: list[OpenFile]) -> None:
        ledger = self.ledgers[name]
        now_ns = self.clock.wall_ns()
        self.chains[name].sign(self.key, now_ns, ledger.size, ledger.root(), open_files)

    def wall(self) -> str:
        return str(self.clock.wall_ns())

    def sleep(self, seconds: float) -> None:
        self.clock.advance(round(seconds * NS_PER_S))

    # --- media ---

    def open_file(self, units: list[tuple[bytes, bool]], sequence: int, sound: bool) -> Media:
        sets = to_length_prefixed(units[0][0], VideoCodec.H264).parameter_sets
        video = VideoParameters(VideoCodec.H264, sets, WIDTH, HEIGHT)
        law = SoundParameters(SoundCodec.PCM_ALAW, SOUND_RATE, 1) if sound else None
        info = FileInfo(
            CAMERA,
            StreamName.MAIN,
            RUN,
            sequence,
            self.next_fragment,
            sequence * FILE_S * 90_000,
            90_000,
            SOUND_RATE if sound else 0,
            self.clock.wall_ns(),
        )
        header = file_header(video, law).data + encode_header_box(info)
        path = media_path(self.volume, CAMERA, StreamName.MAIN, info.wall_ns, RUN, sequence)
        made = Media(info, header, path, data=header)
        self.media.append(made)
        self.ledgers[CAMERA].append(
            "file_opened",
            {
                "run": RUN,
                "stream": MAIN,
                "sequence": sequence,
                "volume": VOLUME,
                "wall": str(info.wall_ns),
                "media": str(info.media_from),
                "first_fragment": str(info.first_fragment),
                "header": leaf_hash(header).hex(),
                "codec": "h264",
                "width": WIDTH,
                "height": HEIGHT,
                "sound": "pcm_alaw" if sound else "",
            },
        )
        self.place(info, final=False)
        return made

    def write(
        self, media: Media, track: Track, after: int, samples: list[Sample], data: bytes
    ) -> None:
        info = media.info
        own = FragmentInfo(
            info.camera,
            info.stream,
            info.run,
            self.next_fragment,
            track,
            flags_of(track, samples),
            info.media_start(track) + after,
            info.timescale(track),
            info.wall_ns + after * NS_PER_S // info.timescale(track),
        )
        encoded = encode_fragment(own, samples, data, after)
        media.entries.append(
            Entry(
                own.number,
                len(media.data),
                len(encoded),
                track,
                own.flags,
                own.media_time,
                sum(sample.duration for sample in samples),
                len(samples),
                own.wall_ns,
                leaf_hash(encoded),
            )
        )
        media.data += encoded
        self.next_fragment += 1

    def fill(self, media: Media, units: list[tuple[bytes, bool]], sound: bytes) -> None:
        for first in range(0, len(units), PICTURES_A_FRAGMENT):
            some = units[first : first + PICTURES_A_FRAGMENT]
            pieces = [to_length_prefixed(unit, VideoCodec.H264).data for unit, _ in some]
            samples = [
                Sample(len(piece), FRAME_TICKS, key, 0)
                for piece, (_, key) in zip(pieces, some, strict=True)
            ]
            self.write(media, Track.VIDEO, first * FRAME_TICKS, samples, b"".join(pieces))
            begin = first * SOUND_RATE // FPS
            end = (first + len(some)) * SOUND_RATE // FPS
            heard = sound[begin:end]
            if heard:
                cuts = range(0, len(heard), SOUND_PACKET)
                sizes = [len(heard[cut : cut + SOUND_PACKET]) for cut in cuts]
                packets = [Sample(size, size, True, 0) for size in sizes]
                self.write(media, Track.SOUND, begin, packets, heard)

    def close_file(self, media: Media) -> None:
        leaf = leaf_hash(media.header)
        media.data += encode_footer(
            len(media.header), leaf, media.entries, media.root, len(media.data)
        )
        ends = media.info.media_from + FILE_S * 90_000
        closed = {
            "run": RUN,
            "stream": MAIN,
            "sequence": media.info.sequence,
            "length": str(len(media.data)),
            "fragments": len(media.entries),
            "root": media.root.hex(),
            "media": str(ends),
            "recovered": False,
        }
        self.ledgers[CAMERA].append("file_closed", closed)
        self.place(media.info, final=True)

    def place(self, info: FileInfo, *, final: bool) -> None:
        """Each file begins where the one before it ends; the camera's clock is a little slow."""
        run_wall = self.media[0].info.wall_ns - 40_000_000
        self.ledgers[CAMERA].append(
            "placed",
            {
                "run": RUN,
                "stream": MAIN,
                "sequence": info.sequence,
                "media": str(info.media_from),
                "wall": str(wall_at(info.media_from, 0, run_wall, RATE_PPB)),
                "rate_ppb": RATE_PPB,
                "final": final,
            },
        )

    def store(self, media: Media) -> None:
        media.path.parent.mkdir(parents=True, exist_ok=True)
        media.path.write_bytes(media.data)

    # --- the story ---

    def gap(self, cause: str, seconds: float, **ends: str) -> None:
        """A gap that begins now and ends after some seconds."""
        ledger = self.ledgers[CAMERA]
        named = {"gap": fixed_id(f"gap {ledger.size}"), "stream": MAIN}
        ledger.append("gap_opened", {**named, "cause": cause, "wall": self.wall()})
        self.sleep(seconds)
        ledger.append("gap_closed", {**named, "wall": self.wall(), **ends})

    def before_the_run(self) -> None:
        site, ledger = self.start_ledger("site"), self.start_ledger(CAMERA)
        site.append("recorder_started", {"version": "0.1.0"})
        site.append("recorder_stopped", {})
        site.append("recorder_started", {"version": "0.1.0"})
        by, why = self.text(ledger, "ada"), self.text(ledger, "roof work")
        site.append("camera_added", {"camera": CAMERA, "by": self.text(site, "ada")})
        name, address = self.text(ledger, "Yard, north"), self.text(ledger, "192.0.2.7")
        ledger.append("camera_added", {"streams": [MAIN], "name": name, "address": address})
        ledger.append("device", {"identity": self.text(ledger, "Example IPC 00:00:5e:00:53:01")})
        self.gap("camera_unreachable", 5)
        site.append("camera_paused", {"camera": CAMERA})
        ledger.append("camera_paused", {"until": self.wall(), "by": by, "reason": why})
        self.gap("paused", 10)
        site.append("camera_enabled", {"camera": CAMERA})
        ledger.append("camera_enabled", {"by": by})
        ledger.append("camera_disabled", {"reason": why})
        self.gap("disabled", 10)
        ledger.append("camera_enabled", {})
        self.gap("waiting_key_frame", 1, run=OLD_RUN)
        self.old_run(ledger)
        self.sign(CAMERA, [])
        site.append("sound_changed", {"camera": CAMERA, "on": True})
        removed = self.start_ledger(REMOVED)
        streams = [MAIN, "sub"]
        removed.append("camera_added", {"streams": streams, "name": by, "address": address})
        removed.append("camera_removed", {"by": by})
        site.append("camera_removed", {"camera": REMOVED})
        self.sign(REMOVED, [])
        self.sign("site", [])

    def old_run(self, ledger: Ledger) -> None:
        """A run whose only file retention has taken since."""
        named = {"run": OLD_RUN, "stream": MAIN}
        began = self.wall()
        header, root = leaf_hash(b"a header that is gone"), tree_hash([leaf_hash(b"gone")])
        ledger.append("run_started", {**named, "wall": began})
        opened = {"volume": VOLUME, "wall": began, "media": "0", "first_fragment": "0"}
        shape = {"header": header.hex(), "codec": "h265", "width": 640, "height": 360, "sound": ""}
        ledger.append("file_opened", {**named, "sequence": 0, **opened, **shape})
        self.sleep(10)
        closed = {"length": "123456", "fragments": 25, "media": "900000", "recovered": True}
        ledger.append("file_closed", {**named, "sequence": 0, "root": root.hex(), **closed})
        placed = {"media": "0", "wall": began, "rate_ppb": 0}
        ledger.append("placed", {**named, "sequence": 0, **placed, "final": False})
        ledger.append("placed", {**named, "sequence": 0, **placed, "final": True})
        ledger.append("run_ended", {**named, "media": "900000"})
        gap = {"gap": fixed_id("gap after the old run"), "stream": MAIN}
        ledger.append(
            "gap_opened", {**gap, "cause": "stalled", "wall": self.wall(), "run": OLD_RUN}
        )
        self.sleep(142)  # the run begins 2 s before the month ends
        ledger.append("gap_closed", {**gap, "wall": self.wall(), "run": RUN})
        gone = {"cause": "retention", "files": [[OLD_RUN, 0, root.hex()]]}
        ledger.append("files_deleted", gone)

    def the_run(self) -> None:
        ledger = self.ledgers[CAMERA]
        units = list(pictures(3 * FILE_S * FPS))
        tone = np.sin(np.arange(2 * FILE_S * SOUND_RATE) * (2 * np.pi * 440 / SOUND_RATE))
        law = encode_g711((tone * 8000).astype(np.int16), "pcm_alaw", SOUND_RATE)
        per_file, sound_bytes = FILE_S * FPS, FILE_S * SOUND_RATE
        ledger.append("run_started", {"run": RUN, "stream": MAIN, "wall": self.wall()})
        for sequence in range(3):
            own = units[sequence * per_file : (sequence + 1) * per_file]
            if sequence == 1:
                ledger.append("sound_changed", {"on": True})
            if sequence == 2:
                self.notes()
            media = self.open_file(own, sequence, sound=sequence > 0)
            heard = law[(sequence - 1) * sound_bytes : sequence * sound_bytes] if sequence else b""
            self.fill(media, own, heard)
            if sequence == 2:  # the machine lost power inside the last fragment
                media.data = media.data[:-100]
                media.entries.pop()
            part = OpenFile(RUN, StreamName.MAIN, sequence, len(media.entries), media.root)
            self.sleep(FILE_S)
            self.sign(CAMERA, [part])
            if sequence < 2:
                self.close_file(media)
            self.store(media)
        self.sign("site", [])

    def notes(self) -> None:
        """Lines of every other kind, written while the run goes on."""
        site, ledger = self.ledgers["site"], self.ledgers[CAMERA]
        broke = {"run": RUN, "stream": MAIN, "wall": self.wall(), "what": "late"}
        ledger.append("sound_broke", broke)
        inside = {"gap": fixed_id("gap inside"), "stream": MAIN, "wall": self.wall(), "run": RUN}
        ledger.append("gap_opened", {**inside, "cause": "camera_dropped", "media": "90000"})
        ledger.append("gap_closed", {**inside, "media": "180000"})
        hold = {"hold": fixed_id("hold")}
        span = {"from": str(START_NS), "to": self.wall()}
        why = {"by": self.text(ledger, "ada"), "reason": self.text(ledger, "case 17 – Tür")}
        ledger.append("hold_set", {**hold, **span, **why})
        ledger.append("hold_lifted", {**hold, **why})
        site.append("clip", {"camera": CAMERA, "stream": MAIN, **span})
        site.append("index_rebuilt", {})

    def write_marks(self) -> None:
        mark = {"format": 1, "volume": VOLUME, "created": str(START_NS)}
        (self.volume / "volume.json").write_text(json.dumps(mark) + "\n")
        alive = {"v": 1, "wall": self.wall(), "boottime": "5000000000", "boot": fixed_id("boot")}
        text = json.dumps({**alive, "state": "running"}).ljust(511) + "\n"
        for folder in (self.volume, self.state):
            (folder / "alive").write_text(text)

    def copy_ledger(self) -> None:
        source = self.state / "ledger" / CAMERA
        target = self.volume / CAMERA / "ledger"
        for path in sorted(source.rglob("*.json*")):
            copied = target / path.relative_to(source)
            copied.parent.mkdir(parents=True, exist_ok=True)
            copied.write_bytes(path.read_bytes())


def expected_of(maker: Maker, folder: Path) -> dict[str, object]:
    """What a reader must come to, and the hash of every file."""
    media = [
        {
            "path": made.path.relative_to(maker.volume).as_posix(),
            "length": len(made.data),
            "closed": made.data.endswith(b"WGft"),
            "header_bytes": len(made.header),
            "header_leaf": leaf_hash(made.header).hex(),
            "whole_bytes": made.entries[-1].offset + made.entries[-1].length,
            "first_fragment": made.info.first_fragment,
            "tracks": "".join("vs"[entry.track] for entry in made.entries),
            "leaves": [entry.leaf.hex() for entry in made.entries],
            "root": made.root.hex(),
        }
        for made in maker.media
    ]
    ledgers = {
        name: {
            "size": ledger.size,
            "root": ledger.root().hex(),
            "epoch": ledger.epoch,
            "types": [line.type for line in ledger.lines()],
        }
        for name, ledger in maker.ledgers.items()
    }
    files = {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
    key = {"id": maker.key.key_id, "public_key": maker.key.public_hex}
    ids = {"camera": CAMERA, "run": RUN, "volume": VOLUME}
    return {**ids, "key": key, "media": media, "ledgers": ledgers, "files": files}


def make(folder: Path) -> None:
    """Write an archive into a folder that does not exist yet."""
    folder.mkdir(parents=True)
    maker = Maker(folder)
    maker.before_the_run()
    maker.the_run()
    maker.write_marks()
    maker.copy_ledger()
    expected = expected_of(maker, folder)
    for name, ledger in maker.ledgers.items():
        ledger.close()
        maker.chains[name].close()
    text = json.dumps(expected, indent=1, ensure_ascii=False)
    (folder / "expected.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    make(Path(sys.argv[1]))
