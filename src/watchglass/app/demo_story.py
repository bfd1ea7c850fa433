"""The demo's third part, with ``--story``: one camera goes the whole way out.

A camera is sold under another name than its maker's. It is found out, kept in, replaced by another
simulated camera that takes its name, zones and past over, and its page proves it. All is done as
its owner would do it: the same requests, the same ledger. Only what a look at its network would
have told is told by the demo, for the simulated cameras answer on this machine's loopback.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from watchglass.app.fleet import PROGRAM, egress_store, judge_fleet, trust_store
from watchglass.app.ground import Ground
from watchglass.app.refusal import error_of
from watchglass.app.reporting import make_page_of, make_report, write_report
from watchglass.app.scanning import take_in
from watchglass.app.ways import control_client
from watchglass.base import log
from watchglass.base.disk import WriteSite
from watchglass.base.errors import WatchglassError
from watchglass.base.ids import CameraId, DeviceId, ScanId, random_id
from watchglass.model.control import (
    AddCameraRequest,
    Refused,
    SwapCameraRequest,
)
from watchglass.model.coverage import ScanEntry, ScanKind
from watchglass.model.device_path import Attributes, Cleared, Costs, DevicePath, Step, StepRequest
from watchglass.model.egress import Contained
from watchglass.model.observation import Signal, Source, observe
from watchglass.model.scan import FromScan, Observed, ScanEnded
from watchglass.simulate.lan import school
from watchglass.trust.contain.forms import contained_text
from watchglass.trust.contain.plan import ContainForm, check_needs, make_plan, what_breaks
from watchglass.trust.fleet import Fleet
from watchglass.trust.judgement import Judgement
from watchglass.trust.report.compare import Comparison, compare
from watchglass.trust.report.document import Document

BY = "demo"
_ORDER_S = 30.0
_TOLD = (
    (Source.SADP, Signal.ANSWER, "sadp"),
    (Source.SADP, Signal.MODEL, "DS-2CD2143G2-I"),
    (Source.HTTP, Signal.SERVER, "App-webs/"),
    (Source.IMPORT_CSV, Signal.LABEL, "Annke"),
    (Source.IMPORT_CSV, Signal.PLACE, "North building"),
)
"""What it answers, and what its box says."""
_ADDRESS, _MAC = "192.168.77.29", "bc:ad:28:00:00:77"
_REPLACEMENT = Attributes(
    maker="Axis", model="P3265-LV", megapixels=2, streaming=("rtsp", "onvif-t"),
    security=("tls", "signed_firmware"), support_until="2031", soc="ARTPEC-8", country="PL",
    statement="section-889.pdf", statement_date="2026-10-01",
)  # fmt: skip
_RECEIPT = b"Simulated receipt: one camera taken apart and recycled, number 4711.\n"


@dataclass(frozen=True, slots=True)
class Relabelled:
    """The camera of the story, as the recorder has it; ``replacement`` tells how the other device
    is recorded."""

    camera: CameraId
    name: str
    replacement: AddCameraRequest


@dataclass(slots=True)
class Told:
    """What has happened so far, in sentences; the rest once it is over."""

    sentences: list[str] = field(default_factory=list)
    is_replaced: bool = False
    page: Path | None = None
    report: Path | None = None
    changes: int = 0


class DemoStory:
    """Goes its way in a thread, once the other devices were looked at."""

    def __init__(self, on: Ground, after: Callable[[threading.Event], None]) -> None:
        """``after`` waits for what comes first, or for the event, with which nothing begins."""
        self._on = on
        self._after = after
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="demo story", daemon=True)
        self._of: Relabelled | None = None
        self._before: Document | None = None
        self.told = Told()

    def start(self, of: Relabelled) -> None:
        self._of = of
        self._thread.start()

    def close(self) -> None:
        """The step that goes on is done, the others are not."""
        self._closing.set()
        if self._thread.is_alive():
            self._thread.join(_ORDER_S)

    def _run(self) -> None:
        assert self._of is not None
        self._after(self._closing)
        try:
            for step in (self._find, self._contain, self._plan, self._swap, self._remove):
                if self._closing.is_set():
                    return
                step(self._of)
            self._prove(self._of)
        except (WatchglassError, OSError) as error:
            log.get("demo").warning("story_ended", error=str(error))
            self._say(f"The story ends here: {error}")

    def _say(self, sentence: str) -> None:
        self.told.sentences.append(sentence)

    # --- found and judged ----------------------------------------------------------------------

    def _find(self, of: Relabelled) -> None:
        now_ns = self._on.clock.wall_ns()
        entry = ScanEntry(
            scan=ScanId(random_id()), kind=ScanKind.IMPORT, started_ns=now_ns, ended_ns=now_ns,
            by=BY, note="What a look at the simulated camera's network tells.",
        )  # fmt: skip
        take_in(self._on, entry, self._seen(of, entry))
        fleet = judge_fleet(self._on)
        document = fleet.document(PROGRAM)
        device = fleet.find(_ADDRESS).id
        found = next(each for each in document.devices if each.id == device)
        self._say(
            f"Found: {of.name} was bought as {found.label} and answers as a device of "
            f"{found.origin_name}; {len(found.rules)} rules and {len(found.holes)} known holes "
            "concern it."
        )
        self._keep_report("report-before", fleet, document)

    def _seen(self, of: Relabelled, entry: ScanEntry) -> list[FromScan]:
        told = (*_TOLD, (Source.OWN_CAMERA, Signal.CAMERA_ID, of.camera))
        return [
            Observed(tuple(
                observe(
                    source, signal, value, at_ns=entry.started_ns, scan=entry.scan,
                    address=_ADDRESS, mac=_MAC,
                )
                for source, signal, value in told
            )),
            ScanEnded(),
        ]  # fmt: skip

    def _device(self) -> Judgement:
        return judge_fleet(self._on).find(_ADDRESS)

    # --- contained -----------------------------------------------------------------------------

    def _contain(self, of: Relabelled) -> None:
        fleet = judge_fleet(self._on)
        device = fleet.find(_ADDRESS)
        document = fleet.document(PROGRAM, [device])
        with egress_store(self._on) as store:
            needs = check_needs(msgspec.structs.replace(store.needs(), recorders=(school.LOOKER,)))
            plan = make_plan(document.devices, needs, document.made, PROGRAM)
            now_ns = self._on.clock.wall_ns()
            store.put_contained([
                Contained(device=device.id, form=ContainForm.NFTABLES.value, exported_ns=now_ns,
                          by=BY)
            ])  # fmt: skip
        path = self._on.settings.data / "contain.nft"
        text = contained_text(plan, ContainForm.NFTABLES)
        self._on.disk.write_whole(WriteSite.SETTINGS, path, text.encode(), 0o600)
        breaks = what_breaks(plan.devices, needs)
        self._step(device.id, Step.CONTAINED, note="Rules exported; nothing is put in force here.")
        self._say(
            f"Contained: rules that let it reach the recorder alone are in {path.name}; "
            f"{len(breaks)} things that will stop working are told with them."
        )

    # --- replaced ------------------------------------------------------------------------------

    def _plan(self, of: Relabelled) -> None:
        fleet = judge_fleet(self._on)
        device = fleet.find(_ADDRESS).id
        path = fleet.paths.get(device) or DevicePath(device=device)
        planned = msgspec.structs.replace(
            path, owner="Demo owner", wave=1, costs=Costs(device=21_990, labour=8_000),
            currency="EUR", needs=Attributes(megapixels=1), replacement=_REPLACEMENT,
            noted_ns=self._on.clock.wall_ns(), noted_by=BY,
        )  # fmt: skip
        with trust_store(self._on) as store:
            store.put_path(planned)
        self._step(device, Step.CHOSEN)
        self._say("Planned: owner, wave and costs; what replaces it does what it did.")

    def _swap(self, of: Relabelled) -> None:
        device = self._device().id
        self._order(SwapCameraRequest(of.camera, of.replacement, BY, "relabelled"))
        self.told.is_replaced = True
        self._step(device, Step.INSTALLED, camera=of.camera)
        self._say(
            f"Replaced: {of.name} is another device from now on. Its name, its zone and what it "
            "recorded stay; the ledger and its page say which device it was since when."
        )

    def _remove(self, of: Relabelled) -> None:
        device = self._device().id
        with trust_store(self._on) as store:
            paper = store.put_document("receipt.txt", _RECEIPT, self._on.clock.wall_ns())
        self._step(
            device, Step.REMOVED, document=paper, card=Cleared.DONE, disk=Cleared.NONE,
            cloud=Cleared.DONE,
        )  # fmt: skip
        self._step(device, Step.FILED)
        self._say("Removed: card wiped, account unbound, disposal proved by a document.")

    # --- proved --------------------------------------------------------------------------------

    def _prove(self, of: Relabelled) -> None:
        fleet = judge_fleet(self._on)
        document = fleet.document(PROGRAM)
        page = self._on.settings.data / "device.html"
        data = make_page_of(self._on, fleet, document, fleet.find(_ADDRESS).id)
        self._on.disk.write_whole(WriteSite.SETTINGS, page, data, 0o600)
        assert self._before is not None
        changed = compare(self._before, document)
        self.told.report = self._keep_report("report-after", fleet, document, changed)
        self.told.page, self.told.changes = page, len(changed.changes)
        self._say(
            f"Proved: {page.name} is its signed page, and report-after says what was done since "
            f"report-before: {len(changed.changes)} changes."
        )

    def _keep_report(
        self, name: str, fleet: Fleet, document: Document, changed: Comparison | None = None
    ) -> Path:
        if changed is None:
            self._before = document
        made = make_report(self._on, fleet, document, changed)
        return write_report(self._on, made, self._on.settings.data / name)

    # --- requests ------------------------------------------------------------------------------

    def _step(
        self,
        device: DeviceId,
        step: Step,
        *,
        note: str = "",
        document: str = "",
        camera: str = "",
        card: Cleared | None = None,
        disk: Cleared | None = None,
        cloud: Cleared | None = None,
    ) -> None:
        self._order(StepRequest(device, step, BY, note, document, "", camera, card, disk, cloud))

    def _order(self, request: StepRequest | SwapCameraRequest) -> None:
        reply = control_client(self._on.layout).call(request, _ORDER_S)
        if isinstance(reply, Refused):
            raise error_of(reply)
