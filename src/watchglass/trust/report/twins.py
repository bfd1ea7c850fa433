"""The report for other programs: CSV that no spreadsheet runs, and a CycloneDX VEX."""

import csv
import io
import uuid
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import msgspec

from watchglass.trust.report.document import DocDevice, Document

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
_MOST_CELL = 1024
_VEX_STATES = {
    "affected": ("exploitable", "affected"),
    "possibly": ("in_triage", "unknown"),
    "cannot_tell": ("in_triage", "unknown"),
    "not_affected": ("not_affected", "unaffected"),
}
_NAMESPACE = uuid.UUID("8d9f2f6e-4a5e-5b8d-9a55-3c1f3a5d2e10")


def cell(value: object) -> str:
    """A value that a spreadsheet takes as text: what could start a formula gets an apostrophe."""
    shown = str(value)[:_MOST_CELL]
    # A space before a formula does not stop every program.
    return f"'{shown}" if shown.lstrip(" \u00a0").startswith(_FORMULA) else shown


def devices_csv(document: Document) -> bytes:
    """A row for each device."""
    heads = (
        "id", "name", "address", "mac", "serial", "place", "kind", "label", "model", "firmware",
        "build", "origin", "certainty", "confidence", "making", "lists", "rules_apply",
        "rules_may_apply", "rules_may_apply_next", "holes_affected", "holes_possibly", "purchase",
        "end_of_support", "spares_until", "first_step", "reason", "first_seen", "last_seen",
    )  # fmt: skip
    return _csv(heads, [_device(each) for each in document.devices])


def _device(each: DocDevice) -> tuple[object, ...]:
    def rules(outcome: str) -> str:
        return " ".join(one.rule for one in each.rules if one.outcome == outcome)

    def holes(state: str) -> str:
        return " ".join(one.cve for one in each.holes if one.state == state)

    first = each.to_do[0] if each.to_do else None
    return (
        each.id, " / ".join(each.names), " ".join(each.addresses[:1]), " ".join(each.macs),
        " ".join(each.serials), " / ".join(each.places), each.kind, each.label, each.model,
        each.firmware, each.build, each.origin_name or "unknown", each.certainty, each.confidence,
        each.making, " ".join(sorted({one.list for one in each.listed})), rules("applies"),
        rules("may_apply"), rules("may_apply_next"), holes("affected"), holes("possibly"),
        each.purchase.words, each.support.end_of_support, each.support.spares_until,
        first.words if first else "", first.reason if first else "", each.first_seen,
        each.last_seen,
    )  # fmt: skip


def evidence_csv(document: Document) -> bytes:
    """A row for each reason, with what it rests on."""
    heads = (
        "device", "for_or_against", "sentence", "at", "door", "address", "port", "signal", "value",
        "fingerprint", "source",
    )  # fmt: skip
    rows = [
        (
            device.id, side, one.sentence, one.at, one.door, one.address, one.port or "",
            one.signal, one.value, one.fingerprint, one.source,
        )
        for device in document.devices
        for side, reasons in (("for", device.because), ("against", device.against))
        for one in reasons
    ]  # fmt: skip
    return _csv(heads, rows)


def _csv(heads: tuple[str, ...], rows: Sequence[tuple[object, ...]]) -> bytes:
    made = io.StringIO()
    writer = csv.writer(made, quoting=csv.QUOTE_ALL)
    writer.writerow(heads)
    writer.writerows([cell(value) for value in row] for row in rows)
    return made.getvalue().encode("utf-8-sig")


def report_json(document: Document) -> bytes:
    """All of the report as JSON."""
    return msgspec.json.format(msgspec.json.encode(document), indent=1) + b"\n"


def vex_json(document: Document) -> bytes:
    """The holes as CycloneDX 1.6 VEX: a component for each device, an entry for each finding."""
    when = document.made.replace(" UTC", "Z").replace(" ", "T")
    serial = uuid.uuid5(_NAMESPACE, document.made + "".join(each.id for each in document.devices))
    vex: dict[str, Any] = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{serial}",
        "version": 1,
        "metadata": {
            "timestamp": when,
            "tools": {"components": [{"type": "application", "name": document.program}]},
        },
        "components": [_component(each) for each in document.devices],
        "vulnerabilities": _vulnerabilities(document),
    }
    return msgspec.json.format(msgspec.json.encode(vex), indent=1) + b"\n"


def _component(each: DocDevice) -> dict[str, Any]:
    found: dict[str, Any] = {
        "type": "device", "bom-ref": each.id, "name": each.model or each.shown,
    }  # fmt: skip
    if each.firmware:
        found["version"] = each.firmware
    if each.label:
        found["publisher"] = each.label
    if each.origin:
        found["manufacturer"] = {"name": each.origin_name}
    found["properties"] = [{"name": "watchglass:origin-certainty", "value": each.certainty}]
    return found


def _vulnerabilities(document: Document) -> list[dict[str, Any]]:
    """One entry for each hole, state and reason: an analysis holds for all that it names."""
    grouped: dict[tuple[str, str, str], list[DocDevice]] = defaultdict(list)
    details = {}
    for device in document.devices:
        for hole in device.holes:
            grouped[hole.cve, hole.state, hole.reason].append(device)
            details[hole.cve] = hole
    found = []
    for (cve, state, reason), devices in sorted(grouped.items(), key=lambda pair: pair[0]):
        hole = details[cve]
        analysis, status = _VEX_STATES[state]
        entry: dict[str, Any] = {
            "id": cve,
            "source": {"name": "NVD", "url": f"https://nvd.nist.gov/vuln/detail/{cve}"},
            "description": hole.summary,
            "analysis": {"state": analysis, "detail": f"{reason}; {hole.exploited_words}"},
            "affects": [
                {
                    "ref": each.id,
                    "versions": [{"version": each.firmware or "unknown", "status": status}],
                }
                for each in devices
            ],
        }
        if hole.cvss is not None:
            entry["ratings"] = [{"source": {"name": "NVD"}, "score": hole.cvss}]
        if hole.fixed:
            entry["recommendation"] = f"Fixed: {hole.fixed}"
        found.append(entry)
    return found
