"""What PyAV and libavformat raise on input that they do not like, beside av.error.FFmpegError."""

import av.error

# SystemError is Cython's for a C function that failed without saying how.
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
