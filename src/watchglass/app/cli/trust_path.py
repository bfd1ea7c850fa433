"""``watchglass trust plan``, ``step``, ``progress`` and ``page``: devices on their way out."""

from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from watchglass.app.cli.screen import AMBER, Cell, Column
from watchglass.app.cli.shell import Shell, shell
from watchglass.app.fleet import PROGRAM, judge_fleet, trust_store
from watchglass.app.reporting import make_page_of
from watchglass.app.words import count_words
from watchglass.base.disk import WriteSite
from watchglass.base.errors import UsageError
from watchglass.base.ids import DeviceId
from watchglass.model.device_path import (
    BY_PEOPLE,
    ORDER,
    Attributes,
    Cleared,
    Costs,
    DevicePath,
    Step,
    StepRequest,
)
from watchglass.model.observation import bounded
from watchglass.trust.day import parse_day
from watchglass.trust.fleet import Fleet
from watchglass.trust.replacement import compare, origin_of
from watchglass.trust.report.path_part import STEP_WORDS

Device = Annotated[str, typer.Argument(help="Its id, address, MAC or name.", metavar="DEVICE")]
AsJson = Annotated[bool, typer.Option("--json", help="As JSON.")]
_LISTS = ("ports", "streaming", "security")


def plan(
    context: typer.Context,
    devices: Annotated[list[str], typer.Argument(metavar="DEVICE...", help="Or 'listed': all.")],
    owner: Annotated[str | None, typer.Option(help="Whose work it is.")] = None,
    wave: Annotated[int | None, typer.Option(help="In which wave.", min=0, max=999)] = None,
    due: Annotated[str | None, typer.Option(help="By when: 2027-03-31.")] = None,
    cost: Annotated[
        list[str] | None, typer.Option(metavar="WHAT=SUM", help=", ".join(Costs.__struct_fields__))
    ] = None,
    currency: Annotated[str | None, typer.Option(help="EUR, USD.")] = None,
    need: Annotated[
        list[str] | None,
        typer.Option(metavar="WHAT=VALUE", help="What the one before does."),
    ] = None,
    replace_by: Annotated[
        list[str] | None,
        typer.Option("--by", metavar="WHAT=VALUE", help="What replaces it: maker=…, model=…"),
    ] = None,
    justify: Annotated[
        list[str] | None, typer.Option(metavar="WHAT=WHY", help="Why it may differ there.")
    ] = None,
    budget_w: Annotated[float | None, typer.Option(help="What its switch port gives.")] = None,
) -> None:
    """Plan the way out: owner, wave, date, costs, and what replaces it; tells what falls short."""
    of = shell(context)
    fleet = judge_fleet(of.ground)
    told: dict[str, Any] = {
        "owner": bounded(owner, 100) if owner is not None else None, "wave": wave,
        "due": _day(due), "currency": _currency(currency), "budget_w": budget_w,
    }  # fmt: skip
    meant = _meant(fleet, devices)
    path, planned = DevicePath(device=DeviceId("")), []
    with trust_store(of.ground) as store:
        for each in meant:
            path = fleet.paths.get(each) or DevicePath(device=each)
            changed = {key: value for key, value in told.items() if value is not None} | {
                "costs": _costs(path.costs, cost or []),
                "needs": _attributes(path.needs, need or []),
                "justified": path.justified | dict(_pairs(justify or [])),
                "noted_ns": of.ground.clock.wall_ns(), "noted_by": of.by,
            }  # fmt: skip
            if replace_by:
                changed["replacement"] = _attributes(path.replacement or Attributes(), replace_by)
            planned.append(path := msgspec.structs.replace(path, **changed))
        store.put_paths(planned)
    of.screen.say(f"Planned for {count_words(len(meant), 'device')}.")
    if replace_by and meant:
        assert path.replacement is not None
        for found in compare(path, path.replacement):
            of.screen.say(found.sentence, AMBER if found.counts else "")
        for sentence in origin_of(path.replacement, fleet.facts, fleet.when):
            of.screen.say(sentence, AMBER)


def step(
    context: typer.Context,
    device: Device,
    reached: Annotated[str, typer.Argument(metavar="STEP", help=", ".join(BY_PEOPLE))],
    note: Annotated[str, typer.Option(help="What was done.")] = "",
    document: Annotated[Path | None, typer.Option(help="The paper that proves it.")] = None,
    camera: Annotated[str, typer.Option(help="Which camera has the replacement.")] = "",
    card: Annotated[str | None, typer.Option(help="Its memory card: done (wiped), none.")] = None,
    disk: Annotated[str | None, typer.Option(help="Its disk: done (wiped), none.")] = None,
    cloud: Annotated[
        str | None, typer.Option(help="Its maker's account: done (unbound), none.")
    ] = None,
    back: Annotated[
        bool, typer.Option("--back", help="It has not: the last word that it had is taken back.")
    ] = False,
) -> None:
    """Say that a device has come a step further; it goes into the ledger."""
    of = shell(context)
    try:
        wanted = Step(reached)
    except ValueError:
        raise UsageError(
            f"A step is one of {', '.join(BY_PEOPLE)}, not {reached[:40]!r}."
        ) from None
    found = judge_fleet(of.ground).find(device)
    sha256 = _kept(of, document) if document is not None else ""
    of.order(
        StepRequest(
            found.id, wanted, of.by, note, sha256, "", of.find_camera(camera).id if camera else "",
            _cleared(card, "--card"), _cleared(disk, "--disk"), _cleared(cloud, "--cloud"), back,
        )
    )  # fmt: skip
    said = "taken back: " if back else ""
    of.screen.say(f"{found.id[:12]}: {said}{STEP_WORDS[wanted.value]}.")
    if sha256:
        of.screen.say(f"The document's SHA-256 is in the ledger: {sha256}")


def progress(context: typer.Context, json: AsJson = False) -> None:
    """Show how far the devices have come, by place, and when the last is gone at this pace."""
    of = shell(context)
    found = judge_fleet(of.ground).progress
    if json:
        of.screen.json(msgspec.to_builtins(found))
        return
    of.screen.say(found.sentence)
    if not found.devices:
        return
    columns = (
        Column("Place"), Column("Devices", right=True),
        *(Column(STEP_WORDS[each], right=True) for each in ORDER), Column("Overdue", right=True),
    )  # fmt: skip
    of.screen.table(
        columns,
        [
            (each.place, str(each.devices), *map(str, each.steps),
             Cell(str(each.overdue) if each.overdue else "", AMBER))
            for each in found.places
        ],
    )  # fmt: skip


def page(
    context: typer.Context,
    device: Device,
    out: Annotated[Path, typer.Option("--out", "-o", help="Where to write it.")],
) -> None:
    """Write the signed page of one device, from discovery to disposal."""
    of = shell(context)
    fleet = judge_fleet(of.ground)
    found = fleet.find(device)
    if out.exists():
        raise UsageError(f"{out} is there already: choose another --out.")
    data = make_page_of(of.ground, fleet, fleet.document(PROGRAM), found.id)
    of.ground.disk.write_whole(WriteSite.SETTINGS, out.absolute(), data, 0o644)
    of.screen.say(f"The page of {found.id[:12]} is {out}. Who has it checks it with:")
    of.screen.command(f"watchglass verify {out}")


def _meant(fleet: Fleet, devices: list[str]) -> list[DeviceId]:
    if devices == ["listed"]:
        return [each.id for each in fleet.judgements if fleet.path(each) is not None]
    return [fleet.find(each).id for each in devices]


def _kept(of: Shell, path: Path) -> str:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path} cannot be read ({error.strerror}).") from error
    with trust_store(of.ground) as store:
        return store.put_document(bounded(path.name, 120), content, of.ground.clock.wall_ns())


def _cleared(text: str | None, option: str) -> Cleared | None:
    if text is None:
        return None
    if text not in ("done", "none"):
        raise UsageError(f"{option} is done or none, not {text[:40]!r}.")
    return Cleared(text)


def _day(text: str | None) -> str | None:
    if text:
        try:
            parse_day(text)
        except ValueError as error:
            raise UsageError(f"{error}.") from None
    return text


def _currency(text: str | None) -> str | None:
    if text is None or (len(text) == 3 and text.isascii() and text.isalpha()):
        return text.upper() if text else text
    raise UsageError(f"A currency has three letters, such as EUR, not {text[:40]!r}.")


def _pairs(given: list[str]) -> list[tuple[str, str]]:
    found = [tuple(each.split("=", 1)) for each in given]
    if any(len(each) != 2 for each in found):
        raise UsageError("Write WHAT=VALUE, such as megapixels=4.")
    return [(name.strip(), bounded(value.strip(), 200)) for name, value in found]


def _costs(known: Costs, given: list[str]) -> Costs:
    try:
        told = {name: round(float(value) * 100) for name, value in _pairs(given)}
        return msgspec.structs.replace(known, **told)
    except (ValueError, TypeError):
        raise UsageError(
            f"A cost is {', '.join(Costs.__struct_fields__)}=SUM, such as device=219.90."
        ) from None


def _attributes(known: Attributes, given: list[str]) -> Attributes:
    told: dict[str, Any] = {}
    for name, value in _pairs(given):
        told[name] = tuple(value.lower().split(",")) if name in _LISTS else value
    unknown = told.keys() - set(Attributes.__struct_fields__)
    if unknown:
        raise UsageError(
            f"{', '.join(sorted(unknown))[:100]} is no attribute: they are "
            f"{', '.join(Attributes.__struct_fields__)}."
        )
    try:
        return msgspec.convert(msgspec.to_builtins(known) | told, Attributes, strict=False)
    except msgspec.ValidationError as error:
        raise UsageError(f"An attribute cannot be read: {error}.") from None
