"""Many cameras from a table: each row is looked at and recorded, or its fault is told.

The table may come from anybody: it is bounded, and what is in it is judged as what a person types.
Again with the same table does no harm: a camera that is there is left as it is.
"""

import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from watchglass.base.errors import RefusedError, UsageError
from watchglass.base.secret import Secret
from watchglass.cameras.address import check_credentials, split_url
from watchglass.cameras.host import host_of
from watchglass.cameras.onvif.address import is_onvif, split_onvif
from watchglass.model.camera import Camera
from watchglass.store.site_input import clean_name

MOST_BYTES = 4 << 20
MOST_ROWS = 5000
_MOST_CHARS = 1024
_COLUMNS = {
    "address": "address", "url": "address", "host": "address", "ip": "address",
    "name": "name", "camera": "name", "user": "user", "username": "user",
    "password": "password", "source": "source",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Row:
    """A row that has sense; ``line`` is its number in the file. The password never prints."""

    line: int
    url: str
    name: str
    user: str
    password: Secret | None = field(repr=False)
    source: str = ""


@dataclass(frozen=True, slots=True)
class Fault:
    """A row that has none, and why."""

    line: int
    address: str
    sentence: str


def read_table(data: bytes) -> list[Row | Fault]:
    """The rows of a CSV file, in order; UsageError for a file that is none.

    The first line names the columns: ``address`` is needed; ``name``, ``user``, ``password`` and
    ``source`` are by choice, others are passed over. Commas or semicolons; UTF-8.
    """
    if len(data) > MOST_BYTES:
        raise UsageError(f"The file has more than {MOST_BYTES >> 20} MB: split it.")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UsageError("The file is not UTF-8: save it as 'CSV UTF-8'.") from None
    first_line = text.partition("\n")[0]
    comma = ";" if first_line.count(";") > first_line.count(",") else ","
    reader = csv.reader(io.StringIO(text), delimiter=comma)
    try:
        columns = [_COLUMNS.get(each.strip().lower(), "") for each in next(reader, [])]
        if "address" not in columns:
            raise UsageError(
                "The first line of the file names its columns, and one of them is 'address':"
                " address,name,user,password."
            )
        return list(_rows(reader, columns))
    except csv.Error as error:
        raise UsageError(f"The file is no table of comma-separated values ({error}).") from None


def _rows(reader: Iterable[list[str]], columns: list[str]) -> Iterator[Row | Fault]:
    seen: dict[str, int] = {}
    for count, cells in enumerate(reader):
        line = getattr(reader, "line_num", count + 2)
        if not any(cell.strip() for cell in cells):
            continue
        if count >= MOST_ROWS:
            raise UsageError(f"The file has more than {MOST_ROWS} rows: split it.")
        told: dict[str, str] = {}
        for name, cell in zip(columns, cells, strict=False):
            told.setdefault(name, cell if name == "password" else cell.strip())
        address = told.get("address", "")
        try:
            row = _row(line, told)
        except (RefusedError, UsageError) as error:
            yield Fault(line, printable(address), error.sentence)
            continue
        key = f"{row.url} {row.source}"
        if key in seen:
            yield Fault(line, printable(address), f"It is the same camera as line {seen[key]}.")
            continue
        seen[key] = line
        yield row


def _row(line: int, told: dict[str, str]) -> Row:
    address = told.get("address", "")
    if any(len(each) > _MOST_CHARS for each in told.values()):
        raise UsageError(f"A cell has at most {_MOST_CHARS} characters.")
    if not address:
        raise UsageError("It has no address.")
    url = address if "://" in address else f"onvif://{address}"
    host_of(url)
    if (split_onvif(url) if is_onvif(url) else split_url(url))[1] is not None:
        raise UsageError("Put user name and password into columns of their own.")
    user, password = told.get("user", ""), told.get("password", "")
    if password and not user:
        raise UsageError("A password needs a user name.")
    check_credentials(user, password)
    name = clean_name(told["name"]) if told.get("name") else ""
    return Row(
        line, url, name, user, Secret(password) if password else None, told.get("source", "")
    )


def printable(text: str) -> str:
    """A cell as it may be shown: one line, bounded."""
    return "".join(each if each.isprintable() else "?" for each in text[:80])


def is_there(row: Row, cameras: Iterable[Camera]) -> Camera | None:
    """The camera that a row means, where it is set up already."""
    if is_onvif(row.url):
        wanted = split_onvif(row.url)[0].url
        known = [(each, each.onvif.url if each.onvif is not None else "") for each in cameras]
    else:
        wanted = split_url(row.url)[0].url
        known = [(each, stream.url) for each in cameras for stream in each.streams]
    if row.source:
        return next((each for each, url in known if url == wanted and each.name == row.name), None)
    return next((each for each, url in known if url == wanted), None)


def login_of(row: Row, user: str, password: str) -> tuple[str, str]:
    """What a row is looked at with: its own password, or the one that is given for all."""
    if row.password is not None:
        return row.user, row.password.reveal()
    if user and row.user in ("", user):
        return user, password
    return row.user, ""
