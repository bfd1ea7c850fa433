"""The fields of each kind of ledger line about runs, files and gaps (docs/format.md, 3.2)."""

from watchglass.base.ids import GapId, RunId, VolumeId
from watchglass.model.gap import GapCause
from watchglass.model.stream import StreamName
from watchglass.recording.anchor import Placed

LedgerEntry = tuple[str, dict[str, object]]


def run_started(run: RunId, stream: StreamName, wall_ns: int) -> LedgerEntry:
    return "run_started", {"run": run, "stream": stream.value, "wall": str(wall_ns)}


def file_opened(
    run: RunId,
    stream: StreamName,
    sequence: int,
    volume: VolumeId,
    wall_ns: int,
    media_from: int,
    first_fragment: int,
    header_leaf: bytes,
    shape: tuple[str, int, int, str],
) -> LedgerEntry:
    codec, width, height, sound = shape
    return (
        "file_opened",
        {
            "run": run, "stream": stream.value, "sequence": sequence, "volume": volume,
            "wall": str(wall_ns), "media": str(media_from), "first_fragment": str(first_fragment),
            "header": header_leaf.hex(), "codec": codec, "width": width, "height": height,
            "sound": sound,
        },
    )  # fmt: skip


def file_closed(
    run: RunId,
    stream: StreamName,
    sequence: int,
    length: int,
    fragments: int,
    root: bytes,
    media_to: int,
    *,
    recovered: bool,
) -> LedgerEntry:
    return (
        "file_closed",
        {
            "run": run, "stream": stream.value, "sequence": sequence, "length": str(length),
            "fragments": fragments, "root": root.hex(), "media": str(media_to),
            "recovered": recovered,
        },
    )  # fmt: skip


def placed(
    run: RunId, stream: StreamName, sequence: int, place: Placed, *, final: bool
) -> LedgerEntry:
    return (
        "placed",
        {
            "run": run, "stream": stream.value, "sequence": sequence, "media": str(place.media),
            "wall": str(place.wall), "rate_ppb": place.rate_ppb, "final": final,
        },
    )  # fmt: skip


def gap_opened(
    stream: StreamName, gap: GapId, cause: GapCause, wall_ns: int, run: RunId | None
) -> LedgerEntry:
    return (
        "gap_opened",
        {
            "gap": gap, "stream": stream.value, "cause": cause.value, "wall": str(wall_ns),
            "run": run,
        },
    )  # fmt: skip


def gap_closed(stream: StreamName, gap: GapId, wall_ns: int, run: RunId | None) -> LedgerEntry:
    return (
        "gap_closed",
        {"gap": gap, "stream": stream.value, "wall": str(wall_ns), "run": run},
    )


def media_damaged(
    run: RunId, stream: StreamName, sequence: int, fragments: tuple[int, ...]
) -> LedgerEntry:
    return (
        "media_damaged",
        {
            "run": run, "stream": stream.value, "sequence": sequence,
            "fragments": [str(number) for number in fragments],
        },
    )  # fmt: skip


def hole(
    gap: GapId,
    run: RunId,
    stream: StreamName,
    cause: GapCause,
    media_from: int,
    media_to: int,
    wall_ns: int,
) -> list[LedgerEntry]:
    common = {"gap": gap, "stream": stream.value, "wall": str(wall_ns), "run": run}
    return [
        ("gap_opened", {**common, "cause": cause.value, "media": str(media_from)}),
        ("gap_closed", {**common, "media": str(media_to)}),
    ]
