"""The pictures in fragments of a media file, one by one, as live ones come."""

from collections.abc import Sequence

from watchglass.api.filetable import read_entries
from watchglass.base.clock import NS_PER_S
from watchglass.base.ids import RunId
from watchglass.model.live import LiveFrame
from watchglass.recording.footer import Entry
from watchglass.recording.fragment import decode_fragment

TICKS = 90_000


def frames_of(fd: int, entries: Sequence[Entry], run: RunId) -> list[LiveFrame]:
    """All pictures of fragments of video, in the order of decoding; it blocks.

    ``after`` of the first is -1. Times of arrival are those of the fragments, counted on.
    """
    found: list[LiveFrame] = []
    after = -1
    for entry in entries:
        data = read_entries(fd, [entry])
        fragment = decode_fragment(data)
        time, wall_ns = entry.media_time, entry.wall_ns
        for sample, offset in zip(fragment.samples, fragment.offsets, strict=True):
            found.append(
                LiveFrame(
                    run, time, after, sample.duration, sample.composition_offset,
                    sample.is_key, wall_ns, data[offset : offset + sample.data_bytes],
                )
            )  # fmt: skip
            after = time
            time += sample.duration
            wall_ns += sample.duration * NS_PER_S // TICKS
    return found


def from_last_key(frames: Sequence[LiveFrame]) -> list[LiveFrame]:
    """From the last key frame on; none where there is no key frame."""
    at = max((at for at, frame in enumerate(frames) if frame.is_key), default=len(frames))
    return list(frames[at:])
