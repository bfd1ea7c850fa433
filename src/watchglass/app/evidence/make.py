"""Makes an evidence bundle: noted first, planned, copied, signed, and then checked as anybody may.

An export that was stopped goes on: what was copied lies in a folder beside the target, with what
was asked, and is taken as it is.
"""

import base64
import hashlib
import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import rfc8785

import watchglass
from watchglass.app.checkup import synchronised
from watchglass.app.evidence.excerpts import Part, excerpt_of, signed_end
from watchglass.app.evidence.ledgerplan import LedgerPlan, plan_ledger
from watchglass.app.evidence.told import Told
from watchglass.app.evidence.viewing import ViewingCopies
from watchglass.app.ground import Ground
from watchglass.base.disk import WriteSite
from watchglass.base.errors import DamagedError, NotFoundError, UsageError
from watchglass.base.ids import CameraId, LookId, VolumeId, random_id
from watchglass.evidence.bundle import BundleFolder
from watchglass.evidence.page.pages import player_page, verify_page, verify_script
from watchglass.evidence.page.report import report_page
from watchglass.evidence.stamps import AnchorShelf
from watchglass.model.camera import Camera
from watchglass.model.control import BeginExportRequest, SignExportRequest
from watchglass.model.export import Consent
from watchglass.model.look import Look, LookKind
from watchglass.model.stream import StreamName, VideoCodec
from watchglass.recording.commitment import TextStore
from watchglass.recording.keys import FILE_NAME as KEY_FILE
from watchglass.recording.ledger import Ledger

KIND = "watchglass evidence bundle"
_ASKED = ".asked"
_WORK = ".viewing"

Progress = Callable[[str, int, int], None]
"""Told what is done, how many bytes of it are, and how many there will be."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody wants; UTC ns. ``cameras``: each with whether its masks are lifted for it."""

    cameras: tuple[tuple[Camera, bool], ...]
    streams: frozenset[StreamName]
    from_ns: int
    to_ns: int
    sound: bool
    by: str
    reason: str
    consent: Mapping[str, str] = field(default_factory=dict)
    """What became of that of a second person, as the manifest tells it; empty: none was needed."""
    synchronised: str = ""
    """Whether somebody keeps the clock; empty: it is looked at."""


class Recorder:
    """What an export needs of the recorder: notes and signatures."""

    def __init__(
        self,
        begin: Callable[[BeginExportRequest], None],
        sign: Callable[[SignExportRequest], str],
    ) -> None:
        self.begin = begin
        self.sign = sign


@dataclass(frozen=True, slots=True)
class Made:
    """A bundle that is there. ``fingerprint`` is of the key that signed it."""

    bundle: str
    target: Path
    from_ns: int
    to_ns: int
    files: int
    media_bytes: int
    fingerprint: str
    damaged: tuple[str, ...]


class _Asked(msgspec.Struct, frozen=True):
    """What an export that was begun is of: another may not go on with it."""

    bundle: str
    cameras: list[str]
    streams: list[str]
    from_ns: int
    to_ns: int
    sound: bool


def make_bundle(
    on: Ground,
    recorder: Recorder,
    wanted: Wanted,
    target: Path,
    told: Told,
    volume_path: Callable[[VolumeId], Path | None],
    progress: Progress = lambda what, done, whole: None,
    viewing: ViewingCopies | None = None,
) -> Made:
    """Write the bundle to ``target``. An exception of ``progress`` stops it; it can go on later.
    ``viewing``: makes copies of what browsers may not play, for the player."""
    if not wanted.reason.strip():
        raise UsageError("An evidence bundle needs a reason: --reason 'why'.")
    folder = BundleFolder(target, on.disk)
    bundle = _bundle_id(on, folder.part, wanted)
    progress("noting", 0, 0)
    consent = Consent(wanted.consent.get("state", Consent.NOT_NEEDED))
    recorder.begin(BeginExportRequest(bundle, _looks(wanted), wanted.by, wanted.reason, consent))
    return _Making(
        on, recorder, wanted, folder, told, volume_path, progress, bundle, viewing
    ).make()


def _bundle_id(on: Ground, part: Path, wanted: Wanted) -> str:
    asked = _Asked(
        random_id(), sorted(camera.id for camera, _ in wanted.cameras),
        sorted(each.value for each in wanted.streams), wanted.from_ns, wanted.to_ns, wanted.sound,
    )  # fmt: skip
    path = part / _ASKED
    with suppress(OSError, msgspec.MsgspecError):
        known = msgspec.json.decode(path.read_bytes(), type=_Asked)
        if msgspec.structs.replace(known, bundle=asked.bundle) != asked:
            raise UsageError(
                f"{part} is of an export of something else: remove it, or choose another name."
            )
        return known.bundle
    on.disk.write_whole(WriteSite.EVIDENCE, path, msgspec.json.encode(asked), 0o600)
    return asked.bundle


def _looks(wanted: Wanted) -> tuple[Look, ...]:
    return tuple(
        Look(
            LookId(random_id()), wanted.by, camera.id, stream, LookKind.EVIDENCE, wanted.from_ns,
            wanted.to_ns, unmasked=unmasked, reason=wanted.reason,
        )
        for camera, unmasked in wanted.cameras
        for stream in _streams(camera, wanted)
    )  # fmt: skip


def _streams(camera: Camera, wanted: Wanted) -> list[StreamName]:
    return [each.stream for each in camera.streams if each.stream in wanted.streams]


class _Making:
    """One export, once it is noted."""

    def __init__(
        self, on: Ground, recorder: Recorder, wanted: Wanted, folder: BundleFolder, told: Told,
        volume_path: Callable[[VolumeId], Path | None], progress: Progress, bundle: str,
        viewing: ViewingCopies | None,
    ) -> None:  # fmt: skip
        self._on = on
        self._recorder = recorder
        self._wanted = wanted
        self._folder = folder
        self._told = told
        self._volume_path = volume_path
        self._progress = progress
        self._bundle = bundle
        self._viewing = viewing
        self._copies: dict[str, str] = {}
        self._from_ns, self._to_ns = wanted.from_ns, wanted.to_ns
        self._done = self._whole = 0

    def make(self) -> Made:
        plans = self._plans()
        parts = self._copied(plans)
        for plan in plans:
            self._ledger(plan)
        self._stamps(plans)
        manifest = self._manifest(plans, parts)
        self._pages(manifest)
        digest = self._folder.close_manifest(manifest)
        signature = self._recorder.sign(SignExportRequest(self._bundle, digest, self._wanted.by))
        self._progress("signed", self._done, self._whole)
        self._folder.finish(bytes.fromhex(signature), lambda count: None)
        every = [part for some in parts.values() for part in some]
        return Made(
            self._bundle, self._folder.target, self._from_ns, self._to_ns, len(every),
            sum(part.length for part in every), manifest["key"]["fingerprint"],
            tuple(part.path for part in every if part.damaged),
        )  # fmt: skip

    # --- what goes in ------------------------------------------------------------------------

    def _plans(self) -> list[LedgerPlan]:
        wanted, ledgers = self._wanted, self._on.layout.ledgers
        plans = [
            plan_ledger(
                ledgers, camera.id, frozenset(_streams(camera, wanted)), wanted.from_ns,
                wanted.to_ns,
            )
            for camera, _ in wanted.cameras
        ]  # fmt: skip
        ends = [
            signed_end(plan, stream, self._volume_path)
            for plan, (camera, _) in zip(plans, wanted.cameras, strict=True)
            for stream in _streams(camera, wanted)
            if wanted.to_ns > plan.head.t - _FRESH_NS
        ]
        self._to_ns = min([wanted.to_ns, *ends])
        if self._to_ns <= self._from_ns:
            raise NotFoundError("Nothing of this span is signed yet: try again in a minute.")
        return plans

    def _copied(self, plans: list[LedgerPlan]) -> dict[CameraId, list[Part]]:
        found: dict[CameraId, list[Part]] = {}
        for plan in plans:
            found[plan.camera] = []
            # One file at a time: an excerpt is planned when it is copied, and its table dropped.
            for file in sorted(plan.files, key=lambda each: each.from_ns):
                if file.deleted:
                    continue
                made = excerpt_of(
                    plan, file, self._volume_path, self._from_ns, self._to_ns,
                    sound=self._wanted.sound,
                )  # fmt: skip
                if made is not None:
                    part, excerpt = made
                    self._folder.copy(excerpt, self._step)
                    self._copy_to_view(part)
                    found[plan.camera].append(part)
        return found

    def _copy_to_view(self, part: Part) -> None:
        """Of what many browsers do not play; where it cannot be made there is none."""
        if self._viewing is None or part.codec == VideoCodec.H264:
            return
        self._progress("converting", self._done, self._whole)
        made = self._folder.part / _WORK / "copy.mp4"
        self._on.disk.make_folders(WriteSite.EVIDENCE, made.parent, 0o700)
        self._on.disk.unlink(WriteSite.EVIDENCE, made)
        if self._viewing.make(self._folder.part, self._folder.part / part.path, made):
            path = f"viewing/{part.path.removeprefix('media/')}"
            self._folder.take(path, made)
            self._copies[part.path] = path

    def _step(self, count: int) -> None:
        self._done += count
        self._progress("copying", self._done, self._whole)

    def _ledger(self, plan: LedgerPlan) -> None:
        base = f"ledger/{plan.camera}"
        self._folder.write(f"{base}.jsonl", plan.lines())
        self._folder.write(f"{base}.heads.jsonl", (raw + b"\n" for raw in plan.heads))
        self._folder.write(
            f"{base}.earlier.jsonl",
            (
                rfc8785.dumps({"line": raw.decode(), "path": [each.hex() for each in path]}) + b"\n"
                for raw, path in plan.earlier
            ),
        )
        self._folder.write(f"{base}.texts.jsonl", self._texts(plan))

    def _texts(self, plan: LedgerPlan) -> list[bytes]:
        found = []
        for hex_ in plan.commitments:
            path = plan.folder / "texts" / f"{hex_}.json"
            with suppress(OSError, ValueError, KeyError):
                kept = json.loads(path.read_bytes())
                found.append(
                    rfc8785.dumps(
                        {"commitment": hex_, "salt": kept["salt"], "text": kept["text"]}
                    ) + b"\n"
                )  # fmt: skip
        return found

    def _stamps(self, plans: list[LedgerPlan]) -> None:
        """Heads that authorities have stamped: the first after the recordings, and the last."""
        wanted = {str(plan.camera): (plan.told_by, plan.head.size) for plan in plans}
        shelf = AnchorShelf(self._on.layout.anchors, self._on.disk)
        for path, data in sorted(shelf.chosen(wanted).items()):
            self._folder.put(path, data)

    # --- what is said of it ------------------------------------------------------------------

    def _manifest(
        self, plans: list[LedgerPlan], parts: dict[CameraId, list[Part]]
    ) -> dict[str, Any]:
        wanted = self._wanted
        public = self._public_key()
        return {
            "v": 1, "kind": KIND, "bundle": self._bundle,
            "program": f"watchglass {watchglass.__version__}",
            "made": str(self._on.clock.wall_ns()), "by": wanted.by, "reason": wanted.reason,
            "consent": {"state": Consent.NOT_NEEDED.value, **wanted.consent},
            "from": str(self._from_ns), "to": str(self._to_ns),
            "asked": {"from": str(wanted.from_ns), "to": str(wanted.to_ns)},
            "key": {
                "algorithm": "ed25519", "public_key": public,
                "fingerprint": hashlib.sha256(bytes.fromhex(public)).hexdigest(),
            },
            "clock": {"synchronised": wanted.synchronised or clock_words()},
            "cameras": [
                self._camera(plan, camera, unmasked, parts[plan.camera])
                for plan, (camera, unmasked) in zip(plans, wanted.cameras, strict=True)
            ],
            "told": self._told.of(
                [camera.id for camera, _ in wanted.cameras], self._from_ns, self._to_ns
            ),
        }  # fmt: skip

    def _camera(
        self, plan: LedgerPlan, camera: Camera, unmasked: bool, parts: list[Part]
    ) -> dict[str, Any]:
        devices = self._devices(plan)
        return {
            "camera": camera.id, "name": camera.name, "unmasked": unmasked,
            "device": devices[-1]["identity"] if devices else "", "devices": devices,
            "streams": [
                {
                    "stream": stream.value, "sound": self._wanted.sound,
                    "gaps": self._told.gaps(camera.id, stream, self._from_ns, self._to_ns),
                }
                for stream in _streams(camera, self._wanted)
            ],
            "ledger": {
                "first": str(plan.first), "size": str(plan.head.size), "head": plan.head_hash,
                "left": [each.hex() for each in plan.left],
            },
            "media": [
                {
                    "path": part.path, "codec": part.codec,
                    "from": str(part.from_ns), "to": str(part.to_ns), "starts": str(part.starts),
                    "left_out": part.left_out,
                    "damaged": len(part.damaged),
                    **({"viewing": self._copies[part.path]} if part.path in self._copies else {}),
                }
                for part in parts
            ],
        }  # fmt: skip

    def _devices(self, plan: LedgerPlan) -> list[dict[str, str]]:
        """Those that stood behind the camera within the span, each since when; the first may have
        been there before."""
        texts = TextStore(plan.folder / "texts", self._on.disk)
        found: list[dict[str, str]] = []
        for line in Ledger.read_lines(plan.folder):
            if line.n >= plan.head.size:
                break
            if line.type == "device":
                since_ns = line.integer("since") if "since" in line.fields else line.t
                if since_ns >= self._to_ns:
                    break
                with suppress(DamagedError):
                    identity = texts.get(line.text("identity")) or ""
                    found = [] if since_ns <= self._from_ns else found
                    found.append({"since": str(since_ns), "identity": identity})
        return found

    def _public_key(self) -> str:
        """The one that the ledger names last: the recorder signs with no other."""
        found = ""
        for line in Ledger.read_lines(self._on.layout.ledgers / "site"):
            if line.type == "key":
                found = line.text("public_key")
        if not found:
            raise DamagedError(f"The site's ledger names no key ({KEY_FILE}).")
        return found

    def _pages(self, manifest: dict[str, Any]) -> None:
        self._folder.put("verify.py", verify_script())
        public = bytes.fromhex(manifest["key"]["public_key"])
        self._folder.put("key.pem", _pem(public))
        self._folder.put("report.html", report_page(manifest))
        self._folder.put("player.html", player_page(manifest))
        self._folder.put("verify.html", verify_page())


def clock_words() -> str:
    """What the kernel says of its clock."""
    kept = synchronised()
    return "unknown" if kept is None else "yes" if kept else "no"


def _pem(public: bytes) -> bytes:
    """The key as openssl reads it."""
    der = bytes.fromhex("302a300506032b6570032100") + public
    return b"-----BEGIN PUBLIC KEY-----\n" + base64.b64encode(der) + b"\n-----END PUBLIC KEY-----\n"


_FRESH_NS = 30_000_000_000
"""Nearer to the head than this, what is being written is not signed to its end."""
