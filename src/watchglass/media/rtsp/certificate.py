"""Whom we speak to over TLS: a certificate that this machine trusts, or the one key we were told.

Nearly all cameras sign their own certificate, for no name, often with a serial number or dates that
break the rules. So of a pinned camera nothing counts but its public key, which the handshake proves
it has; the certificate around it may be renewed, run out or be nonsense.
"""

import hmac
import socket
import ssl
from dataclasses import dataclass

from watchglass.base.errors import StreamInvalidError
from watchglass.media.rtsp import refusal
from watchglass.model.fingerprint import fingerprint_of

_SEQUENCE, _VERSION = 0x30, 0xA0
_BEFORE_KEY = 5
"""Fields of a certificate between its version and its key: serial to subject (RFC 5280, 4.1)."""


@dataclass(frozen=True, slots=True)
class Trust:
    """What makes a camera the right one: ``fingerprint`` if there is one, else ``name``.

    Without a fingerprint the certificate must be one that this machine trusts, for ``name``.
    """

    name: str
    fingerprint: str = ""

    def wrap(self, made: socket.socket, host: str) -> ssl.SSLSocket:
        """Do the handshake; nothing of ours is sent before it has shown who is there."""
        if not self.fingerprint:
            return ssl.create_default_context().wrap_socket(made, server_hostname=self.name)
        wrapped = _unchecked().wrap_socket(made, server_hostname=self.name)
        try:
            shown = fingerprint_of(public_key(wrapped.getpeercert(binary_form=True) or b""))
        except StreamInvalidError:
            wrapped.close()
            raise
        if not hmac.compare_digest(shown, self.fingerprint):
            wrapped.close()
            raise refusal.another_key(host, shown)
        return wrapped

    def shown_by(self, made: socket.socket) -> str:
        """The fingerprint of whoever answers, for an operator to judge; nothing is said to it."""
        with _unchecked().wrap_socket(made, server_hostname=self.name) as wrapped:
            return fingerprint_of(public_key(wrapped.getpeercert(binary_form=True) or b""))


def _unchecked() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    # Keys of 1024 bits and SHA-1 are what many cameras have; better than no TLS at all.
    context.set_ciphers("DEFAULT:@SECLEVEL=1")
    return context


def public_key(certificate: bytes) -> bytes:
    """The SubjectPublicKeyInfo of a certificate, DER as it lies there.

    Taken out by its place alone: libraries refuse certificates as cameras make them.
    """
    whole, _ = _inside(certificate, 0, _SEQUENCE)
    begin, _ = _inside(certificate, whole, _SEQUENCE)
    at = begin
    if certificate[at : at + 1] == bytes((_VERSION,)):
        at = _element(certificate, at)[2]
    for _ in range(_BEFORE_KEY):
        at = _element(certificate, at)[2]
    _, end = _inside(certificate, at, _SEQUENCE)
    return certificate[at:end]


def _inside(data: bytes, at: int, tag: int) -> tuple[int, int]:
    """Where the content of an element of this kind begins and ends."""
    found, begin, end = _element(data, at)
    if found != tag:
        raise _no_certificate()
    return begin, end


def _element(data: bytes, at: int) -> tuple[int, int, int]:
    """Tag, begin and end of the content of the DER element at ``at``."""
    if at + 2 > len(data):
        raise _no_certificate()
    tag, length, begin = data[at], data[at + 1], at + 2
    if length & 0x80:
        digits = length & 0x7F
        if not 1 <= digits <= 4 or begin + digits > len(data):
            raise _no_certificate()
        length = int.from_bytes(data[begin : begin + digits], "big")
        begin += digits
    if begin + length > len(data):
        raise _no_certificate()
    return tag, begin, begin + length


def _no_certificate() -> StreamInvalidError:
    return StreamInvalidError("The camera's certificate cannot be read: make a new one in it.")
