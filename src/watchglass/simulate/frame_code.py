"""The frame number as a strip of black and white cells along the top of a picture.

40 cells as wide as the picture: 4 sync cells (white black white black), 20 bits of number, 12 bits
of checksum, 4 sync cells (black white black white). Cell borders are fractions of the width, so a
picture scaled to another size still reads.
"""

import binascii
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

CELLS: Final = 40
NUMBER_BITS: Final = 20
_CHECK_BITS = 12
_SYNC_START = (1, 0, 1, 0)
_SYNC_END = (0, 1, 0, 1)
_BLACK, _WHITE = 40, 136
"""Apart enough for the coarsest stream, and no more: the strip is no part of the street."""
# Below this difference between sync cells, or this share of it between a cell and the middle, the
# strip is guesswork.
_LEAST_CONTRAST = 48.0
_LEAST_MARGIN = 0.12

Luma = NDArray[np.uint8]


def strip_rows(width: int) -> int:
    """Height of the strip in luma rows: two cells, so that it is even."""
    return max(2 * (width // CELLS), 4)


def _borders(width: int) -> list[int]:
    return [round(width * cell / CELLS) for cell in range(CELLS + 1)]


def _checksum(number: int) -> int:
    return binascii.crc_hqx(number.to_bytes(4, "big"), 0xFFFF) & 0xFFF


def _bits(value: int, count: int) -> tuple[int, ...]:
    return tuple((value >> shift) & 1 for shift in reversed(range(count)))


def draw(luma: Luma, number: int) -> None:
    """Draw the number (below 2**20) over the top rows of a luma plane of at least 160 columns."""
    if not 0 <= number < 1 << NUMBER_BITS:
        raise ValueError(f"frame number {number} does not fit in {NUMBER_BITS} bits")
    width = luma.shape[1]
    cells = (
        _SYNC_START + _bits(number, NUMBER_BITS) + _bits(_checksum(number), _CHECK_BITS) + _SYNC_END
    )
    levels = np.where(np.array(cells, dtype=bool), _WHITE, _BLACK).astype(np.uint8)
    luma[: strip_rows(width)] = np.repeat(levels, np.diff(_borders(width)))


def read(luma: NDArray[Any]) -> int | None:
    """The number in a luma plane of 8 bits; None where no strip can be read with certainty."""
    height, width = luma.shape
    rows = strip_rows(width)
    if width < CELLS or height < rows:
        return None
    means = _cell_means(luma[rows // 4 : rows - rows // 4], width)
    sync = np.array(_SYNC_START + _SYNC_END, dtype=bool)
    sync_means = np.concatenate((means[:4], means[-4:]))
    white, black = float(sync_means[sync].mean()), float(sync_means[~sync].mean())
    contrast = white - black
    if contrast < _LEAST_CONTRAST:
        return None
    distance = (means - (white + black) / 2) / contrast
    if float(np.abs(distance).min()) < _LEAST_MARGIN:
        return None
    return _decode(distance > 0)


def _cell_means(strip: NDArray[Any], width: int) -> NDArray[np.float64]:
    borders = _borders(width)
    columns = strip.mean(axis=0)
    means = np.empty(CELLS)
    for cell in range(CELLS):
        left, right = borders[cell], borders[cell + 1]
        # The outer quarters bleed into the neighbours when scaled or coded coarsely.
        inset = (right - left) // 4
        means[cell] = columns[left + inset : right - inset].mean()
    return means


def _decode(cells: NDArray[np.bool_]) -> int | None:
    bits = tuple(int(cell) for cell in cells)
    if bits[:4] != _SYNC_START or bits[-4:] != _SYNC_END:
        return None
    text = "".join(map(str, bits[4:-4]))
    number, check = int(text[:NUMBER_BITS], 2), int(text[NUMBER_BITS:], 2)
    return number if check == _checksum(number) else None
