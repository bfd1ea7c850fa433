"""A clip holds every picture between its bounds once, and says what it does not hold."""

import contextlib
import errno
import os
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from urllib.parse import urlsplit

import av
import numpy as np
import pytest

from tests.recording.clip_making import (
    FRAME_NS,
    MAIN,
    Recorded,
    boxes,
    numbers,
    packet_times,
)
from tests.recording.clip_twin import compared, laid_out, same, written
from tests.recording.keeper_making import QuietDisk
from tests.recording.stream_making import FPS, GOP, TroubledDisk
from watchglass.base.clock import NS_PER_S, SystemClock
from watchglass.base.disk import Disk, WriteSite
from watchglass.base.errors import (
    DamagedError,
    DiskFullError,
    NotFoundError,
    RefusedError,
    UsageError,
    VolumeMissingError,
    WatchglassError,
    WriteFailedError,
)
from watchglass.base.ids import CameraId, random_id
from watchglass.base.secret import Secret
from watchglass.bus.proof import Key
from watchglass.media.bitstream import to_length_prefixed
from watchglass.media.encode import VideoCodecName
from watchglass.media.parameter_sets import ParameterSets
from watchglass.media.rtsp import RtspSource
from watchglass.model.assignment import AssignedCamera, AssignedStream
from watchglass.model.camera import Credentials
from watchglass.model.gap import GapCause
from watchglass.model.order import AddCamera, Ordered
from watchglass.model.stream import (
    Packet,
    Track,
    VideoCodec,
    VideoParameters,
)
from watchglass.model.way import Stand, Way
from watchglass.recording.assembler import Assembler, Limits
from watchglass.recording.clip import write_clip
from watchglass.recording.clipplan import plan_clip
from watchglass.recording.desk import KeeperLimits
from watchglass.recording.keeper import Keeper
from watchglass.recording.keeper_service import KeeperService
from watchglass.recording.volume import create_volume
from watchglass.recording.worker import CameraWorker
from watchglass.simulate.process import Simulator
from watchglass.store.index import IndexStore


@pytest.fixture
def recorded(tmp_path: Path) -> Iterator[Recorded]:
    made = Recorded(tmp_path)
    yield made
    made.site.stop_keeper()


# --- what is in it ----------------------------------------------------------------------------


def test_every_picture_once_across_files(recorded: Recorded) -> None:
    recorded.feed(200)
    result = recorded.clip(recorded.at(37), recorded.at(149))
    (file,) = result.files
    assert file.path == recorded.folder / "clip.mp4"
    assert numbers(file.path) == list(range(30, 149))
    assert boxes(file.path)[:2] == [b"ftyp", b"moov"]
    assert result.from_ns == recorded.at(30)
    assert result.to_ns == recorded.at(149)
    assert (file.pictures, file.codec, file.width, file.height) == (119, "h264", 64, 48)
    assert file.length == file.path.stat().st_size
    assert result.missing == ()
    assert recorded.leftovers == []


def test_any_bounds(recorded: Recorded) -> None:
    recorded.feed(95)
    recorded.stream.end(GapCause.STALLED)
    recorded.told()
    for first, last in [(0, 1), (9, 10), (10, 30), (29, 31), (30, 60), (59, 95), (61, 62)]:
        last_ns = recorded.at(last) if last < 95 else recorded.at(94) + FRAME_NS
        path = recorded.clip(recorded.at(first), last_ns, f"{first}.mp4").files[0].path
        assert numbers(path) == list(range(first // GOP * GOP, last))


def test_samples_are_the_cameras_own(recorded: Recorded) -> None:
    recorded.feed(60)
    path = recorded.clip(recorded.at(0), recorded.at(50)).files[0].path
    with av.open(str(path)) as file:
        taken = [bytes(packet) for packet in file.demux(video=0) if packet.size]
    assert taken == recorded.stream.fed[:50]


def test_gap_between_runs_is_skipped_and_told(recorded: Recorded) -> None:
    recorded.feed(40)
    recorded.stream.end(GapCause.STALLED)
    recorded.told()
    recorded.site.clock.advance(20 * NS_PER_S)
    recorded.feed(40)
    result = recorded.clip(recorded.at(5), recorded.at(75))
    (file,) = result.files
    assert numbers(file.path) == list(range(75))
    assert [span.cause for span in result.missing] == [GapCause.STALLED]
    assert result.missing[0].seconds == pytest.approx(20, abs=0.2)
    with av.open(str(file.path)) as opened:
        assert opened.duration == pytest.approx(75 * FRAME_NS // 1000, abs=2000)


def test_hole_in_a_run_is_skipped_and_told(recorded: Recorded) -> None:
    recorded.feed(35)
    recorded.stream.skip(5)
    recorded.feed(40)
    result = recorded.clip(recorded.at(12), recorded.at(70))
    # What follows a hole up to the next key frame cannot be decoded.
    assert numbers(result.files[0].path) == [*range(10, 35), *range(40, 70)]
    assert [span.cause for span in result.missing] == [GapCause.CAMERA_DROPPED]
    with av.open(str(result.files[0].path)) as opened:
        assert opened.duration == pytest.approx(55 * FRAME_NS // 1000, abs=2000)
    # A clip that begins inside the hole begins where it ends.
    assert numbers(recorded.clip(recorded.at(37), recorded.at(50), "b.mp4").files[0].path) == [
        *range(40, 50)
    ]


def test_open_file_is_taken_up_to_its_last_whole_fragment(recorded: Recorded) -> None:
    recorded.feed(49)
    result = recorded.clip(recorded.at(31), recorded.at(48) + NS_PER_S)
    found = numbers(result.files[0].path)
    assert found == list(range(30, 30 + len(found)))
    # The last fragment is not closed yet.
    assert 40 <= found[-1] < 48
    assert result.to_ns == recorded.at(found[-1] + 1)
    (tail,) = result.missing
    assert tail.from_ns == result.to_ns


def test_two_runs_at_once_are_both_in_it(recorded: Recorded) -> None:
    recorded.feed(60)
    recorded.stream.end(GapCause.CLOCK_STEP)
    recorded.told()
    recorded.site.clock.step_wall(-3 * NS_PER_S)
    recorded.feed(60)
    recorded.stream.end(GapCause.STALLED)
    recorded.told()
    result = recorded.clip(recorded.at(0), recorded.at(119))
    assert numbers(result.files[0].path) == list(range(119))
    assert len(result.overlaps) == 1


def test_change_of_size_makes_several_files(recorded: Recorded) -> None:
    recorded.feed(45)
    recorded.stream.use_size(96)
    recorded.feed(55)
    result = recorded.clip(recorded.at(20), recorded.at(80))
    assert [file.path.name for file in result.files] == ["clip-1.mp4", "clip-2.mp4"]
    assert [file.width for file in result.files] == [64, 96]
    found = [numbers(file.path) for file in result.files]
    assert found[0] + found[1] == list(range(20, 80))
    assert result.files[1].from_ns == result.files[0].to_ns


def test_file_before_of_another_size_is_not_in_it(recorded: Recorded) -> None:
    recorded.feed(50)
    recorded.stream.use_size(96)
    recorded.feed(50)
    (file,) = recorded.clip(recorded.at(52), recorded.at(70)).files
    assert file.width == 96
    assert numbers(file.path) == list(range(50, 70))


def test_g711_becomes_quicktime(tmp_path: Path) -> None:
    recorded = Recorded(tmp_path, sound=True)
    recorded.feed(90)
    result = recorded.clip(recorded.at(20), recorded.at(70))
    (file,) = result.files
    assert (file.path.name, file.sound) == ("clip.mov", "pcm_alaw")
    assert numbers(file.path) == list(range(20, 70))
    with av.open(str(file.path)) as opened:
        times = [packet_times(packet) for packet in opened.demux(audio=0) if packet.size]
        starts, seconds = times[0][0], sum(end - begins for begins, end in times)
    assert starts == pytest.approx(0, abs=0.02)
    assert seconds == pytest.approx(5, abs=0.15)
    recorded.site.stop_keeper()


def test_sound_does_not_outrun_the_picture_over_a_gap(tmp_path: Path) -> None:
    recorded = Recorded(tmp_path, sound=True)
    recorded.feed(40)
    recorded.stream.skip(5)
    recorded.feed(45)
    recorded.stream.end(GapCause.STALLED)
    recorded.told()
    recorded.feed(40)
    (file,) = recorded.clip(recorded.at(0), recorded.at(120)).files
    with av.open(str(file.path)) as opened:
        ends = {"audio": 0.0, "video": 0.0}
        for packet in opened.demux():
            if packet.size:
                ends[packet.stream.type] = max(ends[packet.stream.type], packet_times(packet)[1])
    assert ends["audio"] == pytest.approx(ends["video"], abs=0.3)
    recorded.site.stop_keeper()


# --- pictures that are not shown in the order in which they come ------------------------------


def _b_frames(count: int) -> tuple[list[tuple[Packet, bytes]], VideoParameters]:
    context = av.CodecContext.create("libx264", "w")
    assert isinstance(context, av.VideoCodecContext)
    context.width, context.height, context.pix_fmt = 64, 48, "yuv420p"
    context.time_base, context.framerate = Fraction(1, FPS), Fraction(FPS)
    context.options = {
        "preset": "ultrafast",
        "x264-params": "bframes=2:b-adapt=0:keyint=10:min-keyint=10:scenecut=0:repeat-headers=1",
    }
    noise = np.random.default_rng(3)
    packets = []
    for index in range(count):
        picture = noise.integers(0, 255, (72, 64), dtype=np.uint8)
        frame = av.VideoFrame.from_ndarray(picture, "yuv420p")
        frame.pts = index
        packets += list(context.encode(frame))
    packets += list(context.encode(None))
    sets = ParameterSets(VideoCodec.H264)
    found = []
    step = 90_000 // FPS
    for at, packet in enumerate(packets):
        sample = to_length_prefixed(bytes(packet), VideoCodec.H264)
        sets.update(sample.parameter_sets)
        assert packet.pts is not None
        assert packet.dts is not None
        made = Packet(
            Track.VIDEO, b"", packet.pts * step, packet.dts * step, 90_000, sample.is_key,
            at * FRAME_NS, at * FRAME_NS,
        )  # fmt: skip
        found.append((made, sample.data))
    return found, sets.parameters()


def test_b_frames(recorded: Recorded) -> None:
    packets, parameters = _b_frames(100)
    assert any(packet.pts != packet.dts for packet, _ in packets)
    queue = recorded.stream.queue
    assembler = Assembler(recorded.camera, MAIN, queue, limits=Limits(file=3 * 90_000))
    began_ns = recorded.site.clock.wall_ns()
    for packet, data in packets:
        packet.arrival_wall_ns += began_ns
        recorded.site.clock.advance(FRAME_NS)
        assembler.add_video(packet, data, packet.is_key, parameters if packet.is_key else None)
    assembler.end(GapCause.STALLED, recorded.site.clock.wall_ns())
    recorded.told()
    delay_ns = ((packets[0][0].pts or 0) - (packets[0][0].dts or 0)) * NS_PER_S // 90_000
    shown_ns = [began_ns + delay_ns + n * FRAME_NS for n in range(100)]
    result = recorded.clip(shown_ns[30], shown_ns[90])
    (file,) = result.files
    # On show when a clip begins is a picture of the group before, until the key frame is shown.
    assert result.from_ns == shown_ns[30]
    assert shown_ns[90] <= result.to_ns <= shown_ns[94]
    with av.open(str(file.path)) as opened:
        pts = [frame.pts or 0 for frame in opened.decode(video=0)]
    assert len(pts) == file.pictures
    assert {b - a for a, b in pairwise(pts)} == {9000}
    assert pts[0] == 0
    earlier = recorded.clip(shown_ns[30] - 1, shown_ns[60], "b.mp4")
    assert earlier.from_ns == shown_ns[20]
    same(recorded, shown_ns[30], shown_ns[90])


# --- what cannot be done ----------------------------------------------------------------------


def test_span_without_media(recorded: Recorded) -> None:
    recorded.feed(20)
    with pytest.raises(NotFoundError, match="Nothing was recorded"):
        recorded.plan(0, recorded.at(0) - 10 * NS_PER_S)
    with pytest.raises(UsageError, match="end after it begins"):
        recorded.plan(recorded.at(1), recorded.at(1))


def test_target_that_exists(recorded: Recorded) -> None:
    recorded.feed(60)
    plan = recorded.plan(recorded.at(0), recorded.at(50))
    target = recorded.folder / "clip.mp4"
    target.write_bytes(b"mine")
    with pytest.raises(RefusedError, match="already"):
        write_clip(plan, target, QuietDisk())
    assert target.read_bytes() == b"mine"
    write_clip(plan, target, QuietDisk(), overwrite=True)
    assert numbers(target) == list(range(50))


def test_ending_is_made_to_fit(recorded: Recorded) -> None:
    recorded.feed(60)
    names = {"a.mov": "a.mp4", "b": "b.mp4", "gate.2024": "gate.2024.mp4"}
    for name, due in names.items():
        assert recorded.clip(recorded.at(0), recorded.at(9), name).files[0].path.name == due


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO])
def test_disk_that_fails_leaves_nothing_behind(recorded: Recorded, code: int) -> None:
    recorded.feed(90)
    plan = recorded.plan(recorded.at(0), recorded.at(80))
    target = recorded.folder / "out" / "clip.mp4"
    target.parent.mkdir()
    seen = TroubledDisk()
    write_clip(plan, target, seen)
    target.unlink()
    calls = sum(site is WriteSite.CLIP for site, _ in seen.calls)
    assert calls >= 5
    kind = DiskFullError if code == errno.ENOSPC else WriteFailedError
    for nth in range(calls):
        disk = TroubledDisk()
        disk.fail_calls(WriteSite.CLIP, nth, nth, code)
        with pytest.raises(kind):
            write_clip(plan, target, disk)
        left = list(target.parent.iterdir())
        # Once it has its name it is whole: only that name is not durable for sure.
        assert left == [] or (nth == calls - 1 and left == [target])


def test_folder_that_is_not_there(recorded: Recorded) -> None:
    recorded.feed(60)
    plan = recorded.plan(recorded.at(0), recorded.at(50))
    with pytest.raises(WriteFailedError, match="No such file"):
        write_clip(plan, recorded.folder / "nowhere" / "clip.mp4", QuietDisk())


def test_progress_can_stop_it(recorded: Recorded) -> None:
    recorded.feed(400)
    told: list[tuple[int, int]] = []

    def stop(done: int, of: int) -> None:
        told.append((done, of))
        raise RefusedError("stopped")

    plan = recorded.plan(recorded.at(0), recorded.at(390))
    with pytest.raises(RefusedError, match="stopped"):
        write_clip(plan, recorded.folder / "clip.mp4", QuietDisk(), progress=stop)
    ((done, of),) = told
    assert 0 < done <= of
    assert recorded.leftovers == []
    assert not (recorded.folder / "clip.mp4").exists()


def test_file_that_went_meanwhile(recorded: Recorded) -> None:
    recorded.feed(95)
    plan = recorded.plan(recorded.at(0), recorded.at(90))
    recorded.site.files[1].unlink()
    with pytest.raises(NotFoundError, match="not there any more"):
        write_clip(plan, recorded.folder / "clip.mp4", QuietDisk())
    assert recorded.leftovers == []


def test_volume_that_is_not_mounted(recorded: Recorded) -> None:
    recorded.feed(40)
    recorded.root = None
    with pytest.raises(VolumeMissingError):
        recorded.plan(recorded.at(0), recorded.at(30))


def test_flipped_bit_is_named(recorded: Recorded) -> None:
    recorded.feed(95)
    plan = recorded.plan(recorded.at(0), recorded.at(90))
    path = recorded.site.files[1]
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    with pytest.raises(DamagedError, match=path.name):
        write_clip(plan, recorded.folder / "clip.mp4", QuietDisk())


@pytest.mark.parametrize("at", [0.02, 0.3, 0.6, 0.9, 0.999])
def test_damage_is_told_and_never_a_crash(recorded: Recorded, at: float) -> None:
    recorded.feed(95)
    plan = recorded.plan(recorded.at(0), recorded.at(90))
    path = recorded.site.files[1]
    data = bytearray(path.read_bytes())
    data[int(len(data) * at)] ^= 0x55
    path.write_bytes(data)
    with contextlib.suppress(DamagedError):
        write_clip(plan, recorded.folder / "clip.mp4", QuietDisk())
    assert recorded.leftovers == []


def test_footer_that_was_cut_off_costs_nothing(recorded: Recorded) -> None:
    recorded.feed(95)
    plan = recorded.plan(recorded.at(0), recorded.at(90))
    path = recorded.site.files[1]
    path.write_bytes(path.read_bytes()[:-200])
    result = write_clip(plan, recorded.folder / "clip.mp4", QuietDisk())
    assert numbers(result.files[0].path) == list(range(90))


def test_every_truncation_is_an_error_of_ours_or_a_clip(recorded: Recorded) -> None:
    recorded.feed(65)
    plan = recorded.plan(recorded.at(0), recorded.at(55))
    path = recorded.site.files[0]
    whole = path.read_bytes()
    for length in range(0, len(whole), len(whole) // 23):
        path.write_bytes(whole[:length])
        with contextlib.suppress(WatchglassError):
            write_clip(plan, recorded.folder / f"{length}.mp4", QuietDisk())
    assert recorded.leftovers == []


# --- other programs ---------------------------------------------------------------------------


@pytest.mark.full
@pytest.mark.parametrize("sound", [False, True])
def test_ffmpeg_plays_it_without_a_word(tmp_path: Path, sound: bool) -> None:
    if shutil.which("ffmpeg") is None:
        pytest.skip("no ffmpeg")
    recorded = Recorded(tmp_path, sound=sound)
    recorded.feed(95)
    recorded.stream.skip(4)
    recorded.feed(50)
    recorded.stream.end(GapCause.STALLED)
    recorded.told()
    recorded.feed(60)
    path = recorded.clip(recorded.at(13), recorded.at(190)).files[0].path
    for command in (
        ["ffmpeg", "-nostdin", "-v", "warning", "-xerror", "-i", str(path), "-f", "null", "-"],
        ["ffprobe", "-v", "warning", "-show_packets", "-of", "compact", str(path)],
    ):
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
        assert done.stderr == ""
    recorded.site.stop_keeper()


@pytest.mark.full
def test_real_cameras(tmp_path: Path) -> None:
    """Numbered pictures over RTSP, H.264 and H.265, with sound, while the recorder goes on."""
    disk, clock = Disk(), SystemClock()
    volume = create_volume(tmp_path / "media", disk, clock)
    keeper = Keeper(
        tmp_path / "state", disk, clock,
        KeeperLimits(ballast_bytes=0, floor_bytes=0, sync_s=0.5),
    )  # fmt: skip
    keeper.start([volume], fresh=True)
    stand = Stand(f"ipc://{tmp_path}/keeper", Key.make().text)
    service = KeeperService(keeper, stand, clock)
    thread = threading.Thread(target=service.serve)
    codecs = set()
    with Simulator("--cameras", "4", "--width", "320", "--height", "192", "--seconds", "4") as sim:
        cameras = {CameraId(random_id()): each for each in sim.urls}
        for number, camera in enumerate(cameras):
            keeper.take_order("me", Ordered(number, AddCamera(camera, (MAIN,), "a", "", "", "me")))
        thread.start()

        def source(camera: AssignedCamera, stream: AssignedStream) -> RtspSource:
            credentials = Credentials(camera.user, Secret(camera.password)) if camera.user else None
            return RtspSource(stream.url, credentials, sound=camera.sound, clock=clock)

        limits = Limits(file=90_000 * 5)
        way = Way(stand.endpoint, Key(stand.key).proof("w"))
        worker = CameraWorker("w", way, [volume], source, disk, clock, limits=limits)
        worker.start()
        time.sleep(1)
        for camera, urls in cameras.items():
            url = urlsplit(urls.main)
            plain = url._replace(netloc=f"{url.hostname}:{url.port}").geturl()
            worker.record(
                AssignedCamera(
                    camera, volume.id, (AssignedStream(MAIN, plain),), url.username or "",
                    url.password or "", True, proof=Key(stand.key).proof("w", camera),
                )
            )  # fmt: skip
        time.sleep(16)
        to_ns = clock.wall_ns() - 2 * NS_PER_S
        for camera in cameras:
            store = IndexStore(tmp_path / "state" / "index.db")
            with store.read() as index:
                plan = plan_clip(
                    index, lambda _: volume.path, camera, MAIN, to_ns - 8 * NS_PER_S, to_ns
                )
            store.close()
            assert len(plan.runs[0].files) >= 2
            result = write_clip(plan, tmp_path / camera, disk)
            (file,) = result.files
            codecs.add(file.codec)
            form: VideoCodecName = "h264" if file.codec == "h264" else "h265"
            found = numbers(file.path, form)
            assert found == list(range(found[0], found[0] + len(found)))
            assert result.from_ns <= to_ns - 8 * NS_PER_S
            assert result.to_ns >= to_ns
            assert result.missing == ()
            (laid,) = laid_out(plan)
            compared(written(tmp_path, laid, f"laid-{camera}"), laid, file)
            if shutil.which("ffmpeg"):
                command = ["ffmpeg", "-nostdin", "-v", "error", "-i", str(file.path)]
                done = subprocess.run(
                    [*command, "-f", "null", "-"], capture_output=True, text=True, check=True
                )
                assert done.stderr == ""
        worker.shutdown(GapCause.RECORDER_STOPPED)
    service.stop()
    thread.join()
    keeper.close()
    assert codecs == {"h264", "h265"}


def test_open_descriptors_stay_as_many(recorded: Recorded) -> None:
    recorded.feed(65)
    before = len(os.listdir("/proc/self/fd"))
    recorded.clip(recorded.at(0), recorded.at(50))
    assert len(os.listdir("/proc/self/fd")) == before
