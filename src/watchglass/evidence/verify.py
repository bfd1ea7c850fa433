#!/usr/bin/env python3
"""Checks an evidence bundle of Watchglass, without a network and without Watchglass.

    python3 verify.py [BUNDLE] [--fingerprint HEX] [--anchor FILE] [--authority HEX] [--json]

BUNDLE is a folder or a ZIP of one; without it, the folder of this file. A receipt or a statement
(statement.json, or the folder with it) is checked, too. The fingerprint is that of
the recorder's key, which you must have from somebody else than whoever gave you the bundle. An
anchor is a file of heads that was taken away from the recorder earlier. An authority is whose time
stamps you trust: the SHA-256 of its certificate, or a PEM file of it, from the authority itself.

Needs Python 3.9 or later and nothing else; for signatures the package `cryptography` or the program
`openssl` (3.0 or later). Four questions are answered, each with yes, no, or cannot tell:

    intact             nothing in it was changed since the recorder signed it
    complete           nothing is missing between from and to, but for gaps that are named
    placed in time     it was recorded when it says, by a witness from outside
    from this recorder and camera

Of a receipt or a statement only the first and the last are asked, and no camera is meant.

Exit status: 0 four times yes; 10 nowhere no, but something cannot be told; 40 somewhere no; 2 this
is no bundle that can be read at all. docs/format.md (sections 2 to 5 and 7) says what the bytes
mean. Nothing is written, but for what openssl is given in a temporary folder.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import os
import re
import struct
import subprocess
import sys
import tempfile
import zipfile
from bisect import bisect_right
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from functools import partial
from typing import Any, BinaryIO, ClassVar

YES, NO, CANNOT_TELL = "yes", "no", "cannot tell"
LINES = ("intact", "complete", "placed", "from")
TITLES = {
    "intact": "Intact",
    "complete": "Complete",
    "placed": "Placed in time",
    "from": "From this recorder and camera",
}
MOST_MANIFEST = 64 << 20
MOST_LINE = 16 << 20
MOST_HEADER = (1 << 20) + 4096
MOST_MOOF = 2 << 20
MOST_FRAGMENT = 64 << 20
MOST_FOOTER = 64 << 20
MOST_FILES = 500_000
MOST_FINDINGS = 200
PIECE = 1 << 20
BILLION = 10**9
OF_SYSTEMS = (".DS_Store", "Thumbs.db", "desktop.ini")
SIGNED_APART = ("manifest.json", "manifest.sig")
MOST_STATEMENT = 16 << 20
MOST_STAMP = 256 << 10
MOST_DOCUMENT = 4 << 20
MOST_STAMPS = 100
LATE = 300 * BILLION
"""By how much the recorder's clock may be ahead of an authority's."""
PATH = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*(/[A-Za-z0-9_][A-Za-z0-9_.-]*){0,5}")
MEDIA_PATH = re.compile(r"media/([0-9a-f]{32})/(main|sub)/([0-9a-f]{32})-([0-9]{4,10})\.mp4")
VIEWING_PATH = re.compile(r"viewing/[0-9a-f]{32}/(main|sub)/[0-9a-f]{32}-[0-9]{4,10}\.mp4")
STAMP_PATH = re.compile(r"(anchors/[0-9]{8}T[0-9]{6}Z)\.([a-z0-9][a-z0-9-]{0,39})\.tsr")
HEX = re.compile(r"[0-9a-f]*")
DECIMAL = re.compile(r"0|-?[1-9][0-9]{0,19}")
UUID = bytes.fromhex("a1c1d8e29f5b4f0c8a6e77671a5400")
ENCRYPTED = b"age-encryption.org/v1\n"
BUNDLE_DOMAIN = b"watchglass.bundle.v1\n"
HEAD_DOMAIN = b"watchglass.head.v1\n"
KEY_DOMAIN = b"watchglass.key.v1\n"
STATEMENT_DOMAIN = b"watchglass.statement.v1\n"
STATEMENT = "statement.json"
RECEIPT = "watchglass erasure receipt"
STATEMENTS = {
    RECEIPT: "erasure",
    "watchglass statement of what is held": "request",
    "watchglass redacted copy": "redacted",
}


class Wrong(Exception):
    """Something is not as it has to be: a code, and a sentence for people."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence


class Unreadable(Exception):
    """This is no bundle, or it cannot be read."""


# --- signatures ---------------------------------------------------------------------------------


class Signatures:
    """Ed25519 by whatever is there. `tool` is what checks, empty for nothing."""

    def __init__(self, only: str = "") -> None:
        self.tool = ""
        for name in ("cryptography", "openssl"):
            if not self.tool and only in ("", name) and self._has(name):
                self.tool = name

    @staticmethod
    def _has(name: str) -> bool:
        if name == "cryptography":
            try:
                import cryptography.hazmat.primitives.asymmetric.ed25519  # noqa: F401 - only whether it is there
            except ImportError:
                return False
            return True
        try:
            told = subprocess.run(["openssl", "version"], capture_output=True, check=False)
        except OSError:
            return False
        version = re.match(rb"OpenSSL ([0-9]+)", told.stdout)
        return version is not None and int(version.group(1)) >= 3

    def valid_by(
        self, key: bytes, how: tuple[str, str], data: bytes, signature: bytes
    ) -> bool | None:
        """Of a key as certificates have it, by (kind, hash); None where nothing can tell."""
        if self.tool == "cryptography":
            return _by_package_as(key, how, data, signature)
        if self.tool == "openssl":
            return _by_openssl_as(key, how, data, signature)
        return None

    def valid(self, public: bytes, message: bytes, signature: bytes) -> bool | None:
        """None where nothing can tell."""
        if len(public) != 32 or len(signature) != 64:
            return False
        if self.tool == "cryptography":
            return _by_package(public, message, signature)
        if self.tool == "openssl":
            return _by_openssl(public, message, signature)
        return None


def _by_package(public: bytes, message: bytes, signature: bytes) -> bool:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def _by_openssl(public: bytes, message: bytes, signature: bytes) -> bool | None:
    key = bytes.fromhex("302a300506032b6570032100") + public
    return _by_openssl_as(key, ("ed25519", ""), message, signature)


def _by_package_as(key: bytes, how: tuple[str, str], data: bytes, signature: bytes) -> bool:
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec, padding

    kind, name = how
    hashed: Any = {"sha256": hashes.SHA256, "sha384": hashes.SHA384, "sha512": hashes.SHA512}
    try:
        public: Any = serialization.load_der_public_key(key)
        if kind == "rsa":
            public.verify(signature, data, padding.PKCS1v15(), hashed[name]())
        elif kind == "pss":
            way = padding.PSS(padding.MGF1(hashed[name]()), padding.PSS.AUTO)
            public.verify(signature, data, way, hashed[name]())
        elif kind == "ecdsa":
            public.verify(signature, data, ec.ECDSA(hashed[name]()))
        else:
            public.verify(signature, data)
    except (InvalidSignature, UnsupportedAlgorithm, ValueError, TypeError, AttributeError):
        return False
    return True


def _by_openssl_as(key: bytes, how: tuple[str, str], data: bytes, signature: bytes) -> bool | None:
    kind, name = how
    words = "pkeyutl -verify -pubin -keyform DER -inkey key -rawin -in message -sigfile signature"
    if kind != "ed25519":
        words += f" -digest {name}"
    if kind == "pss":
        words += " -pkeyopt rsa_padding_mode:pss -pkeyopt rsa_pss_saltlen:auto"
    return _openssl(words, {"key": key, "message": data, "signature": signature})


def _openssl(words: str, named: "dict[str, bytes]") -> bool | None:
    with tempfile.TemporaryDirectory() as folder:
        for name, held in named.items():
            with open(os.path.join(folder, name), "wb") as file:
                file.write(held)
        told = subprocess.run(
            ["openssl", *words.split()], cwd=folder, capture_output=True, check=False
        )
    if told.returncode == 0:
        return True
    return False if b"Signature Verification Failure" in told.stdout + told.stderr else None


# --- time stamps (RFC 3161) ---------------------------------------------------------------------

SIGNED_DATA, TST_INFO = "1.2.840.113549.1.7.2", "1.2.840.113549.1.9.16.1.4"
CONTENT_TYPE, DIGEST = "1.2.840.113549.1.9.3", "1.2.840.113549.1.9.4"
CERTIFICATE_V1, CERTIFICATE_V2 = "1.2.840.113549.1.9.16.2.12", "1.2.840.113549.1.9.16.2.47"
HASHES = {
    "2.16.840.1.101.3.4.2.1": "sha256",
    "2.16.840.1.101.3.4.2.2": "sha384",
    "2.16.840.1.101.3.4.2.3": "sha512",
}
SIGNED_BY = {
    "1.2.840.113549.1.1.11": ("rsa", "sha256"),
    "1.2.840.113549.1.1.12": ("rsa", "sha384"),
    "1.2.840.113549.1.1.13": ("rsa", "sha512"),
    "1.2.840.10045.4.3.2": ("ecdsa", "sha256"),
    "1.2.840.10045.4.3.3": ("ecdsa", "sha384"),
    "1.2.840.10045.4.3.4": ("ecdsa", "sha512"),
    "1.3.101.112": ("ed25519", ""),
}
BARE = {"1.2.840.113549.1.1.1": "rsa", "1.2.840.10045.2.1": "ecdsa"}
PSS = "1.2.840.113549.1.1.10"
USAGE, CONSTRAINTS, TIME_STAMPING = "2.5.29.37", "2.5.29.19", "1.3.6.1.5.5.7.3.8"
SEQUENCE, SET, INTEGER, OCTETS, BITS, OBJECT = 0x30, 0x31, 2, 4, 3, 6


class Der:
    """One value of DER: its tag, what is in it, and its bytes as they lie."""

    __slots__ = ("body", "raw", "tag")

    def __init__(self, data: bytes, at: int = 0) -> None:
        if len(data) - at < 2 or data[at] & 0x1F == 0x1F:
            raise ValueError("no DER")
        length, start = data[at + 1], at + 2
        if length & 0x80:
            count = length & 0x7F
            if not 1 <= count <= 4 or start + count > len(data) or data[start] == 0:
                raise ValueError("no DER")
            length, start = int.from_bytes(data[start : start + count], "big"), start + count
            if length < 128:
                raise ValueError("no DER")
        if start + length > len(data):
            raise ValueError("no DER")
        self.tag = data[at]
        self.body = data[start : start + length]
        self.raw = data[at : start + length]

    def parts(self) -> "list[Der]":
        found, at = [], 0
        while at < len(self.body):
            found.append(Der(self.body, at))
            at += len(found[-1].raw)
            if len(found) > 1000:
                raise ValueError("no DER")
        return found

    def of(self, tag: int) -> "Der":
        if self.tag != tag:
            raise ValueError("another kind of DER")
        return self

    def whole(self) -> int:
        return int.from_bytes(self.of(INTEGER).body, "big", signed=True)

    def named(self) -> str:
        """An object identifier."""
        found, value = [], 0
        for byte in self.of(OBJECT).body[:40]:
            value = value << 7 | byte & 0x7F
            if not byte & 0x80:
                found.append(value)
                value = 0
        first = min(found[0] // 40, 2) if found else 0
        return ".".join(map(str, [first, found[0] - 40 * first, *found[1:]] if found else []))

    def time_ns(self) -> int:
        told = self.body.decode("ascii")
        if self.tag == 0x17:
            told = ("19" if told[:2] >= "50" else "20") + told
        found = re.fullmatch(r"([0-9]{14})(?:[.]([0-9]{1,9}))?Z", told)
        if self.tag not in (0x17, 0x18) or found is None:
            raise ValueError("no time")
        when = datetime.strptime(found[1], "%Y%m%d%H%M%S").replace(tzinfo=timezone.utc)
        seconds = (when - datetime(1970, 1, 1, tzinfo=timezone.utc)) // timedelta(seconds=1)
        return seconds * BILLION + int((found[2] or "").ljust(9, "0"))


class Certificate:
    """What a stamp's check needs of a certificate (X.509)."""

    def __init__(self, raw: bytes) -> None:
        whole = Der(raw)
        self.raw = whole.of(SEQUENCE).raw
        self.fingerprint = hashlib.sha256(self.raw).hexdigest()
        self.signed, self.algorithm, signature = whole.parts()[:3]
        self.signature = signature.of(BITS).body[1:]
        fields = self.signed.of(SEQUENCE).parts()
        if fields[0].tag == 0xA0:
            fields = fields[1:]
        self.serial, _, self.issuer, validity, self.subject, self.key = fields[:6]
        self.begins, self.ends = (each.time_ns() for each in validity.parts()[:2])
        self.extensions: dict[str, tuple[bool, Der]] = {}
        for each in fields[6:]:
            if each.tag == 0xA3:
                for extension in each.parts()[0].parts():
                    name, *more, value = extension.parts()
                    critical = bool(more) and more[0].body == b"\xff"
                    self.extensions[name.named()] = critical, Der(value.of(OCTETS).body)

    def stamps(self) -> bool:
        """Whether it is for time stamping, and for nothing else."""
        critical, usage = self.extensions.get(USAGE, (False, None))
        names = [each.named() for each in usage.parts()] if usage is not None else []
        return critical and names == [TIME_STAMPING]

    def issues(self) -> bool:
        _, found = self.extensions.get(CONSTRAINTS, (False, None))
        return found is not None and any(
            each.tag == 1 and each.body == b"\xff" for each in found.parts()
        )

    def name(self) -> str:
        """Of whom it is, for people."""
        found: dict[str, str] = {}
        for each in self.subject.parts():
            for pair in each.parts():
                kind, value = pair.parts()[:2]
                coding = "utf-16-be" if value.tag == 0x1E else "utf-8"
                found[kind.named()] = plain(value.body[:300].decode(coding, "replace"))[:80]
        return found.get("2.5.4.3") or found.get("2.5.4.10") or "somebody without a name"


def certificates_in(pem: bytes) -> "list[Certificate]":
    """Those of a PEM file, or of one in DER."""
    blocks = re.findall(
        rb"-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----", pem
    )
    if not blocks and pem[:1] == b"\x30":
        return [Certificate(pem)]
    return [Certificate(base64.b64decode(each)) for each in blocks[:50]]


class Stamp:
    """A response of an authority: over which digest, when, and by whom.

    `chain` leads from who signed it as far up as the certificates at hand do; it is checked.
    Raises ValueError where it is none, or does not hold.
    """

    def __init__(self, response: bytes, more: "list[Certificate]", signatures: Signatures) -> None:
        status, *rest = Der(response).of(SEQUENCE).parts()
        if status.parts()[0].whole() not in (0, 1) or len(rest) != 1:
            raise ValueError("the authority refused it")
        kind, content = rest[0].of(SEQUENCE).parts()
        if kind.named() != SIGNED_DATA:
            raise ValueError("no signed data")
        fields = content.of(0xA0).parts()[0].of(SEQUENCE).parts()
        what, holder = fields[2].parts()
        if what.named() != TST_INFO:
            raise ValueError("no time stamp")
        self._told = holder.of(0xA0).parts()[0].of(OCTETS).body
        self._read_told()
        given = [Certificate(each.raw) for each in _of_tag(fields, 0xA0) if each.tag == SEQUENCE]
        (signer,) = fields[-1].of(SET).parts()
        self.tool_missing = False
        self._signatures = signatures
        self.chain = self._up([self._signer(signer, given)], given + more)

    def _read_told(self) -> None:
        version, _, imprint, _, time, *more = Der(self._told).of(SEQUENCE).parts()
        algorithm, digest = imprint.parts()
        if version.whole() != 1 or HASHES.get(algorithm.parts()[0].named()) != "sha256":
            raise ValueError("of another hash than SHA-256")
        self.digest, self.time = digest.of(OCTETS).body, time.of(0x18).time_ns()
        self.nonce = next((each.whole() for each in more if each.tag == INTEGER), None)
        self.within_s: int | None = None
        for each in more:
            if each.tag == SEQUENCE and each.parts() and each.parts()[0].tag == INTEGER:
                self.within_s = each.parts()[0].whole()

    def _signer(self, signer: Der, given: "list[Certificate]") -> Certificate:
        """Who signed it, checked."""
        _, named, hashed, attributes, algorithm, signature = signer.of(SEQUENCE).parts()[:6]
        hash_name = HASHES[hashed.parts()[0].named()]
        found = {}
        for each in attributes.of(0xA0).parts():
            name, values = each.parts()
            found[name.named()] = values.of(SET).parts()[0]
        if found[CONTENT_TYPE].named() != TST_INFO:
            raise ValueError("signed as something else")
        if found[DIGEST].of(OCTETS).body != hashlib.new(hash_name, self._told).digest():
            raise ValueError("what is told was not signed")
        own = [
            each for each in given if self._is_named(named, each) and self._is_bound(found, each)
        ]
        if not own:
            raise ValueError("the certificate of who signed it is missing")
        how = signed_how(algorithm, hash_name)
        self._require(own[0].key, how, b"\x31" + attributes.raw[1:], signature.of(OCTETS).body)
        if not own[0].stamps():
            raise ValueError("signed by a certificate that is not for time stamping")
        if not own[0].begins <= self.time <= own[0].ends:
            raise ValueError("signed by a certificate that did not hold then")
        return own[0]

    @staticmethod
    def _is_named(named: Der, one: Certificate) -> bool:
        if named.tag != SEQUENCE:
            return True  # by a number of its key: what it is bound to says which it is
        issuer, serial = named.parts()
        return issuer.raw == one.issuer.raw and serial.raw == one.serial.raw

    @staticmethod
    def _is_bound(found: "dict[str, Der]", own: Certificate) -> bool:
        """Whether what is signed names this very certificate."""
        for name, usual in ((CERTIFICATE_V2, "sha256"), (CERTIFICATE_V1, "sha1")):
            if name in found:
                first = found[name].parts()[0].parts()[0].parts()
                told = first[0].tag == SEQUENCE
                hash_name = HASHES[first[0].parts()[0].named()] if told else usual
                # SHA-1 only says which certificate is meant: it has to be the named one, too.
                return first[int(told)].of(OCTETS).body == hashlib.new(hash_name, own.raw).digest()
        return False

    def _require(self, key: Der, how: tuple[str, str], data: bytes, signature: bytes) -> None:
        valid = self._signatures.valid_by(key.raw, how, data, signature)
        self.tool_missing = self.tool_missing or valid is None
        if valid is False:
            raise ValueError("its signature is not valid")

    def _up(self, chain: "list[Certificate]", known: "list[Certificate]") -> "list[Certificate]":
        while len(chain) < 8:
            last = chain[-1]
            above = [
                each
                for each in known
                if each.subject.raw == last.issuer.raw and each.raw not in [c.raw for c in chain]
                and each.issues() and each.begins <= self.time <= each.ends
                and self._issued(each, last)
            ]  # fmt: skip
            if not above:
                return chain
            chain = [*chain, above[0]]
        return chain

    def _issued(self, above: Certificate, one: Certificate) -> bool:
        try:
            how = signed_how(one.algorithm, "")
            self._require(above.key, how, one.signed.raw, one.signature)
        except (ValueError, KeyError):
            return False
        return True

    def vouched(self, authorities: "set[str]") -> bool:
        return any(each.fingerprint in authorities for each in self.chain)

    def words(self) -> str:
        within = f" (to {self.within_s} s)" if self.within_s is not None else ""
        return f"{shown(self.time)}{within} by {self.chain[0].name()}"


def _of_tag(fields: "list[Der]", tag: int) -> "list[Der]":
    return [part for each in fields if each.tag == tag for part in each.parts()]


def signed_how(algorithm: Der, hash_name: str) -> tuple[str, str]:
    """The kind of a signature and its hash. ValueError for one that is not known."""
    name, *more = algorithm.parts()
    told = name.named()
    if told in SIGNED_BY:
        return SIGNED_BY[told]
    if told in BARE and hash_name:
        return BARE[told], hash_name
    if told == PSS and more:
        for each in more[0].parts():
            if each.tag == 0xA0:
                return "pss", HASHES[each.parts()[0].parts()[0].named()]
    raise ValueError("signed by a way that is not known")


# --- where the bytes lie ------------------------------------------------------------------------


class Folder:
    """A bundle as a folder. Links are followed nowhere."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.sizes: dict[str, int] = {}
        self.odd: list[str] = []
        self._walk(path, "")

    def _walk(self, folder: str, prefix: str) -> None:
        with os.scandir(folder) as found:
            for each in found:
                name = prefix + each.name
                if each.is_symlink():
                    self.odd.append(name)
                elif each.is_dir():
                    self._into(each.path, name)
                elif not each.is_file():
                    self.odd.append(name)
                elif each.name not in OF_SYSTEMS:
                    self.sizes[name] = each.stat().st_size
                if len(self.sizes) + len(self.odd) > MOST_FILES:
                    raise Unreadable("There are more files here than any bundle has.")

    def _into(self, path: str, name: str) -> None:
        if name.count("/") > 8:
            self.odd.append(name)
        elif os.path.basename(path) != "__pycache__":
            self._walk(path, name + "/")

    def open(self, name: str) -> BinaryIO:
        return open(os.path.join(self.path, *name.split("/")), "rb")


class Archive:
    """A bundle as a ZIP, as it is written: one folder, nothing packed, nothing in between."""

    def __init__(self, path: str) -> None:
        self.odd: list[str] = []
        self.sizes: dict[str, int] = {}
        self._infos: dict[str, zipfile.ZipInfo] = {}
        with open(path, "rb") as file:
            if file.read(len(ENCRYPTED)) == ENCRYPTED:
                raise Unreadable(
                    f"{path} is encrypted with a passphrase. Open it first, with 'age --decrypt "
                    "-o bundle.zip FILE' or 'watchglass decrypt FILE', and check what comes out."
                )
        try:
            self._zip = zipfile.ZipFile(path)
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
            raise Unreadable(f"This is no ZIP that can be read ({error}).") from error
        infos = self._zip.infolist()
        if len(infos) > MOST_FILES:
            raise Unreadable("There are more files here than any bundle has.")
        tops = {each.filename.split("/", 1)[0] for each in infos}
        prefix = tops.pop() + "/" if len(tops) == 1 else ""
        for each in infos:
            self._take(each, each.filename[len(prefix) :])
        self._check_places(path, infos)

    def _take(self, info: zipfile.ZipInfo, name: str) -> None:
        plain = (
            info.compress_type == zipfile.ZIP_STORED
            and info.file_size == info.compress_size
            and not info.flag_bits & 0x1
            and name not in self.sizes
            and info.create_system in (0, 3)
            and (info.external_attr >> 28) in (0, 8)
        )
        if not plain or not PATH.fullmatch(name):
            self.odd.append(name[:200])
            return
        self.sizes[name] = info.file_size
        self._infos[name] = info

    def _check_places(self, path: str, infos: list[zipfile.ZipInfo]) -> None:
        """One file lies behind the other: nothing is hidden between, and none lies over another."""
        at = 0
        with open(path, "rb") as file:
            for each in sorted(infos, key=lambda info: info.header_offset):
                file.seek(each.header_offset)
                head = file.read(30)
                if each.header_offset != at or len(head) != 30:
                    self.odd.append("what lies between the files of the ZIP")
                    return
                name, extra = struct.unpack("<HH", head[26:30])
                at += 30 + name + extra + each.compress_size
        if at != getattr(self._zip, "start_dir", at) or self._zip.comment:
            self.odd.append("what lies behind the files of the ZIP")

    def open(self, name: str) -> BinaryIO:
        return self._zip.open(self._infos[name])  # type: ignore[return-value]


# --- JSON and hashes ----------------------------------------------------------------------------


def parsed(raw: bytes, code: str, what: str) -> dict[str, Any]:
    """The one object that a canonical line is."""
    try:
        value = json.loads(
            raw.decode("utf-8"),
            parse_float=_no_fraction,
            parse_int=_small,
            parse_constant=_no_fraction,
        )
        again = json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
        if not isinstance(value, dict) or again.encode("utf-8") != raw:
            raise ValueError
    except (ValueError, RecursionError) as error:
        raise Wrong(code, f"{what} is no JSON object in its one canonical form.") from error
    return value


def _no_fraction(text: str) -> float:
    raise ValueError(text)


def _small(digits: str) -> int:
    if len(digits) > 17 or abs(int(digits)) >= 2**53:
        raise ValueError(digits[:40])
    return int(digits)


def number(value: Any) -> int:
    """A decimal string."""
    if isinstance(value, str) and DECIMAL.fullmatch(value) and value != "-0":
        return int(value)
    raise ValueError(f"{value!r:.40} is no decimal string")


def whole(value: Any) -> int:
    if type(value) is int and 0 <= value < 2**53:
        return value
    raise ValueError(f"{value!r:.40} is no whole number")


def text(value: Any, most: int = 4096) -> str:
    if isinstance(value, str) and len(value) <= most:
        return value
    raise ValueError(f"{value!r:.40} is no text")


def hexed(value: Any, digits: int) -> str:
    if isinstance(value, str) and len(value) == digits and HEX.fullmatch(value):
        return value
    raise ValueError(f"{value!r:.40} is not {digits} hex digits")


def listed(value: Any) -> list[Any]:
    if isinstance(value, list):
        return value
    raise ValueError(f"{value!r:.40} is no list")


def leaf(data: bytes) -> bytes:
    return hashlib.sha256(b"\x00" + data).digest()


def node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def tree(leaves: list[bytes]) -> bytes:
    grown = Grown(0, [])
    for each in leaves:
        grown.add(each)
    return grown.root()


class Grown:
    """A Merkle tree (RFC 9162) that grows at its right end, from the peaks of what stands left."""

    def __init__(self, count: int, peaks: list[bytes]) -> None:
        self.count = count
        self.peaks = list(peaks)

    def add(self, hashed: bytes) -> None:
        rest = self.count
        while rest & 1:
            hashed = node(self.peaks.pop(), hashed)
            rest >>= 1
        self.peaks.append(hashed)
        self.count += 1

    def root(self) -> bytes:
        if not self.peaks:
            return hashlib.sha256(b"").digest()
        found = self.peaks[-1]
        for peak in reversed(self.peaks[:-1]):
            found = node(peak, found)
        return found


def included(hashed: bytes, index: int, size: int, path: list[bytes], root: bytes) -> bool:
    """RFC 9162, 2.1.3.2."""
    if not 0 <= index < size:
        return False
    at, last = index, size - 1
    for each in path:
        if last == 0:
            return False
        if at & 1 or at == last:
            hashed = node(each, hashed)
            while at and not at & 1:
                at, last = at >> 1, last >> 1
        else:
            hashed = node(hashed, each)
        at, last = at >> 1, last >> 1
    return last == 0 and hashed == root


def fingerprint_of(public: bytes) -> str:
    return hashlib.sha256(public).hexdigest()


def shown(ns: int) -> str:
    try:
        when = datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(microseconds=ns // 1000)
    except OverflowError:
        return str(ns)
    return when.strftime("%Y-%m-%d %H:%M:%S") + f".{ns // 1000000 % 1000:03d} UTC"


# --- media files --------------------------------------------------------------------------------


class Fragment:
    __slots__ = ("duration", "index", "media", "track")

    def __init__(self, index: int, track: int, media: int, duration: int) -> None:
        self.index = index
        self.track = track
        self.media = media
        self.duration = duration


class Media:
    """What a media file of the bundle holds, of `count` fragments that were recorded."""

    def __init__(self) -> None:
        self.camera = self.run = self.stream = ""
        self.sequence = self.first_fragment = self.start = self.sound_scale = 0
        self.wall = 0
        self.header_leaf = self.root = b""
        self.count = self.pictures = 0
        self.first: Fragment | None = None
        self.last: Fragment | None = None
        self.ranges: list[tuple[int, int]] = []
        self.breaks: list[tuple[Fragment, Fragment]] = []

    def take(self, one: Fragment, silent: bool) -> None:
        """The next fragment that is here. Only first, last, and where some lack between two of
        pictures are kept. `silent`: its sound was withheld, and may lack where no time does."""
        begins = self.ranges.pop()[0] if self.ranges and self.ranges[-1][1] == one.index - 1 else 0
        self.ranges.append((begins or one.index, one.index))
        if one.track != 0:
            return
        self.pictures += 1
        before, self.last = self.last, one
        if before is None:
            self.first = one
        elif self.ranges[-1][0] > before.index:
            timely = before.media + before.duration >= one.media
            if not (silent and timely):
                self.breaks.append((before, one))


class Reading:
    """Reads a file to its end, once, and hashes it meanwhile."""

    def __init__(self, file: BinaryIO, size: int, name: str) -> None:
        self.file = file
        self.left = size
        self.name = name
        self.digest = hashlib.sha256()
        self.at = 0

    def take(self, count: int) -> bytes:
        if count > self.left:
            raise Wrong("fragment_bad", f"{self.name} ends inside a box at {self.at}.")
        data = self.file.read(count)
        if len(data) != count:
            raise Wrong("file_changed", f"{self.name} is shorter than it says.")
        self.digest.update(data)
        self.left -= count
        self.at += count
        return data

    def pieces(self, count: int) -> Iterator[bytes]:
        while count > 0:
            data = self.take(min(count, PIECE))
            count -= len(data)
            yield data

    def finish(self) -> str:
        for _ in self.pieces(self.left):
            pass
        if self.file.read(1):
            raise Wrong("file_changed", f"{self.name} is longer than it says.")
        return self.digest.hexdigest()


class MediaReader:
    """Reads one media file, box by box."""

    def __init__(self, reading: Reading, sound: bool) -> None:
        """`sound`: whether the bundle is said to have the sound that was recorded with it."""
        self.reading = reading
        self.sound = sound
        self.found = Media()
        self.at_index = 0
        self.entries: list[bytes] = []
        self.places: dict[int, tuple[int, int, int, int, int, int, int, int, bytes]] = {}

    def bad(self, what: str, code: str = "fragment_bad") -> Wrong:
        return Wrong(code, f"{self.reading.name}, at {self.reading.at}: {what}.")

    def read(self) -> Media:
        header = self._header()
        self.found.header_leaf = leaf(header)
        while True:
            at = self.reading.at
            start = self.reading.take(24)
            size, kind = struct.unpack(">I4s", start[:8])
            if kind != b"uuid" or start[8:23] != UUID:
                raise self.bad("what lies here is no fragment and no footer")
            if start[23] == 2 and size == 96:
                self._fragment(at, start)
            elif start[23] == 3:
                self._footer(at, size, start, len(header))
                return self.found
            else:
                raise self.bad("what lies here is no fragment and no footer")

    def _header(self) -> bytes:
        parts = []
        for wanted in (b"ftyp", b"moov"):
            start = self.reading.take(8)
            size, kind = struct.unpack(">I4s", start)
            if kind != wanted or not 8 <= size <= MOST_HEADER:
                raise self.bad("this is no header of a media file", "header_bad")
            parts += [start, self.reading.take(size - 8)]
        box = self.reading.take(100)
        if box[:8] != struct.pack(">I4s", 100, b"uuid") or box[8:24] != UUID + b"\x01":
            raise self.bad("this is no header of a media file", "header_bad")
        fields = struct.unpack(">BB2x16s16sIQQIIq4x", box[24:])
        version, stream, camera, run, sequence, first, media, scale, sound, wall = fields
        if version != 1 or stream > 1 or scale != 90000:
            raise self.bad("its header is of an unknown form", "header_bad")
        found = self.found
        found.camera, found.run, found.stream = camera.hex(), run.hex(), ("main", "sub")[stream]
        found.sequence, found.first_fragment, found.start = sequence, first, media
        found.sound_scale, found.wall = sound, wall
        return b"".join([*parts, box])

    def _fragment(self, at: int, start: bytes) -> None:
        box = start + self.reading.take(72)
        start_of_moof = self.reading.take(8)
        size, kind = struct.unpack(">I4s", start_of_moof)
        if kind != b"moof" or not 88 <= size <= MOST_MOOF:
            raise self.bad("a fragment without moof")
        moof = start_of_moof + self.reading.take(size - 8)
        start_of_mdat = self.reading.take(8)
        length, kind = struct.unpack(">I4s", start_of_mdat)
        if kind != b"mdat" or not 8 <= length <= MOST_FRAGMENT:
            raise self.bad("a fragment without mdat")
        place = self._told(box, moof, length - 8)
        digest = hashlib.sha256(b"\x00" + box + moof + start_of_mdat)
        for piece in self.reading.pieces(length - 8):
            digest.update(piece)
        number_, track, flags, media, duration, samples, wall = place
        index = number_ - self.found.first_fragment + 1
        if index <= self.at_index:
            raise self.bad(f"fragment {number_} does not stand in its order")
        self.at_index = index
        whole_length = self.reading.at - at
        self.places[index] = (
            at, whole_length, track, flags, media, duration, samples, wall, digest.digest()
        )  # fmt: skip
        silent = not self.sound and bool(self.found.sound_scale)
        self.found.take(Fragment(index, track, media, duration), silent)

    def _told(
        self, box: bytes, moof: bytes, data_bytes: int
    ) -> tuple[int, int, int, int, int, int, int]:
        """What a fragment says of itself, its two boxes agreeing."""
        found = self.found
        fields = struct.unpack(">BBBB16s16sQQIqI4x", box[24:])
        version, stream, track, flags, camera, run, number_, media, scale, wall, _ = fields
        own = (version, ("main", "sub")[stream % 2], camera.hex(), run.hex())
        if own != (1, found.stream, found.camera, found.run) or stream > 1 or track > 1:
            raise self.bad(f"fragment {number_} is of another camera, stream or run")
        if scale != (90000 if track == 0 else found.sound_scale) or scale == 0:
            raise self.bad(f"fragment {number_} has another time scale than its track")
        sizes, durations, keys = self._samples(moof, number_, track, media)
        if sizes != data_bytes:
            raise self.bad(f"the samples of fragment {number_} are not as long as its mdat")
        due = 0 if track else (2 if any(keys) else 0) | (1 if keys[0] else 0)
        if flags != due:
            raise self.bad(f"fragment {number_} tells other key frames than it has")
        return number_, track, flags, media, durations, len(keys), wall

    def _samples(
        self, moof: bytes, number_: int, track: int, media: int
    ) -> tuple[int, int, list[bool]]:
        fixed = struct.unpack(">I4sI4sIII4sI4sIII4sIQI4sIIi", moof[:88])
        size, flags, count = fixed[0], fixed[18], fixed[19]
        width = {0x01000701: 12, 0x01000F01: 16}.get(flags, 0)
        scale = 90000 if track == 0 else self.found.sound_scale
        base = self.found.start if track == 0 else self.found.start * scale // 90000
        due = (
            size, b"moof", 16, b"mfhd", 0, (number_ + 1) % 2**32, size - 24, b"traf",
            16, b"tfhd", 0x020000, track + 1, 20, b"tfdt", 0x01000000, media - base,
            size - 68, b"trun", flags, count, size + 8,
        )  # fmt: skip
        if fixed != due or not width or not count or size != 88 + width * count:
            raise self.bad(f"the moof of fragment {number_} is not of the one form")
        sizes = durations = 0
        keys = []
        for at in range(88, size, width):
            duration, length, kind = struct.unpack(">III", moof[at : at + 12])
            sizes += length
            durations += duration
            keys.append(kind == 0x02000000)
        return sizes, durations, keys

    def _footer(self, at: int, size: int, start: bytes, header_bytes: int) -> None:
        if not 116 <= size <= MOST_FOOTER or size - 24 != self.reading.left:
            raise self.bad("a footer that does not end the file", "footer_bad")
        body = start + b"".join(self.reading.pieces(size - 24))
        count = struct.unpack(">I", body[28:32])[0]
        if size != 72 + 80 * count + 44:
            raise self.bad("a footer of the wrong length", "footer_bad")
        leaves, parts = [self.found.header_leaf], []
        for index in range(1, count + 1):
            told = body[72 + 80 * (index - 1) : 72 + 80 * index]
            place = self.places.pop(index, None) or (0, 0, 0, 0x80, 0, 0, 0, 0, told[40:72])
            parts.append(struct.pack(">QIBB2xQIIq32s8x", *place))
            leaves.append(place[8])
        self.found.root, self.found.count = tree(leaves), count
        due = b"".join([
            struct.pack(">I4s15sBB3xIQ32s", size, b"uuid", UUID, 3, 1, count, header_bytes,
                        leaves[0]),
            *parts,
            struct.pack(">32sQ4s", self.found.root, at, b"WGft"),
        ])  # fmt: skip
        if self.places:
            raise self.bad("the footer has fewer fragments than the file", "footer_bad")
        if body != due:
            raise self.bad("the footer tells something else than the fragments", "footer_bad")


# --- ledgers ------------------------------------------------------------------------------------


class Ledger:
    """The lines of one ledger from `first` on, under its heads."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.first = self.size = 0
        self.lines = Told()
        self.keys: dict[str, tuple[int, bytes]] = {}
        self.vouches: list[tuple[int, bytes, str]] = []
        self.revoked: dict[str, int] = {}
        self.roots: dict[int, str] = {}
        self.head: dict[str, Any] = {}
        self.head_ns = 0
        self.first_ns: int | None = None
        self.heads: list[tuple[int, dict[str, Any], bytes]] = []


class File:
    """A media file as the ledger tells of it."""

    def __init__(self, fields: dict[str, Any]) -> None:
        self.stream = text(fields["stream"])
        self.media = self.placed_media = number(fields["media"])
        self.wall = number(fields["wall"])
        self.rate = 0
        self.placed = False
        self.header = hexed(fields["header"], 64)
        self.end: int | None = None
        self.root = ""
        self.count: int | None = None
        self.deleted = ""
        self.erased: list[tuple[int, int]] = []
        self.last_line = 0

    def place(self, fields: dict[str, Any]) -> None:
        rate = fields["rate_ppb"]
        if type(rate) is not int or abs(rate) > 20_000_000:
            raise ValueError("a rate that no clock has")
        self.placed_media, self.wall = number(fields["media"]), number(fields["wall"])
        self.rate, self.placed = rate, True

    def utc(self, media: int) -> int:
        return self.wall + (media - self.placed_media) * 100000 * (BILLION + self.rate) // (
            9 * BILLION
        )


class Told:
    """What the lines tell: files, gaps, and what refers to lines that are not here."""

    def __init__(self) -> None:
        self.files: dict[tuple[str, int], File] = {}
        self.runs: dict[str, list[int]] = {}
        self.gaps: dict[str, list[dict[str, Any] | None]] = {}
        self.strange: dict[tuple[str, int], File] = {}
        self.strange_gaps: list[dict[str, Any]] = []
        self.added: int | None = None
        self.removed: int | None = None
        self.epochs: list[tuple[int, str]] = []
        self.ordered: dict[str, tuple[list[File], list[int]]] = {}
        self.inside: dict[str, list[tuple[int, int]]] = {}
        self.imported: dict[str, dict[str, Any]] = {}

    def take(self, n: int, fields: dict[str, Any]) -> None:
        handler = getattr(self, "_" + str(fields.get("type")), None)
        if fields.get("v") == 1 and handler is not None:
            handler(n, fields)

    def _ledger_started(self, n: int, fields: dict[str, Any]) -> None:
        self.epochs.append((n, hexed(fields["epoch"], 32)))

    _restored = _ledger_started

    def _camera_added(self, n: int, fields: dict[str, Any]) -> None:
        if self.added is None:
            self.added = number(fields["t"])

    def _camera_removed(self, n: int, fields: dict[str, Any]) -> None:
        self.removed = number(fields["t"])

    def _file_opened(self, n: int, fields: dict[str, Any]) -> None:
        run, sequence = hexed(fields["run"], 32), whole(fields["sequence"])
        self.files[(run, sequence)] = file = File(fields)
        file.last_line = n
        self.runs.setdefault(run, []).append(sequence)

    def _of(self, n: int, fields: dict[str, Any]) -> File:
        key = hexed(fields["run"], 32), whole(fields["sequence"])
        file = self.files.get(key)
        if file is None:
            unknown = {"media": "0", "wall": "0", "header": "0" * 64, **fields}
            file = self.strange.setdefault(key, File(unknown))
        file.last_line = n
        return file

    def _placed(self, n: int, fields: dict[str, Any]) -> None:
        self._of(n, fields).place(fields)

    def _file_closed(self, n: int, fields: dict[str, Any]) -> None:
        file = self._of(n, fields)
        file.end = number(fields["media"])
        file.root, file.count = hexed(fields["root"], 64), whole(fields["fragments"])

    def _files_deleted(self, n: int, fields: dict[str, Any]) -> None:
        for run, sequence, _ in listed(fields["files"]):
            file = self.files.get((hexed(run, 32), whole(sequence)))
            if file is not None:
                file.deleted = text(fields["cause"], 40)

    def _files_erased(self, n: int, fields: dict[str, Any]) -> None:
        for run, sequence, _, ranges in listed(fields["files"]):
            file = self.files.get((hexed(run, 32), whole(sequence)))
            if file is not None:
                file.erased += [(whole(first), whole(last)) for first, last in listed(ranges)]

    def _imported(self, n: int, fields: dict[str, Any]) -> None:
        hexed(fields["original"], 64)
        number(fields["from"]), number(fields["to"]), number(fields["t"])
        self.imported[hexed(fields["import"], 32)] = fields

    def _import_deleted(self, n: int, fields: dict[str, Any]) -> None:
        self.imported.pop(hexed(fields["import"], 32), None)

    def _gap_opened(self, n: int, fields: dict[str, Any]) -> None:
        self.gaps[hexed(fields["gap"], 32)] = [fields, None]

    def _gap_closed(self, n: int, fields: dict[str, Any]) -> None:
        gap = self.gaps.get(hexed(fields["gap"], 32))
        if gap is None:
            self.strange_gaps.append(fields)
            return
        gap[1] = fields
        opened = gap[0]
        if opened is not None and "run" in opened and "media" in opened and "media" in fields:
            own = number(opened["media"]), number(fields["media"])
            self.inside.setdefault(hexed(opened["run"], 32), []).append(own)

    # --- where things lie in UTC (section 5) ---

    def of_run(self, run: str) -> tuple[list[File], list[int]]:
        """The files of a run in their order, and where each begins; asked once all lines are in."""
        if run not in self.ordered:
            files = [self.files[(run, each)] for each in sorted(self.runs.get(run, []))]
            self.ordered[run] = files, [each.media for each in files]
        return self.ordered[run]

    def in_run(self, run: str, media: int) -> int | None:
        files, begins = self.of_run(run)
        if not files:
            return None
        return files[max(0, bisect_right(begins, media) - 1)].utc(media)

    def gap_end(self, fields: dict[str, Any], begins: bool, ends: dict[int, int]) -> int:
        """Where a gap begins or ends. `ends`: where open files end, by what is in the bundle."""
        own = number(fields["wall"])
        if "run" not in fields:
            return own
        run = hexed(fields["run"], 32)
        if "media" in fields:
            found = self.in_run(run, number(fields["media"]))
            return own if found is None else found
        files, _ = self.of_run(run)
        if not files:
            return own
        file = files[-1] if begins else files[0]
        return file_end(file, ends) if begins else file.utc(file.media)


class Held:
    """Numbers of fragments, of ranges that may lie in any order and over each other."""

    def __init__(self, ranges: "list[tuple[int, int]]") -> None:
        self.ranges: list[tuple[int, int]] = []
        for first, last in sorted(ranges):
            if self.ranges and first <= self.ranges[-1][1] + 1:
                self.ranges[-1] = self.ranges[-1][0], max(last, self.ranges[-1][1])
            elif first <= last:
                self.ranges.append((first, last))

    def all(self, first: int, end: int) -> bool:
        """Whether each of them is there, `end` not counted."""
        at = bisect_right(self.ranges, (first, 1 << 62)) - 1
        return first >= end or (at >= 0 and end - 1 <= self.ranges[at][1])


def file_end(file: File, ends: dict[int, int]) -> int:
    return file.utc(file.end if file.end is not None else ends.get(id(file), file.media))


# --- the check ----------------------------------------------------------------------------------


class Findings:
    """What a check has found: (line, answer, code, sentence), of the lines that it answers."""

    lines: tuple[str, ...] = LINES
    titles: ClassVar[dict[str, str]] = TITLES
    good: ClassVar[dict[str, str]] = {}
    after_no = "It cannot be told of a bundle that was changed."

    def __init__(self, signatures: Signatures, fingerprint: str) -> None:
        self.signatures = signatures
        self.fingerprint = re.sub(r"[^0-9a-f]", "", fingerprint.lower())
        self.findings: list[tuple[str, str, str, str]] = []
        self.notes: list[str] = []
        self.placed_by: list[str] = []
        self.manifest: dict[str, Any] = {}
        self.public = b""

    def no(self, line: str, code: str, sentence: str) -> None:
        self._add(line, NO, code, sentence)

    def open(self, line: str, code: str, sentence: str) -> None:
        self._add(line, CANNOT_TELL, code, sentence)

    def _add(self, line: str, answer: str, code: str, sentence: str) -> None:
        if len(self.findings) < MOST_FINDINGS:
            self.findings.append((line, answer, code, sentence))

    def guarded(self, part: Callable[[], None], code: str, what: str, line: str = "intact") -> bool:
        """Run a part of the check; what breaks it is a finding. Whether it came to its end."""
        try:
            part()
        except Wrong as wrong:
            self.no(line, wrong.code, wrong.sentence)
        except (
            KeyError,
            ValueError,
            TypeError,
            IndexError,
            struct.error,
            zipfile.BadZipFile,
            EOFError,
        ) as error:
            reason = f"no field {error}" if isinstance(error, KeyError) else str(error)
            self.no(line, code, f"{what} is not of its form ({reason[:200]}).")
        except OSError as error:
            self.no(line, "file_missing", f"{what} cannot be read ({error.strerror or error}).")
        else:
            return True
        return False

    def signed(self, what: str, message: bytes, signature: bytes) -> None:
        """Whether the key in it signed that."""
        valid = self.signatures.valid(self.public, message, signature)
        if valid is None:
            self.open("intact", "no_tool", _NO_TOOL)
            self.open("from", "no_tool", _NO_TOOL)
        elif not valid:
            self.no("intact", "signature_wrong", f"The signature of {what} is not valid.")
            self.no("from", "signature_wrong", f"The signature of {what} is not valid.")

    def title(self) -> list[str]:
        """Rows for people above the answers."""
        return []


class Check(Findings):
    """Goes through a bundle once."""

    good: ClassVar[dict[str, str]] = {
        "intact": "nothing was changed since the key in it signed it",
        "complete": "every moment is there, or in a gap that is named",
        "placed": "what anchors it is of this ledger, and later than the recordings",
        "from": "the key is the one whose fingerprint you gave, or one that it vouched for",
    }

    def __init__(
        self, source: Any, signatures: Signatures, fingerprint: str, anchors: list[bytes],
        authorities: "set[str] | None" = None,
    ) -> None:  # fmt: skip
        super().__init__(signatures, fingerprint)
        self.source = source
        self.anchors = anchors
        self.authorities = authorities or set()
        self.stamps: list[tuple[str, bytes, Stamp]] = []
        self.histories: list[tuple[Ledger, list[str]]] = []
        self.media: dict[tuple[str, str, int], Media] = {}
        self.media_bytes = 0
        self.viewing = 0

    def title(self) -> list[str]:
        if not self.manifest:
            return []
        return [
            f"Evidence bundle {str(self.manifest['bundle'])[:32]}",
            f"{shown(number(self.manifest['from']))} to {shown(number(self.manifest['to']))}",
            f"Key {fingerprint_of(self.public)}",
            "",
        ]

    def run(self) -> None:
        if not self.guarded(self._manifest, "manifest_bad", "The manifest"):
            return
        self.guarded(self._files, "manifest_bad", "The manifest's list of files")
        self.guarded(self._stamps, "stamp_bad", "The time stamps", "placed")
        for camera in self.manifest["cameras"]:
            name = str(camera.get("camera"))[:32]
            self.guarded(partial(self._camera, camera), "manifest_bad", f"Camera {name}")
        known = {str(each.get("camera")) for each in self.manifest["cameras"]}
        for camera, run, sequence in self.media:
            if camera not in known:
                self.no("intact", "file_strange", f"{run}-{sequence} is of a camera not exported.")
        self._from()

    # --- the manifest and its files ---

    def _manifest(self) -> None:
        raw = self._small("manifest.json", MOST_MANIFEST, "manifest_missing")
        signature = self._small("manifest.sig", 64, "signature_wrong")
        manifest = parsed(raw, "manifest_bad", "The manifest")
        if manifest["kind"] != "watchglass evidence bundle" or manifest["v"] != 1:
            raise Wrong("manifest_bad", "The manifest is of another kind, or of a later version.")
        self.public = bytes.fromhex(hexed(manifest["key"]["public_key"], 64))
        number(manifest["from"]), number(manifest["to"])
        hexed(manifest["bundle"], 32)
        for each in listed(manifest["cameras"]) + listed(manifest["files"]):
            if not isinstance(each, dict):
                raise ValueError("an entry that is no object")
        if not all(listed(each["streams"]) for each in manifest["cameras"] or [{"streams": []}]):
            raise ValueError("no camera, or one without a stream")
        self.manifest = manifest
        signed = BUNDLE_DOMAIN + hashlib.sha256(raw).hexdigest().encode() + b"\n"
        self.signed("the manifest", signed, signature)

    def _small(self, name: str, most: int, code: str) -> bytes:
        size = self.source.sizes.get(name)
        if size is None:
            raise Wrong(code, f"There is no {name}.")
        if size > most:
            raise Wrong(code, f"{name} is larger than any can be.")
        with self.source.open(name) as file:
            return bytes(file.read(most + 1))

    def _files(self) -> None:
        listed_paths = set()
        for each in self.manifest["files"]:
            name = text(each["path"], 300)
            if not PATH.fullmatch(name) or name in listed_paths or name in SIGNED_APART:
                raise Wrong("manifest_bad", f"The manifest names a file {name!r:.80}.")
            listed_paths.add(name)
            length, due = number(each["length"]), hexed(each["sha256"], 64)
            self.guarded(
                partial(self._file, name, length, due),
                "fragment_bad", name,
            )  # fmt: skip
        if self.viewing:
            self.notes.append(
                f"Viewing copies, made for browsers: {self.viewing}. They are no evidence, and "
                "nothing here tells whether they show what was recorded."
            )
        for name in sorted(set(self.source.sizes) - listed_paths - set(SIGNED_APART)):
            self.no("intact", "file_extra", f"{name!r:.200} is not a part of the bundle.")
        for name in self.source.odd:
            self.no("intact", "file_odd", f"{name!r:.200} cannot be in a bundle.")

    def _file(self, name: str, length: int, due: str) -> None:
        size = self.source.sizes.get(name)
        if size is None:
            raise Wrong("file_missing", f"{name} is missing.")
        if size != length:
            raise Wrong("file_changed", f"{name} has {size} bytes, and was made with {length}.")
        is_media = MEDIA_PATH.fullmatch(name)
        with self.source.open(name) as file:
            reading = Reading(file, size, name)
            found: Media | None = None
            wrong: Wrong | None = None
            if is_media:
                try:
                    found = MediaReader(reading, self._sound(is_media)).read()
                except Wrong as error:
                    wrong = error
            if reading.finish() != due:
                raise Wrong("file_changed", f"{name} was changed after the bundle was made.")
        if wrong is not None:
            raise wrong
        if found is not None and is_media is not None:
            own = (found.camera, found.stream, found.run, f"{found.sequence:04d}")
            if own != is_media.groups():
                raise Wrong("file_named", f"{name} is of another camera, stream, run or number.")
            self.media[(found.camera, found.run, found.sequence)] = found
            self.media_bytes += size
        if VIEWING_PATH.fullmatch(name):
            self.viewing += 1

    def _sound(self, named: "re.Match[str]") -> bool:
        """Whether the manifest says that the stream of a file is here with its sound."""
        return any(
            isinstance(stream, dict) and stream.get("stream") == named[2]
            and stream.get("sound") is True
            for camera in self.manifest["cameras"] if camera.get("camera") == named[1]
            for stream in camera["streams"]
        )  # fmt: skip

    # --- time stamps ---

    def _stamps(self) -> None:
        found = [each for each in sorted(self.source.sizes) if STAMP_PATH.fullmatch(each)]
        if len(found) > MOST_STAMPS:
            raise Wrong("stamp_bad", "There are more time stamps than any bundle has.")
        for name in found:
            self.guarded(partial(self._stamp, name), "stamp_bad", name, "placed")

    def _stamp(self, name: str) -> None:
        told = STAMP_PATH.fullmatch(name)
        assert told is not None
        document = self._small(told[1] + ".jsonl", MOST_DOCUMENT, "stamp_bad")
        response = self._small(name, MOST_STAMP, "stamp_bad")
        more: list[Certificate] = []
        if f"anchors/{told[2]}.pem" in self.source.sizes:
            more = certificates_in(self._small(f"anchors/{told[2]}.pem", MOST_STAMP, "stamp_bad"))
        stamp = Stamp(response, more, self.signatures)
        if stamp.digest != hashlib.sha256(document).digest():
            raise Wrong("stamp_other", f"{name} is a stamp of something else.")
        cameras = {str(each.get("camera")) for each in self.manifest["cameras"]}
        if not any(True for each in cameras for _ in anchored_at(document, each)):
            raise Wrong("stamp_foreign", f"{name} is a stamp of another recorder's heads.")
        if stamp.tool_missing:
            self.open("placed", "no_tool", _NO_TOOL)
            return
        self.stamps.append((name, document, stamp))

    # --- one camera ---

    def _camera(self, told: dict[str, Any]) -> None:
        ledger = Ledger(hexed(told["camera"], 32))
        due = told["ledger"]
        ledger.first, ledger.size = number(due["first"]), number(due["size"])
        peaks = [bytes.fromhex(hexed(each, 64)) for each in listed(due["left"])]
        if not 0 <= ledger.first < ledger.size or len(peaks) != bin(ledger.first).count("1"):
            raise Wrong("lines_bad", "What stands left of the ledger's lines is not of its form.")
        self._read_heads(ledger, hexed(due["head"], 64))
        self._read_lines(ledger, peaks)
        self._check_roots(ledger)
        self._read_earlier(ledger)
        self._check_heads(ledger)
        self._check_texts(ledger)
        self._check_media(ledger)
        streams = listed(told["streams"])
        for stream in streams:
            self.guarded(
                partial(self._span, ledger, stream),
                "lines_bad", f"The account of {ledger.name[:8]}", "complete",
            )  # fmt: skip
        known = {(ledger.name, str(each.get("stream"))) for each in streams}
        for (camera, run, sequence), media in self.media.items():
            if camera == ledger.name and (camera, media.stream) not in known:
                self.no("intact", "file_strange", f"{run}-{sequence} is of a stream not exported.")
        Placing(self, ledger).check()
        self._name_imported(ledger)

    def _name_imported(self, ledger: Ledger) -> None:
        """What another system recorded is none of what is proven here, and is said to be there."""
        start, end = number(self.manifest["from"]), number(self.manifest["to"])
        for fields in ledger.lines.imported.values():
            begins, ends = number(fields["from"]), number(fields["to"])
            if begins < end and ends > start:
                self.notes.append(
                    f"Imported footage, {ledger.name[:8]}: {shown(begins)} to {shown(ends)} as "
                    f"claimed (file {str(fields['original'])[:16]}). Not of this recorder, not in "
                    f"this bundle, unproven before {shown(number(fields['t']))}: whether it is "
                    "true cannot be told."
                )

    def _span(self, ledger: Ledger, stream: dict[str, Any]) -> None:
        Span(self, ledger, stream).check()

    def _rows(self, name: str) -> Iterator[bytes]:
        if name not in self.source.sizes:
            raise Wrong("file_missing", f"{name} is missing.")
        with self.source.open(name) as file:
            while True:
                raw = file.readline(MOST_LINE + 1)
                if not raw:
                    return
                if len(raw) > MOST_LINE or not raw.endswith(b"\n"):
                    raise Wrong("line_bad", f"{name} has a line without an end.")
                yield raw[:-1]

    def _read_lines(self, ledger: Ledger, peaks: list[bytes]) -> None:
        grown = Grown(ledger.first, peaks)
        wanted = {size for size, _, _ in ledger.heads} | {ledger.size}
        for anchor in [*self.anchors, *(document for _, document, _ in self.stamps)]:
            wanted |= anchor_sizes(anchor, ledger.name)
        if ledger.first in wanted:
            ledger.roots[ledger.first] = grown.root().hex()
        for raw in self._rows(f"ledger/{ledger.name}.jsonl"):
            what = f"Line {grown.count} of {ledger.name[:8]}"
            fields = parsed(raw, "line_bad", what)
            if number(fields["n"]) != grown.count:
                raise Wrong("line_number", f"{what} has the number {fields['n']}.")
            if ledger.first_ns is None:
                ledger.first_ns = number(fields["t"])
            self._take(ledger, grown.count, fields)
            grown.add(leaf(raw))
            if grown.count in wanted:
                ledger.roots[grown.count] = grown.root().hex()
        if grown.count != ledger.size:
            raise Wrong(
                "lines_missing",
                f"The ledger of {ledger.name[:8]} ends at line {grown.count}, and not at "
                f"{ledger.size}.",
            )

    def _take(self, ledger: Ledger, n: int, fields: dict[str, Any]) -> None:
        ledger.lines.take(n, fields)
        if fields.get("type") == "key" and fields.get("v") == 1:
            public = bytes.fromhex(hexed(fields["public_key"], 64))
            ledger.keys[hashlib.sha256(public).hexdigest()[:16]] = (n, public)
            vouch = hexed(fields["vouch"], 128) if "vouch" in fields else ""
            ledger.vouches.append((n, public, vouch))
        if fields.get("type") == "key_revoked" and fields.get("v") == 1:
            key, since = hexed(fields["key"], 16), number(fields["since"])
            ledger.revoked[key] = min(since, ledger.revoked.get(key, since))

    def _read_earlier(self, ledger: Ledger) -> None:
        root = bytes.fromhex(ledger.roots[ledger.size])
        for raw in self._rows(f"ledger/{ledger.name}.earlier.jsonl"):
            entry = parsed(raw, "earlier_bad", "A line from before")
            line = text(entry["line"], MOST_LINE).encode("utf-8")
            fields = parsed(line, "earlier_bad", "A line from before")
            n = number(fields["n"])
            path = [bytes.fromhex(hexed(each, 64)) for each in listed(entry["path"])]
            if n >= ledger.first or not included(leaf(line), n, ledger.size, path, root):
                raise Wrong("earlier_bad", f"Line {n} from before is not of this ledger.")
            self._take(ledger, n, fields)

    # --- heads ---

    def _read_heads(self, ledger: Ledger, due: str) -> None:
        for raw in self._rows(f"ledger/{ledger.name}.heads.jsonl"):
            head = parsed(raw, "head_bad", f"A head of {ledger.name[:8]}")
            if head["v"] != 1:
                raise Wrong("head_bad", "A head is of a version that is not known.")
            ledger.heads.append((number(head["size"]), head, raw))
        if not ledger.heads or hashlib.sha256(ledger.heads[-1][2]).hexdigest() != due:
            raise Wrong("head_other", "The last head is not the one that the manifest names.")
        size, ledger.head, _ = ledger.heads[-1]
        ledger.head_ns = number(ledger.head["t"])
        if size != ledger.size:
            raise Wrong("head_other", "The last head is of another length than the ledger.")

    def _check_roots(self, ledger: Ledger) -> None:
        for size, head, _ in ledger.heads:
            if head["ledger"] != ledger.name:
                raise Wrong("head_other", "A head is of another ledger.")
            if ledger.roots.get(size) != hexed(head["root"], 64):
                when = shown(number(head["t"]))
                raise Wrong("lines_root", f"The head of {when} signs other lines than are here.")

    def _check_heads(self, ledger: Ledger) -> None:
        before: tuple[int, dict[str, Any], bytes] | None = None
        for size, head, raw in ledger.heads:
            what = f"The head of {shown(number(head['t']))}"
            self._check_key(ledger, size, head, what)
            epochs = [epoch for n, epoch in sorted(ledger.lines.epochs) if n < size]
            if epochs and head["epoch"] != epochs[-1]:
                raise Wrong("head_other", f"{what} is of another epoch.")
            if before is not None:
                self._check_chain(ledger, before, head, what)
            before = size, head, raw
        self._check_history(ledger)

    def _check_history(self, ledger: Ledger) -> None:
        """The keys one after the other: whether each was vouched for by the one before it."""
        chain: list[bytes] = []
        for n, public, vouch in sorted(ledger.vouches):
            vouched = bool(chain and vouch)
            if vouched:
                told = KEY_DOMAIN + f"{ledger.name}\n{public.hex()}\n".encode()
                valid = self.signatures.valid(chain[-1], told, bytes.fromhex(vouch))
                if valid is False:
                    raise Wrong("key_vouch", f"Line {n}: the key before did not sign for this one.")
                vouched = valid is True
            chain = [*chain, public] if vouched else [public]
        self.histories.append((ledger, [fingerprint_of(each) for each in chain]))
        for key, since in ledger.revoked.items():
            late = [head for _, head, _ in ledger.heads if head["key"] == key]
            if any(number(head["t"]) >= max(since, number(self.manifest["from"])) for head in late):
                self.open(
                    "from", "key_revoked",
                    f"{ledger.name[:8]}: heads from {shown(since)} on were signed with a key that "
                    "was revoked: it may have been in other hands by then.",
                )  # fmt: skip
        if len(ledger.vouches) > 1:
            for n, public, _ in sorted(ledger.vouches):
                own = fingerprint_of(public)
                told_of = ledger.revoked.get(own[:16])
                gone = "" if told_of is None else f", revoked as of {shown(told_of)}"
                known = "" if own in self.histories[-1][1] else ", not vouched for by the next"
                self.notes.append(f"Key, {ledger.name[:8]}: {own} from line {n}{gone}{known}")

    def _check_key(self, ledger: Ledger, size: int, head: dict[str, Any], what: str) -> None:
        due = [key for key, (n, _) in sorted(ledger.keys.items(), key=lambda e: e[1]) if n < size]
        if not due or head["key"] != due[-1]:
            raise Wrong("head_key", f"{what} is signed with a key that the ledger does not name.")
        public = ledger.keys[due[-1]][1]
        if head is ledger.head and public != self.public:
            raise Wrong("head_key", "The manifest is signed with another key than the ledger.")
        unsigned = {name: value for name, value in head.items() if name != "sig"}
        line = json.dumps(unsigned, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
        signature = bytes.fromhex(hexed(head["sig"], 128))
        if self.signatures.valid(public, HEAD_DOMAIN + line.encode("utf-8"), signature) is False:
            raise Wrong("head_signature", f"{what} has a signature that is not valid.")

    def _check_chain(
        self, ledger: Ledger, before: tuple[int, dict[str, Any], bytes], head: dict[str, Any],
        what: str,
    ) -> None:  # fmt: skip
        size, older, raw = before
        hashed = hashlib.sha256(raw).hexdigest()
        is_old = number(older["t"]) < ledger.head_ns - 48 * 3600 * BILLION
        if head["prev"] != hashed and not (is_old and head["hour"] == hashed):
            raise Wrong("head_chain", f"{what} does not name the head before it.")
        if head["epoch"] == older["epoch"] and number(head["size"]) < size:
            raise Wrong("head_chain", f"{what} is of a shorter ledger than the one before it.")

    # --- texts and media ---

    def _check_texts(self, ledger: Ledger) -> None:
        name = f"ledger/{ledger.name}.texts.jsonl"
        for raw in self._rows(name):
            entry = parsed(raw, "text_bad", "A text")
            salted = bytes.fromhex(hexed(entry["salt"], 64)) + text(entry["text"]).encode("utf-8")
            if hashlib.sha256(b"\x02" + salted).hexdigest() != entry["commitment"]:
                raise Wrong("text_bad", "A text is not the one that the ledger names.")

    def _check_media(self, ledger: Ledger) -> None:
        opened = {
            (each["run"], each["sequence"]): each for each in listed(ledger.head["open"])
        }  # fmt: skip
        for (camera, run, sequence), media in self.media.items():
            if camera != ledger.name:
                continue
            what = f"{run[:8]}-{sequence:04d}"
            file = ledger.lines.files.get((run, sequence))
            if file is None or file.stream != media.stream:
                self.no("intact", "file_strange", f"The ledger knows no file {what}.")
                continue
            if file.header != media.header_leaf.hex():
                self.no("intact", "header_other", f"The header of {what} is another one.")
            signed = opened.get((run, sequence), {}) if file.end is None else {}
            root = file.root or signed.get("root")
            count = file.count if file.count is not None else signed.get("fragments")
            if (media.root.hex(), media.count) != (root, count):
                self.no("intact", "root_other", f"{what} is not what the ledger says of it.")

    # --- from whom ---

    def _from(self) -> None:
        own = fingerprint_of(self.public)
        if any(own[:16] in ledger.revoked for ledger, _ in self.histories):
            self.no("from", "key_revoked", f"It was signed with a key that was revoked: {own}.")
        if self.fingerprint and self.fingerprint != own:
            self._from_earlier(own)
        elif not self.fingerprint:
            self.open(
                "from", "no_fingerprint",
                "No fingerprint was given from outside the bundle: whoever made it could have made "
                f"the key, too. Ask the operator by another way whether it is {own}.",
            )  # fmt: skip

    def _from_earlier(self, own: str) -> None:
        """Whether the key that was given vouched, by way of others, for the one of now."""
        given = self.fingerprint
        every = [chain for _, chain in self.histories]
        if len(every) != len(self.manifest["cameras"]) or any(
            given not in chain or chain[-1] != own for chain in every
        ):
            self.no("from", "key_other", f"It was signed by another recorder: its key is {own}.")
            return
        for ledger, chain in self.histories:
            for each in chain[chain.index(given) : -1]:
                if each[:16] in ledger.revoked:
                    self.open(
                        "from", "key_revoked",
                        f"The key {each} was revoked, and what it signed for since proves nothing: "
                        f"ask the operator by another way whether the key of now is {own}.",
                    )  # fmt: skip
                    return
        self.notes.append(f"The key that you gave vouched for the one of now, {own}.")


_NO_TOOL = (
    "Signatures were not checked: neither the Python package cryptography nor the program openssl "
    "(3.0 or later) is here."
)


# --- is anything missing ------------------------------------------------------------------------


class Span:
    """The account of one stream from `from` to `to`: media, named gaps, and nothing else."""

    def __init__(self, check: Check, ledger: Ledger, told: dict[str, Any]) -> None:
        self.check_ = check
        self.ledger = ledger
        self.lines = ledger.lines
        self.stream = text(told["stream"], 10)
        self.sound = told["sound"] is True
        self.start = number(check.manifest["from"])
        self.end = number(check.manifest["to"])
        self.ends: dict[int, int] = {}
        self.what = f"{ledger.name[:8]} {self.stream}"

    def no(self, code: str, sentence: str) -> None:
        self.check_.no("complete", code, f"{self.what}: {sentence}")

    def check(self) -> None:
        if self.start >= self.end:
            raise ValueError("a span that ends before it begins")
        ledger = self.ledger
        if ledger.first and (ledger.first_ns is None or ledger.first_ns >= self.start):
            self.no("begins_late", "the ledger's lines begin after the span does.")
        if ledger.head_ns < self.end:
            self.no("ends_early", "the recorder signed nothing that late.")
        self._strange()
        files = sorted(
            ((key, file) for key, file in self.lines.files.items() if file.stream == self.stream),
            key=lambda each: each[0],
        )
        spans: list[tuple[int, int]] = []
        for key, file in files:
            spans.append(self._file(key, file))
        spans += self._gaps()
        if self.lines.added is not None:
            spans.append((self.start, self.lines.added))
        if self.lines.removed is not None:
            spans.append((self.lines.removed, self.end))
        self._holes(spans)

    def _strange(self) -> None:
        """Files and gaps that began before the first line must have ended before the span."""
        for (run, sequence), file in self.lines.strange.items():
            ended = file.end is not None and file.placed and file.utc(file.end) <= self.start
            if file.stream == self.stream and file.end is not None and not ended:
                self.no("file_unopened", f"file {run[:8]}-{sequence:04d} began before the lines.")
        for fields in self.lines.strange_gaps:
            ends = self.lines.gap_end(fields, False, {})
            if fields["stream"] == self.stream and ends > self.start:
                self.no("gap_unopened", "a gap began before the lines.")
        for each in listed(self.ledger.head["open"]):
            key = each["run"], each["sequence"]
            if each["stream"] == self.stream and key not in self.lines.files:
                self.no("file_unopened", "a file that is still open began before the lines.")

    def _file(self, key: tuple[str, int], file: File) -> tuple[int, int]:
        media = self.check_.media.get((self.ledger.name, *key))
        if file.end is None and media is not None and media.last is not None:
            self.ends[id(file)] = media.last.media + media.last.duration
        start, end = file.utc(file.media), file_end(file, self.ends)
        if not file.deleted and start < self.end and end > self.start:
            if media is None and not self._is_told_of(key[0], file, start, end):
                self.no("file_left_out", f"file {key[0][:8]}-{key[1]:04d} is not here.")
            elif media is not None:
                self._check_range(file, media, start, end)
        following = self.lines.files.get((key[0], key[1] + 1))
        if following is not None and not file.deleted and not following.deleted:
            next_start = following.utc(following.media)
            if end < next_start <= end + BILLION:
                end = next_start
        return start, end

    def _is_told_of(self, run: str, file: File, start: int, end: int) -> bool:
        """Whether gaps in the run tell of all that a file has of the span: it was erased."""
        at, end = max(start, self.start), min(end, self.end)
        for begins, ends in sorted(self.lines.inside.get(run, [])) if file.erased else []:
            if file.utc(begins) <= at:
                at = max(at, file.utc(ends))
        return at >= end

    def _check_range(self, file: File, media: Media, start: int, end: int) -> None:
        """All fragments of the span are here."""
        what = f"file {media.run[:8]}-{media.sequence:04d}"
        first, last, count = media.first, media.last, media.count
        if first is None or last is None:
            if count and not self._is_told_of(media.run, file, start, end):
                self.no("fragment_left_out", f"{what} has no picture left.")
            return
        held = Held([*media.ranges, *file.erased])
        begins_later = first.index > 1 and file.utc(first.media) > self.start
        if begins_later and not held.all(1, first.index):
            self.no("fragment_left_out", f"{what} begins later than the span.")
        ended = last.media + last.duration
        reaches = file.utc(ended) >= min(self.end, end) or held.all(last.index, count + 1)
        if not reaches and (file.end is None or not self._is_told(media, ended, file.end)):
            self._left_out(media, f"{what} ends before the span.")
        self._check_between(media, held, what)

    def _check_between(self, media: Media, held: Held, what: str) -> None:
        for one, other in media.breaks:
            if held.all(one.index + 1, other.index):
                continue
            if self._holds_sound(media):
                self.no("fragment_left_out", f"{what} lacks a fragment after {one.index}.")
            elif not self._is_told(media, one.media + one.duration, other.media):
                self._left_out(media, f"{what} lacks fragments after {one.index}.")

    def _is_told(self, media: Media, start: int, end: int) -> bool:
        """Whether nothing can lie between two media times, or a gap says that nothing does."""
        if start >= end:
            return True
        if self._holds_sound(media):
            return False
        return any(
            begins <= start and end <= ends for begins, ends in self.lines.inside.get(media.run, [])
        )

    def _holds_sound(self, media: Media) -> bool:
        """Whether nothing may be left out between the pictures: sound was not withheld."""
        return self.sound or not media.sound_scale

    def _left_out(self, media: Media, sentence: str) -> None:
        if self._holds_sound(media):
            self.no("fragment_left_out", sentence)
        else:
            self.check_.open(
                "complete", "sound_withheld",
                f"{self.what}: {sentence} Sound was withheld, and that could be it.",
            )  # fmt: skip

    def _gaps(self) -> Iterator[tuple[int, int]]:
        for opened, closed in self.lines.gaps.values():
            if opened is None or opened["stream"] != self.stream:
                continue
            start = self.lines.gap_end(opened, True, self.ends)
            end = self.ledger.head_ns
            if closed is not None:
                end = self.lines.gap_end(closed, False, self.ends)
            if max(start, self.start) < min(end, self.end):
                self.check_.notes.append(
                    f"Gap, {self.what}: {shown(start)} to {shown(end)}, {str(opened['cause'])[:40]}"
                )
            yield start, end

    def _holes(self, spans: list[tuple[int, int]]) -> None:
        at = self.start
        for start, end in sorted(spans):
            if start >= self.end:
                break
            if start > at:
                self.no("hole", f"nothing tells of {shown(at)} to {shown(start)}.")
            at = max(at, end)
        if at < self.end:
            self.no("hole", f"nothing tells of {shown(at)} to {shown(self.end)}.")


class Placing:
    """Whether it was recorded when it says."""

    def __init__(self, check: Check, ledger: Ledger) -> None:
        self.check_ = check
        self.ledger = ledger
        self.vouched = self.older = False

    def check(self) -> None:
        name = self.ledger.name[:8]
        last_line = 0
        for (run, sequence), file in self.ledger.lines.files.items():
            if (self.ledger.name, run, sequence) in self.check_.media:
                last_line = max(last_line, file.last_line)
                if not file.placed:
                    self.check_.no(
                        "placed", "not_placed", f"{name}: {run[:8]}-{sequence:04d} has no place."
                    )
        compared, reaching = self._anchored(last_line)
        unknown = self._stamped(last_line)
        if reaching:
            self.check_.placed_by.append("the anchors that you gave are of this ledger, and later")
        elif not self.vouched and unknown is not None:
            self.check_.open(
                "placed", "stamp_unknown",
                f"{name}: stamped {unknown.words()}. Nobody has vouched for that authority: ask it "
                f"by another way whether a certificate of it is {unknown.chain[-1].fingerprint}.",
            )  # fmt: skip
        elif not self.vouched:
            why = "no anchor was given" if not self.check_.anchors else "no anchor is of this span"
            if compared or self.older:
                why = "the anchors are older than the recordings"
            self.check_.open(
                "placed", "no_anchor",
                f"{name}: the recorder's own clock is the only witness ({why}).",
            )  # fmt: skip

    def _anchored(self, last_line: int) -> tuple[int, int]:
        """How many heads of the anchors that were given are of lines here, and how many reach."""
        compared = reaching = 0
        for raw in self.check_.anchors:
            for size, root in anchored(raw, self.ledger.name):
                own = self.ledger.roots.get(size)
                if own is None:
                    continue
                compared += 1
                reaching += size > last_line
                if own != root:
                    self.check_.no(
                        "placed", "anchor_differs",
                        f"{self.ledger.name[:8]}: an anchor says that the ledger was another one "
                        f"at line {size}.",
                    )  # fmt: skip
        return compared, reaching

    def _stamped(self, last_line: int) -> "Stamp | None":
        """Goes through the stamps; the earliest that reaches and that nobody has vouched for."""
        name, unknown, first = self.ledger.name[:8], None, None
        for path, document, stamp in sorted(self.check_.stamps, key=lambda each: each[2].time):
            for size, root, wall in anchored_at(document, self.ledger.name):
                own = self.ledger.roots.get(size)
                if own is not None and own != root:
                    self.check_.no(
                        "placed", "anchor_differs",
                        f"{name}: {path} says that the ledger was another one at line {size}.",
                    )  # fmt: skip
                elif own is not None and wall > stamp.time + LATE:
                    self.check_.no(
                        "placed", "stamp_early",
                        f"{name}: signed {shown(wall)} by the recorder's clock, and stamped "
                        f"{stamp.words()}: that clock was wrong.",
                    )  # fmt: skip
                elif own is not None and size > last_line:
                    vouched = stamp.vouched(self.check_.authorities)
                    self.vouched = self.vouched or vouched
                    first = first or (stamp if vouched else None)
                    unknown = unknown or (None if vouched else stamp)
                self.older = self.older or (own is not None and size <= last_line)
        if first is not None:
            self.check_.placed_by.append(f"{name} was recorded before {first.words()} stamped it")
        return unknown


def heads_in(raw: bytes, ledger: str) -> Iterator[dict[str, Any]]:
    """The heads of a ledger in an anchor; what is none is passed over."""
    for line in raw.split(b"\n"):
        try:
            head = parsed(line, "anchor_bad", "A line of an anchor")
        except Wrong:
            continue
        if head.get("ledger") == ledger:
            yield head


def anchored_at(raw: bytes, ledger: str) -> Iterator[tuple[int, str, int]]:
    """Size, root and time of the heads of a ledger in an anchor."""
    for head in heads_in(raw, ledger):
        try:
            yield number(head["size"]), hexed(head["root"], 64), number(head["t"])
        except (ValueError, KeyError):
            continue


def anchored(raw: bytes, ledger: str) -> Iterator[tuple[int, str]]:
    """Size and root of the heads of a ledger in an anchor."""
    for head in heads_in(raw, ledger):
        try:
            yield number(head["size"]), hexed(head["root"], 64)
        except (ValueError, KeyError):
            continue


def anchor_sizes(raw: bytes, ledger: str) -> "set[int]":
    return {size for size, _ in anchored(raw, ledger)}


# --- receipts and statements (section 6) --------------------------------------------------------


class Statement(Findings):
    """Goes through a document of the recorder's own about an erasure, a request or a redacted copy.

    Raises Unreadable where the file is none.
    """

    lines = ("intact", "from")
    titles: ClassVar[dict[str, str]] = {"intact": "Intact", "from": "From this recorder"}
    good: ClassVar[dict[str, str]] = {
        "intact": "nothing was changed since it was signed",
        "from": "it is signed with the key whose fingerprint you gave",
    }
    after_no = "It cannot be told of a document that was changed."

    def __init__(self, raw: bytes, signatures: Signatures, fingerprint: str) -> None:
        super().__init__(signatures, fingerprint)
        try:
            told = json.loads(raw.decode("utf-8"), parse_constant=_no_fraction)
            self._document = text(told["statement"], MOST_STATEMENT)
            self._signature = text(told["signature"])
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise Unreadable("This is no receipt or statement that can be read.") from error

    def title(self) -> list[str]:
        return [self.kind(), f"Key {fingerprint_of(self.public)}", ""] if self.manifest else []

    def kind(self) -> str:
        """What it calls itself; empty where that cannot be read."""
        return str(self.manifest.get("kind", ""))

    def run(self) -> None:
        self.guarded(self._check, "statement_bad", "The document")

    def _check(self) -> None:
        try:
            raw = self._document.encode("utf-8")
        except UnicodeEncodeError as error:
            raise Wrong("statement_bad", "The document is no text.") from error
        told = parsed(raw, "statement_bad", "The document")
        about = STATEMENTS.get(text(told["kind"], 100))
        if about is None:
            self._open("kind_unknown", "It is of a kind that this check does not know.")
        elif "key" not in told:
            self._open("no_key", "It does not name its key: ask for it to be made again.")
        else:
            self.public = bytes.fromhex(hexed(told["key"], 64))
            self.manifest = told
            digest = hashlib.sha256(raw).hexdigest()
            message = STATEMENT_DOMAIN + f"{about}\n{digest}\n".encode()
            self.signed("the document", message, bytes.fromhex(hexed(self._signature, 128)))
            self._from()
            if told["kind"] == RECEIPT:
                self._receipt(told)
                if not any(line == "intact" for line, _, _, _ in self.findings):
                    self.notes.append("What the ledger tells of it is under a signed head.")

    def _open(self, code: str, sentence: str) -> None:
        self.open("intact", code, sentence)
        self.open("from", code, sentence)

    def _from(self) -> None:
        own = fingerprint_of(self.public)
        if not self.fingerprint:
            self.open(
                "from", "no_fingerprint",
                "No fingerprint was given: anybody can make a key. Ask the operator by another way "
                f"whether it is {own}.",
            )  # fmt: skip
        elif self.fingerprint != own:
            self.no("from", "key_other", f"It names another key than was expected: {own}.")

    def _receipt(self, told: dict[str, Any]) -> None:
        """The lines are under a signed head, and say what the receipt says."""
        ledger, erasure = told["ledger"], hexed(told["erasure"], 32)
        span = [text(told[name]) for name in ("from", "to", "done")]
        size, root = self._head(ledger, hexed(told["camera"], 32))
        seen = []
        for each in listed(ledger["lines"]):
            line = text(each["line"], MOST_LINE).encode("utf-8")
            fields = parsed(line, "line_bad", "A line of the ledger")
            n = number(fields["n"])
            path = [bytes.fromhex(hexed(one, 64)) for one in listed(each["path"])]
            if not included(leaf(line), n, size, path, root):
                self.no("intact", "line_other", f"Line {n} is not of this ledger.")
            if fields["erasure"] != erasure:
                self.no("intact", "line_strange", f"Line {n} is of another erasure.")
            seen.append(fields)
        types = [text(fields["type"]) for fields in seen]
        if types[:1] != ["erasure_ordered"] or types[-1:] != ["erasure_done"]:
            sentence = "The lines do not tell that it was ordered and done."
        elif [seen[0]["from"], seen[0]["to"]] != span[:2]:
            sentence = "The ledger tells of another span."
        elif seen[-1]["t"] != span[2]:
            sentence = "The ledger tells of another time."
        else:
            return
        self.no("intact", "receipt_differs", sentence)

    def _head(self, ledger: dict[str, Any], camera: str) -> tuple[int, bytes]:
        """Its size and root."""
        raw = text(ledger["head"], MOST_LINE).encode("utf-8")
        head = parsed(raw, "head_bad", "The head")
        signature = bytes.fromhex(hexed(head["sig"], 128))
        unsigned = {name: value for name, value in head.items() if name != "sig"}
        message = json.dumps(unsigned, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
        if self.signatures.valid(self.public, HEAD_DOMAIN + message.encode(), signature) is False:
            self.no("intact", "head_signature", "The head is not signed with this key.")
        size = number(head["size"])
        if head["ledger"] != camera or number(ledger["size"]) != size:
            self.no("intact", "head_other", "The head is of another ledger, or of another length.")
        return size, bytes.fromhex(hexed(head["root"], 64))


def statement_at(path: str) -> "bytes | None":
    """The bytes of a receipt or statement at a path; None where something else lies there."""
    if os.path.isdir(path):
        if os.path.exists(os.path.join(path, "manifest.json")):
            return None
        path = os.path.join(path, STATEMENT)
    try:
        with open(path, "rb") as file:
            raw = file.read(MOST_STATEMENT + 1)
    except OSError:
        return None
    if len(raw) > MOST_STATEMENT or raw.lstrip()[:1] != b"{" or b'"statement"' not in raw:
        return None
    return raw


def check_statement(raw: bytes, fingerprint: str = "", tool: str = "") -> Statement:
    """Check a receipt or statement. Raises Unreadable where it is none."""
    check = Statement(raw, Signatures(tool), fingerprint)
    check.run()
    return check


# --- what is told -------------------------------------------------------------------------------


def verdict(check: Findings) -> dict[str, str]:
    """An answer for each of its lines."""
    found: dict[str, str] = {}
    for line in check.lines:
        answers = {answer for of, answer, _, _ in check.findings if of == line}
        found[line] = NO if NO in answers else CANNOT_TELL if CANNOT_TELL in answers else YES
    if found["intact"] == NO:
        for line in check.lines[1:]:
            if found[line] == YES and (line != "from" or not check.manifest):
                found[line] = CANNOT_TELL
    return found


def reasons(check: Findings, line: str, answer: str) -> list[str]:
    found = [each[3] for each in check.findings if each[0] == line and each[1] == answer]
    if found:
        return found
    if line == "placed" and answer == YES and check.placed_by:
        return [each[0].upper() + each[1:] + "." for each in dict.fromkeys(check.placed_by)]
    good = check.good[line]
    return [good[0].upper() + good[1:] + "."] if answer == YES else [check.after_no]


def as_json(check: Findings) -> dict[str, Any]:
    answers = verdict(check)
    return {
        "verdict": {
            line: {"answer": answers[line], "because": reasons(check, line, answers[line])}
            for line in check.lines
        },
        "findings": [
            {"line": line, "answer": answer, "code": code, "sentence": sentence}
            for line, answer, code, sentence in check.findings
        ],
        "kind": str(check.manifest.get("kind", ""))[:100],
        "fingerprint": fingerprint_of(check.public) if check.public else None,
        "signatures_by": check.signatures.tool or None,
        "notes": check.notes[:MOST_FINDINGS],
    }


def as_text(check: Findings) -> str:
    answers = verdict(check)
    rows = check.title()
    for line in check.lines:
        why = reasons(check, line, answers[line])
        rows.append(f"{check.titles[line]}: {answers[line].upper()}. {plain(why[0])}")
        rows += [f"    {plain(each)}" for each in why[1:10]]
        if len(why) > 10:
            rows.append(f"    and {len(why) - 10} more")
    rows += ["", *map(plain, check.notes[:50])] if check.notes else []
    return "\n".join(rows)


def plain(words: str) -> str:
    """Without what a terminal takes for something else than text."""
    return "".join(each if each.isprintable() else "?" for each in words)


def exit_status(check: Findings) -> int:
    answers = set(verdict(check).values())
    return 40 if NO in answers else 10 if CANNOT_TELL in answers else 0


def check_bundle(
    path: str, fingerprint: str = "", anchors: list[bytes] | None = None, tool: str = "",
    authorities: "set[str] | None" = None,
) -> Check:  # fmt: skip
    """Check the bundle at a path. Raises Unreadable where there is none. `authorities`: the SHA-256
    of certificates whose time stamps are trusted."""
    try:
        source = Folder(path) if os.path.isdir(path) else Archive(path)
    except OSError as error:
        raise Unreadable(f"{path} cannot be read ({error.strerror or error}).") from error
    if "manifest.json" not in source.sizes and not source.odd:
        raise Unreadable(f"{path} is no evidence bundle: there is no manifest.json in it.")
    check = Check(source, Signatures(tool), fingerprint, anchors or [], authorities)
    check.run()
    return check


def authority(told: str) -> "set[str]":
    """The fingerprints that an `--authority` stands for. Unreadable for what is none."""
    found = re.sub(r"[\s:]", "", told).lower()
    if re.fullmatch(r"[0-9a-f]{64}", found):
        return {found}
    try:
        with open(told, "rb") as file:
            certificates = certificates_in(file.read(MOST_STAMP))
    except (OSError, ValueError, IndexError) as error:
        raise Unreadable(f"{told} is no certificate that can be read ({error}).") from error
    if not certificates:
        raise Unreadable(f"{told} has no certificate in it.")
    return {each.fingerprint for each in certificates}


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="verify.py", description="Check an evidence bundle.")
    parser.add_argument("bundle", nargs="?", default=os.path.dirname(os.path.abspath(__file__)))
    parser.add_argument("--fingerprint", default="", help="of the recorder's key, from elsewhere")
    parser.add_argument("--anchor", action="append", default=[], help="heads taken away earlier")
    parser.add_argument(
        "--authority", action="append", default=[],
        help="whose time stamps you trust: the SHA-256 of its certificate, or its PEM file",
    )  # fmt: skip
    parser.add_argument("--json", action="store_true", help="for programs")
    parser.add_argument(
        "--tool", default="", help="check signatures by: cryptography, openssl, none"
    )
    given = parser.parse_args(arguments)
    try:
        anchors = []
        for each in given.anchor:
            with open(each, "rb") as file:
                anchors.append(file.read(MOST_MANIFEST))
        trusted = set().union(*map(authority, given.authority))
        statement = statement_at(given.bundle)
        check: Findings
        if statement is not None:
            check = check_statement(statement, given.fingerprint, given.tool)
        else:
            check = check_bundle(given.bundle, given.fingerprint, anchors, given.tool, trusted)
    except (Unreadable, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    print(json.dumps(as_json(check), indent=1) if given.json else as_text(check))
    return exit_status(check)


if __name__ == "__main__":
    sys.exit(main())
