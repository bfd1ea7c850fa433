"""A device's path in the report, and the progress of all."""

from collections.abc import Iterable
from datetime import date

from watchglass.model.device_path import ORDER, DevicePath
from watchglass.trust.facts import Facts
from watchglass.trust.judgement import Judgement
from watchglass.trust.path import Progress, cleared_words, reached
from watchglass.trust.replacement import compare, origin_of
from watchglass.trust.report.document import DocDevice, DocPath, DocStep, Document
from watchglass.trust.report.markup import Html, bullets, el, table
from watchglass.trust.report.moment import utc

STEP_WORDS = {
    "found": "found", "judged": "judged", "contained": "contained",
    "chosen": "replacement chosen", "installed": "replacement installed", "removed": "removed",
    "filed": "evidence filed",
}  # fmt: skip


def doc_path(
    path: DevicePath | None, judged: Judgement, facts: Facts, when: date
) -> DocPath | None:
    """The path as the report tells it; None for a device that is on none."""
    if path is None:
        return None
    new = path.replacement
    told: list[str] = []
    if new is not None:
        told = [each.sentence for each in compare(path, new) if each.counts]
        told += origin_of(new, facts, when)
    return DocPath(
        step=reached(path, judged).value, owner=path.owner, wave=path.wave, due=path.due,
        cost=money(path.costs.total, path.currency) if path.costs.total else "",
        replacement=f"{new.maker} {new.model}".strip() if new is not None else "",
        shortcomings=tuple(told), cleared=tuple(cleared_words(path)),
        steps=tuple(
            DocStep(
                step=each.step.value, at=utc(each.at_ns), by=each.by, note=each.note,
                document=each.document, document_name=each.document_name, camera=each.camera,
            )
            for each in path.steps
        ),
    )  # fmt: skip


def money(cents: int, currency: str) -> str:
    return f"{cents // 100:,}.{cents % 100:02} {currency}".strip()


def path_lines(path: DocPath) -> list[str]:
    """What the device's part of the report says of it."""
    lines = [f"{STEP_WORDS[path.step].capitalize()}" + "".join((
        f", owner {path.owner}" if path.owner else "", f", wave {path.wave}" if path.wave else "",
        f", due {path.due}" if path.due else "", f", cost {path.cost}" if path.cost else "",
    ))]  # fmt: skip
    lines += [f"Replaced by {path.replacement}."] if path.replacement else []
    lines += path.shortcomings
    lines += [f"At its removal: {', '.join(path.cleared)}."] if path.cleared else []
    lines += [
        f"{each.at}: {STEP_WORDS[each.step]}, says {each.by}"
        + (f": {each.note}" if each.note else "")
        + (f"; document {each.document_name}, SHA-256 {each.document}" if each.document else "")
        for each in path.steps
    ]
    return lines


def progress_part(document: Document) -> list[Html]:
    """The chapter on progress; nothing where no device is on the path."""
    progress = document.progress
    if progress is None or not progress.devices:
        return []
    return [
        el("h2", "How far the replacement has come", id="progress"),
        el("p", progress.sentence, class_="lead"),
        table(
            ("Place", "Devices", *(STEP_WORDS[step] for step in ORDER), "Overdue"),
            [
                (each.place, each.devices, *each.steps, each.overdue or "")
                for each in progress.places
            ],
        ),
        bullets(_money(progress)),
    ]  # fmt: skip


def _money(progress: Progress) -> Iterable[str]:
    return [f"Planned cost: {money(cents, name)}." for name, cents in progress.costs.items()]


def device_page_part(device: DocDevice) -> list[Html]:
    """From discovery to disposal, as one table."""
    rows = [("found", device.first_seen, "the recorder", "", ""),
            ("judged", device.last_seen, "the recorder", device.verdict, "")]  # fmt: skip
    papers = {}
    path = device.path
    for each in path.steps if path is not None else ():
        rows.append((STEP_WORDS[each.step], each.at, each.by, each.note, each.document))
        papers[each.document] = f"{each.document_name}, SHA-256 "
    shown = [
        (step, el("span", at, class_="nb"), by, what,
         el("span", papers[paper], el("code", paper)) if paper else "")
        for step, at, by, what, paper in rows
    ]  # fmt: skip
    return [
        el("h2", "From discovery to disposal"),
        table(("Step", "When", "Who says so", "What", "Paper"), shown, "way"),
        bullets(path_lines(path)[:1] if path is not None else ["It is on no path."]),
        bullets((*path.cleared, *path.shortcomings) if path is not None else ()),
    ]
