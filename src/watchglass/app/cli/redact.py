"""``watchglass redact``: a copy in which all but who is chosen is covered for good."""

import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer
from rich.progress import Progress, TextColumn

from watchglass.app.cli.moments import shown_time, utc_text
from watchglass.app.cli.screen import AMBER, Column, Screen
from watchglass.app.cli.shell import Shell, shell
from watchglass.app.cli.timeline import From, To, span_of
from watchglass.app.task import Task
from watchglass.app.words import count_words, size_words
from watchglass.base.clock import NS_PER_S
from watchglass.base.disk import WriteSite
from watchglass.base.errors import RefusedError, UsageError, WatchglassError
from watchglass.model.control import NoteRequest
from watchglass.model.redaction import (
    FOUND,
    MOST_REDACTED_S,
    Correction,
    CorrectionKind,
    Found,
    RedactFound,
    Redaction,
    RedactWritten,
)

if TYPE_CHECKING:
    from watchglass.analytics.covering import Question

_COLUMNS = (
    Column("Track", right=True), Column("What"), Column("From"), Column("To"),
    Column("Sure", right=True), Column("Begins"), Column("Ends"),
)  # fmt: skip
_WHOLE = {
    "no_model": "no model is there to look for people", "quiet": "nothing was looked for then",
    "not_analysed": "it was not analysed", "failed": "the detector failed",
    "too_many": "too many things at once", "lost": "something was lost sight of",
    "person": "somebody said so",
}  # fmt: skip


def redact(
    context: typer.Context,
    camera: Annotated[str, typer.Argument(metavar="CAMERA", help="Name, id, or its first digits.")],
    from_: From = None,
    to: To = None,
    reason: Annotated[str, typer.Option("--reason", help="Why; it goes into the ledger.")] = "",
    keep: Annotated[
        list[int] | None, typer.Option(help="A track that is shown.", metavar="TRACK")
    ] = None,
    show: Annotated[
        list[str] | None,
        typer.Option(help="Pictures that you went through, not hidden whole: 120-340.",
                     metavar="N-N"),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("-o", "--out", help="Folder to make; without, tracks are told alone.",
                     metavar="FOLDER"),
    ] = None,
    whole: Annotated[
        bool, typer.Option("--whole", help="Without a model, too: all of it is hidden.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:  # fmt: skip
    """Write a redacted copy: people, vehicles, all that is found is covered, but the tracks that
    are kept. Whatever is not certain is covered too. No sound; a signed statement lies beside it.

    Without -o, say which tracks there are. That it was asked for is noted first.
    """
    of = shell(context)
    if from_ is None or to is None:
        raise UsageError("Say which time it is of: --from 14:00 --to 14:05.")
    if not reason.strip():
        raise UsageError("A redacted copy needs a reason: --reason 'why'.")
    from_ns, to_ns, now_ns = span_of(of, from_, to)
    if to_ns - from_ns > MOST_REDACTED_S * NS_PER_S:
        raise UsageError(f"A redacted copy is of {MOST_REDACTED_S // 60} minutes at most.")
    found_camera = of.find_camera(camera)
    if out is not None and out.exists():
        raise RefusedError(f"{out} is there already: choose another name.")
    _Command(of, json=json).make(
        found_camera.id, found_camera.name, (from_ns, to_ns, now_ns), reason.strip(),
        (tuple(keep or ()), tuple(map(_span, show or ()))), out, whole=whole,
    )  # fmt: skip


class _Command:
    def __init__(self, of: Shell, *, json: bool) -> None:
        self._of, self._json = of, json

    def make(
        self, camera: Any, name: str, span: tuple[int, int, int], reason: str,
        chosen: tuple[tuple[int, ...], tuple[tuple[int, int], ...]], out: Path | None, *,
        whole: bool,
    ) -> None:  # fmt: skip
        # It brings the process of redactions along, which no other command should load.
        from watchglass.app.evidence import redacting
        from watchglass.app.evidence.redact_found import read_found

        of = self._of
        redaction = redacting.new_redaction(camera, name, span[0], span[1], reason, of.by, span[2])
        folder = (out or of.ground.layout.exports / redaction.id).with_suffix(".part")
        self._require_model(whole=whole)
        of.order_note(NoteRequest((redacting.look_of(redaction, of.by),)))
        redacting.prepare(of.ground, folder, anew=True)
        try:
            redacting.require_room(of.ground, folder, redaction)
            found = self._run(redaction, folder, write=False)
            assert isinstance(found, RedactFound)
            pictures = read_found(folder)
            redaction = self._chosen(redaction, pictures, chosen, found.detector)
            if out is None:
                self._tell(redaction, pictures)
                return
            written = self._run(redaction, folder, write=True)
            assert isinstance(written, RedactWritten)
            key = redacting.state(
                of.ground, redaction, written, of.sign_statement, folder, of.by
            )  # fmt: skip
            of.ground.disk.unlink(WriteSite.EVIDENCE, folder / FOUND)
            of.ground.disk.replace(WriteSite.EVIDENCE, folder, out)
            self._show(redaction, written, out, key)
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _require_model(self, *, whole: bool) -> None:
        from watchglass.analytics.models import OFF, Models

        settings = self._of.settings
        if whole:
            return
        why = "no model is set (WATCHGLASS_MODEL)"
        if settings.model != OFF:
            try:
                Models(settings.models).find(settings.model)
            except WatchglassError as error:
                why = error.sentence
                with suppress(ImportError):
                    from watchglass.analytics.detectors import plugged_in

                    if plugged_in(settings.model) is not None:
                        return
            else:
                return
        raise RefusedError(
            f"Nothing can look for people here: {why} With --whole, all of the pictures is hidden."
        )

    def _run(
        self, redaction: Redaction, folder: Path, *, write: bool
    ) -> RedactFound | RedactWritten:
        from watchglass.app.evidence import redacting

        of = self._of
        with of.store() as store, of.index() as index:
            start = redacting.start_of(of.ground, store, index, redaction, folder, write=write)
        if not of.verbose:  # what is wrong is said anyhow
            start = msgspec.structs.replace(start, log_level="critical")
        with (
            _progress(of.screen, "writing" if write else "looking") as told,
            Task(redacting.MODULE) as task,
        ):
            return redacting.run(task, start, told)

    def _chosen(
        self, redaction: Redaction, found: Found,
        chosen: tuple[tuple[int, ...], tuple[tuple[int, int], ...]], detector: str,
    ) -> Redaction:  # fmt: skip
        tracks, spans = chosen
        known = {each.number for each in found.tracks}
        if not set(tracks) <= known:
            raise UsageError("There is no such track: see which there are without -o.")
        if any(last >= len(found.pictures) for _, last in spans):
            raise UsageError(f"There are {len(found.pictures)} pictures, counted from 0.")
        now_ns = self._of.ground.clock.wall_ns()
        by = self._of.by
        corrections = [Correction(CorrectionKind.KEEP, by, now_ns, each) for each in tracks]
        corrections += [
            Correction(CorrectionKind.CLEAR, by, now_ns, first=first, last=last)
            for first, last in spans
        ]
        return msgspec.structs.replace(
            redaction, corrections=tuple(corrections), detector=detector
        )  # fmt: skip

    # --- told ----------------------------------------------------------------------------------

    def _tell(self, redaction: Redaction, found: Found) -> None:
        from watchglass.analytics.covering import hidden, questions, whole_spans

        screen, now_ns = self._of.screen, self._of.ground.clock.wall_ns()
        whole = hidden(found, redaction.corrections).whole
        if self._json:
            screen.json(_json(found, whole_spans(whole), questions(found, redaction.corrections)))
            return
        at = [each.at_ns for each in found.pictures]
        screen.say(
            f"{count_words(len(found.pictures), 'picture')}, "
            f"{count_words(len(found.tracks), 'track')}."
        )
        if found.tracks:
            screen.table(
                _COLUMNS,
                [
                    (
                        str(each.number), each.kind.value, shown_time(at[each.first], now_ns),
                        shown_time(at[each.last], now_ns), f"{each.confidence:.0%}",
                        each.begins.value, each.ends.value,
                    )
                    for each in found.tracks
                ],
            )  # fmt: skip
        for span in whole_spans(whole):
            why = _WHOLE[span.cause.value] if span.cause is not None else ""
            screen.say(
                f"Hidden whole: pictures {span.first} to {span.last} "
                f"(from {shown_time(at[span.first], now_ns)}), {why}."
            )

    def _show(self, redaction: Redaction, written: RedactWritten, out: Path, key: str) -> None:
        screen = self._of.screen
        if self._json:
            screen.json({
                "redaction": redaction.id, "path": str(out), "from": utc_text(written.from_ns),
                "to": utc_text(written.to_ns), "pictures": written.pictures,
                "whole": written.whole, "causes": written.causes, "bytes": written.bytes,
                "sha256": written.sha256, "fingerprint": key,
            })  # fmt: skip
            return
        screen.say(
            f"{out}: a redacted copy, {count_words(written.pictures, 'picture')}, "
            f"{size_words(written.bytes)}, no sound."
        )
        for cause, count in Counter(written.causes).most_common():
            screen.say(
                f"{count_words(count, 'picture')} hidden whole: {_WHOLE.get(cause, cause)}.", AMBER
            )
        screen.hint(
            "Look at all of it before you hand it out: what no detector finds is not covered. It "
            "is no evidence bundle; the statement beside it is signed:"
        )
        screen.command(self._of.command(f"verify {out} --fingerprint {key}"))


def _json(found: Found, whole: "list[Question]", asked: "list[Question]") -> dict[str, Any]:
    """For programs; keys stay as they are."""
    return {
        "detector": found.detector, "pictures": len(found.pictures),
        "unreadable": found.unreadable,
        "tracks": [
            {
                "track": each.number, "kind": each.kind.value, "first": each.first,
                "last": each.last, "from": utc_text(found.pictures[each.first].at_ns),
                "to": utc_text(found.pictures[each.last].at_ns), "confidence": each.confidence,
                "sure": each.sure, "begins": each.begins.value, "ends": each.ends.value,
            }
            for each in found.tracks
        ],
        "whole": [
            {"first": each.first, "last": each.last, "cause": each.cause}
            for each in whole
        ],
        "look_at": [
            {"what": each.doubt.value, "first": each.first, "last": each.last, "track": each.track}
            for each in asked
        ],
    }  # fmt: skip


def _span(text: str) -> tuple[int, int]:
    first, _, last = text.partition("-")
    try:
        found = int(first), int(last or first)
    except ValueError:
        found = (1, 0)
    if not 0 <= found[0] <= found[1]:
        raise UsageError(f"{text[:40]!r} are no pictures: give them as 120-340.")
    return found


@contextmanager
def _progress(screen: Screen, what: str) -> Iterator[Callable[[int], None]]:
    if not screen.err.is_terminal:
        yield lambda done: None
        return
    columns = TextColumn("{task.description}"), TextColumn("{task.completed} pictures")
    with Progress(*columns, console=screen.err, transient=True) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done: bar.update(task, completed=done)
