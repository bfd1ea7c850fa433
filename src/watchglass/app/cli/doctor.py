"""``watchglass doctor``: what is wrong with this machine and its recorder, and what is not."""

from contextlib import AbstractContextManager
from typing import Annotated

import typer

from watchglass.app.checkup import Finding, Verdict
from watchglass.app.cli.health import health_of
from watchglass.app.cli.moments import shown_time
from watchglass.app.cli.numbers import measured, show_numbers
from watchglass.app.cli.screen import AMBER, Cell, Column
from watchglass.app.cli.shell import Shell, shell
from watchglass.app.explained import explained
from watchglass.app.findings import findings
from watchglass.app.ground import Ground
from watchglass.app.model_speed import speed_findings
from watchglass.app.words import count_words
from watchglass.config.settings import Settings
from watchglass.model.control import Status
from watchglass.model.health import Health
from watchglass.store.index import IndexStore
from watchglass.store.site import SiteStore

_WRONG = 1


def doctor(
    context: typer.Context,
    explain: Annotated[
        bool, typer.Option("--explain", help="Say of each figure what is normal, and what to do.")
    ] = False,
    numbers: Annotated[
        bool, typer.Option("--numbers", help="The running recorder's numbers instead.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Look this machine and the recorder over; exit code 1 when something needs somebody."""
    of = shell(context)
    if numbers:
        show_numbers(of, explain=explain, json=json)
        return
    found = [*findings(_ByCommand(of)), *speed_findings(of.settings, measured(of))]
    wrong = [each for each in found if each.verdict is Verdict.WRONG]
    if json:
        of.screen.json(
            [
                {"about": f.about, "value": f.value, "meaning": f.meaning, "verdict": f.verdict}
                | _explanation(f)
                for f in found
            ]
        )
    elif explain:
        _explain(of, found)
    else:
        _show(of, found, wrong)
    raise typer.Exit(_WRONG if wrong else 0)


def _explanation(finding: Finding) -> dict[str, str]:
    found = explained(finding.about)
    if found is None:
        return {}
    return {"means": found.means, "normal": found.normal, "otherwise": found.otherwise}


def _explain(of: Shell, findings: list[Finding]) -> None:
    """Each figure, and under it a line for each thing there is to say of it."""
    for each in findings:
        of.screen.say(f"{each.about}: {each.value}", AMBER if each.verdict is Verdict.WRONG else "")
        of.screen.say(f"  Now: {each.meaning}")
        found = explained(each.about)
        if found is not None:
            of.screen.say(f"  Means: {found.means}")
            of.screen.say(f"  Normal: {found.normal}")
            of.screen.say(f"  Otherwise: {found.otherwise}")


def _show(of: Shell, findings: list[Finding], wrong: list[Finding]) -> None:
    screen = of.screen
    if wrong:
        screen.say(f"{count_words(len(wrong), 'thing')} to see to:", AMBER)
        for each in wrong:
            screen.say(f"  {each.about}: {each.value}. {each.meaning}")
    else:
        screen.say("Nothing is wrong.")
    screen.say()
    styles = {Verdict.FINE: "", Verdict.NOTE: "", Verdict.WRONG: AMBER}
    screen.table(
        (Column("What"), Column("Is", wraps=True), Column("Which means", wraps=True)),
        [
            (each.about, Cell(each.value, styles[each.verdict]), Cell(each.meaning, "dim"))
            for each in findings
        ],
    )


class _ByCommand:
    """Looks as a command does: at what is on disk, and by asking the recorder that runs."""

    def __init__(self, of: Shell) -> None:
        self._of = of
        self.ground: Ground = of.ground
        self.settings: Settings = of.settings

    @property
    def is_running(self) -> bool:
        return self._of.is_running

    def status(self) -> Status | None:
        return self._of.status()

    def health(self) -> Health:
        return health_of(self._of)

    def store(self) -> AbstractContextManager[SiteStore]:
        return self._of.store()

    def index(self) -> AbstractContextManager[IndexStore]:
        return self._of.index()

    def command(self, words: str) -> str:
        return self._of.command(words)

    def when(self, at_ns: int) -> str:
        return shown_time(at_ns, self.ground.clock.wall_ns())
