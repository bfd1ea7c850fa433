"""Video4Linux2 as the kernel has it (linux/videodev2.h, 64 bits): the part that capturing needs.

Names are the header's. `tests/media/fake_v4l2.c`, compiled against that header, holds sizes, places
and numbers in place.
"""

import ctypes as c

BUF_TYPE_VIDEO_CAPTURE = 1
MEMORY_MMAP = 1
FIELD_ANY = 0
CAP_VIDEO_CAPTURE = 0x0000_0001
CAP_STREAMING = 0x0400_0000
CAP_DEVICE_CAPS = 0x8000_0000
CAP_TIMEPERFRAME = 0x1000
BUF_FLAG_ERROR = 0x0040
BUF_FLAG_TIMESTAMP_MASK = 0xE000
BUF_FLAG_TIMESTAMP_MONOTONIC = 0x2000


class Capability(c.Structure):
    """struct v4l2_capability"""

    _fields_ = (
        ("driver", c.c_char * 16), ("card", c.c_char * 32), ("bus_info", c.c_char * 32),
        ("version", c.c_uint32), ("capabilities", c.c_uint32), ("device_caps", c.c_uint32),
        ("reserved", c.c_uint32 * 3),
    )  # fmt: skip


class FormatDescription(c.Structure):
    """struct v4l2_fmtdesc"""

    _fields_ = (
        ("index", c.c_uint32), ("type", c.c_uint32), ("flags", c.c_uint32),
        ("description", c.c_char * 32), ("pixelformat", c.c_uint32), ("mbus_code", c.c_uint32),
        ("reserved", c.c_uint32 * 3),
    )  # fmt: skip


class PixelFormat(c.Structure):
    """struct v4l2_pix_format"""

    _fields_ = (
        ("width", c.c_uint32), ("height", c.c_uint32), ("pixelformat", c.c_uint32),
        ("field", c.c_uint32), ("bytesperline", c.c_uint32), ("sizeimage", c.c_uint32),
        ("colorspace", c.c_uint32), ("priv", c.c_uint32), ("flags", c.c_uint32),
        ("ycbcr_enc", c.c_uint32), ("quantization", c.c_uint32), ("xfer_func", c.c_uint32),
    )  # fmt: skip


class Format(c.Structure):
    """struct v4l2_format; its union holds pointers, and so begins at 8."""

    _fields_ = (
        ("type", c.c_uint32), ("_align", c.c_uint32), ("pix", PixelFormat),
        ("_rest", c.c_uint8 * 152),
    )  # fmt: skip


class Fraction(c.Structure):
    """struct v4l2_fract"""

    _fields_ = (("numerator", c.c_uint32), ("denominator", c.c_uint32))


class StreamParameters(c.Structure):
    """struct v4l2_streamparm, of capturing"""

    _fields_ = (
        ("type", c.c_uint32), ("capability", c.c_uint32), ("capturemode", c.c_uint32),
        ("timeperframe", Fraction), ("extendedmode", c.c_uint32), ("readbuffers", c.c_uint32),
        ("_rest", c.c_uint8 * 176),
    )  # fmt: skip


class RequestBuffers(c.Structure):
    """struct v4l2_requestbuffers"""

    _fields_ = (
        ("count", c.c_uint32), ("type", c.c_uint32), ("memory", c.c_uint32),
        ("capabilities", c.c_uint32), ("flags", c.c_uint8), ("reserved", c.c_uint8 * 3),
    )  # fmt: skip


class Buffer(c.Structure):
    """struct v4l2_buffer"""

    _fields_ = (
        ("index", c.c_uint32), ("type", c.c_uint32), ("bytesused", c.c_uint32),
        ("flags", c.c_uint32), ("field", c.c_uint32), ("_align", c.c_uint32),
        ("timestamp_s", c.c_int64), ("timestamp_us", c.c_int64), ("timecode", c.c_uint8 * 16),
        ("sequence", c.c_uint32), ("memory", c.c_uint32), ("offset", c.c_uint64),
        ("length", c.c_uint32), ("reserved2", c.c_uint32), ("request_fd", c.c_int32),
        ("_end", c.c_uint32),
    )  # fmt: skip


_WRITE, _READ = 1, 2


def _request(direction: int, number: int, kind: type[c.Structure] | type[c.c_int]) -> int:
    """The macros _IOR, _IOW and _IOWR of the group 'V'."""
    return direction << 30 | c.sizeof(kind) << 16 | ord("V") << 8 | number


QUERYCAP = _request(_READ, 0, Capability)
ENUM_FMT = _request(_READ | _WRITE, 2, FormatDescription)
G_FMT = _request(_READ | _WRITE, 4, Format)
S_FMT = _request(_READ | _WRITE, 5, Format)
REQBUFS = _request(_READ | _WRITE, 8, RequestBuffers)
QUERYBUF = _request(_READ | _WRITE, 9, Buffer)
QBUF = _request(_READ | _WRITE, 15, Buffer)
DQBUF = _request(_READ | _WRITE, 17, Buffer)
STREAMON = _request(_WRITE, 18, c.c_int)
STREAMOFF = _request(_WRITE, 19, c.c_int)
S_PARM = _request(_READ | _WRITE, 22, StreamParameters)


def fourcc(code: str) -> int:
    """The number of a four-letter code."""
    return int.from_bytes(code.encode("ascii"), "little")
