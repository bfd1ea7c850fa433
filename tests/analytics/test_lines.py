"""Counts at lines stay what somebody saw: a limit that is moved elsewhere shows here."""

from pathlib import Path

import pytest

from benches.accuracy import lines, precision
from watchglass.analytics.catalogue import CATALOGUE, DEFAULT
from watchglass.analytics.models import Models
from watchglass.analytics.regions import RegionDetector


@pytest.mark.full
@pytest.mark.timeout(300)
@pytest.mark.parametrize("model", [DEFAULT, "off"])
def test_real_clips(model: str, shared_dir: Path) -> None:
    models = Models(shared_dir / "models")
    detector = RegionDetector() if model == "off" else precision.detector(models, CATALOGUE[model])
    found = lines.judged(shared_dir / "testdata/video", detector)
    assert (found.crossings, found.errors, found.astray) == (10, 0, 0)
