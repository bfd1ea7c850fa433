"""PyAV's errors, mapped once to ours.

Sentences name the host and nothing that the camera sent; PyAV's own texts carry the URL with the
password, so they are never quoted, and callers raise the result outside of the ``except`` block.
"""

import av.error

from watchglass.base.errors import (
    AuthFailedError,
    CameraError,
    CameraUnreachableError,
    CodecUnsupportedError,
    StreamInvalidError,
)

# What PyAV and libavformat raise on hostile input, beside av.error.FFmpegError. SystemError is
# Cython's for a C function that failed without saying how.
FOREIGN_ERRORS = (
    av.error.FFmpegError,
    OSError,
    EOFError,
    ValueError,  # UnicodeDecodeError too
    LookupError,
    MemoryError,
    RuntimeError,
    ArithmeticError,
    SystemError,
)

_NOT_RTSP = "What answers at {host} cannot be understood as a video stream: check port and path."


def camera_error(error: BaseException, host: str) -> CameraError:
    """Our error for one of `FOREIGN_ERRORS`, raised while talking to the camera ``host``."""
    for kinds, result, sentence in _TABLE:
        if isinstance(error, kinds):
            return result(sentence.format(host=host))
    return StreamInvalidError(_NOT_RTSP.format(host=host))


_TABLE: tuple[tuple[tuple[type[BaseException], ...], type[CameraError], str], ...] = (
    (
        (av.error.HTTPUnauthorizedError, av.error.HTTPForbiddenError),
        AuthFailedError,
        "The camera at {host} refuses this user name and password: enter those set in the camera.",
    ),
    (
        (av.error.HTTPNotFoundError,),
        StreamInvalidError,
        "The camera at {host} has no stream at this path: check the path in its address.",
    ),
    (
        (av.error.HTTPError, av.error.HTTPClientError),
        CameraUnreachableError,
        "The camera at {host} answers with an error: it may be serving too many viewers, need a"
        " restart, or another path in its address.",
    ),
    (
        (ConnectionRefusedError,),
        CameraUnreachableError,
        "Nothing answers at {host} on this port: check that RTSP is switched on in the camera,"
        " and its port.",
    ),
    (
        (EOFError, ConnectionResetError, ConnectionAbortedError, BrokenPipeError),
        CameraUnreachableError,
        "The camera at {host} ended the stream.",
    ),
    (
        (TimeoutError, av.error.ExitError),
        CameraUnreachableError,
        "The camera at {host} does not answer in time: check its power, cable and address.",
    ),
    (
        (av.error.DecoderNotFoundError, av.error.PatchWelcomeError, NotImplementedError),
        CodecUnsupportedError,
        "The camera at {host} sends a kind of video that is not recorded:"
        " set it to H.264 or H.265.",
    ),
    ((av.error.InvalidDataError,), StreamInvalidError, _NOT_RTSP),
    (
        # Network unreachable, no route, and getaddrinfo's failure, which libavformat gives as EIO.
        (OSError,),
        CameraUnreachableError,
        "There is no way to {host}: check the address and the network.",
    ),
)
