"""Changes from the command line that have no line of their own: in the site's log, as those from
the page are."""

from watchglass.app.cli.shell import Shell
from watchglass.base.errors import WatchglassError
from watchglass.base.ids import ActId, random_id
from watchglass.model.act import MOST_DETAIL, Act, ActKind
from watchglass.model.control import NoteRequest


def note(of: Shell, kind: ActKind, detail: str) -> None:
    """Somebody is about to do this. Where it cannot be written down, that is said, and it may be
    done all the same: this is how somebody gets in again, also while the disk is full."""
    act = Act(
        ActId(random_id()), of.by, kind, of.ground.clock.wall_ns(), None, detail[:MOST_DETAIL]
    )
    try:
        of.order_note(NoteRequest((act,)))
    except WatchglassError as error:
        of.screen.remark(f"The log does not have it: {error.sentence}")
