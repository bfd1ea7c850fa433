"""Certificates as firmware ships them: one to all devices of a maker, some made by the device."""

import datetime as dt
import random

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from watchglass.simulate.lan.device import Certificate

_OIDS = {
    "CN": NameOID.COMMON_NAME, "O": NameOID.ORGANIZATION_NAME,
    "OU": NameOID.ORGANIZATIONAL_UNIT_NAME, "C": NameOID.COUNTRY_NAME,
}  # fmt: skip
HIKVISION = (("O", "HIKVISION"), ("OU", "DVRNVR"), ("CN", "www.hikvision.com"))
DAHUA = (("C", "CN"), ("O", "General"), ("CN", "General"))
PLAIN = (("O", "Self-signed"), ("CN", "IPC"))


class Certificates:
    """One certificate for each subject, made when first asked for."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)
        self._made: dict[tuple[tuple[str, str], ...], Certificate] = {}

    def of(self, subject: tuple[tuple[str, str], ...]) -> Certificate:
        """``subject`` as the certificate has it, most general first."""
        if subject not in self._made:
            self._made[subject] = self._new(subject)
        return self._made[subject]

    def _new(self, subject: tuple[tuple[str, str], ...]) -> Certificate:
        # Below the curve's order for certain; the same for the same seed.
        key = ec.derive_private_key(self._chance.getrandbits(250) | 1, ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(_OIDS[kind], value) for kind, value in subject])
        born = dt.datetime(2019, 1, 1, tzinfo=dt.UTC)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(self._chance.getrandbits(64) | 1)
            .not_valid_before(born)
            .not_valid_after(born + dt.timedelta(days=3650))
            .sign(key, hashes.SHA256(), ecdsa_deterministic=True)
        )
        return Certificate(
            certificate.public_bytes(serialization.Encoding.PEM).decode(),
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            ).decode(),
        )
