"""Models through ONNX Runtime: ours, made ones of any behaviour, and hostile ones."""

import io
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import onnxruntime
import pytest

from tests.analytics.onnx_making import LABELS, Made, made, manifest, model, replace_in, rows_of
from watchglass.analytics.backends.onnx import CPU, OnnxRuntime, Tuning, providers
from watchglass.analytics.backends.tuning import Measured, fastest, measure, open_model
from watchglass.analytics.catalogue import CATALOGUE, DEFAULT
from watchglass.analytics.detector import Look, Picture
from watchglass.analytics.detector_suite import CHECKS, Rig
from watchglass.analytics.models import Models
from watchglass.analytics.named import NamedDetector
from watchglass.analytics.tracker import Measures, Tracker
from watchglass.base.clock import NS_PER_S
from watchglass.base.errors import ConfigError
from watchglass.base.ids import CameraId
from watchglass.model.detection import Box, ObjectClass
from watchglass.model.object_track import TrackPart

Check = Callable[[Rig], None]
checks = pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
GREY = Look(np.full((64, 64, 3), 90, np.uint8))


def detector(of: Made, tuning: Tuning | None = None) -> NamedDetector:
    return NamedDetector(of.manifest, OnnxRuntime(of.data, of.manifest, tuning or Tuning()))


# --- the suite ------------------------------------------------------------------------------------


@checks
@pytest.mark.parametrize("lanes", [1, 3])
@pytest.mark.parametrize("batch", [1, "n"])
def test_a_made_model(check: Check, lanes: int, batch: int | str) -> None:
    of = made(rows_of((0, "person", 0.9), (3, "van", 0.4)), batch)
    shown = [(GREY, ObjectClass.PERSON), (GREY, ObjectClass.TRUCK)]
    check(Rig(make=lambda: detector(of, Tuning(1, lanes)), shown=shown))


@checks
@pytest.mark.parametrize(
    "name",
    [
        pytest.param(each, marks=[] if each == DEFAULT else [pytest.mark.full])
        for each in sorted(CATALOGUE)
    ],
)
def test_models_of_the_catalogue(check: Check, name: str, shared_dir: Path) -> None:
    models = Models(shared_dir / "models")
    known = models.find(name)
    data = models.load(known)
    street = picture(shared_dir / "testdata/coco_val_a/images/000000000785.jpg")
    rig = Rig(
        make=lambda: NamedDetector(known.manifest, OnnxRuntime(data, known.manifest, Tuning())),
        shown=[(Look(street), ObjectClass.PERSON)],
    )
    check(rig)


def picture(path: Path) -> Picture:
    with av.open(io.BytesIO(path.read_bytes()), "r") as file:
        return next(file.decode(video=0)).to_ndarray(format="bgr24").astype(np.uint8)


# --- the closed list ------------------------------------------------------------------------------


def test_what_a_model_says_beyond_the_list_leads_nowhere() -> None:
    """It is sure of a teapot, and that is nothing; what else it thinks of that place counts."""
    rows = rows_of((0, "teapot", 0.95), (1, "person", 0.5))
    rows[0, 5 + LABELS.index("lorry")] = 0.3
    (found,) = detector(made(rows)).detect([GREY])
    kinds = [(each.kind, round(each.confidence, 2)) for each in found]
    assert kinds == [(ObjectClass.PERSON, 0.5), (ObjectClass.TRUCK, 0.3)]


def test_places_in_a_letterbox_are_places_in_the_picture() -> None:
    """Of 128 x 64 pixels the model sees 64 x 32: a thing of 32 pixels fills the left half."""
    look = Look(np.zeros((64, 128, 3), np.uint8))
    (found,) = detector(made(rows_of((0, "person", 0.8)))).detect([look])
    assert found[0].box == Box(0.0, 0.0, 0.5, 1.0)


def test_what_moves_and_is_not_named_is_seen_all_the_same() -> None:
    """The model sees a person above left; something else moves below right."""
    of = detector(made(rows_of((0, "person", 0.9))))
    person, other, speck = Box(0.1, 0.1, 0.4, 0.4), Box(0.6, 0.6, 0.9, 0.9), Box(0.9, 0, 0.91, 0.01)
    (found,) = of.detect([Look(GREY.picture, (person, other, speck))])
    assert [(each.kind, each.box) for each in found] == [
        (ObjectClass.PERSON, Box(0.0, 0.0, 0.5, 0.5)),
        (ObjectClass.MOVING, other),
    ]


def test_what_moves_without_a_name_is_followed() -> None:
    """It is certain enough to begin a track, and is told within a second."""
    of, tracker = detector(made(rows_of())), Tracker(CameraId("c" * 32), "ab" * 32)
    told: list[TrackPart] = []
    for number in range(6):
        x = 0.1 + 0.05 * number
        (found,) = of.detect([Look(GREY.picture, (Box(x, 0.3, x + 0.2, 0.8),))])
        told += tracker.see(NS_PER_S + number * NS_PER_S // 5, found)
    assert {part.kind for part in told} == {ObjectClass.MOVING}


def test_where_the_model_is_not_sure_its_box_is_taken_for_what_moves() -> None:
    of = detector(made(rows_of((0, "person", 0.3))))
    (found,) = of.detect([Look(GREY.picture, (Box(0.05, 0.05, 0.45, 0.5),))])
    assert [(each.kind, round(each.confidence, 2)) for each in found] == [
        (ObjectClass.MOVING, Measures().sure),
        (ObjectClass.PERSON, 0.3),
    ]
    assert found[0].box == found[1].box == Box(0.0, 0.0, 0.5, 0.5)


def test_numbers_that_are_none() -> None:
    rows = rows_of((0, "person", 0.9), (1, "person", 0.9), (2, "person", 7.0), (3, "van", 0.6))
    rows[0, 2] = np.nan
    rows[1, 3] = np.inf
    (found,) = detector(made(rows)).detect([GREY])
    assert [each.kind for each in found] == [ObjectClass.TRUCK]


# --- hostile models -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "cannot load it"),
        (b"\x08\x08" + b"\xff" * 500, "cannot load it"),
        (model(rows_of(), side=(96, 64)), "it takes"),
        (model(rows_of(cells=9)), "it gives"),
        (model(rows_of(), kind=7), "cannot load it"),
        (model(rows_of(cells=5), given=(1, "n", 9)), "it gives"),
        (model(rows_of(cells=5), given=(1, 4, 9)), "cannot be used"),
    ],
)
def test_a_model_that_is_not_what_its_manifest_says(data: bytes, why: str) -> None:
    with pytest.raises(ConfigError, match=why) as caught:
        OnnxRuntime(data, manifest(), Tuning())
    assert str(caught.value).startswith("The model made cannot be used")
    assert len(str(caught.value)) < 600


def test_cut_off_models_never_crash() -> None:
    whole = model(rows_of((0, "person", 0.9)))
    for length in range(0, len(whole), 37):
        with pytest.raises(ConfigError):
            OnnxRuntime(whole[:length], manifest(), Tuning())


def test_too_many_cells_are_refused_before_memory_is_taken() -> None:
    many = replace_in(manifest(), output=manifest().output.__class__((1,)))
    huge = replace_in(many, input=manifest().input.__class__(2048, 2048, manifest().input.fit))
    with pytest.raises(ConfigError, match="too many cells"):
        OnnxRuntime(model(rows_of()), huge, Tuning())


# --- what computes --------------------------------------------------------------------------------


FASTER = ["TensorrtExecutionProvider", "CUDAExecutionProvider", "OpenVINOExecutionProvider",
          "CoreMLExecutionProvider"]  # fmt: skip
AZURE = "AzureExecutionProvider"


def test_a_provider_that_sends_pictures_away_is_never_used() -> None:
    assert providers()[-1] == CPU
    assert AZURE not in providers()


def test_whatever_computes_faster_is_used_where_it_is_and_none_is_required(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As ONNX Runtime says on machines with such a thing, in whatever order; and of another that
    nobody has looked at."""
    for there, used in (
        ([AZURE, CPU, *reversed(FASTER), "OfTomorrowExecutionProvider"], [*FASTER, CPU]),
        ([CPU], [CPU]),
        *(([each, CPU], [each, CPU]) for each in FASTER),
    ):
        monkeypatch.setattr(onnxruntime, "get_available_providers", lambda there=there: there)
        assert providers() == used


@pytest.mark.parametrize("there", FASTER)
def test_each_that_is_there_is_measured_with_the_cpu_behind_it(
    there: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A real session opens in its place, for this machine has none: what is asked of ONNX Runtime
    is looked at."""
    asked: list[list[str]] = []
    session = onnxruntime.InferenceSession

    def opened(model: bytes, options: object, providers: list[str]) -> object:
        asked.append(providers)
        return session(model, options, providers=[CPU])

    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: [there, CPU])
    monkeypatch.setattr(onnxruntime, "InferenceSession", opened)
    of = made(rows_of((0, "person", 0.9)))
    measure(of.manifest, of.data, 1)
    assert asked == [[CPU], [there, CPU], [there, CPU]]


def test_one_that_is_said_to_be_there_and_does_not_open_is_left_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As after an update of a driver."""
    session = onnxruntime.InferenceSession

    def opened(model: bytes, options: object, providers: list[str]) -> object:
        if providers != [CPU]:
            raise RuntimeError("no CUDA-capable device is detected")
        return session(model, options, providers=providers)

    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: [*FASTER, CPU])
    monkeypatch.setattr(onnxruntime, "InferenceSession", opened)
    of = made(rows_of((0, "person", 0.9)))
    runtime, speed = open_model(of.manifest, of.data, 1)
    runtime.close()
    assert speed.provider == CPU


def test_measured_within_its_time() -> None:
    of = made(rows_of((0, "person", 0.9)))
    ticks = iter(range(0, 10_000, 3))
    found = measure(of.manifest, of.data, 8, longest_s=10.0, monotonic=lambda: next(ticks))
    assert 1 <= len(found) <= 2
    assert found[0].tuning == Tuning(1, 1, CPU)
    opened, speed = open_model(of.manifest, of.data, 1)
    assert (speed.threads, speed.lanes) == (1, 1)
    assert speed.wall_ms > 0
    assert opened.batch == 1
    opened.close()


def test_of_two_that_are_as_fast_the_cheaper_one() -> None:
    plain, lanes = Measured(Tuning(1, 1), 10.5, 10.0), Measured(Tuning(1, 2), 10.0, 19.0)
    assert fastest([plain, lanes]) is plain
    assert fastest([plain, Measured(Tuning(1, 2), 5.0, 10.0)]).tuning.lanes == 2
