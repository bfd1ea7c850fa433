"""Reads an inventory: CSV with a head, in whatever words people gave its columns."""

import csv
import ipaddress
import re

from watchglass.cameras.imports.row import MOST_ROWS, Imported, ImportFailedError, Row
from watchglass.cameras.survey.seen import MOST_VALUE_CHARS, Fact

_COLUMNS: dict[str, str] = {
    "address": "address|ip|ip address|ipv4|ip-adresse|adresse|host ip",
    "mac": "mac|mac address|mac-adresse|hardware address|physical address|ethernet",
    "host_name": "host|hostname|host name|dns name|fqdn",
    "label": "brand|label|make|vendor|manufacturer|marke|hersteller|maker",
    "model": "model|model number|modell|type|product|part number|typ|artikel",
    "serial": "serial|serial number|serial no|sn|s/n|seriennummer",
    "firmware": "firmware|firmware version|version|software version",
    "name": "name|camera|camera name|device|device name|asset|asset tag|kamera|bezeichnung",
    "place": "location|place|building|room|site|standort|ort|gebäude|raum|school|schule",
    "switch_port": "switch port|switchport|port on switch|uplink",
}
_BY_WORD = {word: column for column, words in _COLUMNS.items() for word in words.split("|")}
_MAC = re.compile(r"(?:[0-9A-Fa-f]{2}[:.\- ]?){5}[0-9A-Fa-f]{2}")


def read_inventory(text: str) -> Imported:
    """A row for each line that names an address or a MAC. ImportFailedError."""
    lines = text.splitlines()
    head = next((line for line in lines if line.strip()), "")
    delimiter = max(",;\t|", key=head.count)
    # Its quotes may span lines, so it reads the whole and not the list of lines.
    reader = csv.reader(iter(text.splitlines(keepends=True)), delimiter=delimiter)
    try:
        columns = _columns(next((row for row in reader if any(row)), []))
        rows: list[Row] = []
        passed_over = 0
        for cells in reader:
            row = _row(columns, cells)
            if row is None:
                passed_over += any(cell.strip() for cell in cells)
            elif len(rows) < MOST_ROWS:
                rows.append(row)
    except csv.Error as error:
        raise ImportFailedError(
            f"Line {reader.line_num} of this file is no CSV ({error})."
        ) from None
    return Imported(tuple(rows), passed_over)


def _columns(head: list[str]) -> dict[int, str]:
    named = {
        at: _BY_WORD[word]
        for at, cell in enumerate(head)
        if (word := " ".join(cell.strip("\ufeff ").lower().replace("_", " ").split())) in _BY_WORD
    }
    if not {"address", "mac"} & set(named.values()):
        raise ImportFailedError(
            "The first line of this file names no column for addresses: call one 'ip' or 'mac'."
        )
    return named


def _row(columns: dict[int, str], cells: list[str]) -> Row | None:
    address = mac = ""
    told = []
    for at, column in columns.items():
        value = cells[at].strip()[:MOST_VALUE_CHARS] if at < len(cells) else ""
        match column:
            case _ if not value:
                continue
            case "address":
                address = address or _address(value)
            case "mac" if _MAC.fullmatch(value):
                mac = mac or value
                told.append(Fact("mac", value))
            case "mac":
                continue
            case _:
                told.append(Fact(column, value))
    return Row(tuple(told), address, mac) if address or mac else None


def _address(value: str) -> str:
    try:
        return str(ipaddress.ip_address(value))
    except ValueError:
        return ""
