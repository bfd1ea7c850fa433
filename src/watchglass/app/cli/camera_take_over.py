"""``watchglass camera take-over``: what a Hikvision or Dahua device was set to."""

import getpass
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from watchglass.app.cli.camera_changes import span_words
from watchglass.app.cli.screen import AMBER, Column
from watchglass.app.cli.shell import Shell, shell
from watchglass.app.hosts import allowed_hosts
from watchglass.app.take_over import (
    order_of_device,
    order_of_files,
    pauses_as_there,
    put_onto,
    recorded_from,
    request_for_channel,
)
from watchglass.app.words import count_words
from watchglass.base.errors import AuthFailedError, NotFoundError, UsageError, WatchglassError
from watchglass.base.ids import CameraId
from watchglass.cameras.settings_worker import run_settings
from watchglass.model.camera import Camera
from watchglass.model.control import ScheduleRequest
from watchglass.model.schedule import zone_of
from watchglass.model.settings_import import TakenChannel, TakenSettings

_SHOWN = 40


def take_over(
    context: typer.Context,
    source: Annotated[
        str, typer.Argument(metavar="HOST|FOLDER", help="A device, or documents it gave.")
    ],
    maker: Annotated[str, typer.Option(help="hikvision, dahua.")] = "hikvision",
    user: Annotated[str | None, typer.Option(help="User name; the password is asked for.")] = None,
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read the password from standard input.")
    ] = False,
    port: Annotated[int, typer.Option(help="Of its web server.", min=1, max=65535)] = 80,
    onto: Annotated[
        list[str] | None,
        typer.Option(metavar="CHANNEL=CAMERA", help="Draw a channel's areas on this camera."),
    ] = None,
    add: Annotated[
        bool, typer.Option("--add", help="Record its channels, each with its name and areas.")
    ] = False,
    allow: Annotated[
        bool, typer.Option("--allow", help="Let this host in although it is refused by default.")
    ] = False,
    pauses: Annotated[
        str,
        typer.Option(
            metavar="ZONE",
            help="Accept weekly pauses for when it was not recorded there, by this place's clock: "
            "Europe/Vienna.",
        ),
    ] = "",
    json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Read channels, names, schedules, motion areas, line and field rules; tell what is left.

    Without --add and --onto nothing is changed.
    """
    of = shell(context)
    place = Path(source)
    hosts = frozenset({source}) if allow else frozenset()
    if place.exists():
        if add:
            raise UsageError("Files hold no camera to record: name the device's host to --add.")
        password = ""
        order = order_of_files(maker, place)
    else:
        password = _password(user, password_stdin)
        order = order_of_device(maker, source, port, user or "", password, _known(of)[1] | hosts)
    with of.screen.working(f"reading the settings of {source}"):
        found = run_settings(order)
    if pauses:
        zone_of(pauses)
    done = _put(of, found, onto or [], pauses)
    if add:
        of.check_folder()
        done += _add(of, found, source, user, password, hosts, pauses)
    if json:
        of.screen.json(msgspec.to_builtins(found) | {"done": done})
        return
    _show(of, found)
    for each in done:
        of.screen.say(each)


def _known(of: Shell) -> tuple[Sequence[Camera], frozenset[str]]:
    """The cameras, and the hosts that were let in; none while nothing is set up."""
    try:
        with of.store() as store:
            return store.cameras(with_credentials=False), allowed_hosts(store)
    except NotFoundError:
        return (), frozenset()


def _password(user: str | None, from_stdin: bool) -> str:
    if user is None:
        raise UsageError("A device tells its settings to who signs in: --user NAME.")
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    if not sys.stdin.isatty():
        raise UsageError("Nobody can be asked here: give the password with --password-stdin.")
    return getpass.getpass(f"Password of {user!r} (not shown): ")


def _put(of: Shell, found: TakenSettings, onto: list[str], pauses: str) -> list[str]:
    channels = {each.number: each for each in found.channels}
    meant: list[tuple[TakenChannel, CameraId, str]] = []
    for each in onto:
        number, equal, camera = each.partition("=")
        if not (equal and number.isdecimal() and int(number) in channels):
            raise UsageError(f"{each[:40]!r} names no channel: write 3=Hall.")
        known = of.find_camera(camera)
        meant.append((channels[int(number)], known.id, known.name))
    return [
        f"{name}: {_drawn(of, camera, channel)} with rules{_paused(of, camera, channel, pauses)}."
        for channel, camera, name in meant
    ]


def _drawn(of: Shell, camera: CameraId, channel: TakenChannel) -> str:
    with of.store() as store:
        there = store.areas(camera)
    count = put_onto(camera, channel, of.by, of.order, there)
    left = len(channel.areas) - count
    return count_words(count, "area") + (f" ({left} drawn before)" if left else "")


def _paused(of: Shell, camera: CameraId, channel: TakenChannel, zone: str) -> str:
    """What is said of its pauses; nothing where none were asked for."""
    if not zone:
        return ""
    with of.store() as store:
        entry = store.schedules().get(camera)
    try:
        made = pauses_as_there(channel, zone, entry.schedule if entry is not None else None)
    except WatchglassError as error:
        return f"; no pauses: {error.sentence.rstrip('.')}"
    of.order(ScheduleRequest(camera, made, of.by))
    return f"; pauses {'; '.join(map(span_words, made.spans))}"


def _add(
    of: Shell, found: TakenSettings, host: str, user: str | None, password: str,
    hosts: frozenset[str], pauses: str,
) -> list[str]:  # fmt: skip
    done = []
    for channel in found.channels:
        what = f"Channel {channel.number}"
        try:
            cameras, allowed = _known(of)
            known = recorded_from(cameras, host, channel)
            if known is not None:
                done.append(f"{what} is recorded already, as {known.name}: --onto draws there.")
                continue
            request = request_for_channel(
                of.settings, cameras, host, channel, (user or "", password), allowed | hosts, of.by
            )
            camera, _ = of.carry_out(request)
            drawn = _drawn(of, camera, channel)
            paused = _paused(of, camera, channel, pauses)
            done.append(f"{request.name} is added, with {drawn}{paused}.")
        except WatchglassError as error:
            done.append(f"{what} is not added: {error.sentence}")
            if isinstance(error, AuthFailedError):
                # Devices lock out who is refused again and again.
                done.append("The other channels were not tried.")
                break
    return done


def _show(of: Shell, found: TakenSettings) -> None:
    of.screen.say(
        f"{found.device or 'The device'}: {count_words(len(found.channels), 'channel')}, "
        f"{sum(each.count for each in found.carried)} settings carried over, "
        f"{sum(each.count for each in found.left)} left."
    )
    of.screen.table(
        (Column("Channel", right=True), Column("Name"), Column("Areas and rules", wraps=True),
         Column("Not recorded there", wraps=True)),
        [
            (str(each.number), each.name, ", ".join(_area(area) for area in each.areas) or "none",
             "; ".join(map(span_words, each.pauses)))
            for each in found.channels
        ],
    )  # fmt: skip
    if any(each.pauses for each in found.channels):
        of.screen.say(
            "Here a camera is recorded always, unless it pauses: --pauses Europe/Vienna accepts "
            "those of the last column."
        )
    whys: dict[str, list[Any]] = {}
    for left in found.left:
        whys.setdefault(left.why, []).append(left)
    of.screen.say("Not carried over:", AMBER if whys else "")
    for why, settings in sorted(whys.items(), key=lambda each: -len(each[1])):
        names = list(dict.fromkeys(each.setting for each in settings))
        more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
        of.screen.say(f"{why} {', '.join(names[:_SHOWN])}{more}")


def _area(area: Any) -> str:
    return f"{area.name} ({area.rule.value}{'' if area.enabled else ', off'})"
