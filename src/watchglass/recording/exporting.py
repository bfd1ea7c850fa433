"""Evidence bundles, as far as the keeper has to do with them: notes ahead, a signature behind."""

from watchglass.model.order import BeginExport, SignExport
from watchglass.recording.desk import Desk
from watchglass.recording.keys import bundle_statement
from watchglass.recording.peoplewriter import PeopleWriter


def begin_export(desk: Desk, people: PeopleWriter, order: BeginExport) -> None:
    """Note who looks at what, and that a bundle is made of it."""
    people.note(order.looks)
    said = {"by": desk.commit_site(order.by), "reason": desk.commit_site(order.reason)}
    desk.note_site(("export_begun", {"bundle": order.bundle, **said}))


def sign_export(desk: Desk, order: SignExport) -> str:
    """The signature (hex); the line that names the manifest is durable before it leaves."""
    signature = desk.sign(bundle_statement(order.manifest))
    fields = {"bundle": order.bundle, "manifest": order.manifest}
    desk.note_site(("exported", {**fields, "by": desk.commit_site(order.by)}))
    return signature
