"""All forms of containment, by name."""

import csv
import io
from collections.abc import Callable

from watchglass.trust.contain.nftables import nftables
from watchglass.trust.contain.plan import ContainPlan, Form
from watchglass.trust.contain.routers import mikrotik, opnsense
from watchglass.trust.report.twins import cell

FILE_NAMES = {
    Form.NFTABLES: "cameras.nft", Form.MIKROTIK: "cameras.rsc", Form.OPNSENSE: "cameras.xml",
    Form.PORTS: "cameras-by-port.csv",
}  # fmt: skip


def contained_text(plan: ContainPlan, form: Form) -> str:
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


_FORMS: dict[Form, Callable[[ContainPlan], str]] = {
    Form.NFTABLES: nftables, Form.MIKROTIK: mikrotik, Form.OPNSENSE: opnsense, Form.PORTS: _ports,
}  # fmt: skip
