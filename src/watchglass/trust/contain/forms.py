"""All forms of containment, by name."""

import csv
import io
from collections.abc import Callable

from watchglass.trust.contain.nftables import nftables
from watchglass.trust.contain.plan import ContainForm, ContainPlan
from watchglass.trust.contain.routers import mikrotik, opnsense
from watchglass.trust.report.twins import cell

FILE_NAMES = {
    ContainForm.NFTABLES: "cameras.nft", ContainForm.MIKROTIK: "cameras.rsc",
    ContainForm.OPNSENSE: "cameras.xml", ContainForm.PORTS: "cameras-by-port.csv",
}  # fmt: skip


def contained_text(plan: ContainPlan, form: ContainForm) -> str:
    """The rules, or the list, as text."""
    return _FORMS[form](plan)


def _ports(plan: ContainPlan) -> str:
    """A row for each port of a switch: what hangs there, for who moves it to another network."""
    rows = sorted(
        (port, " / ".join(each.places), each.shown, " ".join(each.macs),
         " ".join(each.addresses[:1]), each.origin_name or "unknown")
        for each in plan.devices for port in (each.switch_ports or ("not known",))
    )  # fmt: skip
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(("switch_port", "place", "device", "mac", "address", "origin"))
    writer.writerows([cell(each) for each in row] for row in rows)
    return out.getvalue()


_FORMS: dict[ContainForm, Callable[[ContainPlan], str]] = {
    ContainForm.NFTABLES: nftables, ContainForm.MIKROTIK: mikrotik,
    ContainForm.OPNSENSE: opnsense, ContainForm.PORTS: _ports,
}  # fmt: skip
