"""The index against one made anew from the ledgers, and what it says of each second."""

from collections.abc import Callable, Iterator
from pathlib import Path

from watchglass.base.clock import NS_PER_S
from watchglass.base.errors import DamagedError
from watchglass.base.ids import CameraId
from watchglass.model.finding import Finding, FindingKind, Severity
from watchglass.model.stream import StreamName
from watchglass.model.timeline import SpanKind
from watchglass.recording.fold import fold_lines
from watchglass.recording.ledger import Ledger
from watchglass.recording.timeline import timeline
from watchglass.store.index import DELETING, OPEN, FileRow, GapRow, IndexReader, IndexStore

_EVER_NS = 1 << 62
_REBUILD = "Run `watchglass check --repair` while the recorder is stopped: it is made anew."
_REPORT = "Please report this, with the ledger of this camera: no second may be without a cause."


def rebuild(store: IndexStore, camera: CameraId, folder: Path, lines: int) -> Finding | None:
    """Fold the first ``lines`` lines of a ledger; what speaks against it, if anything."""
    taken = (line for line in Ledger.read_lines(folder) if line.n < lines)
    try:
        with store.write() as index:
            fold_lines(index, camera, taken)
    except (DamagedError, ValueError) as error:
        return Finding(
            FindingKind.LEDGER_CONTRADICTS, Severity.DAMAGE, str(folder),
            f"What its lines say does not fit together: {error}", _REPORT,
        )  # fmt: skip
    return None


def compare(index: IndexReader, anew: IndexReader, camera: CameraId) -> Iterator[Finding]:
    """Where the index answers otherwise than one that was made anew; one finding for each kind."""
    questions: dict[str, Callable[[IndexReader], list[str]]] = {
        "streams": lambda asked: list(map(repr, asked.streams(camera))),
        "runs that go on": lambda asked: sorted(
            repr(run) for run in asked.open_runs() if run[1] == camera
        ),
        "erasures": lambda asked: [repr(row) for row in asked.erasures() if row.camera == camera],
        "imported footage": lambda asked: [
            repr(row) for row in asked.imports(camera) if row.state != DELETING
        ],
        "holds": lambda asked: sorted(repr(row) for row in asked.holds() if row.camera == camera),
    }
    for stream in StreamName:
        questions |= _of_stream(camera, stream)
    for what, ask in questions.items():
        has, due = ask(index), ask(anew)
        if has != due:
            yield Finding(
                FindingKind.INDEX_DIFFERS, Severity.DAMAGE, f"{camera}: {what}",
                f"The index answers otherwise than the ledger: {_first(has, due)}.", _REBUILD,
            )  # fmt: skip


def _of_stream(
    camera: CameraId, stream: StreamName
) -> dict[str, Callable[[IndexReader], list[str]]]:
    span = (camera, stream, -_EVER_NS, _EVER_NS)
    return {
        f"files of {stream}": lambda asked: sorted(
            repr(_file(row)) for row in asked.files_between(*span) if row.state != DELETING
        ),
        f"gaps of {stream}": lambda asked: sorted(
            repr(_gap(row, asked)) for row in asked.gaps_between(*span)
        ),
        f"deletions of {stream}": lambda asked: sorted(map(repr, asked.purged_between(*span))),
    }


def _file(row: FileRow) -> tuple[object, ...]:
    """How far an open file reaches is not in the ledger."""
    reach = () if row.state == OPEN else (row.media_to, row.wall_to, row.length)
    return (
        row.run, row.sequence, row.volume, row.state, row.opened_ns, row.first_fragment,
        row.media_from, row.wall_from, row.rate_ppb, row.codec, row.width, row.height, row.sound,
        reach,
    )  # fmt: skip


def _gap(row: GapRow, asked: IndexReader) -> tuple[object, ...]:
    begins: int | None = row.wall_from
    if row.after_run is not None and row.media_from is None:
        last = asked.last_file(row.after_run)
        # It begins where the run ends, which an open file says.
        begins = None if last is not None and last.state == OPEN else begins
    return (
        row.id, row.cause, begins, row.wall_to, row.after_run, row.media_from, row.media_to,
    )  # fmt: skip


def _first(has: list[str], due: list[str]) -> str:
    missing = sorted(set(due) - set(has))
    extra = sorted(set(has) - set(due))
    text = f"{len(missing)} of its rows are missing or changed, {len(extra)} are not in the ledger"
    example = (missing or extra)[:1]
    return f"{text}, such as {example[0]:.300}" if example else text


def unaccounted(index: IndexReader, camera: CameraId, now_ns: int) -> Iterator[Finding]:
    """Seconds that are neither media nor a gap, since the camera was added."""
    for row in index.streams(camera):
        line = timeline(index, camera, row.stream, row.added_ns, now_ns, now_ns)
        missing = line.of(SpanKind.UNACCOUNTED)
        if missing:
            seconds = sum(span.to_ns - span.from_ns for span in missing) / NS_PER_S
            yield Finding(
                FindingKind.TIME_UNACCOUNTED, Severity.DAMAGE, f"{camera} {row.stream}",
                f"{seconds:.3f} seconds in {len(missing)} spans are neither recorded nor a gap; "
                f"the first begins at {missing[0].from_ns}.", _REPORT,
            )  # fmt: skip
