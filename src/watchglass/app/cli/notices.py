"""``watchglass notices``: what somebody should know, and how it leaves the recorder."""

import getpass
import secrets
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from watchglass.app.cli.camera_changes import parse_span
from watchglass.app.cli.moments import shown_time
from watchglass.app.cli.noting import note
from watchglass.app.cli.screen import AMBER, Cell, Column
from watchglass.app.cli.shell import Shell, shell
from watchglass.app.notice_ways import change_way
from watchglass.base.errors import UsageError
from watchglass.base.ids import NoticeId
from watchglass.model.act import ActKind
from watchglass.model.control import Accepted
from watchglass.model.notice import Notice, NoticeKind, NoticeWay, WayStatus
from watchglass.model.notice_control import (
    DropWayRequest,
    NoticeRequest,
    SetWayRequest,
    TryWayRequest,
)
from watchglass.model.notice_way import (
    AppriseSettings,
    MailSettings,
    MailTls,
    MqttSettings,
    PluginSettings,
    Quiet,
    WebhookSettings,
    way_of,
)
from watchglass.store.notices import NoticeStore
from watchglass.store.vault import Vault

_ASK_S = 30.0
group = typer.Typer(help="What somebody should know, and how it is told.", no_args_is_help=False)

AsJson = Annotated[bool, typer.Option("--json", help="As JSON.")]
Kinds = Annotated[
    list[NoticeKind] | None, typer.Option("--only", help="Only these kinds; may be repeated.")
]
Pictures = Annotated[
    bool, typer.Option("--pictures", help="What rules found goes with a picture, masks drawn.")
]
QuietSpans = Annotated[
    list[str] | None,
    typer.Option(
        "--quiet", metavar="SPAN",
        help="When only what is urgent leaves: 'mon-fri 22:00-06:00'; may be repeated.",
    ),
]  # fmt: skip
QuietZone = Annotated[
    str, typer.Option("--quiet-zone", help="By the clock of which place: Europe/Vienna.")
]
Allow = Annotated[
    bool, typer.Option("--allow", help="Let its host in although it is refused by default.")
]


@group.command("list")
def list_notices(context: typer.Context, json: AsJson = False) -> None:
    """Show the notices, newest first, and how the ways of telling them do."""
    of = shell(context)
    with _store(of) as store:
        found = store.notices(100)
        ways = {way: store.status(way) for way in NoticeWay if store.way(way) is not None}
    if json:
        of.screen.json([_json(each) for each in found])
        return
    now_ns = of.ground.clock.wall_ns()
    if not found:
        of.screen.say("No notice yet. A camera that stops, or a disk that fills up, makes one.")
    else:
        of.screen.table(
            (Column("Since"), Column("Until"), Column("What", wraps=True), Column("Seen by")),
            [
                (
                    shown_time(each.at_ns, now_ns),
                    shown_time(each.ended_ns, now_ns) if each.ended_ns is not None else "–",
                    Cell(each.sentence, AMBER if each.ended_ns is None else ""),
                    each.acknowledged_by or "–",
                )
                for each in found
            ],
        )
    for way, status in ways.items():
        of.screen.say(f"By {way}: {_status(status, now_ns)}")
    if not ways:
        of.screen.hint(
            "They leave this machine by mail, webhook, MQTT or apprise, once one is set up:"
        )
        of.screen.command(of.command("notices --help"))


def _status(status: WayStatus, now_ns: int) -> str:
    told = "nothing sent yet"
    if status.sent_ns is not None:
        told = f"last sent {shown_time(status.sent_ns, now_ns)}"
    if status.error and status.failed_ns is not None:
        told += f"; failed {shown_time(status.failed_ns, now_ns)}: {status.error}"
    return told + (f" {status.waiting} waiting." if status.waiting else "")


@group.command("ack")
def ack(
    context: typer.Context,
    notice: Annotated[str, typer.Argument(help="Its id, from 'notices list --json'; or 'all'.")],
) -> None:
    """Say that a notice was seen."""
    of = shell(context)
    id = None if notice == "all" else NoticeId(notice)
    with _store(of) as store:
        count = store.acknowledge(id, of.by, of.ground.clock.wall_ns())
    of.screen.say(f"{count} seen.")


@group.command("webhook")
def webhook(
    context: typer.Context,
    url: Annotated[str, typer.Argument(help="https://HOST/PATH; or 'off'.")],
    only: Kinds = None,
    allow: Allow = False,
    keep_secret: Annotated[
        bool, typer.Option("--keep-secret", help="Sign with the secret that is there.")
    ] = False,
    pictures: Pictures = False,
    quiet: QuietSpans = None,
    quiet_zone: QuietZone = "UTC",
) -> None:
    """Have notices sent to a web server, signed; the secret is shown once."""
    of = shell(context)
    if url == "off":
        _change(of, DropWayRequest(NoticeWay.WEBHOOK, of.by))
        of.screen.say("Nothing is sent by webhook any more.")
        return
    secret = None if keep_secret else secrets.token_urlsafe(32)
    settings = WebhookSettings(
        url, tuple(only or ()), allow, _quiet(quiet, quiet_zone), pictures
    )  # fmt: skip
    _change(of, SetWayRequest(settings, secret, of.by))
    of.screen.say("Notices are sent there from now on.")
    if secret is not None:
        of.screen.say(f"The secret they are signed with, shown this once: {secret}")


@group.command("mail")
def mail(
    context: typer.Context,
    host: Annotated[str, typer.Argument(help="The mail server; or 'off'.")],
    to: Annotated[list[str] | None, typer.Option("--to", help="May be repeated.")] = None,
    sender: Annotated[str, typer.Option("--from", help="From which address.")] = "",
    tls: Annotated[MailTls, typer.Option("--tls", help="How it is encrypted.")] = MailTls.STARTTLS,
    port: Annotated[int | None, typer.Option(help="465 for tls, 587 for starttls.")] = None,
    user: Annotated[str, typer.Option(help="The password is asked for.")] = "",
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read the password from standard input.")
    ] = False,
    daily: Annotated[
        str, typer.Option("--daily", metavar="HH:MM", help="Two lines a day at that time.")
    ] = "",
    zone: Annotated[str, typer.Option(help="By the clock of which place.")] = "UTC",
    only: Kinds = None,
    allow: Allow = False,
    pictures: Pictures = False,
    quiet: QuietSpans = None,
    quiet_zone: QuietZone = "",
) -> None:
    """Have notices sent by mail, and two lines a day if wanted."""
    of = shell(context)
    if host == "off":
        _change(of, DropWayRequest(NoticeWay.MAIL, of.by))
        of.screen.say("Nothing is sent by mail any more.")
        return
    usual = {MailTls.TLS: 465, MailTls.STARTTLS: 587, MailTls.NONE: 25}[tls]
    settings = MailSettings(
        host, port or usual, tls, sender, tuple(to or ()), user, tuple(only or ()), allow,
        _minute(daily) if daily else None, zone, _quiet(quiet, quiet_zone or zone), pictures,
    )  # fmt: skip
    _change(of, SetWayRequest(settings, _password(of, user, password_stdin), of.by))
    of.screen.say("Notices are sent by mail from now on. Try it:")
    of.screen.command(of.command("notices try mail"))


@group.command("mqtt")
def mqtt(
    context: typer.Context,
    host: Annotated[str, typer.Argument(help="The broker; or 'off'.")],
    plain: Annotated[bool, typer.Option("--plain", help="Not encrypted.")] = False,
    port: Annotated[int | None, typer.Option(help="8883, or 1883 with --plain.")] = None,
    user: Annotated[str, typer.Option(help="The password is asked for.")] = "",
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read the password from standard input.")
    ] = False,
    prefix: Annotated[str, typer.Option(help="What topics begin with.")] = "watchglass",
    discovery: Annotated[
        str, typer.Option(help="Where Home Assistant looks; '' to tell it nothing.")
    ] = "homeassistant",
    only: Kinds = None,
    allow: Allow = False,
    pictures: Pictures = False,
    quiet: QuietSpans = None,
    quiet_zone: QuietZone = "UTC",
) -> None:
    """Have an MQTT broker told of cameras and events, and Home Assistant find them there."""
    of = shell(context)
    if host == "off":
        _change(of, DropWayRequest(NoticeWay.MQTT, of.by))
        of.screen.say("No broker is told anything any more.")
        return
    settings = MqttSettings(
        host, port or (1883 if plain else 8883), not plain, user, prefix, discovery, "",
        tuple(only or ()), allow, _quiet(quiet, quiet_zone), pictures,
    )  # fmt: skip
    _change(of, SetWayRequest(settings, _password(of, user, password_stdin), of.by))
    of.screen.say("The broker is told from now on. Try it:")
    of.screen.command(of.command("notices try mqtt"))


@group.command("apprise")
def by_apprise(
    context: typer.Context,
    off: Annotated[bool, typer.Option("--off", help="Send nothing so any more.")] = False,
    keep: Annotated[bool, typer.Option("--keep", help="To the services that are stored.")] = False,
    only: Kinds = None,
    allow: Allow = False,
    pictures: Pictures = False,
    quiet: QuietSpans = None,
    quiet_zone: QuietZone = "UTC",
) -> None:
    """Have notices sent by services that apprise knows: their addresses, one a line, are read from
    standard input, because they hold passwords."""
    of = shell(context)
    if off:
        _change(of, DropWayRequest(NoticeWay.APPRISE, of.by))
        of.screen.say("Nothing is sent by apprise any more.")
        return
    if not keep and of.screen.live:
        of.screen.say("The addresses, one a line; an empty line ends them:")
    addresses = None if keep else "\n".join(iter(lambda: sys.stdin.readline().strip(), ""))
    settings = AppriseSettings((), tuple(only or ()), allow, _quiet(quiet, quiet_zone), pictures)
    _change(of, SetWayRequest(settings, addresses, of.by))
    of.screen.say("Notices are sent there from now on. Try it:")
    of.screen.command(of.command("notices try apprise"))


@group.command("plugin")
def plugin(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="Of a plug-in that is installed; or 'off'.")],
    keep: Annotated[bool, typer.Option("--keep", help="With the settings stored.")] = False,
    host: Annotated[
        list[str] | None, typer.Option("--allow", help="A host to let in; may be repeated.")
    ] = None,
    only: Kinds = None,
    pictures: Pictures = False,
    quiet: QuietSpans = None,
    quiet_zone: QuietZone = "UTC",
) -> None:
    """Have notices sent by a plug-in; its settings are read from standard input, as JSON."""
    of = shell(context)
    if name == "off":
        _change(of, DropWayRequest(NoticeWay.PLUGIN, of.by))
        of.screen.say("Nothing is sent by a plug-in any more.")
        return
    settings = PluginSettings(
        name, tuple(host or ()), tuple(only or ()), _quiet(quiet, quiet_zone), pictures
    )  # fmt: skip
    _change(of, SetWayRequest(settings, None if keep else sys.stdin.read().strip(), of.by))
    of.screen.say("Notices are sent there from now on. Try it:")
    of.screen.command(of.command("notices try plugin"))


def _quiet(spans: list[str] | None, zone: str) -> Quiet:
    return Quiet(zone, tuple(map(parse_span, spans or ())))


def _password(of: Shell, user: str, from_stdin: bool) -> str | None:
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    if not user or not of.screen.live:
        return None
    return getpass.getpass(f"Password of {user}; empty for the one that is stored: ") or None


def _minute(text: str) -> int:
    hour, _, minute = text.partition(":")
    if not (hour.isdecimal() and minute.isdecimal() and int(hour) < 24 and int(minute) < 60):
        raise UsageError(f"{text[:20]!r} is no time of the day: write 07:30.")
    return 60 * int(hour) + int(minute)


@group.command("try")
def try_way(context: typer.Context, way: NoticeWay) -> None:
    """Send a notice that says it is a try; 'notices list' says how it went."""
    of = shell(context)
    _change(of, TryWayRequest(way, of.by))
    of.screen.say("A try is on its way. How it went:")
    of.screen.command(of.command("notices list"))


def _change(of: Shell, request: NoticeRequest) -> None:
    match request:
        case SetWayRequest():
            pictures = ", with pictures" if request.settings.picture else ""
            note(of, ActKind.SETTING_CHANGED, f"notices by {way_of(request.settings)}{pictures}")
        case DropWayRequest():
            note(of, ActKind.SETTING_CHANGED, f"no notices by {request.way} any more")
        case TryWayRequest():
            pass
    if of.is_running:
        reply = of.ask(request, _ASK_S)
        assert isinstance(reply, Accepted)
        return
    with _store(of) as store:
        change_way(store, request, of.ground.clock.wall_ns())


@contextmanager
def _store(of: Shell) -> Iterator[NoticeStore]:
    with of.store():
        on = of.ground
        store = NoticeStore(on.layout.site_db, Vault(on.layout.vault_key, on.disk), on.disk)
        try:
            yield store
        finally:
            store.close()


def _json(notice: Notice) -> dict[str, object]:
    return {
        "id": notice.id, "kind": notice.kind.value, "about": notice.about,
        "sentence": notice.sentence, "at_ns": notice.at_ns, "ended_ns": notice.ended_ns,
        "acknowledged_by": notice.acknowledged_by or None,
    }  # fmt: skip
