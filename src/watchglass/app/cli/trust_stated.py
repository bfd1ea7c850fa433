"""``watchglass trust profile`` and ``purchase``: what only the operator can say."""

import csv
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from watchglass.app.cli.shell import Shell, shell
from watchglass.app.fleet import judge_fleet, trust_store
from watchglass.base.errors import UsageError
from watchglass.model.observation import bounded
from watchglass.model.profile import Organisation, Purpose, SiteProfile
from watchglass.model.purchase import Money, Purchase
from watchglass.trust.day import parse_day
from watchglass.trust.fleet import Fleet

_MOST_CHARS = 200
_MOST_ROWS = 20_000
_COLUMNS = ("device", "bought", "money", "purpose", "document")
YesNo = Annotated[str | None, typer.Option(metavar="yes|no")]


def profile(
    context: typer.Context,
    name: Annotated[str | None, typer.Option(help="What to call the site in reports.")] = None,
    country: Annotated[str | None, typer.Option(help="Two letters: US, GB, DE.")] = None,
    region: Annotated[str | None, typer.Option(help="A part of it, such as IL.")] = None,
    organisation: Annotated[
        str | None, typer.Option(help=", ".join(Organisation), metavar="KIND")
    ] = None,
    federal_contracts: YesNo = None,
    federal_grants: YesNo = None,
    sensitive_site: YesNo = None,
    critical: YesNo = None,
    purposes: Annotated[
        str | None,
        typer.Option(help=f"What cameras are for, commas between: {', '.join(Purpose)}."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Say, or show, what rules turn on: country, kind of body, federal money, purposes."""
    of = shell(context)
    stated: dict[str, Any] = {
        "name": bounded(name, _MOST_CHARS) if name is not None else None,
        "country": _letters(country),
        "region": _letters(region),
        "organisation": _one_of(Organisation, organisation, "--organisation"),
        "federal_contracts": _yes_no(federal_contracts, "--federal-contracts"),
        "federal_grants": _yes_no(federal_grants, "--federal-grants"),
        "sensitive_site": _yes_no(sensitive_site, "--sensitive-site"),
        "critical": _yes_no(critical, "--critical"),
        "purposes": _purposes(purposes),
    }
    changes = {key: value for key, value in stated.items() if value is not None}
    with trust_store(of.ground) as store:
        found: SiteProfile = msgspec.structs.replace(store.profile(), **changes)
        if changes:
            store.set_profile(found)
    if json:
        of.screen.json(msgspec.to_builtins(found))
        return
    for key, value in msgspec.to_builtins(found).items():
        of.screen.say(f"{key.replace('_', ' ')}: {_shown(value)}")
    if any(
        value is None or value in ("", "unknown") for value in msgspec.to_builtins(found).values()
    ):
        of.screen.hint("What is not stated leaves rules open: then they 'may apply'.")


def purchase(
    context: typer.Context,
    device: Annotated[
        str | None, typer.Argument(help="Its id, address, MAC or name.", metavar="DEVICE")
    ] = None,
    bought: Annotated[str, typer.Option(help="2021-03-04, 2021-03 or 2021.")] = "",
    money: Annotated[str, typer.Option(help=", ".join(Money))] = Money.UNKNOWN.value,
    purpose: Annotated[str | None, typer.Option(help=", ".join(Purpose))] = None,
    document: Annotated[str, typer.Option(help="The paper that says so.")] = "",
    file: Annotated[
        Path | None,
        typer.Option("--from", help=f"A CSV with the columns {', '.join(_COLUMNS)}."),
    ] = None,
) -> None:
    """Note when a device was bought, with which money, for what, and which document says so."""
    of = shell(context)
    if (device is None) == (file is None):
        raise UsageError("Name one device, or a CSV with --from.")
    fleet = judge_fleet(of.ground)
    rows = (
        [dict(zip(_COLUMNS, (device or "", bought, money, purpose or "", document), strict=True))]
        if file is None
        else _rows(file)
    )
    # All are looked at before the first is kept.
    found = [_purchase(of, fleet, row) for row in rows]
    with trust_store(of.ground) as store:
        for each in found:
            store.put_purchase(each)
    of.screen.say(f"Noted for {len(found)} device{'s' if len(found) != 1 else ''}.")
    if not all(each.document for each in found):
        of.screen.hint("Without a document nothing counts as known: name the paper.")


def _rows(path: Path) -> list[dict[str, str]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            if not set(_COLUMNS) <= set(reader.fieldnames or ()):
                raise UsageError(f"{path} needs the columns {', '.join(_COLUMNS)}.")
            rows = [row for row, _ in zip(reader, range(_MOST_ROWS + 1), strict=False)]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UsageError(f"{path} cannot be read as CSV ({error}).") from error
    if len(rows) > _MOST_ROWS:
        raise UsageError(f"{path} has more than {_MOST_ROWS} rows.")
    return [{column: (row[column] or "").strip() for column in _COLUMNS} for row in rows]


def _purchase(of: Shell, fleet: Fleet, row: dict[str, str]) -> Purchase:
    if row["bought"]:
        try:
            parse_day(row["bought"])
        except ValueError as error:
            raise UsageError(f"{error}.") from None
    return Purchase(
        device=fleet.find(row["device"]).id,
        bought=row["bought"],
        money=_one_of(Money, row["money"] or Money.UNKNOWN.value, "money"),
        purpose=_one_of(Purpose, row["purpose"], "purpose") if row["purpose"] else None,
        document=bounded(row["document"], _MOST_CHARS),
        noted_ns=of.ground.clock.wall_ns(),
        noted_by=of.by,
    )


def _one_of(kinds: Any, text: str | None, name: str) -> Any:
    if text is None:
        return None
    try:
        return kinds(text.strip().lower())
    except ValueError:
        raise UsageError(f"{name} is one of {', '.join(kinds)}, not {text[:40]!r}.") from None


def _yes_no(text: str | None, name: str) -> bool | None:
    if text is None:
        return None
    if text not in ("yes", "no"):
        raise UsageError(f"{name} is yes or no, not {text[:40]!r}.")
    return text == "yes"


def _letters(text: str | None) -> str | None:
    if text is None:
        return None
    letters = text.strip().upper()
    if len(letters) != 2 or not (letters.isascii() and letters.isalpha()):
        raise UsageError(
            f"A country or region is two letters, such as US or IL, not {text[:40]!r}."
        )
    return "GB" if letters == "UK" else letters


def _purposes(text: str | None) -> tuple[Purpose, ...] | None:
    if text is None:
        return None
    return tuple(_one_of(Purpose, part, "--purposes") for part in text.split(",") if part.strip())


def _shown(value: object) -> str:
    match value:
        case None | "" | "unknown":
            return "not stated"
        case bool():
            return "yes" if value else "no"
        case list() | tuple():
            return ", ".join(str(each).replace("_", " ") for each in value) or "none"
        case _:
            return str(value).replace("_", " ")
