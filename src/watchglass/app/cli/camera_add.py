"""``watchglass camera add`` and ``probe``: look at a camera before anything of it is stored."""

import getpass
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Annotated, Any

import typer

from watchglass.app.adding import free_name, look_at, request_for
from watchglass.app.cli.screen import Screen
from watchglass.app.cli.shell import Shell, shell
from watchglass.app.words import rate_words
from watchglass.base.errors import (
    AuthFailedError,
    CameraError,
    CertificateError,
    NotFoundError,
    RefusedError,
    UsageError,
)
from watchglass.base.ids import CameraId, is_id
from watchglass.cameras.address import is_rtsp, split_url
from watchglass.cameras.kinds import kind_of
from watchglass.cameras.local import is_local, local_name
from watchglass.cameras.onvif.address import is_onvif, split_onvif
from watchglass.cameras.onvif.found import FoundDevice
from watchglass.cameras.probe import CameraProbe, FoundStream, Way
from watchglass.model.camera import Credentials, Transport
from watchglass.model.control import AddCameraRequest
from watchglass.model.fingerprint import read_fingerprint
from watchglass.store.site import PREFIX_LEAST
from watchglass.store.site_input import clean_name

_FIRST_PICTURE_S = 20.0
_LOOK_EVERY_S = 0.3

Url = Annotated[
    str,
    typer.Argument(metavar="URL", help="onvif://ADDRESS, rtsp://ADDRESS/PATH, v4l2:///dev/video0."),
]
User = Annotated[str | None, typer.Option(help="User name; the password is asked for.")]
PasswordStdin = Annotated[
    bool, typer.Option("--password-stdin", help="Read the password from standard input.")
]
Sub = Annotated[str | None, typer.Option(help="Address of its sub-stream; guessed otherwise.")]
NoSub = Annotated[bool, typer.Option("--no-sub", help="Leave its sub-stream alone.")]
Allow = Annotated[
    bool,
    typer.Option("--allow", help="Let this host in although its address is refused by default."),
]
Over = Annotated[
    Transport,
    typer.Option(
        "--transport", help="How it sends: auto takes the first of tcp, udp and http that it does."
    ),
]
Fingerprint = Annotated[
    str | None,
    typer.Option(help="Of its key (rtsps://): trust this one. Otherwise it is shown and asked."),
]
Source = Annotated[
    str, typer.Option(help="Which of its pictures, of an ONVIF device that has several.")
]
AllSources = Annotated[
    bool,
    typer.Option(
        "--all-sources", help="Each of its pictures, of an ONVIF device that has several."
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="As JSON.")]


def add(
    context: typer.Context,
    url: Url,
    name: Annotated[str | None, typer.Option(help="What to call it; its host otherwise.")] = None,
    user: User = None,
    password_stdin: PasswordStdin = False,
    sub: Sub = None,
    no_sub: NoSub = False,
    allow: Allow = False,
    as_: Annotated[
        str, typer.Option("--as", metavar="ID", help="Go on with a camera that has a ledger.")
    ] = "",
    transport: Over = Transport.AUTO,
    fingerprint: Fingerprint = None,
    source: Source = "",
    all_sources: AllSources = False,
    json: AsJson = False,
) -> None:
    """Look at a camera and record it from now on, with or without a running recorder."""
    of = shell(context)
    if all_sources and (source or as_ or not is_onvif(url)):
        raise UsageError(
            "--all-sources is for ONVIF devices (onvif://ADDRESS), without --source and --as."
        )
    as_id = _known_id(of, as_) if as_ else ""
    wanted = Wanted(url, sub, no_sub, source, way_of(transport, fingerprint))
    look = Look(of, wanted, user, allow)
    # What can be said at once is said before the camera is looked at.
    name = clean_name(name) if name is not None else None
    of.check_folder()
    found = look.found(password_stdin)
    first = _add(of, look, found, name, as_id, quiet=json)
    others, refused = _add_others(of, look, first, quiet=json) if all_sources else ([], [])
    if json:
        shown = first.json()
        if all_sources:
            shown |= {"others": [each.json() for each in others], "refused": refused}
        of.screen.json(shown)
    else:
        look.tell_allowed()
        for each in (first, *others):
            each.tell(of)
    if refused:
        raise CameraError(
            f"{len(refused)} of its pictures could not be added: {'; '.join(refused)} What came "
            "before is recorded."
        )


@dataclass(frozen=True, slots=True)
class _Added:
    """A camera that is kept from now on. ``running``: the recorder is."""

    id: CameraId
    name: str
    found: CameraProbe
    running: bool
    recording: bool

    def json(self) -> dict[str, Any]:
        shown = {"id": self.id, "name": self.name, "recording": self.recording}
        return shown | probe_json(self.found)

    def tell(self, of: Shell) -> None:
        named = f"{self.name} ({self.id[:8]})"
        if self.recording:
            of.screen.say(f"{named} is added, and recording has begun.")
        elif self.running:
            of.screen.say(f"{named} is added; its first picture is still awaited.")
            of.screen.command(of.command("camera list"))
        else:
            of.screen.say(f"{named} is added. Recording begins with:")
            of.screen.command(of.command("serve"))


def _add(
    of: Shell, look: "Look", found: CameraProbe, name: str | None, as_id: str, *, quiet: bool
) -> _Added:
    if not quiet:
        show_probe(of.screen, found)
    camera, running = of.carry_out(_request(of, look, found, name, as_id))
    recording = running and began(of, camera, quiet=quiet)
    return _Added(camera, of.find_camera(camera).name, found, running, recording)


def _add_others(
    of: Shell, look: "Look", first: _Added, *, quiet: bool
) -> tuple[list[_Added], list[str]]:
    """The device's other pictures, each called by its source; and why some could not be added."""
    added: list[_Added] = []
    refused: list[str] = []
    device = first.found.device
    for choice in device.choices if device is not None else ():
        if device is None or choice is device.chosen:
            continue
        try:
            found = look.of_source(choice.source)
            name = clean_name(f"{first.name} {choice.source}")
            added.append(_add(of, look, found, name, "", quiet=quiet))
        except (CameraError, RefusedError) as error:
            refused.append(f"{choice.source}: {error.sentence}")
    return added, refused


def probe(
    context: typer.Context,
    url: Url,
    user: User = None,
    password_stdin: PasswordStdin = False,
    sub: Sub = None,
    no_sub: NoSub = False,
    allow: Allow = False,
    transport: Over = Transport.AUTO,
    fingerprint: Fingerprint = None,
    source: Source = "",
    json: AsJson = False,
) -> None:
    """Look at a camera without adding it."""
    of = shell(context)
    wanted = Wanted(url, sub, no_sub, source, way_of(transport, fingerprint))
    found = Look(of, wanted, user, allow).found(password_stdin)
    if json:
        of.screen.json(probe_json(found))
    else:
        show_probe(of.screen, found)


def way_of(transport: Transport, fingerprint: str | None) -> Way:
    if fingerprint is None:
        return Way(transport)
    known = read_fingerprint(fingerprint)
    if known is None:
        raise UsageError("A fingerprint looks like SHA256: and 43 characters, as it was shown.")
    return Way(transport, known)


def _local_name(url: str) -> str:
    """What a camera that is not in the network may be called; RefusedError for no address."""
    kind_of(url)
    return local_name(url) if is_local(url) else "camera"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be looked at, as the operator said it."""

    url: str
    sub: str | None
    no_sub: bool
    source: str
    way: Way

    def __post_init__(self) -> None:
        if self.sub is not None and self.no_sub:
            raise UsageError("Give --sub or --no-sub, not both.")
        if is_onvif(self.url) and self.sub is not None:
            raise UsageError("An ONVIF device tells its sub-stream itself: leave --sub out.")
        if self.source and not is_onvif(self.url):
            raise UsageError("--source is for ONVIF devices: onvif://ADDRESS.")

    def hosts(self) -> Iterator[tuple[str, Credentials | None]]:
        """Each host of the network in it, with the login in its address."""
        for each in (self.url, self.sub or ""):
            if is_onvif(each):
                address, login = split_onvif(each)
                yield address.host, login
            elif is_rtsp(each):
                address, login = split_url(each)
                yield address.host, login


class Look:
    """A look at a camera, with what the operator said of it."""

    def __init__(self, of: Shell, wanted: Wanted, user: str | None, allow: bool) -> None:
        self._of, self._wanted, self._user, self._way = of, wanted, user, wanted.way
        hosts = list(wanted.hosts())
        in_url = next((login for _, login in hosts if login is not None), None)
        network = is_rtsp(wanted.url) or is_onvif(wanted.url)
        self.host = hosts[0][0] if network else _local_name(wanted.url)
        self._known = in_url is not None or user is not None
        self._secret: str | None = None
        self.allow = frozenset(host for host, _ in hosts) if allow else frozenset()
        if in_url is not None and in_url.password.reveal():
            of.screen.remark(
                "The password in the address stays in the history of your shell: next time leave "
                "it out and it is asked for."
            )

    def found(self, password_stdin: bool) -> CameraProbe:
        """What the camera is; raises what is wrong with it."""
        password = self._secret = self._password(password_stdin)
        result = self._trusted(password)
        asked = isinstance(result.problem, AuthFailedError) and not self._known
        if asked and self._of.screen.live and not password_stdin:
            self._of.screen.say("The camera asks for a user name and a password.")
            self._user = input("User name: ")
            self._secret = getpass.getpass("Password (not shown): ")
            result = self._probed(self._secret)
        if result.main is None:
            raise self._explained(result.problem)
        return result

    def of_source(self, source: str) -> CameraProbe:
        """Another picture of the device that was found, with the same login."""
        self._wanted = replace(self._wanted, source=source)
        result = self._probed(self._secret)
        if result.main is None:
            raise self._explained(result.problem)
        return result

    def _trusted(self, password: str | None) -> CameraProbe:
        """A look, and another if somebody says that the key it showed is the camera's."""
        result = self._probed(password)
        unknown, screen = result.problem, self._of.screen
        if not (isinstance(unknown, CertificateError) and screen.live and result.main is None):
            return result
        if self._way.fingerprint:
            return result
        screen.say("The camera has made its own certificate, which proves nothing by itself.")
        screen.say(f"Its key: {unknown.fingerprint}")
        if not screen.confirm("Is this the camera's key? It is the only one trusted from now on."):
            return result
        self._way = replace(self._way, fingerprint=unknown.fingerprint)
        return self._probed(password)

    def tell_allowed(self) -> None:
        if self.allow:
            hosts = " and ".join(sorted(self.allow))
            self._of.screen.say(
                f"{hosts} is allowed as a camera's address here from now on. (By default the "
                "recorder goes to no address of this machine, of groups or of clouds' metadata.)"
            )

    def _password(self, from_stdin: bool) -> str | None:
        if from_stdin:
            if self._user is None:
                raise UsageError("A password needs a user name: --user NAME.")
            return sys.stdin.readline().rstrip("\r\n")
        if self._user is None:
            return None
        if not sys.stdin.isatty():
            raise UsageError(
                "Nobody can be asked for the password here: give it on standard input with "
                "--password-stdin."
            )
        return getpass.getpass(f"Password of {self._user!r} (not shown): ")

    def _probed(self, password: str | None) -> CameraProbe:
        with self._of.screen.working(f"looking at {self.host}"):
            wanted = self._wanted
            return look_at(
                wanted.url, self._user, password, self._of.settings,
                self._site_allows() | self.allow, way=self._way, sub=wanted.sub,
                no_sub=wanted.no_sub, source=wanted.source,
            )  # fmt: skip

    def _site_allows(self) -> frozenset[str]:
        from watchglass.app.hosts import allowed_hosts

        try:
            with self._of.store() as store:
                return allowed_hosts(store)
        except NotFoundError:
            return frozenset()

    def _explained(self, problem: CameraError | RefusedError | None) -> Exception:
        if problem is None:
            return CameraError("The camera cannot be recorded, and does not say why.")
        if isinstance(problem, RefusedError) and "allow it by name" in problem.sentence:
            return RefusedError(f"{problem.sentence.rstrip('.')} (--allow).")
        if (
            isinstance(problem, CertificateError)
            and problem.fingerprint
            and not self._way.fingerprint
        ):
            return CertificateError(
                f"{problem.sentence.rstrip('.')}: --fingerprint {problem.fingerprint}.",
                problem.fingerprint,
            )
        if isinstance(problem, AuthFailedError) and self._user is None and not self._known:
            return AuthFailedError(
                "The camera asks for a user name and a password: give --user NAME, and the "
                "password is asked for."
            )
        return problem


def _request(
    of: Shell, look: Look, found: CameraProbe, name: str | None, as_id: str
) -> AddCameraRequest:
    called = name if name is not None else _free_name(of, look.host)
    return request_for(found, called, of.by, look.allow, as_id)


def _known_id(of: Shell, text: str) -> str:
    """The id of a camera that has a ledger, by its first digits."""
    found = [path.name for path in of.ground.layout.ledgers.glob("*") if is_id(path.name)]
    meant = [name for name in found if len(text) >= PREFIX_LEAST and name.startswith(text.lower())]
    if len(meant) != 1:
        raise NotFoundError(f"No ledger, or more than one, is of a camera {text[:40]!r}.")
    return meant[0]


def _free_name(of: Shell, host: str) -> str:
    try:
        with of.store() as store:
            taken = {each.name for each in store.cameras(with_credentials=False)}
    except NotFoundError:
        taken = set()
    return free_name(host, taken)


def began(of: Shell, camera: CameraId, *, quiet: bool) -> bool:
    """Wait for the first picture on disk; whether it came."""
    until_s = time.monotonic() + _FIRST_PICTURE_S
    with of.screen.working("waiting for the first picture on disk"), of.index() as index:
        while time.monotonic() < until_s:
            with index.read() as reader:
                if any(file.camera == camera and file.length for file in reader.open_files()):
                    return True
            time.sleep(_LOOK_EVERY_S)
    return False


# --- shown ----------------------------------------------------------------------------------------


def show_probe(screen: Screen, found: CameraProbe) -> None:
    """What the camera is, a line for each stream."""
    assert found.main is not None
    if found.device is not None:
        screen.say(found.device.identity)
        for sentence in found.device.words:
            screen.hint(sentence)
    screen.say(f"Main stream: {stream_words(found.main)}")
    if found.sub is not None:
        screen.say(f"Sub-stream:  {stream_words(found.sub)}")
    if found.problem is not None:
        screen.remark(f"No sub-stream is recorded. {found.problem.sentence}")
    sounds = found.main.result.sounds
    if sounds:
        screen.hint(f"It offers sound ({', '.join(sounds)}), which is not kept unless switched on.")


def stream_words(found: FoundStream) -> str:
    """'h264 1280×720, 15 fps, a key frame each 1.0 s, 2.1 Mb/s'."""
    seen = found.result
    pieces = [f"{seen.codec} {seen.width}×{seen.height}"]
    if seen.fps is not None:
        pieces.append(f"{seen.fps:.3g} fps")
    if seen.gop_s is not None:
        pieces.append(f"a key frame each {seen.gop_s:.1f} s")
    else:
        pieces.append(f"less than two key frames in {seen.seconds:.0f} s")
    if seen.transport is not Transport.TCP:
        pieces.append(f"over {seen.transport.upper()}")
    return ", ".join([*pieces, rate_words(seen.bit_rate)])


def probe_json(found: CameraProbe) -> dict[str, Any]:
    """What was found, for programs; keys stay as they are."""
    return {
        "streams": [
            {
                "stream": each.address.stream.value, "url": each.address.url,
                "codec": each.result.codec, "width": each.result.width,
                "height": each.result.height, "fps": each.result.fps, "gop_s": each.result.gop_s,
                "bit_rate": each.result.bit_rate, "sounds": list(each.result.sounds),
                "session_name": each.result.session_name, "transport": each.result.transport.value,
                "fingerprint": each.address.fingerprint or None,
            }
            for each in (found.main, found.sub)
            if each is not None
        ],
        "remark": found.problem.sentence if found.problem is not None else None,
        "device": _device_json(found.device) if found.device is not None else None,
    }  # fmt: skip


def _device_json(device: FoundDevice) -> dict[str, Any]:
    told = device.result
    return {
        "address": device.address.url, "manufacturer": told.manufacturer, "model": told.model,
        "firmware": told.firmware, "serial": told.serial, "clock_offset_s": told.clock_offset_s,
        "ptz": told.ptz, "events": told.events,
        "sources": [each.source for each in device.choices], "words": list(device.words),
        "profiles": [
            {
                "token": each.token, "name": each.name, "codec": each.codec, "width": each.width,
                "height": each.height, "fps": each.fps, "source": each.source,
            }
            for each in told.profiles
        ],
    }  # fmt: skip
