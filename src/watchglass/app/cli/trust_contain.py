"""``watchglass trust contain``: rules that keep cameras in, for whoever puts them in force."""

from pathlib import Path
from typing import Annotated

import msgspec
import typer

from watchglass.app.cli.shell import Shell, shell
from watchglass.app.fleet import PROGRAM, egress_store, judge_fleet
from watchglass.app.words import count_words
from watchglass.base.disk import WriteSite
from watchglass.base.errors import UsageError
from watchglass.base.ids import DeviceId
from watchglass.model.egress import Contained
from watchglass.trust.contain.forms import contained_text
from watchglass.trust.contain.plan import ContainForm, check_needs, make_plan, what_breaks
from watchglass.trust.fleet import Fleet
from watchglass.trust.judgement import Judgement

Addresses = list[str] | None


def contain(
    context: typer.Context,
    devices: Annotated[
        list[str] | None, typer.Argument(metavar="[DEVICE]...", help="Which are to be kept in.")
    ] = None,
    listed: Annotated[
        bool, typer.Option("--listed", help="All of makers on a list, suspected ones too.")
    ] = False,
    form: Annotated[
        ContainForm, typer.Option(help="For what it is written.")
    ] = ContainForm.NFTABLES,
    out: Annotated[
        Path | None, typer.Option(help="Write it here, and not on the screen.", metavar="FILE")
    ] = None,
    recorder: Annotated[
        Addresses, typer.Option(help="Who records them; kept for the next time.", metavar="ADDRESS")
    ] = None,
    resolver: Annotated[
        Addresses, typer.Option(help="Your name server.", metavar="ADDRESS")
    ] = None,
    clock: Annotated[Addresses, typer.Option(help="Your time server.", metavar="ADDRESS")] = None,
    applied: Annotated[
        bool, typer.Option("--applied", help="State that what was exported is in force now.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Write rules that let cameras reach their recorder, name and time server, and nobody else.

    Nothing is put in force: that is yours to do. What will stop working is told first.
    """
    of = shell(context)
    fleet = judge_fleet(of.ground)
    with egress_store(of.ground) as store:
        needs = store.needs()
        stated = {"recorders": recorder, "resolvers": resolver, "clocks": clock}
        given = {name: tuple(each) for name, each in stated.items() if each}
        if given:
            needs = check_needs(msgspec.structs.replace(needs, **given))
            store.set_needs(needs)
        chosen = _chosen(fleet, devices or [], listed=listed)
        if applied:
            _state(of, chosen)
            return
        if not chosen and given:
            of.screen.say("What cameras need is kept.")
            return
        if not chosen:
            raise UsageError("Name devices, or say --listed: see 'watchglass trust devices'.")
        document = fleet.document(PROGRAM, chosen)
        plan = make_plan(document.devices, needs, document.made, PROGRAM)
        text = contained_text(plan, form)
        breaks = what_breaks(plan.devices, needs)
        now_ns = of.ground.clock.wall_ns()
        before = {each.device: each.applied_ns for each in store.contained()}
        store.put_contained(
            Contained(device=DeviceId(each.id), form=form.value, exported_ns=now_ns, by=of.by,
                      applied_ns=before.get(DeviceId(each.id)))
            for each in plan.devices
        )  # fmt: skip
    if out is not None:
        of.ground.disk.write_whole(WriteSite.SETTINGS, out.absolute(), text.encode(), 0o644)
    if json:
        of.screen.json({
            "form": form.value, "devices": [each.id for each in plan.devices], "breaks": breaks,
            "file": str(out) if out is not None else None, "text": text if out is None else None,
        })  # fmt: skip
        return
    of.screen.remark(f"What will stop working for {count_words(len(plan.devices), 'device')}:")
    for each in breaks:
        of.screen.remark(f"- {each}")
    if out is None:
        of.screen.say(text)
        return
    of.screen.say(f"The rules are in {out}. Nothing is in force yet. Once it is:")
    of.screen.command(of.command("trust contain --applied --listed" if listed else
                                 f"trust contain --applied {' '.join(devices or [])}"))  # fmt: skip


def _chosen(fleet: Fleet, devices: list[str], *, listed: bool) -> list[Judgement]:
    found = [fleet.find(each) for each in devices]
    found += [each for each in fleet.judgements if listed and each.listings]
    return list({each.id: each for each in found}.values())


def _state(of: Shell, chosen: list[Judgement]) -> None:
    wanted = {each.id for each in chosen}
    now_ns = of.ground.clock.wall_ns()
    with egress_store(of.ground) as store:
        stated = [
            msgspec.structs.replace(each, applied_ns=now_ns, by=of.by)
            for each in store.contained() if each.device in wanted
        ]  # fmt: skip
        store.put_contained(stated)
    if not stated:
        raise UsageError("No rules were exported for these: 'watchglass trust contain' does that.")
    of.screen.say(
        f"It is noted that {count_words(len(stated), 'device')} is kept in from now on; records "
        "of what is sent from now on will show whether that holds."
    )
