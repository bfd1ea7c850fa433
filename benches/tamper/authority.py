"""A time stamping authority (RFC 3161) that says what time it is told, with a root of its own.

Its answers are those of a real one: ``openssl ts -verify`` takes them (tests/evidence).
"""

import hashlib
from datetime import UTC, datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_SHA256 = bytes.fromhex("300b0609608648016503040201")
_ECDSA = bytes.fromhex("300a06082a8648ce3d040302")
_TST = bytes.fromhex("060b2a864886f70d0109100104")
_SIGNED = bytes.fromhex("06092a864886f70d010702")
_CONTENT_TYPE = bytes.fromhex("06092a864886f70d010903")
_DIGEST = bytes.fromhex("06092a864886f70d010904")
_BOUND = bytes.fromhex("060b2a864886f70d010910022f")
_POLICY = bytes.fromhex("06042a030401")
_BEGINS, _ENDS = datetime(2001, 1, 1, tzinfo=UTC), datetime(2049, 1, 1, tzinfo=UTC)


def der(tag: int, *parts: bytes) -> bytes:
    body = b"".join(parts)
    if len(body) < 128:
        return bytes((tag, len(body))) + body
    length = len(body).to_bytes((len(body).bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(length))) + length + body


class Authority:
    """``for_stamps``: whether its certificate is for that; ``ends``: how long it holds."""

    def __init__(
        self, name: str = "A clock", *, for_stamps: bool = True, ends: datetime = _ENDS
    ) -> None:
        self._root_key, self._key = (ec.generate_private_key(ec.SECP256R1()) for _ in "ab")
        self.root = _certificate("Root of " + name, self._root_key, None, None, _ENDS, True)
        self.own = _certificate(name, self._key, self.root, self._root_key, ends, for_stamps)

    @property
    def fingerprint(self) -> str:
        return self.root.fingerprint(hashes.SHA256()).hex()

    @property
    def pem(self) -> bytes:
        return self.root.public_bytes(serialization.Encoding.PEM)

    def stamp(self, document: bytes, at_ns: int) -> bytes:
        """Its answer for a document, as of a time."""
        at = datetime.fromtimestamp(at_ns // 10**9, UTC)
        told = der(
            0x30, b"\x02\x01\x01", _POLICY,
            der(0x30, _SHA256, der(4, hashlib.sha256(document).digest())), b"\x02\x01\x07",
            der(0x18, f"{at:%Y%m%d%H%M%SZ}".encode()), b"\x30\x03\x02\x01\x01",
        )  # fmt: skip
        own = self.own.public_bytes(serialization.Encoding.DER)
        bound = der(0x30, der(0x30, der(0x30, der(4, hashlib.sha256(own).digest()))))
        attributes = sorted((
            der(0x30, _CONTENT_TYPE, der(0x31, _TST)),
            der(0x30, _DIGEST, der(0x31, der(4, hashlib.sha256(told).digest()))),
            der(0x30, _BOUND, der(0x31, bound)),
        ))  # fmt: skip
        signature = self._key.sign(der(0x31, *attributes), ec.ECDSA(hashes.SHA256()))
        serial = self.own.serial_number
        number = serial.to_bytes(serial.bit_length() // 8 + 1, "big")
        signer = der(
            0x30, b"\x02\x01\x01", der(0x30, self.root.subject.public_bytes(), der(2, number)),
            _SHA256, der(0xA0, *attributes), _ECDSA, der(4, signature),
        )  # fmt: skip
        signed = der(
            0x30, b"\x02\x01\x03", der(0x31, _SHA256), der(0x30, _TST, der(0xA0, der(4, told))),
            der(0xA0, own), der(0x31, signer),
        )  # fmt: skip
        return der(0x30, b"\x30\x03\x02\x01\x00", der(0x30, _SIGNED, der(0xA0, signed)))


def _certificate(
    name: str, key: ec.EllipticCurvePrivateKey, above: x509.Certificate | None,
    above_key: ec.EllipticCurvePrivateKey | None, ends: datetime, good: bool,
) -> x509.Certificate:  # fmt: skip
    """A root where nothing is above; otherwise who stamps, if ``good``."""
    own = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = (
        x509.CertificateBuilder()
        .subject_name(own)
        .issuer_name(above.subject if above is not None else own)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(_BEGINS)
        .not_valid_after(ends)
    )
    if above is None:
        builder = builder.add_extension(x509.BasicConstraints(True, None), critical=True)
    elif good:
        usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING])
        builder = builder.add_extension(usage, critical=True)
    return builder.sign(above_key or key, hashes.SHA256())
