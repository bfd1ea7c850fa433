"""The certificate that the page shows in a network: its own, for the names it is reached by.

Nobody has signed it, so a browser asks once; what it shows then is compared with the fingerprint
that ``serve`` prints. It is made anew when it is near its end, or does not fit the names.
"""

import datetime as dt
import ipaddress
import ssl
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from watchglass.base import log
from watchglass.base.clock import NS_PER_S, Clock
from watchglass.base.disk import Disk, WriteSite
from watchglass.base.errors import ConfigError

CERTIFICATE, KEY = "page.crt", "page.pem"
_DAYS = 397
_RENEWED_DAYS = 60
_LOG = log.get("access")


@dataclass(frozen=True, slots=True)
class PageCertificate:
    """Files in PEM; ``fingerprint``: SHA-256 of the certificate, as browsers show it."""

    certificate: Path
    key: Path
    fingerprint: str
    ends: dt.datetime


def own_certificate(
    folder: Path, names: Iterable[str], disk: Disk, clock: Clock
) -> PageCertificate:
    """The one in ``folder``, or a new one with a new key."""
    certificate, key = folder / CERTIFICATE, folder / KEY
    wanted = frozenset(names)
    now = dt.datetime.fromtimestamp(clock.wall_ns() / NS_PER_S, dt.UTC)
    try:
        loaded = x509.load_pem_x509_certificate(certificate.read_bytes())
        left = loaded.not_valid_after_utc - now
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key, _no_passphrase)
        fits = wanted <= _names(loaded)
    except (OSError, ValueError):
        fits, left = False, dt.timedelta()
    if not fits or left < dt.timedelta(days=_RENEWED_DAYS):
        _make(folder, wanted, now, disk)
    return _read(certificate, key)


def given_certificate(certificate: Path, key: Path) -> PageCertificate:
    """One that somebody brought; ConfigError for files that do not go together."""
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key, _no_passphrase)
        return _read(certificate, key)
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"The certificate {certificate} and the key {key} cannot be used "
            f"({getattr(error, 'reason', None) or error}): both are PEM, the key without a "
            "passphrase, and readable for the user that runs Watchglass."
        ) from error


def _no_passphrase() -> bytes:
    return b""  # else OpenSSL asks on the terminal, which a service has not


def _read(certificate: Path, key: Path) -> PageCertificate:
    loaded = x509.load_pem_x509_certificate(certificate.read_bytes())
    digest = sha256(loaded.public_bytes(serialization.Encoding.DER)).hexdigest().upper()
    fingerprint = ":".join(digest[at : at + 2] for at in range(0, len(digest), 2))
    return PageCertificate(certificate, key, fingerprint, loaded.not_valid_after_utc)


def _names(certificate: x509.Certificate) -> frozenset[str]:
    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return frozenset()
    names: set[str] = set(found.get_values_for_type(x509.DNSName))
    return frozenset(names | {str(each) for each in found.get_values_for_type(x509.IPAddress)})


def _make(folder: Path, names: frozenset[str], now: dt.datetime, disk: Disk) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Watchglass")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=_DAYS))
        .add_extension(x509.SubjectAlternativeName(list(map(_name, sorted(names)))), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )  # fmt: skip
    disk.make_folders(WriteSite.KEY, folder, 0o700)
    # A certificate without its key is made anew; a key without its certificate too.
    (folder / CERTIFICATE).unlink(missing_ok=True)
    disk.write_whole(WriteSite.KEY, folder / KEY, private, 0o600)
    pem = certificate.public_bytes(serialization.Encoding.PEM)
    disk.write_whole(WriteSite.KEY, folder / CERTIFICATE, pem, 0o600)
    _LOG.info("certificate_made", names=len(names))


def _name(text: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(text))
    except ValueError:
        return x509.DNSName(text)
