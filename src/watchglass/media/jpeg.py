"""JPEG pictures (ITU-T T.81) as cameras send them over RTP (RFC 2435): baseline, without headers.

RTP leaves out what is nearly always the same. Here it is put back: quantisation tables of a quality
(RFC 2435, appendix A), the Huffman tables of T.81's annex K, frame and scan header.
"""

from watchglass.base.errors import StreamInvalidError
from watchglass.media.sps import SequenceParameters

SOF0 = b"\xff\xc0"
END = b"\xff\xd9"
TABLE_BYTES = 64
MOST_PIXELS_A_SIDE = 16_384
_DHT_MARKER, _SOS = 0xC4, 0xDA

_START = b"\xff\xd8"
_DHT = bytes.fromhex(
    "ffc401a20000010501010101010100000000000000000102030405060708090a0b0100030101010101010101"
    "010000000000000102030405060708090a0b100002010303020403050504040000017d010203000411051221"
    "31410613516107227114328191a1082342b1c11552d1f02433627282090a161718191a25262728292a343536"
    "3738393a434445464748494a535455565758595a636465666768696a737475767778797a838485868788898a"
    "92939495969798999aa2a3a4a5a6a7a8a9aab2b3b4b5b6b7b8b9bac2c3c4c5c6c7c8c9cad2d3d4d5d6d7d8d9"
    "dae1e2e3e4e5e6e7e8e9eaf1f2f3f4f5f6f7f8f9fa1100020102040403040705040400010277000102031104"
    "052131061241510761711322328108144291a1b1c109233352f0156272d10a162434e125f11718191a262728"
    "292a35363738393a434445464748494a535455565758595a636465666768696a737475767778797a82838485"
    "868788898a92939495969798999aa2a3a4a5a6a7a8a9aab2b3b4b5b6b7b8b9bac2c3c4c5c6c7c8c9cad2d3d4"
    "d5d6d7d8d9dae2e3e4e5e6e7e8e9eaf2f3f4f5f6f7f8f9fa"
)
_SCAN = bytes.fromhex("ffda000c03010002110311003f00")

# Both in zigzag order, as files hold them.
_LUMINANCE = bytes((
    16, 11, 12, 14, 12, 10, 16, 14, 13, 14, 18, 17, 16, 19, 24, 40, 26, 24, 22, 22, 24, 49, 35, 37,
    29, 40, 58, 51, 61, 60, 57, 51, 56, 55, 64, 72, 92, 78, 64, 68, 87, 69, 55, 56, 80, 109, 81,
    87, 95, 98, 103, 104, 103, 62, 77, 113, 121, 112, 100, 120, 92, 101, 103, 99,
))  # fmt: skip
_CHROMINANCE = bytes((
    17, 18, 18, 24, 21, 24, 47, 26, 26, 47, 99, 66, 56, 66, *([99] * 50),
))  # fmt: skip


def quantisation(quality: int) -> tuple[bytes, bytes]:
    """Luminance and chrominance tables of a quality of 1 to 99, 8 bits a value."""
    quality = min(max(quality, 1), 99)
    scale = 5000 // quality if quality < 50 else 200 - 2 * quality
    luminance, chrominance = (
        bytes(min(max((value * scale + 50) // 100, 1), 255) for value in table)
        for table in (_LUMINANCE, _CHROMINANCE)
    )
    return luminance, chrominance


def frame_header(width: int, height: int, rows_sampled: int) -> bytes:
    """SOF0 of a picture whose colours are sampled at half the width and, with 2, half the height.

    Two pictures with the same one can share a file.
    """
    size = height.to_bytes(2, "big") + width.to_bytes(2, "big")
    sampling = 0x20 | rows_sampled
    return SOF0 + b"\x00\x11\x08" + size + bytes((3, 1, sampling, 0, 2, 0x11, 1, 3, 0x11, 1))


def start_of_picture(tables: tuple[bytes, ...], frame: bytes, restart_interval: int) -> bytes:
    """All that stands before the entropy-coded data. Tables of 128 bytes have 16 bits a value."""
    parts = [_START]
    for number, table in enumerate(tables):
        is_wide = len(table) > TABLE_BYTES
        head = (len(table) + 3).to_bytes(2, "big") + bytes((is_wide << 4 | number,))
        parts += [b"\xff\xdb", head, table]
    if restart_interval:
        parts += [b"\xff\xdd\x00\x04", restart_interval.to_bytes(2, "big")]
    return b"".join((*parts, frame, _DHT, _SCAN))


def parse_frame_header(frame: bytes) -> SequenceParameters:
    """What `frame_header` says; StreamInvalidError for an impossible size."""
    height, width = int.from_bytes(frame[5:7], "big"), int.from_bytes(frame[7:9], "big")
    if not (0 < width <= MOST_PIXELS_A_SIDE and 0 < height <= MOST_PIXELS_A_SIDE):
        raise StreamInvalidError("The camera names an impossible picture size.")
    return SequenceParameters(width, height, 0, 0, None, 0)


def whole(picture: bytes) -> tuple[bytes, bytes]:
    """A picture as a file holds it, and its frame header; StreamInvalidError for what is none.

    USB cameras leave the Huffman tables out, which are then those of T.81's annex K, and fill their
    buffers up with zeros behind the end.
    """
    wrong = StreamInvalidError("The camera sends a picture that is no baseline JPEG.")
    end = picture.rfind(END)
    if not picture.startswith(_START) or end < 0:
        raise wrong
    at, frame, has_tables = 2, b"", False
    while at + 4 <= end and picture[at] == 0xFF:
        marker, size = picture[at + 1], int.from_bytes(picture[at + 2 : at + 4], "big")
        if marker == _SOS:
            break
        if 0xC0 <= marker <= 0xCF and marker not in (_DHT_MARKER, 0xC8, 0xCC):
            if marker > 0xC1:
                raise wrong
            frame = picture[at : at + 2 + size]
        has_tables = has_tables or marker == _DHT_MARKER
        at += 2 + size
    else:
        raise wrong
    if len(frame) < 9:
        raise wrong
    rest = picture[at : end + 2]
    tables = b"" if has_tables else _DHT
    # The frame header's marker tells which of the two kinds of baseline; files are told by size.
    return picture[:at] + tables + rest, SOF0 + frame[2:]
