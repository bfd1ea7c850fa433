"""The signed report of a fleet: its page and its twins, by file name."""

from dataclasses import dataclass
from pathlib import Path

import msgspec

from watchglass.app.ground import Ground
from watchglass.base.disk import WriteSite
from watchglass.base.errors import NotFoundError
from watchglass.trust.fleet import Fleet
from watchglass.trust.report.compare import Comparison
from watchglass.trust.report.document import Document
from watchglass.trust.report.page import make_device_page, make_page
from watchglass.trust.report.signature import ReportKey, sign_page
from watchglass.trust.report.twins import devices_csv, evidence_csv, report_json, vex_json
from watchglass.trust.view import REPORT_DATA, REPORT_PAGE


@dataclass(frozen=True, slots=True)
class Report:
    """``files`` by name, the page last; ``fingerprint`` of the key that signed them."""

    files: dict[str, bytes]
    fingerprint: str


def make_report(
    on: Ground, fleet: Fleet, document: Document, changed: Comparison | None = None
) -> Report:
    """The report on a fleet, with what changed if that was compared."""
    key = ReportKey.load_or_create(on.layout.vault_key.parent, on.disk)
    twins = {
        REPORT_DATA: report_json(document),
        "devices.csv": devices_csv(document),
        "evidence.csv": evidence_csv(document),
        "report.vex.json": vex_json(document),
    }
    if changed is not None:
        twins["changes.json"] = msgspec.json.format(msgspec.json.encode(changed), indent=1) + b"\n"
    page = make_page(document, fleet.facts, key.fingerprint, changed)
    return Report(
        twins | {REPORT_PAGE: sign_page(page, twins, key, fleet.made_ns)}, key.fingerprint
    )


def write_report(on: Ground, made: Report, folder: Path) -> Path:
    """Write it for its owner alone; where its page lies."""
    on.disk.make_folders(WriteSite.SETTINGS, folder, 0o700)
    for name, data in made.files.items():
        on.disk.write_whole(WriteSite.SETTINGS, folder / name, data, 0o600)
    return folder / REPORT_PAGE


def make_page_of(on: Ground, fleet: Fleet, document: Document, device: str) -> bytes:
    """The signed page of one device, by its id; NotFoundError."""
    found = next((each for each in document.devices if each.id == device), None)
    if found is None:
        raise NotFoundError(
            "There is no such device any more: it may have become one with another."
        )
    key = ReportKey.load_or_create(on.layout.vault_key.parent, on.disk)
    page = make_device_page(document, found, key.fingerprint)
    return sign_page(page, {}, key, fleet.made_ns)
