"""Which notifier a way is by: ours, and those of plug-ins in the group ``watchglass.notifier``.

A plug-in names an object such as `NotifierKind` in the entry-point group, under its own name, and
runs `events.notifier_suite` on what it makes.
"""

from importlib.metadata import entry_points

import msgspec

from watchglass.base.secret import Secret
from watchglass.events.mailing import Mailing
from watchglass.events.webhook import Webhook
from watchglass.model.notice_way import (
    AppriseSettings,
    MailSettings,
    PluginSettings,
    WaySettings,
    WebhookSettings,
)
from watchglass.model.notifier import Connect, Notifier, NotifierKind, NotTakenError

GROUP = "watchglass.notifier"


def notifier(
    settings: WaySettings, secret: Secret | None, connect: Connect, timeout_s: float
) -> Notifier:
    """Who sends by this way; NotTakenError where nobody does."""
    match settings:
        case WebhookSettings():
            return Webhook(settings, secret, connect, timeout_s)
        case MailSettings():
            return Mailing(settings, secret, connect, timeout_s)
        case AppriseSettings():
            # A large library, and only this way pays for it.
            from watchglass.events.by_apprise import ByApprise

            return ByApprise(secret, timeout_s)
        case PluginSettings():
            return _plugged_in(settings.name, secret, connect, timeout_s)
        case _:
            raise NotTakenError("Nothing is sent by this way here.")


def plugins() -> list[str]:
    """The names of those that are installed; none of them is loaded."""
    return sorted({each.name for each in entry_points(group=GROUP)})


def _plugged_in(
    name: str, secret: Secret | None, connect: Connect, timeout_s: float
) -> Notifier:  # fmt: skip
    found = [each for each in entry_points(group=GROUP) if each.name == name]
    if len(found) != 1:
        raise NotTakenError(
            f"No plug-in for notices has the name {name[:60]}: install it beside Watchglass."
            if not found
            else f"Several plug-ins for notices have the name {name[:60]}: remove all but one."
        )
    kind: NotifierKind = found[0].load()
    try:
        settings = msgspec.json.decode(secret.reveal() if secret else "{}", type=kind.settings)
    except msgspec.MsgspecError:
        # What was expected may quote what was given, and that is a secret.
        raise NotTakenError(f"The settings given for {name[:60]} are not what it takes.") from None
    return kind.make(settings, connect, timeout_s)
