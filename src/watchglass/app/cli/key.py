"""``watchglass key``: the key that signs what was recorded: shown, changed, withdrawn."""

from typing import Annotated

import typer

from watchglass.app.cli.moments import parse_moment, shown_time
from watchglass.app.cli.screen import AMBER, Cell, Column
from watchglass.app.cli.shell import Shell, shell
from watchglass.base.errors import NotFoundError, UsageError
from watchglass.model.control import RevokeKeyRequest, RotateKeyRequest
from watchglass.recording.keychange import REVOKED
from watchglass.recording.keys import fingerprint_of
from watchglass.recording.ledger import Ledger

group = typer.Typer(help="The key that signs what was recorded.", no_args_is_help=True)

Reason = Annotated[str, typer.Option("--reason", help="Why; it goes into the ledgers.")]
_LEAST_DIGITS = 6


@group.command("show")
def show(
    context: typer.Context, json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False
) -> None:
    """Show the fingerprint to tell others, and the keys of before."""
    of = shell(context)
    found = _history(of)
    if json:
        of.screen.json(found)
        return
    now_ns = of.ground.clock.wall_ns()
    of.screen.table(
        (Column("Fingerprint", wraps=True), Column("Since"), Column("Vouched for"),
         Column("Revoked as of")),
        [
            (
                str(each["fingerprint"]),
                shown_time(int(str(each["since"])), now_ns),
                "by the one before" if each["vouched"] else "–",
                Cell(shown_time(int(str(each["revoked"])), now_ns), AMBER)
                if each["revoked"]
                else "–",
            )
            for each in found
        ],
    )  # fmt: skip
    of.screen.hint(
        "The last one signs. Tell it to whoever gets evidence by another way than the evidence."
    )


@group.command("rotate")
def rotate(context: typer.Context, reason: Reason = "") -> None:
    """Sign with a new key from now on. The one before vouches for it, and is destroyed."""
    of = shell(context)
    of.order(RotateKeyRequest(of.by, reason))
    of.screen.say(f"Signed from now on with {_history(of)[-1]['fingerprint']}.")
    of.screen.hint("Evidence of before still verifies; tell others the new fingerprint.")


@group.command("revoke")
def revoke(
    context: typer.Context,
    key: Annotated[str, typer.Argument(help="The first digits of its fingerprint.")],
    since: Annotated[str, typer.Option("--since", help="From when it may be in other hands.")],
    reason: Reason = "",
) -> None:
    """Say that a key of before may have been in other hands: it vouches for nothing any more.

    What it signed since then is told apart in evidence. Rotate first, if it is the one of now.
    """
    of = shell(context)
    digits = key.lower()
    found = [each for each in _history(of) if str(each["fingerprint"]).startswith(digits)]
    if len(digits) < _LEAST_DIGITS or len(found) != 1:
        raise UsageError(
            f"Give {_LEAST_DIGITS} digits or more of one of the fingerprints that 'key show' lists."
        )
    since_ns = parse_moment(since, of.ground.clock.wall_ns()).ns
    id_ = str(found[0]["fingerprint"])[:16]
    of.order(RevokeKeyRequest(id_, since_ns, of.by, reason))
    of.screen.say(f"{found[0]['fingerprint']} is revoked.")
    of.screen.hint("Tell whoever knows it: evidence that somebody else makes with it looks good.")


def _history(of: Shell) -> list[dict[str, object]]:
    """The keys as the site's ledger names them, the one of now last."""
    found: dict[str, dict[str, object]] = {}
    for line in Ledger.read_lines(of.ground.layout.ledgers / "site"):
        if line.type == "key":
            key = line.text("key")
            found.pop(key, None)
            found[key] = {
                "fingerprint": fingerprint_of(line.text("public_key")), "since": str(line.t),
                "vouched": "vouch" in line.fields, "revoked": None,
            }  # fmt: skip
        elif line.type == REVOKED and line.text("key") in found:
            found[line.text("key")]["revoked"] = line.text("since")
    if not found:
        raise NotFoundError("There is no key yet: it is made when the recorder starts.")
    return list(found.values())
