"""Models on disk: found by name, held to their hash, pinned where they are a user's, fetched."""

import hashlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import EntryPoint
from pathlib import Path

import msgspec
import pytest

from tests.analytics.onnx_making import Made, made, replace_in, rows_of
from watchglass.analytics import detectors
from watchglass.analytics.catalogue import CATALOGUE, DEFAULT
from watchglass.analytics.detector import Detector, DetectorSettings
from watchglass.analytics.detectors import choose
from watchglass.analytics.models import OFF, PLUG_INS, Models
from watchglass.analytics.pulling import PullError, pull
from watchglass.analytics.regions import RegionDetector
from watchglass.base.errors import DamagedError, NotFoundError, RefusedError
from watchglass.model.detection import ObjectClass


def laid(folder: Path, **changed: str) -> Made:
    """A user's own model, with its manifest beside it."""
    of = made(rows_of((0, "person", 0.9)), 1, **changed)
    (folder / of.manifest.file).write_bytes(of.data)
    (folder / "own.json").write_bytes(msgspec.json.encode(of.manifest))
    return of


def pinned(folder: Path) -> str:
    return hashlib.sha256((folder / "own.json").read_bytes()).hexdigest()


def test_without_any_model_it_says_how_to_get_one(tmp_path: Path) -> None:
    chosen = choose(Models(tmp_path / "none"), "", 1)
    assert isinstance(chosen.detector, RegionDetector)
    assert f"watchglass models pull {DEFAULT}" in chosen.instead
    assert "WATCHGLASS_MODELS_DIR" in chosen.instead
    assert choose(Models(tmp_path), OFF, 1).instead == ""


@pytest.mark.parametrize("name", sorted(CATALOGUE))
def test_models_lie_in_a_folder_without_the_internet(name: str, shared_dir: Path) -> None:
    models = Models(shared_dir / "models")
    known = models.find(name)
    assert len(models.load(known)) > 1_000_000
    assert not known.pin


def test_ones_own_is_used_once_it_is_pinned(tmp_path: Path) -> None:
    of = laid(tmp_path)
    models = Models(tmp_path)
    with pytest.raises(RefusedError, match=f"WATCHGLASS_MODEL=made@{pinned(tmp_path)}"):
        models.find("made")
    known = models.find(f"made@{pinned(tmp_path)}")
    assert models.load(known) == of.data
    assert models.find(f"made@{pinned(tmp_path)[:16]}") == known
    chosen = choose(models, known.setting, 1)
    assert chosen.detector.identity == hashlib.sha256(of.data).hexdigest()
    assert chosen.detector.names == {
        ObjectClass.PERSON, ObjectClass.TRUCK, ObjectClass.MOVING
    }  # fmt: skip
    chosen.detector.close()


def test_a_manifest_that_was_changed_is_refused(tmp_path: Path) -> None:
    of = laid(tmp_path)
    pin = pinned(tmp_path)
    other = replace_in(of.manifest, kinds={"teapot": ObjectClass.DOG})
    (tmp_path / "own.json").write_bytes(msgspec.json.encode(other))
    with pytest.raises(RefusedError, match="somebody changed it"):
        Models(tmp_path).find(f"made@{pin}")


def test_a_model_that_was_changed_is_refused(tmp_path: Path) -> None:
    of = laid(tmp_path)
    (tmp_path / of.manifest.file).write_bytes(of.data[:-1])
    models = Models(tmp_path)
    with pytest.raises(DamagedError, match="is not the model made"):
        models.load(models.find(f"made@{pinned(tmp_path)}"))
    assert isinstance(choose(models, f"made@{pinned(tmp_path)}", 1).detector, RegionDetector)


def test_nobody_takes_the_name_of_one_of_ours(tmp_path: Path) -> None:
    laid(tmp_path, name=DEFAULT)
    found, wrong = Models(tmp_path).all()
    assert [each.manifest.name for each in found] == list(CATALOGUE)
    assert "a name of its own" in wrong[0].sentence


def test_a_broken_manifest_hides_no_other(tmp_path: Path) -> None:
    laid(tmp_path)
    (tmp_path / "broken.toml").write_text("name = ")
    found, wrong = Models(tmp_path).all()
    assert found[-1].manifest.name == "made"
    assert len(wrong) == 1


def test_a_fifo_is_no_model(tmp_path: Path) -> None:
    import os

    of = laid(tmp_path)
    (tmp_path / of.manifest.file).unlink()
    os.mkfifo(tmp_path / of.manifest.file)
    models = Models(tmp_path)
    with pytest.raises(NotFoundError.__mro__[1], match="is no file of a model"):
        models.load(models.find(f"made@{pinned(tmp_path)}"))


# --- a plug-in ------------------------------------------------------------------------------------


class Plugged:
    """As an entry point names it."""

    def make(self, settings: DetectorSettings) -> Detector:
        assert settings.threads == 3
        return RegionDetector()


def test_a_plug_in_by_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def points(group: str, name: str) -> list[EntryPoint]:
        value = {"mine": f"{__name__}:PLUGGED", "broken": "no.such.module:x"}.get(name)
        return [EntryPoint(name, value, group)] if value and group == PLUG_INS else []

    monkeypatch.setattr(detectors, "entry_points", points)
    assert choose(Models(tmp_path), "mine", 3).instead == ""
    assert "No model is called 'broken'" in choose(Models(tmp_path), "broken", 3).instead


PLUGGED = Plugged()

# --- fetching -------------------------------------------------------------------------------------


class Shop:
    """A server on this machine that gives files, and redirects."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.to: dict[str, str] = {}
        self.asked: list[str] = []
        shop = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                shop.asked.append(self.path)
                if self.path in shop.to:
                    self.send_response(302)
                    self.send_header("Location", shop.to[self.path])
                    self.end_headers()
                    return
                data = shop.files.get(self.path)
                self.send_response(200 if data is not None else 404)
                self.send_header("Content-Length", str(len(data or b"")))
                self.end_headers()
                self.wfile.write(data or b"")

            def log_message(self, *_: object) -> None:
                """Nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def shop() -> Iterator[Shop]:
    found = Shop()
    yield found
    found.close()


def test_fetched_once_and_held_to_its_hash(tmp_path: Path, shop: Shop) -> None:
    of = made(rows_of())
    shop.files["/m.onnx"] = of.data
    wanted = replace_in(of.manifest, url=f"{shop.url}/m.onnx")
    told: list[tuple[int, int]] = []
    folder = tmp_path / "models"
    path = pull(wanted, folder, lambda now, whole: told.append((now, whole)))
    assert path == folder / "made.onnx"
    assert path.read_bytes() == of.data
    assert told[-1] == (len(of.data), len(of.data))
    pull(wanted, folder, lambda *_: None)
    assert shop.asked == ["/m.onnx"]


def test_a_model_of_the_folder_is_fetched_by_its_name(tmp_path: Path, shop: Shop) -> None:
    of = laid(tmp_path)
    (tmp_path / of.manifest.file).unlink()
    shop.files["/m.onnx"] = of.data
    wanted = replace_in(of.manifest, url=f"{shop.url}/m.onnx")
    (tmp_path / "own.json").write_bytes(msgspec.json.encode(wanted))
    models = Models(tmp_path)
    with pytest.raises(NotFoundError, match="watchglass models pull made"):
        models.find(f"made@{pinned(tmp_path)}")
    assert models.pull("made", lambda *_: None).read_bytes() == of.data
    assert models.find(f"made@{pinned(tmp_path)}").path is not None


def test_what_is_not_the_model_never_gets_its_name(tmp_path: Path, shop: Shop) -> None:
    of = made(rows_of())
    shop.files["/m.onnx"] = of.data + b"\x00"
    wanted = replace_in(of.manifest, url=f"{shop.url}/m.onnx")
    with pytest.raises(DamagedError, match="thrown away"):
        pull(wanted, tmp_path, lambda *_: None)
    assert list(tmp_path.iterdir()) == []


def test_one_that_is_not_there(tmp_path: Path, shop: Shop) -> None:
    wanted = replace_in(made(rows_of()).manifest, url=f"{shop.url}/none.onnx")
    with pytest.raises(PullError, match=r"127\.0\.0\.1 did not give"):
        pull(wanted, tmp_path, lambda *_: None)
    nobody = replace_in(wanted, url="http://127.0.0.1:9/x.onnx")
    with pytest.raises(PullError, match="refused"):
        pull(nobody, tmp_path, lambda *_: None)


def test_one_that_is_published_nowhere(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="published nowhere"):
        Models(tmp_path).pull("nanodet_plus_m", lambda *_: None)
