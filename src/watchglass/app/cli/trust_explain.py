"""``watchglass trust explain``: one device, from the packet to the sentence."""

from typing import Annotated

import msgspec
import typer

from watchglass.app.cli.screen import Screen
from watchglass.app.cli.shell import shell
from watchglass.app.cli.trust_day import stated_day
from watchglass.app.fleet import PROGRAM, judge_fleet
from watchglass.trust.report.document import Because, DocDevice


def explain(
    context: typer.Context,
    device: Annotated[str, typer.Argument(help="Its id, address, MAC or name.", metavar="DEVICE")],
    on: Annotated[str | None, typer.Option("--on", help="Judge for this day.")] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Rules and holes that do not concern it as well.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Say what is known of a device, by which evidence, and what follows from it."""
    of = shell(context)
    fleet = judge_fleet(of.ground, stated_day(on))
    meant = fleet.find(device)
    document = fleet.document(PROGRAM, [meant])
    (found,) = document.devices
    if json:
        seen = [each for contact in meant.device.contacts for each in contact.observations]
        of.screen.json(
            msgspec.to_builtins(found) | {"observations": [msgspec.to_builtins(e) for e in seen]}
        )
        return
    screen = of.screen
    screen.say(f"{found.shown} ({found.id[:12]})")
    screen.say(found.verdict)
    screen.say(f"How sure: {found.certainty}, {found.confidence:.1%} by the signs below.")
    if found.other_labels:
        screen.say(f"Other brands that something on it names: {', '.join(found.other_labels)}.")
    _facts(screen, found)
    _reasons(screen, "What says so:", found.because)
    _reasons(screen, "What speaks against it:", found.against)
    if found.chips:
        screen.say()
        screen.say(f"Chips by {', '.join(found.chips)}: evidence of a chip, never of a maker.")
    _lists(screen, found)
    _rules(screen, found, {each.id: each.instrument for each in document.rules},
           document.when, everything=everything)  # fmt: skip
    _holes(screen, found, everything=everything)
    screen.say()
    screen.say(found.purchase.words)
    support = found.support
    screen.say(
        f"End of sale {support.end_of_sale}, end of support {support.end_of_support}, spares until "
        f"{support.spares_until}."
    )
    if found.to_do:
        screen.say()
        screen.say("What to do, in this order:")
        for step in found.to_do:
            screen.say(f"- {step.words}: {step.reason}.")


def _facts(screen: Screen, found: DocDevice) -> None:
    built = f", built {found.build}" if found.build else ""
    told = (
        ("Kind", found.kind.replace("_", " ")),
        ("Model", found.model),
        ("Firmware", f"{found.firmware}{built}" if found.firmware else ""),
        ("Addresses", ", ".join(found.addresses)),
        ("MAC", ", ".join(found.macs)),
        ("Serial number", ", ".join(found.serials)),
        ("Seen", f"{found.first_seen} to {found.last_seen}, by {', '.join(found.doors)}"),
    )
    screen.say()
    for name, text in told:
        if text:
            screen.say(f"{name}: {text}")


def _reasons(screen: Screen, title: str, reasons: tuple[Because, ...]) -> None:
    if not reasons:
        return
    screen.say()
    screen.say(title)
    for each in reasons:
        screen.say(f"- {each.sentence}.")
        if each.door:
            port = f" port {each.port}" if each.port else ""
            screen.hint(
                f"  {each.at} {each.door} {each.address}{port}: {each.signal} “{each.value}” "
                f"[{each.fingerprint}; {each.source}]"
            )


def _lists(screen: Screen, found: DocDevice) -> None:
    if found.listed:
        screen.say()
        for each in found.listed:
            screen.say(f"- {each.sentence}.")


def _rules(
    screen: Screen, found: DocDevice, names: dict[str, str], when: str, *, everything: bool
) -> None:
    for outcome, title in (
        ("applies", f"Rules that apply to you on {when}:"),
        ("may_apply", "Rules that may apply:"),
        ("may_apply_next", "Rules that may apply next:"),
        ("does_not", "Rules that do not apply:"),
    ):
        these = [each for each in found.rules if each.outcome == outcome]
        if not these or (outcome == "does_not" and not everything):
            continue
        screen.say()
        screen.say(title)
        for each in these:
            screen.say(f"- {names[each.rule]} ({each.rule}): {'; '.join(each.reasons)}.")


def _holes(screen: Screen, found: DocDevice, *, everything: bool) -> None:
    shown = [each for each in found.holes if everything or each.state != "not_affected"]
    if shown:
        screen.say()
        screen.say("Known holes:")
    for each in shown:
        fixed = f" Fixed: {each.fixed}." if each.fixed else ""
        screen.say(
            f"- {each.cve}, {each.state.replace('_', ' ')}: {each.summary}; {each.reason}; "
            f"{each.exploited_words}.{fixed}"
        )
