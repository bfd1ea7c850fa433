"""A bundle in memory: its files, changed as a test likes, listed and signed anew."""

import hashlib
import io
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from watchglass.evidence.verify import Check, Signatures
from watchglass.recording.keys import SigningKey, bundle_statement

MANIFEST, SIGNATURE = "manifest.json", "manifest.sig"


def canonical(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()


@dataclass
class Files:
    """Path and bytes of every file. ``key`` is the recorder's own."""

    held: dict[str, bytes]
    key: SigningKey
    odd: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, folder: Path, key: SigningKey) -> "Files":
        paths = [path for path in folder.rglob("*") if path.is_file()]
        held = {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}
        return cls(held, key)

    def copy(self) -> "Files":
        return Files(dict(self.held), self.key, list(self.odd))

    # --- as the check sees it ---

    @property
    def sizes(self) -> dict[str, int]:
        return {name: len(data) for name, data in self.held.items()}

    def open(self, name: str) -> BinaryIO:
        return io.BytesIO(self.held[name])

    def check(
        self, signatures: Signatures, fingerprint: str = "", anchors: list[bytes] | None = None,
        authorities: set[str] | None = None,
    ) -> Check:  # fmt: skip
        check = Check(self, signatures, fingerprint, anchors or [], authorities)
        check.run()
        return check

    # --- parts ---

    @property
    def manifest(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.held[MANIFEST])
        return found

    @property
    def camera(self) -> str:
        return str(self.manifest["cameras"][0]["camera"])

    @property
    def lines_name(self) -> str:
        return f"ledger/{self.camera}.jsonl"

    @property
    def heads_name(self) -> str:
        return f"ledger/{self.camera}.heads.jsonl"

    @property
    def earlier_name(self) -> str:
        return f"ledger/{self.camera}.earlier.jsonl"

    @property
    def texts_name(self) -> str:
        return f"ledger/{self.camera}.texts.jsonl"

    def rows(self, name: str) -> list[bytes]:
        return self.held[name].splitlines()

    def put_rows(self, name: str, rows: list[bytes]) -> None:
        self.held[name] = b"".join(row + b"\n" for row in rows)

    @property
    def media(self) -> list[str]:
        return sorted(name for name in self.held if name.startswith(f"media/{self.camera}/"))

    # --- signed anew ---

    def put_manifest(self, manifest: dict[str, Any]) -> None:
        self.held[MANIFEST] = canonical(manifest)

    def sign(self, key: SigningKey | None = None) -> "Files":
        """Sign the manifest as it is."""
        digest = hashlib.sha256(self.held[MANIFEST]).hexdigest()
        self.held[SIGNATURE] = (key or self.key).sign(bundle_statement(digest))
        return self

    def relist(self, key: SigningKey | None = None) -> "Files":
        """Name all files as they are in the manifest, and sign it: with the recorder's own key,
        unless another is given."""
        manifest = self.manifest
        manifest["files"] = [
            {"path": name, "length": str(len(data)), "sha256": hashlib.sha256(data).hexdigest()}
            for name, data in sorted(self.held.items())
            if name not in (MANIFEST, SIGNATURE)
        ]
        if key is not None:
            public = bytes.fromhex(key.public_hex)
            manifest["key"]["public_key"] = key.public_hex
            manifest["key"]["fingerprint"] = hashlib.sha256(public).hexdigest()
        self.put_manifest(manifest)
        return self.sign(key)

    def write(self, folder: Path) -> Path:
        for name, data in self.held.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        return folder
