import io
import threading
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest

from watchglass.simulate import frame_code, nal, tone
from watchglass.simulate.loop import AAC_SAMPLE_RATE, Loop, LoopSpec, encode_loop
from watchglass.simulate.loop_cache import load_loop
from watchglass.simulate.scene import Scene

SMALL = LoopSpec(
    width=160, height=96, fps=5, gop_frames=10, bit_rate=60_000, seconds=4, sound="aac"
)


def _numbers(loop: Loop, times: int = 1) -> list[int | None]:
    data = b"".join(nal.join_annexb(loop.nals(frame)) for frame in range(loop.frames)) * times
    name = "h264" if loop.spec.codec == "h264" else "hevc"
    with av.open(io.BytesIO(data), "r", format=name) as file:
        return [
            frame_code.read(frame.to_ndarray()[: loop.spec.height])
            for frame in file.decode(video=0)
        ]


@pytest.mark.parametrize(
    "spec",
    [
        SMALL,
        replace(SMALL, codec="h265", width=320, height=192, bit_rate=120_000),
        replace(SMALL, gop_frames="varying", rate_control="variable"),
    ],
    ids=["h264", "h265", "varying"],
)
def test_every_picture_says_its_number_over_the_seam(spec: LoopSpec) -> None:
    loop = encode_loop(spec)
    assert _numbers(loop, times=2) == list(range(loop.frames)) * 2


def test_key_frames_begin_with_parameter_sets() -> None:
    loop = encode_loop(SMALL)
    assert loop.keys == {0, 10}
    for frame in range(loop.frames):
        kinds = [nal.nal_type(unit, "h264") for unit in loop.nals(frame)]
        assert kinds[:2] == [7, 8] if frame in loop.keys else 7 not in kinds
        assert loop.frame_bytes(frame) == sum(map(len, loop.nals(frame)))
    assert [unit[0] & 0x1F for unit in loop.parameter_sets()] == [7, 8]


def test_the_cache_gives_back_the_same(tmp_path: Path) -> None:
    calls: list[tuple[int, int]] = []
    first = load_loop(SMALL, tmp_path, lambda done, frames: calls.append((done, frames)))
    assert calls[-1] == (20, 20)
    again = load_loop(SMALL, tmp_path, lambda *_: pytest.fail("encoded twice"))
    assert first == again
    assert again.sound is not None
    assert len(again.sound.packets) == 125


def test_two_that_want_the_same_loop_encode_it_once(tmp_path: Path) -> None:
    spec = replace(SMALL, seconds=2)
    told: list[int] = []
    threads = [
        threading.Thread(target=load_loop, args=(spec, tmp_path, lambda done, _: told.append(done)))
        for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert told.count(spec.frames) == 1
    assert [path.suffix for path in tmp_path.iterdir() if path.suffix != ".lock"] == [".loop"]


def test_a_file_that_is_no_loop_is_refused(tmp_path: Path) -> None:
    (tmp_path / f"{SMALL.digest()}.loop").write_bytes(b"not a loop" * 10)
    with pytest.raises(ValueError, match="no loop file"):
        load_loop(SMALL, tmp_path)


@pytest.mark.parametrize("ending", ["mp4", "mkv"])
def test_export(tmp_path: Path, ending: str) -> None:
    loop = encode_loop(SMALL)
    path = tmp_path / f"loop.{ending}"
    loop.export(path)
    with av.open(str(path)) as file:
        stream = file.streams.video[0]
        frames = list(file.decode(stream))
    assert [frame_code.read(frame.to_ndarray()[:96]) for frame in frames] == list(range(20))
    assert [round(float(frame.time), 2) for frame in frames] == [at / 5 for at in range(20)]


def test_sound_steps_each_second() -> None:
    sound = encode_loop(SMALL).sound
    assert sound is not None
    decoder = av.CodecContext.create("aac", "r")
    assert isinstance(decoder, av.AudioCodecContext)
    decoder.extradata = sound.config
    pieces = [
        frame.to_ndarray()[0]
        for data in sound.packets * 2
        for frame in decoder.decode(av.Packet(data))
    ]
    samples = np.concatenate(pieces)[8 * AAC_SAMPLE_RATE :]
    for second in range(tone.PERIOD_S):
        part = samples[second * AAC_SAMPLE_RATE :][4000:12000]
        peak = int(np.abs(np.fft.rfft(part)).argmax()) * AAC_SAMPLE_RATE / len(part)
        assert abs(peak - tone.pitch_at(second)) < 5
    # A seam would be heard as a jump.
    assert np.abs(np.diff(samples)).max() < 0.2


def test_the_scene_is_the_same_in_both_sizes_and_moves() -> None:
    large, small = Scene(3, 320, 192, 60), Scene(3, 160, 96, 60)
    boxes = [large.boxes(at_s) for at_s in range(60)]
    assert boxes[0] == large.boxes(60)
    assert any(len(found) >= 2 for found in boxes)
    assert any(not found for found in boxes)
    for found, other in zip(boxes, (small.boxes(at_s) for at_s in range(60)), strict=True):
        assert [round(box.left + box.width / 2, 6) for box in found] == [
            round(box.left + box.width / 2, 6) for box in other
        ]
    assert not np.array_equal(large.picture(10, 5), large.picture(20, 5))


def test_odd_sizes_are_refused() -> None:
    with pytest.raises(ValueError, match="even"):
        Scene(1, 161, 96, 4)
