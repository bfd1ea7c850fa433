"""A redacted copy of real recordings: what is hidden is gone from every picture that is decoded."""

import hashlib
import json
from collections.abc import Sequence
from contextlib import closing
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import msgspec
import numpy as np
import pytest
from av.bitstream import BitStreamFilterContext

from tests.app.running import call_here
from tests.evidence.site_making import ExportedSite
from watchglass.analytics.detector import Detector, Look
from watchglass.analytics.detectors import choose
from watchglass.analytics.models import Models
from watchglass.app.evidence import redact_worker, redacting
from watchglass.app.evidence.redact_found import read_found
from watchglass.app.ground import open_store
from watchglass.app.task import Task
from watchglass.base.clock import NS_PER_S
from watchglass.base.errors import RefusedError, StreamInvalidError
from watchglass.base.fence import FenceMode
from watchglass.evidence.redacted import checked_copy, copy_name
from watchglass.evidence.verify import STATEMENT, check_statement, verdict
from watchglass.media.bitstream import to_length_prefixed
from watchglass.media.parameter_sets import ParameterSets
from watchglass.model.analysis import Analysis, AnalysisSpan
from watchglass.model.detection import REGIONS, Box, Detection, ObjectClass
from watchglass.model.erasure import SignStatementRequest
from watchglass.model.mask import Cover
from watchglass.model.order import SignStatement
from watchglass.model.redaction import (
    COPY,
    FOUND,
    Correction,
    CorrectionKind,
    Found,
    RedactFound,
    RedactStart,
    RedactWritten,
    WholeCause,
)
from watchglass.model.stream import VideoCodec, VideoParameters
from watchglass.store.index import IndexStore

pytestmark = pytest.mark.full

WIDTH, HEIGHT, FPS, SECONDS = 192, 144, 10, 6
BRIGHT, DARK = 230, 16
FLAT = 84
PICTURES = FPS * SECONDS


def bright_at(number: int) -> tuple[int, int]:
    return 20 + number, 40


def dark_at(number: int) -> tuple[int, int]:
    return 150 - number, 100


def moving(*, b_frames: int) -> tuple[list[tuple[bytes, bool]], VideoParameters, list[int]]:
    """Two squares that go over a grey picture, one bright and one dark, in I, P and B pictures; and
    how much later than it is decoded each is shown."""
    context = av.CodecContext.create("libx264", "w")
    assert isinstance(context, av.VideoCodecContext)
    context.width, context.height, context.pix_fmt = WIDTH, HEIGHT, "yuv420p"
    context.time_base, context.framerate = Fraction(1, FPS), Fraction(FPS)
    parameters = f"bframes={b_frames}:b-adapt=0:keyint=20:min-keyint=20:scenecut=0"
    context.options = {
        "preset": "medium", "crf": "18",
        "x264-params": f"{parameters}:open-gop=0:repeat-headers=1:log-level=none",
    }  # fmt: skip
    packets: list[tuple[bytes, int]] = []
    for number in range(PICTURES):
        picture = np.full((HEIGHT * 3 // 2, WIDTH), 128, np.uint8)
        (x, y), (u, v) = bright_at(number), dark_at(number)
        picture[y : y + 24, x : x + 12] = BRIGHT
        picture[v : v + 24, u : u + 12] = DARK
        frame = av.VideoFrame.from_ndarray(picture, "yuv420p")
        frame.pts = number
        packets += [(bytes(packet), packet.pts or 0) for packet in context.encode(frame)]
    packets += [(bytes(packet), packet.pts or 0) for packet in context.encode(None)]
    sets, found, offsets = ParameterSets(VideoCodec.H264), [], []
    late = max(number - shown for number, (_, shown) in enumerate(packets))
    for number, (unit, shown) in enumerate(packets):
        sample = to_length_prefixed(unit, VideoCodec.H264)
        sets.update(sample.parameter_sets)
        found.append((sample.data, sample.is_key))
        offsets.append((shown + late - number) * 90_000 // FPS)
    assert b_frames == 0 or len(set(offsets)) > 1
    return found, sets.parameters(), offsets


class Squares:
    """A detector of these squares: it looks at the picture it is given, and at nothing else."""

    identity, batch, size = "5" * 64, 1, (WIDTH, HEIGHT)
    names = frozenset({ObjectClass.PERSON, ObjectClass.CAR})

    def __init__(self, fails: Sequence[int] = (), misses: Sequence[int] = ()) -> None:
        self.fails, self.misses = fails, misses
        self.looked = 0

    def detect(self, looks: Sequence[Look]) -> list[list[Detection]]:
        number = self.looked
        self.looked += 1
        if number in self.fails:
            raise StreamInvalidError("It is broken.")
        return [self._of(look) if number not in self.misses else [] for look in looks]

    def _of(self, look: Look) -> list[Detection]:
        grey = look.picture[:, :, 1].astype(int)
        found = []
        for kind, there in ((ObjectClass.PERSON, grey > 190), (ObjectClass.CAR, grey < 60)):
            rows, columns = np.nonzero(there)
            if len(rows) > 100:
                box = Box(
                    float(columns.min()) / WIDTH, float(rows.min()) / HEIGHT,
                    float(columns.max() + 1) / WIDTH, float(rows.max() + 1) / HEIGHT,
                )  # fmt: skip
                found.append(Detection(kind, box, 0.9))
        return found

    def close(self) -> None: ...


class Bed:
    """A recorded site, and what it takes to have a copy made of it."""

    def __init__(
        self, folder: Path, sent: tuple[list[tuple[bytes, bool]], VideoParameters, list[int]]
    ) -> None:
        self.site = ExportedSite(folder, sound=True)
        units, parameters, offsets = sent
        self.site._pictures = units, parameters
        self.record(len(units) // FPS, offsets)
        self.folder = folder / "copy"

    def record(self, seconds: int, offsets: Sequence[int]) -> None:
        site, from_ns = self.site, self.site.now_ns
        site._stream(site.camera).offsets = offsets
        site.record(seconds + 1)
        for _ in range(3):
            site.site.cycle(site.worker)
        self.redaction = redacting.new_redaction(
            site.camera, "Gate 0", from_ns, from_ns + seconds * NS_PER_S + NS_PER_S // 20,
            "request 17", "ada", site.now_ns,
        )  # fmt: skip

    def start(self, *, write: bool = False, corrections: Sequence[Correction] = ()) -> RedactStart:
        redacting.prepare(self.site.on, self.folder, anew=not write)
        self.redaction = msgspec.structs.replace(self.redaction, corrections=tuple(corrections))
        with (
            closing(open_store(self.site.on)) as store,
            closing(IndexStore(self.site.on.layout.index_db)) as index,
        ):
            return redacting.start_of(
                self.site.on, store, index, self.redaction, self.folder, write=write
            )

    def look(self, detector: Detector, *, analysed: bool = True) -> Found:
        """What was found; ``analysed``: the recorder had looked at all of it."""
        start = self.start()
        if analysed:
            start = msgspec.structs.replace(start, unlooked=())
        return redact_worker.look(start, detector)

    def written(
        self, found: Found, corrections: Sequence[Correction] = (), covers: Sequence[Cover] = ()
    ) -> RedactWritten:
        start = self.start(write=True, corrections=corrections)
        start = msgspec.structs.replace(start, covers=tuple(covers))
        return redact_worker.write(start, found)

    def sign(self, request: SignStatementRequest) -> str:
        return self.site.order(
            SignStatement(request.kind, request.about, request.sha256, request.by)
        )


@pytest.fixture(scope="module")
def bed(tmp_path_factory: pytest.TempPathFactory) -> Bed:
    return Bed(tmp_path_factory.mktemp("redacted"), moving(b_frames=2))


@pytest.fixture(scope="module")
def found(bed: Bed) -> Found:
    return bed.look(Squares())


def decoded(path: Path) -> list[Any]:
    with av.open(str(path)) as given:
        assert [each.type for each in given.streams] == ["video"]
        return [frame.to_ndarray(format="gray8").astype(int) for frame in given.decode(video=0)]


def correction(
    kind: CorrectionKind, number: int = -1, first: int = 0, last: int = 0, box: Box | None = None
) -> Correction:
    return Correction(kind, "ada", 1, number, first, last, box)


def track_of(found: Found, kind: ObjectClass) -> int:
    (number,) = {each.number for each in found.tracks if each.kind is kind}
    return number


def has_bright(picture: Any) -> bool:
    return bool((picture > 190).sum() > 60)


def has_dark(picture: Any) -> bool:
    return bool((picture < 50).sum() > 60)


def test_what_is_hidden_is_in_no_picture_and_who_is_kept_is_in_each(bed: Bed, found: Found) -> None:
    assert len(found.pictures) == PICTURES
    bright = track_of(found, ObjectClass.PERSON)
    made = bed.written(found, [correction(CorrectionKind.KEEP, bright)])
    assert (made.pictures, made.whole) == (PICTURES, 0)
    pictures = decoded(bed.folder / COPY)
    assert len(pictures) == PICTURES
    for number, picture in enumerate(pictures):
        assert has_bright(picture), number
        assert not has_dark(picture), number
        x, y = dark_at(number)
        assert abs(picture[y : y + 24, x : x + 12] - FLAT).max() < 24, number
    # Without anybody kept there is nothing of either, from the first picture to the last.
    bed.written(found)
    for number, picture in enumerate(decoded(bed.folder / COPY)):
        assert not has_bright(picture), number
        assert not has_dark(picture), number


def test_each_picture_keeps_its_time(bed: Bed, found: Found) -> None:
    bed.written(found)
    with av.open(str(bed.folder / COPY)) as given:
        times = [float(frame.time or 0) for frame in given.decode(video=0)]
        told = {**given.metadata, **given.streams.video[0].metadata}
    assert times == pytest.approx([number / FPS for number in range(PICTURES)], abs=0.02)
    assert not any("Gate" in each or "creation" in key for key, each in told.items())


def test_where_the_detector_fails_all_of_the_picture_is_hidden(bed: Bed) -> None:
    found = bed.look(Squares(fails=[0, 30, 59]))
    bright = track_of(found, ObjectClass.PERSON)
    made = bed.written(found, [correction(CorrectionKind.KEEP, bright)])
    assert made.causes == {"failed": 3}
    pictures = decoded(bed.folder / COPY)
    for number in (0, 30, 59):
        assert abs(pictures[number] - FLAT).max() < 12, number
    assert has_bright(pictures[29])


def test_pictures_in_which_it_was_missed_hide_it_all_the_same(bed: Bed) -> None:
    found = bed.look(Squares(misses=[*range(6), 20, 21, 22, 40]))
    bed.written(found)
    for number, picture in enumerate(decoded(bed.folder / COPY)):
        assert not has_bright(picture), number
        assert not has_dark(picture), number


def test_corrections_are_in_the_copy(bed: Bed, found: Found) -> None:
    bright = track_of(found, ObjectClass.PERSON)
    bed.written(
        found,
        [
            correction(CorrectionKind.KEEP, bright),
            correction(CorrectionKind.COVER, first=10, last=12, box=Box(0, 0, 1, 0.6)),
            correction(CorrectionKind.WHOLE, first=20, last=20),
            correction(CorrectionKind.WHOLE, first=25, last=26),
            correction(CorrectionKind.UNDO, 3),
        ],
    )  # fmt: skip
    shown = [has_bright(each) for each in decoded(bed.folder / COPY)]
    assert [number for number, each in enumerate(shown) if not each] == [10, 11, 12, 20]


def test_masks_stay_painted(bed: Bed, found: Found) -> None:
    bright = track_of(found, ObjectClass.PERSON)
    cover = Cover(((0.0, 0.0), (1.0, 0.0), (1.0, 0.6), (0.0, 0.6)))
    bed.written(found, [correction(CorrectionKind.KEEP, bright)], [cover])
    assert not any(has_bright(each) for each in decoded(bed.folder / COPY))


def test_what_was_not_analysed_is_hidden_until_somebody_clears_it(bed: Bed) -> None:
    found = bed.look(Squares(), analysed=False)
    assert {each.cause for each in found.pictures} == {WholeCause.NOT_ANALYSED}
    made = bed.written(found)
    assert made.whole == made.pictures
    assert all(abs(each - FLAT).max() < 12 for each in decoded(bed.folder / COPY))
    bright = track_of(found, ObjectClass.PERSON)
    cleared = correction(CorrectionKind.CLEAR, first=10, last=19)
    bed.written(found, [correction(CorrectionKind.KEEP, bright), cleared])
    shown = [has_bright(each) for each in decoded(bed.folder / COPY)]
    assert [number for number, each in enumerate(shown) if each] == list(range(10, 20))


def test_what_was_told_quiet_counts_as_not_looked_at(bed: Bed) -> None:
    def span(begin: int, end: int, state: Analysis) -> AnalysisSpan:
        return AnalysisSpan(camera=bed.site.camera, from_ns=begin, to_ns=end, state=state)

    spans = [span(10, 20, Analysis.ANALYSED), span(20, 30, Analysis.QUIET)]
    told = [
        (each.from_ns, each.to_ns, each.cause) for each in redacting.unlooked(spans, 5, 40)
    ]  # fmt: skip
    assert told == [
        (5, 10, WholeCause.NOT_ANALYSED), (20, 30, WholeCause.QUIET),
        (30, 40, WholeCause.NOT_ANALYSED),
    ]  # fmt: skip


def test_a_picture_that_nobody_looked_at_is_hidden(bed: Bed, found: Found) -> None:
    """Should the recording be another by then than when it was looked at."""
    fewer = msgspec.structs.replace(found, pictures=found.pictures[:50])
    tracks = tuple(
        msgspec.structs.replace(each, last=min(49, each.last), covers_to=min(49, each.covers_to))
        for each in found.tracks
    )  # fmt: skip
    made = bed.written(msgspec.structs.replace(fewer, tracks=tracks))
    assert made.whole == PICTURES - 50
    assert abs(decoded(bed.folder / COPY)[-1] - FLAT).max() < 12


def test_the_statement_verifies_and_a_flipped_byte_is_found(bed: Bed, found: Found) -> None:
    written = bed.written(found)
    redaction = msgspec.structs.replace(bed.redaction, detector=found.detector)
    key = redacting.state(bed.site.on, redaction, written, bed.sign, bed.folder, "ada")
    raw = (bed.folder / STATEMENT).read_bytes()
    check = check_statement(raw, key)
    assert verdict(check) == {"intact": "yes", "from": "yes"}
    told = check.manifest
    sha256 = hashlib.sha256((bed.folder / copy_name(told)).read_bytes()).hexdigest()
    answer, why = checked_copy(told, sha256, intact="yes")
    assert answer == "yes"
    assert any("fragments 0 to" in each for each in why)
    assert "what was hidden" in why[-1]
    other = hashlib.sha256(b"another").hexdigest()
    assert checked_copy(told, other, intact="yes")[0] == "no"
    assert checked_copy(told, "", intact="yes")[0] == "cannot tell"
    assert checked_copy(told, sha256, intact="no")[0] == "cannot tell"
    assert checked_copy({**told, "from_fragments": []}, sha256, intact="yes")[0] == "no"
    document = json.loads(raw)["statement"]
    for at in range(0, len(document), 97):
        changed = document[:at] + chr(ord(document[at]) ^ 1) + document[at + 1 :]
        twin = json.dumps({**json.loads(raw), "statement": changed}).encode()
        assert verdict(check_statement(twin, key))["intact"] != "yes", at
    (bed.folder / COPY).write_bytes((bed.folder / COPY).read_bytes()[:-1] + b"x")
    done = call_here("verify", str(bed.folder), "--fingerprint", key, "--json")
    assert done.returncode == 40
    answers = {name: each["answer"] for name, each in json.loads(done.stdout)["verdict"].items()}
    assert answers == {"intact": "yes", "from": "yes", "copy": "no"}
    assert told["from_fragments"]
    assert "boxes" not in document
    page = (bed.folder / "statement.html").read_text()
    assert "redacted copy" in page


# --- the process itself ---------------------------------------------------------------------------


def test_without_a_model_all_is_hidden_by_the_process_itself(bed: Bed) -> None:
    start = bed.start()
    start = msgspec.structs.replace(start, model="off", fences=FenceMode.AUTO)
    done: list[int] = []
    with Task(redacting.MODULE) as task:
        told = redacting.run(task, start, done.append)
    assert isinstance(told, RedactFound)
    assert (told.pictures, told.detector) == (PICTURES, REGIONS)
    found = read_found(bed.folder)
    assert {each.cause for each in found.pictures} == {WholeCause.NO_MODEL}
    with Task(redacting.MODULE) as task:
        written = redacting.run(task, msgspec.structs.replace(start, write=True), done.append)
    assert isinstance(written, RedactWritten)
    assert written.whole == written.pictures == PICTURES
    assert {each.name for each in bed.folder.iterdir()} == {"found.json", COPY}


def test_a_process_that_is_killed_leaves_nothing_that_is_offered(bed: Bed, found: Found) -> None:
    start = bed.start(write=True)
    (bed.folder / FOUND).write_bytes(msgspec.json.encode(found))
    with (
        Task(redacting.MODULE) as task,
        pytest.raises(RefusedError, match="ended before it was done"),
    ):
        redacting.run(task, start, lambda done: task.kill())
    assert not (bed.folder / COPY).exists()
    redacting.prepare(bed.site.on, bed.folder, anew=True)
    assert not list(bed.folder.iterdir())


@pytest.mark.timeout(300)
def test_people_in_a_real_film_are_hidden_by_a_real_model(shared_dir: Path, tmp_path: Path) -> None:
    film = shared_dir / "testdata/video/intel_preview_worker-zone-detection.mp4"
    models = shared_dir / "models" / "detect"
    if not film.exists() or not models.exists():
        pytest.skip("no film of people, or no model")
    bed = Bed(tmp_path, real_units(film))
    from_ns = bed.redaction.from_ns + 2 * NS_PER_S
    bed.redaction = msgspec.structs.replace(
        bed.redaction, from_ns=from_ns, to_ns=from_ns + NS_PER_S
    )
    chosen = choose(Models(models), "nanodet_plus_m", 2)
    assert not chosen.instead, chosen.instead
    with closing(chosen.detector):
        found = bed.look(chosen.detector)
    assert any(each.kind is ObjectClass.PERSON and each.sure for each in found.tracks)
    cleared = correction(CorrectionKind.CLEAR, first=0, last=len(found.pictures))
    bed.written(found, [cleared])
    with closing(choose(Models(models), "nanodet_plus_m", 2).detector) as again:
        left = 0
        with av.open(str(bed.folder / COPY)) as given:
            for frame in given.decode(video=0):
                shown = frame.to_ndarray(format="bgr24").astype(np.uint8)
                seen = again.detect([Look(shown)])[0]
                left += any(
                    each.kind is ObjectClass.PERSON and each.confidence > 0.55 for each in seen
                )
    assert left == 0


def real_units(film: Path) -> tuple[list[tuple[bytes, bool]], VideoParameters, list[int]]:
    sets, found, offsets = ParameterSets(VideoCodec.H264), [], []
    with av.open(str(film)) as given:
        stream = given.streams.video[0]
        convert = BitStreamFilterContext("h264_mp4toannexb", stream)
        for packet in given.demux(stream):
            for out in convert.filter(packet if packet.size else None):
                sample = to_length_prefixed(bytes(out), VideoCodec.H264)
                sets.update(sample.parameter_sets)
                found.append((sample.data, sample.is_key))
                late = (out.pts or 0) - (out.dts or 0)
                offsets.append(round(late * float(stream.time_base or 0) * 90_000))
    return found, sets.parameters(), offsets
