"""What goes wrong with a camera, in sentences for people: they name the host, and no secret."""

import socket
import ssl

from watchglass.base.errors import (
    AuthFailedError,
    CameraError,
    CameraUnreachableError,
    CertificateError,
    CodecUnsupportedError,
    StreamInvalidError,
    StreamStalledError,
)


class TransportRefused(StreamInvalidError):
    """The camera does not send this way; it may send another."""


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
        return no_transport(host)
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


def no_transport(host: str) -> TransportRefused:
    return TransportRefused(
        f"The camera at {host} does not send its stream this way: leave --transport out, or switch"
        " RTSP over TCP on in the camera."
    )


def no_tunnel(host: str) -> TransportRefused:
    return TransportRefused(
        f"What answers at {host} does not speak RTSP through HTTP: check the port, which is often"
        " 80, or leave --transport out."
    )


def udp_in_the_clear(host: str) -> CameraError:
    return StreamInvalidError(
        f"Over UDP the pictures of {host} would travel unencrypted: use another transport, or"
        " rtsp:// in its address."
    )


def unknown_key(host: str, fingerprint: str) -> CertificateError:
    return CertificateError(
        f"The certificate of the camera at {host} is not one that this machine can check, as with"
        f" nearly all cameras: compare its key {fingerprint} with the camera's, and trust it if"
        " they are the same.",
        fingerprint,
    )


def another_key(host: str, fingerprint: str) -> CertificateError:
    return CertificateError(
        f"The camera at {host} shows another key than the one that was trusted, {fingerprint}: if"
        " it was not replaced or reset, somebody may be between you and it; if it was, trust the"
        " new key with 'watchglass camera trust'.",
        fingerprint,
    )


def no_datagrams(host: str, seconds: float) -> CameraError:
    return StreamStalledError(
        f"The camera at {host} plays over UDP, and nothing arrives for {seconds:.0f} s: let UDP"
        " from the camera through the firewall, or use another transport."
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
