"""Another model is a line in the site's ledger, and the same one is not told again."""

from pathlib import Path

import pytest

from tests.analytics.test_models import laid, pinned
from watchglass.app.ground import ground, open_store
from watchglass.app.model_note import note_model
from watchglass.base.clock import SystemClock
from watchglass.base.errors import WriteFailedError
from watchglass.config.settings import read_settings
from watchglass.model.act import Act, ActKind


def test_told_once_and_again_when_it_is_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("WATCHGLASS_MODEL", raising=False)
    models = tmp_path / "models"
    models.mkdir()
    of = laid(models)
    told: list[Act] = []
    base = {"data": tmp_path / "data", "models_dir": models}
    own = {**base, "model": f"made@{pinned(models)}"}
    (tmp_path / "data/state").mkdir(parents=True)
    store = open_store(ground(read_settings(base)))
    clock = SystemClock()
    try:
        note_model(read_settings(base), store, clock, told.append)
        assert told == []  # there is none, as before
        for _ in range(2):
            note_model(read_settings(own), store, clock, told.append)
        (act,) = told
        assert act.kind is ActKind.SETTING_CHANGED
        assert of.manifest.sha256 in act.detail
        assert pinned(models) in act.detail
        assert act.detail.endswith("person, truck")
        (models / of.manifest.file).write_bytes(b"another")
        note_model(read_settings(own), store, clock, told.append)
        assert told[1].detail == "no model names what is seen"
    finally:
        store.close()


def test_a_plug_in_is_told_by_its_name_and_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "lib" / "looker-2.1.dist-info"
    package.mkdir(parents=True)
    (package / "METADATA").write_text("Metadata-Version: 2.1\nName: looker\nVersion: 2.1\n")
    (package / "entry_points.txt").write_text("[watchglass.detector]\nmine = looker:make\n")
    monkeypatch.syspath_prepend(package.parent)
    settings = read_settings({"data": tmp_path / "data", "model": "mine"})
    (tmp_path / "data/state").mkdir(parents=True)
    store = open_store(ground(settings))
    told: list[Act] = []
    try:
        note_model(settings, store, SystemClock(), told.append)
        assert [each.detail for each in told] == [
            "the plug-in mine of looker 2.1 names what is seen"
        ]
    finally:
        store.close()


def test_what_the_ledger_does_not_take_is_told_at_the_next_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("WATCHGLASS_MODEL", raising=False)
    laid(tmp_path)
    settings = read_settings(
        {"data": tmp_path / "data", "models_dir": tmp_path, "model": f"made@{pinned(tmp_path)}"}
    )
    told: list[Act] = []

    def fails(_act: Act) -> None:
        raise WriteFailedError("The disk is away.")

    (tmp_path / "data/state").mkdir(parents=True)
    store = open_store(ground(settings))
    try:
        note_model(settings, store, SystemClock(), fails)
        note_model(settings, store, SystemClock(), told.append)
    finally:
        store.close()
    assert len(told) == 1
