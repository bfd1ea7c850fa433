"""``watchglass verify``: check what was signed (a bundle, receipt, statement, or report)."""

import hashlib
import zipfile
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from watchglass.app.cli.screen import AMBER
from watchglass.app.cli.shell import Shell, shell
from watchglass.app.cli.trust_report import verify_report
from watchglass.base.errors import DamagedError, NotFoundError
from watchglass.evidence import verify as evidence
from watchglass.evidence.agefile import is_encrypted
from watchglass.evidence.redacted import KIND as REDACTED
from watchglass.evidence.redacted import Answer, checked_copy, copy_name

_MOST_ANCHOR = 64 << 20
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
    """Check what a recorder signed: evidence, a receipt of an erasure, a statement of what is held
    or of a redacted copy, or a report. Each thing that is said of it is yes, no, or cannot tell;
    exit code 40 when one is no, 10 when one cannot be told."""
    of = shell(context)
    if (statement := _statement(path, fingerprint)) is not None:
        _tell(of, statement, _copy(path, statement), json=json)
    elif path.is_dir() or is_encrypted(path) or (path.is_file() and zipfile.is_zipfile(path)):
        _verify_bundle(of, path, fingerprint, anchor or [], authority or [], json=json)
    else:
        verify_report(of, path, fingerprint, json=json)


def _statement(path: Path, fingerprint: str) -> evidence.Statement | None:
    """The check of a receipt or statement; None for anything else."""
    raw = evidence.statement_at(str(path))
    if raw is None:
        return None
    try:
        return evidence.check_statement(raw, fingerprint)
    except evidence.Unreadable as error:
        if path.is_dir():
            raise DamagedError(str(error)) from error
        return None


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
    _tell(of, check, json=json)


def _copy(path: Path, check: evidence.Statement) -> Answer | None:
    """Of a redacted copy, whether the file beside its statement is that; None for another kind."""
    if check.kind() != REDACTED:
        return None
    sha256, name = "", copy_name(check.manifest)
    with suppress(OSError):
        if name:
            with ((path if path.is_dir() else path.parent) / name).open("rb") as file:
                sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    return checked_copy(check.manifest, sha256, intact=evidence.verdict(check)["intact"])


def _tell(
    of: Shell, check: evidence.Findings, copy: Answer | None = None, *, json: bool
) -> None:  # fmt: skip
    """``copy``: one more answer, of a redacted copy."""
    answer, why = copy or ("", ())
    if json:
        told = evidence.as_json(check)
        if answer:
            told["verdict"]["copy"] = {"answer": answer, "because": list(why)}
        of.screen.json(told)
    else:
        _show(of, check)
        if answer:
            of.screen.say(f"Redacted copy: {answer.upper()}. {why[0]}", _STYLES[answer])
            for each in why[1:]:
                of.screen.say(f"    {each}")
    own = 40 if answer == evidence.NO else 10 if answer == evidence.CANNOT_TELL else 0
    status = max(evidence.exit_status(check), own)
    if status:
        raise typer.Exit(status)


def _anchor(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(_MOST_ANCHOR)
    except OSError as error:
        raise NotFoundError(f"There is no file {path} that can be read.") from error


def _show(of: Shell, check: evidence.Findings) -> None:
    answers = evidence.verdict(check)
    for line in check.lines:
        first, *more = evidence.reasons(check, line, answers[line])
        of.screen.say(
            f"{check.titles[line]}: {answers[line].upper()}. {first}", _STYLES[answers[line]]
        )
        for each in more[:10]:
            of.screen.say(f"    {each}")
    for note in check.notes[:50]:
        of.screen.say(note)
    if check.public:
        of.screen.hint(f"Its key: {evidence.fingerprint_of(check.public)}")
