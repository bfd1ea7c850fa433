"""``watchglass trust report``: the signed report, made, and checked for ``watchglass verify``."""

from pathlib import Path
from typing import Annotated

import typer

from watchglass.app.cli.screen import AMBER
from watchglass.app.cli.shell import Shell, shell
from watchglass.app.cli.trust_day import stated_day
from watchglass.app.fleet import PROGRAM, judge_fleet
from watchglass.app.reporting import make_report
from watchglass.base.disk import WriteSite
from watchglass.base.errors import DamagedError, NotFoundError, UsageError
from watchglass.trust.report.compare import Comparison, compare, read_document
from watchglass.trust.report.signature import MOST_BYTES, Standing, twins_of, verify_page
from watchglass.trust.view import REPORT_DATA as DATA
from watchglass.trust.view import REPORT_PAGE as PAGE


def report(
    context: typer.Context,
    out: Annotated[Path, typer.Option(help="Folder for the report.", metavar="DIR")] = Path(
        "watchglass-report"
    ),
    on: Annotated[str | None, typer.Option("--on", help="Judge for this day.")] = None,
    older: Annotated[
        Path | None,
        typer.Option("--compare", help="report.json of an older report.", metavar="OLD"),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Write over an older report.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Where it lies, as JSON.")] = False,
) -> None:
    """Write the signed report: a page for people, and the same for programs."""
    of = shell(context)
    fleet = judge_fleet(of.ground, stated_day(on))
    document = fleet.document(PROGRAM)
    changed: Comparison | None = None
    if older is not None:
        path = older / DATA if older.is_dir() else older
        changed = compare(read_document(_read(path), str(path)), document)
    if (out / PAGE).exists() and not force:
        raise UsageError(f"{out / PAGE} is there already: choose another --out, or say --force.")
    made = make_report(of.ground, fleet, document, changed)
    of.ground.disk.make_folders(WriteSite.SETTINGS, out.absolute(), 0o755)
    for name, data in made.files.items():
        of.ground.disk.write_whole(WriteSite.SETTINGS, out.absolute() / name, data, 0o644)
    if json:
        of.screen.json({
            "folder": str(out), "files": [PAGE, *(name for name in made.files if name != PAGE)],
            "fingerprint": made.fingerprint,
            "devices": document.summary.devices,
            "changes": len(changed.changes) if changed is not None else None,
        })  # fmt: skip
        return
    summary = document.summary
    of.screen.say(
        f"The report on {summary.devices} devices is in {out / PAGE}: {summary.listed_suspected} "
        f"suspected, {summary.listed_certain} certain, {len(summary.silent_places)} buildings "
        "silent."
    )
    if changed is not None:
        of.screen.say(f"{len(changed.changes)} changes since {changed.old_made}.")
    of.screen.say(f"It is signed with the report key {made.fingerprint}.")
    of.screen.hint("Tell people that fingerprint by another way; they check the report with:")
    of.screen.command(f"watchglass verify {out / PAGE} --fingerprint {made.fingerprint}")


def verify_report(of: Shell, file: Path, fingerprint: str, *, json: bool) -> None:
    """Say whether a report is as it was signed, and by whom."""
    page = _read(file)
    beside = {name: _twin(file.parent / name) for name in twins_of(page)}
    found = verify_page(page, beside, fingerprint)
    good = found.standing in (Standing.INTACT, Standing.UNKNOWN_SIGNER)
    if json:
        of.screen.json({
            "standing": found.standing.value, "sentence": found.sentence,
            "fingerprint": found.fingerprint or None, "files": dict(found.files),
        })  # fmt: skip
    elif not good:
        raise DamagedError(f"{file}: {found.sentence}")
    else:
        unknown = found.standing is Standing.UNKNOWN_SIGNER
        of.screen.say(
            f"{'Unknown signer: ' if unknown else ''}{found.sentence}", AMBER if unknown else ""
        )
        of.screen.say(f"Fingerprint {found.fingerprint}")
        for name, same in found.files:
            of.screen.say(f"{name}: {'as signed' if same else 'not here, so not looked at'}")
    if not good:
        raise typer.Exit(DamagedError.exit_code)


def _read(path: Path) -> bytes:
    found = _twin(path)
    if found is None:
        raise NotFoundError(f"There is no file {path} that can be read.")
    if len(found) > MOST_BYTES:
        raise UsageError(f"{path} is larger than any report.")
    return found


def _twin(path: Path) -> bytes | None:
    try:
        with path.open("rb") as file:
            return file.read(MOST_BYTES + 1)
    except OSError:
        return None
