"""Pictures come to a model as OpenCV's users would bring them, and as the manifest says."""

import numpy as np
import pytest

from benches.accuracy import plain
from tests.analytics.onnx_making import manifest
from watchglass.analytics.manifest import Colours, Fit, Input
from watchglass.analytics.resize import resized
from watchglass.analytics.shown import show


@pytest.mark.parametrize("source", [(426, 640), (97, 31), (1, 1), (416, 416)])
@pytest.mark.parametrize("target", [(416, 416), (64, 32), (1, 500)])
def test_another_size_as_opencv_makes_it(source: tuple[int, int], target: tuple[int, int]) -> None:
    picture = np.random.default_rng(1).integers(0, 256, (*source, 3), np.uint8)
    found = resized(picture, *target)
    assert found.dtype == np.float32
    wanted = plain._resize(picture, *target).astype(int)
    assert np.abs(found - wanted).max() <= 0.5 + 1e-3


def test_a_letterbox_is_filled_beside_the_picture() -> None:
    into = np.empty((3, 64, 64), np.float32)
    picture = np.full((32, 64, 3), (10, 20, 30), np.uint8)
    fit = show(picture, manifest().input, into)
    assert (fit.width, fit.height) == (64, 32)
    assert into[:, :32].reshape(3, -1).mean(1).tolist() == [10, 20, 30]
    assert (into[:, 32:] == 114).all()


def test_colours_and_levels_as_the_manifest_says() -> None:
    wanted = Input(
        64, 64, Fit.STRETCH, Colours.RGB, mean=(30.0, 10.0, 0.0), divide=(2.0, 1.0, 10.0)
    )
    into = np.empty((3, 64, 64), np.float32)
    show(np.full((32, 64, 3), (10, 20, 30), np.uint8), wanted, into)
    assert into.reshape(3, -1).mean(1).tolist() == [0.0, 10.0, 1.0]
    assert into.std() == pytest.approx(np.std([0, 10, 1]))
