"""Makes collectors: one file each, with a one-time secret, out of the scan's own code."""

import io
import zipfile
from importlib.resources import files

from watchglass.cameras.survey.bundle import Errand, write_errand

_MAIN = '''"""A collector of Watchglass: python3 FILE [NETWORK ...]"""

import pkgutil
import sys

if sys.version_info < (3, 8):
    sys.exit("This needs Python 3.8 or newer.")

from survey.bundle import read_errand
from survey.collector import run

sys.exit(run(read_errand(pkgutil.get_data("survey", "errand.json"))))
'''
_FIXED = (1980, 1, 1, 0, 0, 0)


def collector_file(errand: Errand) -> bytes:
    """A zipapp that any Python 3.8 runs, the same bytes for the same errand."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        members = {"__main__.py": _MAIN.encode()}
        for each in files("watchglass.cameras.survey").iterdir():
            if each.name.endswith(".py"):
                members[f"survey/{each.name}"] = each.read_bytes()
        members["survey/errand.json"] = write_errand(errand)
        for name in sorted(members):
            archive.writestr(zipfile.ZipInfo(name, _FIXED), members[name])
    return b"#!/usr/bin/env python3\n" + packed.getvalue()
