"""``watchglass verify``: check what was signed (a bundle, receipt, statement, or report)."""

import zipfile
from pathlib import Path
from typing import Annotated

import typer

from watchglass.app.cli.screen import AMBER
from watchglass.app.cli.shell import Shell, shell
from watchglass.app.cli.trust_report import verify_report
from watchglass.base.errors import DamagedError, NotFoundError
from watchglass.evidence import verify as evidence
from watchglass.evidence.agefile import is_encrypted
from watchglass.evidence.statement import STATEMENT, Checked, checked, read_statement

_MOST_ANCHOR = 64 << 20
_MOST_STATEMENT = 16 << 20
_STYLES = {evidence.YES: "", evidence.CANNOT_TELL: AMBER, evidence.NO: "red"}


def verify(
    context: typer.Context,
    path: Annotated[
        Path,
        typer.Argument(help="A bundle's folder or ZIP, a receipt, or a report.", metavar="PATH"),
    ],
    fingerprint: Annotated[
        str, typer.Option(help="Of the key that you expect, from elsewhere.")
    ] = "",
    anchor: Annotated[
        list[Path] | None,
        typer.Option(help="Heads that were taken away earlier.", metavar="FILE"),
    ] = None,
    authority: Annotated[
        list[str] | None,
        typer.Option(
            help="Whose time stamps you trust: the SHA-256 of its certificate, or its PEM file.",
            metavar="HEX",
        ),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Check what a recorder signed: evidence, a receipt of an erasure, a statement of what is held,
    or a report. Of a bundle four things are said, of a receipt or statement two, each with yes, no,
    or cannot tell; exit code 40 when one is no, 10 when one cannot be told."""
    of = shell(context)
    if _is_bundle(path) or is_encrypted(path) or (path.is_file() and zipfile.is_zipfile(path)):
        _verify_bundle(of, path, fingerprint, anchor or [], authority or [], json=json)
    elif (told := read_statement(_start(path))) is not None:
        _verify_statement(of, checked(*told, fingerprint), json=json)
    elif path.is_dir():
        raise DamagedError(f"{path / STATEMENT} is no receipt or statement that can be read.")
    else:
        verify_report(of, path, fingerprint, json=json)


def _is_bundle(path: Path) -> bool:
    alone = (path / STATEMENT).is_file() and not (path / "manifest.json").exists()
    return path.is_dir() and not alone


def _start(path: Path) -> bytes:
    """All of a file that may be a statement; of a longer one, which is none, its start."""
    path = path / STATEMENT if path.is_dir() else path
    try:
        with path.open("rb") as file:
            return file.read(_MOST_STATEMENT)
    except OSError:
        return b""


def _verify_statement(of: Shell, found: Checked, *, json: bool) -> None:
    lines = {"intact": found.intact, "from": found.from_recorder}
    if json:
        of.screen.json({
            "kind": found.title, "verdict": {name: answer for name, (answer, _) in lines.items()},
            "reasons": {name: list(why) for name, (_, why) in lines.items()},
            "fingerprint": found.fingerprint or None,
        })  # fmt: skip
    else:
        titles = {"intact": "Intact", "from": "From this recorder"}
        for name, (answer, (first, *more)) in lines.items():
            of.screen.say(f"{titles[name]}: {answer.upper()}. {first}", _STYLES[answer])
            for each in more[:10]:
                of.screen.say(f"    {each}")
        if found.fingerprint:
            of.screen.hint(f"Its key: {found.fingerprint}")
    answers = {answer for answer, _ in lines.values()}
    if evidence.NO in answers or evidence.CANNOT_TELL in answers:
        raise typer.Exit(40 if evidence.NO in answers else 10)


def _verify_bundle(
    of: Shell, path: Path, fingerprint: str, anchors: list[Path], authorities: list[str], *,
    json: bool,
) -> None:  # fmt: skip
    try:
        trusted = set().union(*map(evidence.authority, authorities))
        check = evidence.check_bundle(
            str(path), fingerprint, [_anchor(each) for each in anchors], authorities=trusted
        )
    except evidence.Unreadable as error:
        raise DamagedError(str(error)) from error
    if json:
        of.screen.json(evidence.as_json(check))
    else:
        _show(of, check)
    status = evidence.exit_status(check)
    if status:
        raise typer.Exit(status)


def _anchor(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(_MOST_ANCHOR)
    except OSError as error:
        raise NotFoundError(f"There is no file {path} that can be read.") from error


def _show(of: Shell, check: evidence.Check) -> None:
    answers = evidence.verdict(check)
    for line in evidence.LINES:
        first, *more = evidence.reasons(check, line, answers[line])
        of.screen.say(
            f"{evidence.TITLES[line]}: {answers[line].upper()}. {first}", _STYLES[answers[line]]
        )
        for each in more[:10]:
            of.screen.say(f"    {each}")
    for note in check.notes[:50]:
        of.screen.say(note)
    if check.public:
        of.screen.hint(f"Its key: {evidence.fingerprint_of(check.public)}")
