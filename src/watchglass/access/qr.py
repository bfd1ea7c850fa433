"""QR codes (ISO/IEC 18004) as SVG, made here: a secret is sent to no service that draws it.

Bytes alone, error correction level M, versions 1 to 13: up to 331 bytes, which is a link.
"""

from collections.abc import Callable, Iterator

from watchglass.base.errors import UsageError

# For each version: check codewords of a block, then (blocks, data codewords of each).
_BLOCKS: tuple[tuple[int, tuple[tuple[int, int], ...]], ...] = (
    (10, ((1, 16),)), (16, ((1, 28),)), (26, ((1, 44),)), (18, ((2, 32),)), (24, ((2, 43),)),
    (16, ((4, 27),)), (18, ((4, 31),)), (22, ((2, 38), (2, 39))), (22, ((3, 36), (2, 37))),
    (26, ((4, 43), (1, 44))), (30, ((1, 50), (4, 51))), (22, ((6, 36), (2, 37))),
    (22, ((8, 37), (1, 38))),
)  # fmt: skip
_CENTRES: tuple[tuple[int, ...], ...] = (
    (), (6, 18), (6, 22), (6, 26), (6, 30), (6, 34), (6, 22, 38), (6, 24, 42), (6, 26, 46),
    (6, 28, 50), (6, 30, 54), (6, 32, 58), (6, 34, 62),
)  # fmt: skip
_LEVEL_M = 0b00
_FORMAT_POLYNOMIAL, _FORMAT_MASK = 0b10100110111, 0b101010000010010
_VERSION_POLYNOMIAL = 0b1111100100101
_MASKS: tuple[Callable[[int, int], bool], ...] = (
    lambda r, c: (r + c) % 2 == 0,
    lambda r, c: r % 2 == 0,
    lambda r, c: c % 3 == 0,
    lambda r, c: (r + c) % 3 == 0,
    lambda r, c: (r // 2 + c // 3) % 2 == 0,
    lambda r, c: r * c % 2 + r * c % 3 == 0,
    lambda r, c: (r * c % 2 + r * c % 3) % 2 == 0,
    lambda r, c: ((r + c) % 2 + r * c % 3) % 2 == 0,
)
_QUIET = 4
Grid = list[list[bool]]


def qr_svg(text: str) -> str:
    """A square picture of dark modules on white; UsageError for a text that is too long."""
    grid = qr_grid(text.encode())
    side = len(grid) + 2 * _QUIET
    path = "".join(
        f"M{c + _QUIET} {r + _QUIET}h1v1h-1z"
        for r, row in enumerate(grid)
        for c, dark in enumerate(row)
        if dark
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {side} {side}" '
        f'shape-rendering="crispEdges"><path fill="#fff" d="M0 0h{side}v{side}H0z"/>'
        f'<path fill="#000" d="{path}"/></svg>'
    )


def qr_grid(data: bytes) -> Grid:
    """The modules, True for dark, without the quiet zone."""
    version = _version_for(len(data))
    bits = list(_bits(_codewords(data, version)))
    best: Grid | None = None
    for mask in range(len(_MASKS)):
        grid = _drawn(version, bits, mask)
        if best is None or _penalty(grid) < _penalty(best):
            best = grid
    assert best is not None
    return best


# --- what is written ------------------------------------------------------------------------------


def _capacity(version: int) -> int:
    return sum(count * length for count, length in _BLOCKS[version - 1][1])


def _version_for(length: int) -> int:
    for version in range(1, len(_BLOCKS) + 1):
        if 4 + (8 if version < 10 else 16) + 8 * length <= 8 * _capacity(version):
            return version
    raise UsageError("That is too long for a QR code.")


def _codewords(data: bytes, version: int) -> list[int]:
    """Mode, length and data, padded, in blocks with their check codewords, interleaved."""
    length_bits = 8 if version < 10 else 16
    number = (0b0100 << length_bits | len(data)) << 8 * len(data) | int.from_bytes(data, "big")
    used = 4 + length_bits + 8 * len(data)
    capacity = _capacity(version)
    # Four zero bits end it, and more fill up the last byte.
    ending = min(4, 8 * capacity - used)
    filling = -(used + ending) % 8
    whole = (number << ending + filling).to_bytes((used + ending + filling) // 8, "big")
    padding = bytes(0xEC if at % 2 == 0 else 0x11 for at in range(capacity - len(whole)))
    return _interleaved(whole + padding, version)


def _interleaved(data: bytes, version: int) -> list[int]:
    check_length, groups = _BLOCKS[version - 1]
    generator = _generator(check_length)
    blocks: list[bytes] = []
    at = 0
    for count, length in groups:
        for _ in range(count):
            blocks.append(data[at : at + length])
            at += length
    checks = [_remainder(block, generator) for block in blocks]
    found = [
        block[place]
        for place in range(max(map(len, blocks)))
        for block in blocks
        if place < len(block)
    ]
    return found + [check[place] for place in range(check_length) for check in checks]


def _bits(codewords: list[int]) -> Iterator[bool]:
    for word in codewords:
        for at in range(7, -1, -1):
            yield bool(word >> at & 1)


def _times(a: int, b: int) -> int:
    """In the field of 256 elements with the polynomial x^8 + x^4 + x^3 + x^2 + 1."""
    product = 0
    for at in range(7, -1, -1):
        product = product << 1 ^ (product >> 7) * 0x11D
        product ^= (b >> at & 1) * a
    return product


def _generator(degree: int) -> list[int]:
    found = [0] * (degree - 1) + [1]
    root = 1
    for _ in range(degree):
        for at in range(degree):
            found[at] = _times(found[at], root)
            if at + 1 < degree:
                found[at] ^= found[at + 1]
        root = _times(root, 2)
    return found


def _remainder(data: bytes, generator: list[int]) -> list[int]:
    found = [0] * len(generator)
    for byte in data:
        factor = byte ^ found.pop(0)
        found.append(0)
        for at, part in enumerate(generator):
            found[at] ^= _times(part, factor)
    return found


# --- how it is drawn ------------------------------------------------------------------------------


def _drawn(version: int, bits: list[bool], mask: int) -> Grid:
    size = 17 + 4 * version
    grid: Grid = [[False] * size for _ in range(size)]
    fixed: Grid = [[False] * size for _ in range(size)]

    def put(r: int, c: int, dark: bool) -> None:
        grid[r][c], fixed[r][c] = dark, True

    for at in range(size):
        put(6, at, at % 2 == 0)
        put(at, 6, at % 2 == 0)
    for r, c in ((3, 3), (3, size - 4), (size - 4, 3)):
        _put_finder(put, r, c, size)
    centres = _CENTRES[version - 1]
    corners = {(6, 6), (6, size - 7), (size - 7, 6)}
    for r in centres:
        for c in centres:
            if (r, c) not in corners:
                for dr in range(-2, 3):
                    for dc in range(-2, 3):
                        put(r + dr, c + dc, max(abs(dr), abs(dc)) != 1)
    _put_format(put, mask, size)
    if version >= 7:
        _put_version(put, version, size)
    _put_data(grid, fixed, bits, mask)
    return grid


def _put_finder(put: Callable[[int, int, bool], None], r: int, c: int, size: int) -> None:
    for dr in range(-4, 5):
        for dc in range(-4, 5):
            if 0 <= r + dr < size and 0 <= c + dc < size:
                put(r + dr, c + dc, max(abs(dr), abs(dc)) not in (2, 4))


def _put_format(put: Callable[[int, int, bool], None], mask: int, size: int) -> None:
    data = _LEVEL_M << 3 | mask
    word = (data << 10 | _code(data, 10, _FORMAT_POLYNOMIAL)) ^ _FORMAT_MASK
    bit = [bool(word >> at & 1) for at in range(15)]
    for at in range(6):
        put(at, 8, bit[at])
    put(7, 8, bit[6])
    put(8, 8, bit[7])
    put(8, 7, bit[8])
    for at in range(9, 15):
        put(8, 14 - at, bit[at])
    for at in range(8):
        put(8, size - 1 - at, bit[at])
    for at in range(8, 15):
        put(size - 15 + at, 8, bit[at])
    put(size - 8, 8, True)


def _put_version(put: Callable[[int, int, bool], None], version: int, size: int) -> None:
    word = version << 12 | _code(version, 12, _VERSION_POLYNOMIAL)
    for at in range(18):
        dark = bool(word >> at & 1)
        put(size - 11 + at % 3, at // 3, dark)
        put(at // 3, size - 11 + at % 3, dark)


def _code(data: int, length: int, polynomial: int) -> int:
    """Check bits of a BCH code."""
    rest = data << length
    while rest.bit_length() > length:
        rest ^= polynomial << rest.bit_length() - length - 1
    return rest


def _put_data(grid: Grid, fixed: Grid, bits: list[bool], mask: int) -> None:
    """Two columns at a time from the right, up and down in turn; the timing column is left out."""
    size = len(grid)
    inverts = _MASKS[mask]
    left = iter(bits)
    upwards = True
    for right in (*range(size - 1, 6, -2), *range(5, 0, -2)):
        rows = range(size - 1, -1, -1) if upwards else range(size)
        upwards = not upwards
        for r in rows:
            for c in (right, right - 1):
                if not fixed[r][c]:
                    grid[r][c] = next(left, False) != inverts(r, c)


def _penalty(grid: Grid) -> int:
    size = len(grid)
    lines = [*grid, *([row[c] for row in grid] for c in range(size))]
    texts = ["".join("1" if dark else "0" for dark in line) for line in lines]
    runs = sum(_runs(text) for text in texts)
    likeness = sum(text.count("10111010000") + text.count("00001011101") for text in texts)
    squares = sum(
        grid[r][c] == grid[r][c + 1] == grid[r + 1][c] == grid[r + 1][c + 1]
        for r in range(size - 1)
        for c in range(size - 1)
    )
    dark = sum(map(sum, grid))
    balance = abs(20 * dark - 10 * size * size) // (size * size)
    return runs + 40 * likeness + 3 * squares + 10 * balance


def _runs(text: str) -> int:
    found = 0
    for run in text.replace("01", "0 1").replace("10", "1 0").split():
        if len(run) >= 5:
            found += len(run) - 2
    return found
