"""The systemd unit of the recorder, and the account it runs under.

It is made from a template beside this module: where the program lies, where its files lie, and
which other folders it may write.
"""

import re
from collections.abc import Sequence
from pathlib import Path
from string import Template

from watchglass.base.errors import UsageError

NAME = "watchglass.service"
ACCOUNT = "watchglass"
DATA = Path("/var/lib/watchglass")

_TEMPLATE = Path(__file__).with_name("watchglass.service.in")
# What a unit file takes as it stands: no blank, quote, '%' or '$', which it would read.
_PLAIN = re.compile(r"/[A-Za-z0-9_./+@:,=-]*")

HIDDEN = frozenset({"home", "root", "tmp"})


def unit(program: Path, writable: Sequence[Path] = ()) -> str:
    """The unit; ``program`` is the command ``watchglass``. UsageError for a path it cannot name."""
    paths = [_plain(each) for each in (program, *writable)]
    if program.parts[1:2] and program.parts[1] in HIDDEN:
        raise UsageError(
            f"The service does not see {program}: homes are hidden from it. Install Watchglass "
            "elsewhere, such as in an environment under /opt."
        )
    more = "".join(f"ReadWritePaths={each}\n" for each in paths[1:])
    text = _TEMPLATE.read_text(encoding="utf-8")
    return Template(text).substitute(program=paths[0], account=ACCOUNT, writable=more)


def account() -> str:
    """The account, as systemd-sysusers makes it."""
    return f'u {ACCOUNT} - "Watchglass recorder" {DATA}\n'


def _plain(path: Path) -> str:
    text = str(path)
    if not _PLAIN.fullmatch(text) or ".." in path.parts:
        raise UsageError(
            f"'{text}' cannot stand in a unit file: give an absolute path of plain characters."
        )
    return text
