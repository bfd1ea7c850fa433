"""What is signed besides heads: evidence bundles (noted ahead, too), receipts, provenance."""

from watchglass.model.order import BeginExport, SignExport, SignStatement
from watchglass.recording.desk import Desk
from watchglass.recording.keys import bundle_statement, statement_bytes
from watchglass.recording.peoplewriter import PeopleWriter


def begin_export(desk: Desk, people: PeopleWriter, order: BeginExport) -> None:
    """Note who looks at what, and that a bundle is made of it."""
    people.note(order.looks)
    said = {"by": desk.commit_site(order.by), "reason": desk.commit_site(order.reason)}
    desk.note_site(("export_begun", {"bundle": order.bundle, **said}))


def signed(desk: Desk, order: SignExport | SignStatement) -> str:
    """The signature (hex) that was ordered."""
    return _export(desk, order) if isinstance(order, SignExport) else _statement(desk, order)


def _export(desk: Desk, order: SignExport) -> str:
    """The signature (hex); the line that names the manifest is durable before it leaves."""
    signature = desk.sign(bundle_statement(order.manifest))
    fields = {"bundle": order.bundle, "manifest": order.manifest}
    desk.note_site(("exported", {**fields, "by": desk.commit_site(order.by)}))
    return signature


def _statement(desk: Desk, order: SignStatement) -> str:
    """The signature (hex) of a receipt, or of what tells where a redacted copy comes from."""
    signature = desk.sign(statement_bytes(order.kind.value, order.sha256))
    fields = {"kind": order.kind.value, "about": order.about, "sha256": order.sha256}
    desk.note_site(("statement_signed", {**fields, "by": desk.commit_site(order.by)}))
    return signature
