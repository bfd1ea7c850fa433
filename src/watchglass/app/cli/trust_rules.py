"""``watchglass trust rules``: which rules concern this site and its devices, and why."""

from typing import Annotated

import msgspec
import typer

from watchglass.app.cli.screen import Screen
from watchglass.app.cli.shell import shell
from watchglass.app.cli.trust_day import stated_day
from watchglass.app.fleet import PROGRAM, judge_fleet
from watchglass.app.words import count_words
from watchglass.trust.report.document import Document, Ruled


def rules(
    context: typer.Context,
    on: Annotated[str | None, typer.Option("--on", help="Judge for this day.")] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Those that do not apply as well.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """List rules that apply, may apply or may apply next, with how many devices they concern."""
    of = shell(context)
    fleet = judge_fleet(of.ground, stated_day(on))
    document = fleet.document(PROGRAM)
    if json:
        of.screen.json({
            "on": document.when,
            "profile": msgspec.to_builtins(document.profile),
            "site": msgspec.to_builtins(document.site_rules),
            "counts": msgspec.to_builtins(document.summary.by_rule),
            "devices": [
                {"id": each.id, "rules": msgspec.to_builtins(each.rules)}
                for each in document.devices
            ],
            "rules": msgspec.to_builtins(document.rules),
        })  # fmt: skip
        return
    _tell(of.screen, document, everything=everything)
    if not document.profile.country:
        of.screen.say()
        of.screen.hint("Which rules concern you turns on who you are. Say it once:")
        of.screen.command(of.command("trust profile --country US --organisation public_school"))


def _tell(screen: Screen, document: Document, *, everything: bool) -> None:
    texts = {each.id: each for each in document.rules}
    counts = {each.key: each for each in document.summary.by_rule}
    for outcome, title, number in (
        ("applies", f"Apply on {document.when}:", "first"),
        ("may_apply", "May apply:", "second"),
        ("may_apply_next", "May apply next:", "third"),
    ):
        these = [
            each
            for each in counts.values()
            if getattr(each, number) or (number == "second" and each.unknown)
        ]
        site = [each for each in document.site_rules if each.outcome == outcome]
        if not these and not site:
            continue
        screen.say(title)
        for each in these:
            devices = count_words(getattr(each, number), "device")
            unknown = f", and {each.unknown} whose maker is unknown" if number == "second" else ""
            screen.say(f"- {each.name} ({each.key}): {devices}{unknown if each.unknown else ''}.")
            reasons = _example(document, each.key, outcome)
            screen.hint(f"  {texts[each.key].scope}.")
            screen.hint(f"  Of one of them: {'; '.join(reasons)}.")
        for found in site:
            _tell_site(screen, found, texts[found.rule].instrument, texts[found.rule].scope)
        screen.say()
    if everything:
        _tell_rest(screen, document)


def _tell_site(screen: Screen, each: Ruled, name: str, scope: str) -> None:
    screen.say(f"- {name} ({each.rule}): what you do with cameras, whoever made them.")
    screen.hint(f"  {scope}.")
    screen.hint(f"  Here: {'; '.join(each.reasons)}.")


def _tell_rest(screen: Screen, document: Document) -> None:
    screen.say("Do not apply to any device:")
    shown = {each.key for each in document.summary.by_rule}
    for rule in document.rules:
        reasons = _example(document, rule.id, "does_not")
        if rule.id not in shown and reasons:
            screen.say(f"- {rule.instrument} ({rule.id}): {'; '.join(reasons)}.")


def _example(document: Document, rule: str, outcome: str) -> tuple[str, ...]:
    """The reasons of the first device, or the site, for which it is so."""
    of_devices = (each for device in document.devices for each in device.rules)
    for each in (*of_devices, *document.site_rules):
        if (each.rule, each.outcome) == (rule, outcome):
            return each.reasons
    return ()
