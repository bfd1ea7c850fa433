import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from watchglass.simulate import frame_code

numbers = st.integers(0, (1 << frame_code.NUMBER_BITS) - 1)
widths = st.sampled_from([160, 320, 352, 640, 704])


def _luma(width: int, number: int) -> frame_code.Luma:
    luma = np.full((width // 2, width), 120, dtype=np.uint8)
    frame_code.draw(luma, number)
    return luma


@given(number=numbers, width=widths)
def test_what_is_drawn_reads(number: int, width: int) -> None:
    assert frame_code.read(_luma(width, number)) == number


@settings(deadline=None)
@given(number=numbers, width=widths, sigma=st.floats(0, 25), seed=st.integers(0, 1000))
def test_noise_and_low_contrast_still_read(
    number: int, width: int, sigma: float, seed: int
) -> None:
    luma = _luma(width, number).astype(np.float64) * 0.6 + 40
    luma += np.random.default_rng(seed).normal(0, sigma, luma.shape)
    noisy = np.clip(luma, 0, 255).astype(np.uint8)
    assert frame_code.read(noisy) in {number, None if sigma > 15 else number}


@given(seed=st.integers(0, 10_000))
def test_noise_alone_reads_as_nothing(seed: int) -> None:
    luma = np.random.default_rng(seed).integers(0, 256, (80, 160), dtype=np.uint8)
    assert frame_code.read(luma) is None


@given(number=numbers)
def test_a_picture_scaled_down_reads(number: int) -> None:
    luma = _luma(640, number)
    half = luma.reshape(160, 2, 320, 2).mean(axis=(1, 3)).astype(np.uint8)
    assert frame_code.read(half) == number


@given(number=numbers, cell=st.integers(0, frame_code.CELLS - 1))
def test_a_turned_cell_is_noticed(number: int, cell: int) -> None:
    luma = _luma(640, number)
    columns = slice(cell * 16, cell * 16 + 16)
    white_and_black = int(luma[0].min()) + int(luma[0].max())
    luma[: frame_code.strip_rows(640), columns] = white_and_black - luma[0, columns]
    assert frame_code.read(luma) is None


def test_pictures_without_a_strip() -> None:
    assert frame_code.read(np.zeros((2, 2), dtype=np.uint8)) is None
    assert frame_code.read(np.full((96, 160), 128, dtype=np.uint8)) is None


def test_numbers_that_do_not_fit() -> None:
    with pytest.raises(ValueError, match="20 bits"):
        _luma(160, 1 << 20)
