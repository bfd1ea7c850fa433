"""Who a certificate says it is: subject and issuer, read from its DER without trusting it."""

from __future__ import annotations

import hashlib
from typing import Iterator, List, NamedTuple, Tuple

_NAMES = {
    "550403": "CN", "550405": "serialNumber", "550406": "C", "550407": "L", "550408": "ST",
    "55040a": "O", "55040b": "OU", "2a864886f70d010901": "emailAddress",
}  # fmt: skip
_MOST_PARTS = 32


class CertificateError(Exception):
    """No certificate."""


class CertificateNames(NamedTuple):
    subject: str
    issuer: str
    fingerprint: str
    """SHA-256, hexadecimal."""


def names_of(der: bytes) -> CertificateNames:
    """RFC 4514 texts: the most particular part first. CertificateError."""
    try:
        fields = list(_parts(_inner(_inner(der))))
        at = 1 if fields[0][0] == 0xA0 else 0  # the version may be left out
        issuer, subject = fields[at + 2], fields[at + 4]
        return CertificateNames(
            _name(subject[1]), _name(issuer[1]), hashlib.sha256(der).hexdigest()
        )
    except (IndexError, ValueError) as error:
        raise CertificateError(str(error)) from None


def _inner(data: bytes) -> bytes:
    for _, content in _parts(data):
        return content
    raise ValueError("nothing")


def _parts(data: bytes) -> Iterator[Tuple[int, bytes]]:
    """Tag and content of each value, one after the other."""
    at = 0
    while at < len(data):
        tag, size, at = data[at], data[at + 1], at + 2
        if size & 0x80:
            more = size & 0x7F
            if not 1 <= more <= 4:
                raise ValueError("a length that is none")
            size = int.from_bytes(data[at : at + more], "big")
            at += more
        if at + size > len(data):
            raise ValueError("cut off")
        yield tag, data[at : at + size]
        at += size


def _name(data: bytes) -> str:
    told: List[str] = []
    for _, relative in _parts(data):
        for _, pair in _parts(relative):
            (_, oid), (tag, value) = list(_parts(pair))[:2]
            if len(told) >= _MOST_PARTS:
                raise ValueError("too many parts")
            told.append("%s=%s" % (_NAMES.get(oid.hex(), _dotted(oid)), _escaped(tag, value)))
    return ",".join(reversed(told))


def _escaped(tag: int, value: bytes) -> str:
    encoding = {0x1E: "utf-16-be", 0x14: "latin-1"}.get(tag, "utf-8")
    plain = value[:512].decode(encoding, "replace")
    return "".join("\\" + sign if sign in ',+"\\<>;' else sign for sign in plain)


def _dotted(oid: bytes) -> str:
    numbers, value = [oid[0] // 40, oid[0] % 40], 0
    for byte in oid[1:]:
        value = value << 7 | byte & 0x7F
        if not byte & 0x80:
            numbers.append(value)
            value = 0
    return ".".join(str(number) for number in numbers)
