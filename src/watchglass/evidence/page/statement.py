"""A signed document of the recorder's own, as one page that prints and needs nothing else."""

import hashlib
import json
from collections.abc import Iterable
from datetime import UTC, datetime
from html import escape
from typing import Any

_NS = 1_000_000_000
_STYLE = """body{font:15px/1.5 system-ui,sans-serif;max-width:46rem;margin:2rem auto;padding:0 1rem;
color:#111;background:#fff}h1{font-size:1.4rem}h2{font-size:1.05rem;margin-top:1.6rem}
table{border-collapse:collapse;width:100%}th,td{text-align:left;vertical-align:top;
padding:.3rem .6rem .3rem 0;border-bottom:1px solid #ddd}th{font-weight:600;width:11rem}
code{font-size:.8rem;overflow-wrap:anywhere}p.small{font-size:.85rem;color:#444}
@media print{body{margin:0}}@media (max-width:30rem){th{width:7rem}}"""
_OUTCOMES = {
    "redacted": "a copy was given in which others are covered", "erased": "erased",
    "refused": "refused", "nothing": "there is nothing of that time",
}  # fmt: skip
_HOW = {
    "live": "watched it live", "playback": "played it back", "clip": "took a plain clip of it",
    "evidence": "took an evidence bundle of it", "redacted": "had a redacted copy of it made",
}  # fmt: skip


def statement_page(document: str, signature: str) -> str:
    """The page of a document (canonical JSON); ValueError for one of no known kind."""
    told: dict[str, Any] = json.loads(document)
    kinds = {
        "watchglass erasure receipt": ("Receipt of an erasure", _receipt),
        "watchglass statement of what is held": ("What is held, and who saw it", _held),
        "watchglass redacted copy": ("Where a redacted copy comes from", _redacted),
    }
    if told.get("kind") not in kinds:
        raise ValueError(f"no page shows {told.get('kind')!r}")
    title, body = kinds[told["kind"]]
    digest = hashlib.sha256(document.encode()).hexdigest()
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{_STYLE}</style></head><body><h1>{title}</h1>{''.join(body(told))}"
        "<h2>Signature</h2><p class='small'>Made "
        f"{_time(told['made'])} by Watchglass {escape(str(told['program']))}. The document that is "
        "signed lies beside this page as JSON; this page shows it and proves nothing itself.</p>"
        f"<table>{_row('SHA-256', _code(digest))}{_row('Ed25519', _code(signature))}</table>"
        "</body></html>"
    )


def _receipt(told: dict[str, Any]) -> Iterable[str]:
    yield (
        "<p>Recordings of this span were erased from the recorder on the decision of two people. "
        "What is left of them are hashes, which show nothing, and this record.</p><table>"
    )
    yield _row("Camera", escape(told["name"]))
    yield _row("Asked to erase", f"{_time(told['from'])} to {_time(told['to'])}")
    yield _row("Asked by", f"{escape(told['asked_by'])}, {_time(told['asked'])}")
    yield _row("Approved by", f"{escape(told['approved_by'])}, {_time(told['approved'])}")
    yield _row("Gone since", _time(told["done"]))
    for each in told["gone"]:
        words = f"{_time(each['from'])} to {_time(each['to'])}"
        yield _row(f"Gone, {escape(each['stream'])} stream", words)
    yield "</table><h2>What proves it</h2><table>"
    ledger = told["ledger"]
    numbers = ", ".join(str(json.loads(each["line"])["n"]) for each in ledger["lines"])
    yield _row("Lines of the ledger", f"{escape(numbers)} of {escape(ledger['size'])}")
    yield _row("Key", _code(hashlib.sha256(bytes.fromhex(told["key"])).hexdigest()))
    yield (
        "</table><p class='small'>Whole groups of pictures go, so the span is a little longer than "
        "what was asked for. Copies that left the recorder before, and backups made before, are "
        "not touched by it.</p>"
    )


def _held(told: dict[str, Any]) -> Iterable[str]:
    yield "<table>"
    yield _row("Request", escape(told["request"][:8]) + f", received {_time(told['received'])}")
    yield _row("Of", f"{_time(told['from'])} to {_time(told['to'])}")
    if told["outcome"]:
        answer = f": {escape(told['answer'])}" if told["answer"] else ""
        words = _OUTCOMES.get(told["outcome"], escape(told["outcome"]))
        yield _row("Answered", f"{_time(told['answered'])}: {words}{answer}")
    else:
        yield _row("To be answered by", _time(told["deadline"]))
    yield "</table><h2>What is held</h2><table>"
    for each in told["cameras"]:
        parts = [f"{each['recorded_s']} seconds of pictures"]
        parts += [f"{one['seconds']} s missing ({escape(one['cause'])})" for one in each["missing"]]
        seen = ", ".join(f"{one['count']} × {escape(one['what'])}" for one in each["found"])
        parts.append(f"noted as seen: {seen or 'nothing'}")
        yield _row(escape(each["name"]), "<br>".join(parts))
    yield (
        "</table><p class='small'>What is noted as seen are kinds of things and where they went; "
        f"nobody is told apart by it. Recordings are kept {escape(str(told['kept_h']))} hours, "
        "then erased, unless they are held.</p><h2>Who saw it</h2><table>"
    )
    names = {each["camera"]: each["name"] for each in told["cameras"]}
    for look in told["seen"]:
        words = _HOW.get(look["how"], escape(look["how"]))
        camera = escape(names.get(look["camera"], ""))
        masks = ", without masks" if look["unmasked"] else ""
        yield _row(_time(look["noted"]), f"{escape(look['by'])} {words}{masks} ({camera})")
    if not told["seen"]:
        yield _row("Nobody", "as far as the log tells")
    yield "</table>"


def _redacted(told: dict[str, Any]) -> Iterable[str]:
    yield (
        "<p>A redacted copy: pictures made anew, in which all but what was chosen is covered for "
        "good. It has no sound, and it is no evidence bundle.</p><table>"
    )
    yield _row("Camera", escape(told["name"]))
    yield _row("Of", f"{_time(told['from'])} to {_time(told['to'])}")
    yield _row("Made for", f"{escape(told['reason'])} ({escape(told['by'])})")
    yield _row("Covered as a whole", f"{told['whole']} of {told['pictures']} pictures")
    yield _row("Copy, SHA-256", _code(told["sha256"]))
    yield "</table><h2>Made from</h2><table>"
    for each in told["from_fragments"]:
        yield _row(escape(each["file"]), _code(each["leaf"]))
    yield "</table>"


def _row(head: str, body: str) -> str:
    return f"<tr><th>{head}</th><td>{body}</td></tr>"


def _code(text: str) -> str:
    return f"<code>{escape(text)}</code>"


def _time(ns: str) -> str:
    whole = int(ns) // _NS
    try:
        return datetime.fromtimestamp(whole, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    except (ValueError, OverflowError, OSError):
        return f"{whole} s"
