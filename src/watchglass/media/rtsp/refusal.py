"""What goes wrong with a camera, in sentences for people: they name the host, and no secret."""

import socket
import ssl

from watchglass.base.errors import (
    AuthFailedError,
    CameraError,
    CameraUnreachableError,
    CodecUnsupportedError,
    StreamInvalidError,
    StreamStalledError,
)


def of_status(status: int, host: str) -> CameraError:
    """For an answer that is not 200."""
    if status in (401, 403):
        return AuthFailedError(
            f"The camera at {host} refuses this user name and password:"
            " enter those set in the camera."
        )
    if status in (404, 454):
        return StreamInvalidError(
            f"The camera at {host} has no stream at this path: check the path in its address."
        )
    if status == 461:
        return no_tcp(host)
    if 300 <= status < 400:
        return StreamInvalidError(
            f"The camera at {host} sends us on to another address, which is not"
            " followed: enter the right address yourself if you trust it."
        )
    return CameraUnreachableError(
        f"The camera at {host} answers with an error: it may be serving too many viewers, need a"
        " restart, or another path in its address."
    )


def of_os_error(error: OSError, host: str) -> CameraError:
    """For what a socket raised."""
    match error:
        case ssl.SSLCertVerificationError():
            return CameraUnreachableError(
                f"The certificate of the camera at {host} cannot be checked: install one in the"
                " camera that this machine trusts, or use its rtsp:// address."
            )
        case ConnectionRefusedError():
            return CameraUnreachableError(
                f"Nothing answers at {host} on this port: check that RTSP is switched on in the"
                " camera, and its port."
            )
        case TimeoutError() | BlockingIOError():
            return no_answer(host)
        case ConnectionError() | ssl.SSLEOFError():
            return ended(host)
        case ssl.SSLError():
            return StreamInvalidError(
                f"The camera at {host} does not speak TLS as it should: check the port, or use"
                " rtsp:// in its address."
            )
        case socket.gaierror():
            return CameraUnreachableError(
                f"The name {host} is not known: check its spelling, or use the IP address."
            )
    return CameraUnreachableError(f"There is no way to {host}: check the address and the network.")


def no_answer(host: str) -> CameraError:
    return CameraUnreachableError(
        f"The camera at {host} does not answer in time: check its power, cable and address."
    )


def ended(host: str) -> CameraError:
    return CameraUnreachableError(f"The camera at {host} ended the stream.")


def closed(host: str) -> CameraError:
    return CameraUnreachableError(f"The connection to {host} was closed by us.")


def no_rtsp(host: str) -> CameraError:
    return StreamInvalidError(
        f"What answers at {host} cannot be understood as a video stream: check port and path."
    )


def no_tcp(host: str) -> CameraError:
    """The camera takes other transports than the one we know."""
    return StreamInvalidError(
        f"The camera at {host} does not send its stream over the RTSP connection, and UDP and HTTP"
        " tunnels are not supported yet: switch RTSP over TCP on in the camera."
    )


def stalled(host: str, seconds: float) -> CameraError:
    return StreamStalledError(
        f"The camera at {host} sends no picture for {seconds:.0f} s although it is"
        " connected: restart it if this goes on."
    )


def no_video(host: str, *, offered: bool) -> CameraError:
    if offered:
        return CodecUnsupportedError(
            f"The camera at {host} sends a kind of video that is not recorded:"
            " set it to H.264 or H.265."
        )
    return StreamInvalidError(
        f"The camera at {host} offers no picture at this path: check the path."
    )
