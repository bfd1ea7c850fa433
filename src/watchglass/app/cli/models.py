"""``watchglass models``: what can name the things in a picture, fetched by hand alone."""

from typing import Annotated, Any

import typer

from watchglass.analytics.catalogue import DEFAULT
from watchglass.analytics.models import OFF, Known, Models
from watchglass.app.cli.check import progress
from watchglass.app.cli.screen import AMBER, Cell, Column
from watchglass.app.cli.shell import Shell, shell
from watchglass.app.words import size_words
from watchglass.base.errors import NotFoundError, WatchglassError

_WRONG = 1
group = typer.Typer(help="Models that name what is seen.", no_args_is_help=False)

AsJson = Annotated[bool, typer.Option("--json", help="As JSON.")]
Name = Annotated[str, typer.Argument(help="As 'models list' shows it.", metavar="NAME")]


@group.command("list")
def list_models(context: typer.Context, json: AsJson = False) -> None:
    """Show the models: which are here, what they can name, their licence and hash."""
    of = shell(context)
    models = Models(of.settings.models)
    found, wrong = models.all()
    if json:
        of.screen.json(
            {
                "models": [_told(each, of) for each in found],
                "wrong": [each.sentence for each in wrong],
            }
        )
        return
    of.screen.table(
        (Column("Name"), Column("Here"), Column("Names", wraps=True), Column("Licence")),
        [
            (
                Cell(each.manifest.name, "bold" if _in_use(each, of) else ""),
                "yes" if each.path is not None else "no",
                Cell(", ".join(sorted(each.manifest.names)), "dim"),
                each.manifest.licence,
            )
            for each in found
        ],
    )
    for error in wrong:
        of.screen.remark(error.sentence)
    _say_what_is_used(of, models)


@group.command("pull")
def pull(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="As 'models list' shows it.", metavar="[NAME]")] = "",
    json: AsJson = False,
) -> None:
    """Fetch a model from where it is published; without a name, the one that is recommended."""
    of = shell(context)
    models = Models(of.settings.models)
    name = name or of.settings.model.partition("@")[0] or DEFAULT
    with progress(of.screen) as tell:
        path = models.pull(
            name, lambda now, whole: tell(f"fetching {name}", now, whole) if tell else None
        )
    if json:
        of.screen.json({"path": str(path)})
        return
    of.screen.say(
        f"{path} is here, {size_words(path.stat().st_size)}, and it is what it should be."
    )
    of.screen.hint("A recorder that runs takes it at its next start.")


@group.command("verify")
def verify(context: typer.Context, json: AsJson = False) -> None:
    """Hold each model that is here to its hash; exit code 1 when one is another."""
    of = shell(context)
    models = Models(of.settings.models)
    found, wrong = models.all()
    rows: list[tuple[Known, str]] = []
    for each in found:
        if each.path is None:
            continue
        try:
            models.load(each)
            rows.append((each, ""))
        except WatchglassError as error:
            rows.append((each, error.sentence))
    bad = [*(sentence for _, sentence in rows if sentence), *(each.sentence for each in wrong)]
    if json:
        told = [_told(each, of) | {"wrong": sentence} for each, sentence in rows]
        of.screen.json({"models": told, "wrong": bad})
    elif not rows and not bad:
        raise NotFoundError(
            f"No model is in {of.settings.models}: get one with"
            f" '{of.command('models pull')}', or name a folder in WATCHGLASS_MODELS_DIR."
        )
    else:
        of.screen.table(
            (Column("Name"), Column("SHA-256"), Column("Is", wraps=True)),
            [
                (
                    each.manifest.name,
                    each.manifest.sha256[:16],
                    Cell(sentence or "as it should be", AMBER if sentence else ""),
                )
                for each, sentence in rows
            ],
        )
        for each, _ in rows:
            if each.pin:
                of.screen.hint(f"{each.manifest.name} is your own: WATCHGLASS_MODEL={each.setting}")
        for broken in wrong:
            of.screen.error(broken.sentence)
    raise typer.Exit(_WRONG if bad else 0)


def _told(known: Known, of: Shell) -> dict[str, Any]:
    manifest = known.manifest
    return {
        "name": manifest.name, "here": known.path is not None,
        "path": str(known.path) if known.path else None, "in_use": _in_use(known, of),
        "names": sorted(manifest.names), "licence": manifest.licence, "sha256": manifest.sha256,
        "url": manifest.url or None, "setting": known.setting,
        "dropped_labels": len(manifest.dropped),
    }  # fmt: skip


def _in_use(known: Known, of: Shell) -> bool:
    try:
        return Models(of.settings.models).find(of.settings.model) == known
    except WatchglassError:
        return False


def _say_what_is_used(of: Shell, models: Models) -> None:
    if of.settings.model == OFF:
        of.screen.hint(
            "No model is used (WATCHGLASS_MODEL=off): what moves is told, and not what it is."
        )
        return
    try:
        of.screen.hint(f"In use: {models.find(of.settings.model).setting}")
    except WatchglassError as error:
        of.screen.remark(error.sentence)
        of.screen.hint("Until then what moves is told, and not what it is.")
