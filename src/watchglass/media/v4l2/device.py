"""A capture device: which format it is asked for, and its buffers one after the other.

libavdevice reads such devices too, but waits for one that has stopped without end, and cannot be
told to stop waiting; a stall has to be found, and a source closed from another thread.
"""

import ctypes
import errno
import fcntl
import mmap
import os
import select
from contextlib import suppress
from dataclasses import dataclass

from watchglass.base.errors import (
    CameraError,
    CameraUnreachableError,
    CodecUnsupportedError,
    StreamInvalidError,
)
from watchglass.media.v4l2 import abi
from watchglass.model.stream import VideoCodec

FORMATS = {
    "H264": VideoCodec.H264, "HEVC": VideoCodec.H265, "MJPG": VideoCodec.MJPEG,
    "JPEG": VideoCodec.MJPEG,
}  # fmt: skip
"""What is recorded as it comes, the best first, by the kernel's four letters."""

_BUFFERS = 8
_MOST_FORMATS = 64
_MOST_BUFFER_BYTES = 32 << 20


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked of a device; 0 and "" leave it as it is."""

    width: int = 0
    height: int = 0
    fps: int = 0
    format: str = ""


@dataclass(frozen=True, slots=True)
class Captured:
    """One buffer. ``time_us`` is of the monotonic clock; None where the driver has another.

    ``sequence`` counts pictures, those that were left out too.
    """

    data: bytes
    sequence: int
    time_us: int | None
    is_broken: bool


class CaptureDevice:
    """Opened, and capturing, from the begin; for one thread, except for `interrupt`.

    CameraError comes out of all of it.
    """

    def __init__(self, path: str, wanted: Wanted) -> None:
        self._path = path
        self._maps: list[mmap.mmap] = []
        self._wake = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        try:
            # The kernel's documents ask for reading and writing, and its code does not: a worker
            # that is fenced in opens nothing for writing.
            self._device = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError as error:
            os.close(self._wake)
            raise self._error(error) from None
        try:
            self.codec = self._set_up(wanted)
        except OSError as error:
            self.close()
            raise self._error(error) from None
        except CameraError:
            self.close()
            raise
        self._poll = select.poll()
        self._poll.register(self._device, select.POLLIN)
        self._poll.register(self._wake, select.POLLIN)

    def capture(self, timeout_s: float) -> Captured | None:
        """The next picture; None when none came in time, or at an `interrupt`."""
        try:
            for descriptor, events in self._poll.poll(timeout_s * 1000):
                if descriptor == self._device:
                    if events & (select.POLLERR | select.POLLHUP) and not events & select.POLLIN:
                        raise OSError(errno.ENODEV, "gone")
                    return self._take()
        except BlockingIOError:
            return None
        except OSError as error:
            raise self._error(error) from None
        return None

    def interrupt(self) -> None:
        """End a `capture` of another thread."""
        with suppress(OSError):
            os.eventfd_write(self._wake, 1)

    def close(self) -> None:
        """Give it back, so that others may have it."""
        for each in self._maps:
            each.close()
        self._maps.clear()
        with suppress(OSError):
            os.close(self._device)
        with suppress(OSError):
            os.close(self._wake)

    # --- setting up -------------------------------------------------------------------------------

    def _ask(self, request: int, about: ctypes.Structure | ctypes.c_int) -> None:
        fcntl.ioctl(self._device, request, about)

    def _set_up(self, wanted: Wanted) -> VideoCodec:
        capability = abi.Capability()
        try:
            self._ask(abi.QUERYCAP, capability)
        except OSError as error:
            if error.errno in (errno.ENOTTY, errno.EINVAL):
                raise self._no_camera() from None
            raise
        able = capability.capabilities
        if able & abi.CAP_DEVICE_CAPS:
            able = capability.device_caps
        if not able & abi.CAP_VIDEO_CAPTURE or not able & abi.CAP_STREAMING:
            raise self._no_camera()
        name = self._choose(wanted)
        self._set_format(name, wanted)
        if wanted.fps:
            self._set_rate(wanted.fps)
        self._map_buffers()
        self._ask(abi.STREAMON, ctypes.c_int(abi.BUF_TYPE_VIDEO_CAPTURE))
        return FORMATS[name]

    def _choose(self, wanted: Wanted) -> str:
        offered = self._offered()
        for name in FORMATS:
            if name in offered and wanted.format in ("", name):
                return name
        known = ", ".join(offered) or "none"
        raise CodecUnsupportedError(
            f"The camera at {self._path} gives no {wanted.format or 'H.264, H.265 or MJPEG'}"
            f" (its formats: {known}): pictures are recorded as they come and raw ones would fill"
            " the disk, so use a camera that compresses."
        )

    def _offered(self) -> list[str]:
        found: list[str] = []
        for index in range(_MOST_FORMATS):
            about = abi.FormatDescription(index=index, type=abi.BUF_TYPE_VIDEO_CAPTURE)
            try:
                self._ask(abi.ENUM_FMT, about)
            except OSError as error:
                if error.errno == errno.EINVAL:
                    break
                raise
            code = int(about.pixelformat).to_bytes(4, "little").decode("ascii", "replace").strip()
            found.append("".join(sign if sign.isalnum() else "?" for sign in code))
        return found

    def _set_format(self, name: str, wanted: Wanted) -> None:
        about = abi.Format(type=abi.BUF_TYPE_VIDEO_CAPTURE)
        self._ask(abi.G_FMT, about)
        about.pix.pixelformat = abi.fourcc(name)
        about.pix.field = abi.FIELD_ANY
        about.pix.bytesperline = about.pix.sizeimage = 0
        if wanted.width and wanted.height:
            about.pix.width, about.pix.height = wanted.width, wanted.height
        self._ask(abi.S_FMT, about)
        if about.pix.pixelformat != abi.fourcc(name):
            raise StreamInvalidError(
                f"The camera at {self._path} offers {name} and does not give it: unplug it and plug"
                " it in again."
            )
        size = (about.pix.width, about.pix.height)
        if wanted.width and size != (wanted.width, wanted.height):
            raise StreamInvalidError(
                f"The camera at {self._path} has no pictures of {wanted.width}×{wanted.height} in"
                f" {name}; the next it has is {size[0]}×{size[1]}."
            )

    def _set_rate(self, fps: int) -> None:
        about = abi.StreamParameters(type=abi.BUF_TYPE_VIDEO_CAPTURE)
        about.timeperframe.numerator, about.timeperframe.denominator = 1, fps
        # A wish: a driver without it keeps its own rate, and the pictures tell.
        with suppress(OSError):
            self._ask(abi.S_PARM, about)

    def _map_buffers(self) -> None:
        wanted = abi.RequestBuffers(
            count=_BUFFERS, type=abi.BUF_TYPE_VIDEO_CAPTURE, memory=abi.MEMORY_MMAP
        )
        self._ask(abi.REQBUFS, wanted)
        if not 1 <= wanted.count <= 32:
            raise self._no_camera()
        for index in range(wanted.count):
            about = self._buffer(index)
            self._ask(abi.QUERYBUF, about)
            if not 0 < about.length <= _MOST_BUFFER_BYTES:
                raise self._no_camera()
            offset = about.offset & 0xFFFF_FFFF
            self._maps.append(
                mmap.mmap(
                    self._device, about.length, mmap.MAP_SHARED, mmap.PROT_READ, offset=offset
                )
            )
            self._ask(abi.QBUF, about)

    def _buffer(self, index: int = 0) -> abi.Buffer:
        return abi.Buffer(index=index, type=abi.BUF_TYPE_VIDEO_CAPTURE, memory=abi.MEMORY_MMAP)

    # --- capturing --------------------------------------------------------------------------------

    def _take(self) -> Captured | None:
        about = self._buffer()
        self._ask(abi.DQBUF, about)
        if about.index >= len(self._maps):
            raise self._no_camera()
        used = min(about.bytesused, len(self._maps[about.index]))
        data = self._maps[about.index][:used]
        is_monotonic = about.flags & abi.BUF_FLAG_TIMESTAMP_MASK == abi.BUF_FLAG_TIMESTAMP_MONOTONIC
        time_us = about.timestamp_s * 1_000_000 + about.timestamp_us
        found = Captured(
            data, about.sequence, time_us if is_monotonic else None,
            bool(about.flags & abi.BUF_FLAG_ERROR),
        )  # fmt: skip
        self._ask(abi.QBUF, about)
        return found

    # --- errors -----------------------------------------------------------------------------------

    def _no_camera(self) -> CameraError:
        return StreamInvalidError(f"{self._path} is no camera: give another device.")

    def _error(self, error: OSError) -> CameraError:
        match error.errno:
            case errno.EACCES | errno.EPERM:
                return CameraUnreachableError(
                    f"{self._path} may not be opened by this user: add the user to the group that"
                    " owns it, which is often 'video'."
                )
            case errno.EBUSY:
                return CameraUnreachableError(
                    f"{self._path} is used by another program: end that one."
                )
            case errno.ENOENT | errno.ENODEV | errno.ENXIO:
                return CameraUnreachableError(f"{self._path} is not there: plug the camera in.")
        return CameraUnreachableError(
            f"The camera at {self._path} failed ({os.strerror(error.errno or 0)}): unplug it and"
            " plug it in again."
        )
