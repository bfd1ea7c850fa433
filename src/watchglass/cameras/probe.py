"""What is found out about a camera before anything of it is stored."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from watchglass.base.errors import AuthFailedError, CameraError, RefusedError
from watchglass.cameras.address import (
    Resolver,
    check_credentials,
    resolve,
    split_url,
    system_resolver,
)
from watchglass.cameras.kinds import kind_of
from watchglass.cameras.local import check_local, is_local
from watchglass.cameras.probe_worker import run_probe
from watchglass.cameras.substream import substream_candidates
from watchglass.model.camera import Credentials, StreamAddress, Transport
from watchglass.model.probe import ProbeRequest, ProbeResult
from watchglass.model.stream import StreamName

Prober = Callable[[ProbeRequest], ProbeResult]


@dataclass(frozen=True, slots=True)
class FoundStream:
    """A stream that answered: where, and what it is."""

    address: StreamAddress
    result: ProbeResult


@dataclass(frozen=True, slots=True)
class CameraProbe:
    """What `probe_camera` found.

    ``main`` is None when the camera cannot be added, and then ``problem`` says why. With a main
    stream ``problem`` is a remark: there is no sub-stream, or one that is too much like the main.
    ``credentials`` are those that worked, from the URL if it held some.
    """

    main: FoundStream | None
    sub: FoundStream | None
    credentials: Credentials | None
    problem: CameraError | RefusedError | None

    @property
    def streams(self) -> tuple[StreamAddress, ...]:
        """As `model.camera.Camera` stores them."""
        return tuple(found.address for found in (self.main, self.sub) if found is not None)


@dataclass(frozen=True, slots=True)
class Way:
    """How the operator wants the camera's streams to come; see `model.camera.StreamAddress`."""

    transport: Transport = Transport.AUTO
    fingerprint: str = ""


@dataclass(frozen=True, slots=True)
class AddressRules:
    """What the operator allows beyond the rules; see `cameras.address.resolve`."""

    allow: frozenset[str] = frozenset()
    own_ports: frozenset[int] = frozenset()
    resolver: Resolver = system_resolver
    folder: str = ""
    """Where files that are played have to lie."""


def probe_camera(
    url: str,
    user: str | None = None,
    password: str | None = None,
    *,
    sub_url: str | None = None,
    way: Way | None = None,
    rules: AddressRules | None = None,
    prober: Prober = run_probe,
) -> CameraProbe:
    """Look at a camera's main stream, and find its sub-stream.

    ``user`` and ``password`` win over those in the URL. With ``sub_url`` nothing is guessed. What
    is wrong comes as ``problem``, not as an exception.
    """
    look = _Look(way or Way(), rules or AddressRules(), prober)
    credentials: Credentials | None = None
    try:
        if is_rtsp(url):
            address, credentials = split_url(url)
            url = address.url
        if user is not None:
            credentials = check_credentials(user, password or "")
        main = look.at(StreamName.MAIN, url, credentials)
    except (CameraError, RefusedError) as error:
        return CameraProbe(None, None, credentials, error)
    guesses = substream_candidates(url) if is_rtsp(url) else ()
    urls = (sub_url,) if sub_url else guesses
    sub, problem = _find_sub(look, urls, main, credentials)
    return CameraProbe(main, sub, credentials, problem)


def is_rtsp(url: str) -> bool:
    """Whether an address is that of a camera in the network."""
    return url[:8].lower().startswith(("rtsp:", "rtsps:"))


@dataclass(frozen=True, slots=True)
class _Look:
    way: Way
    rules: AddressRules
    prober: Prober

    def at(self, stream: StreamName, url: str, credentials: Credentials | None) -> FoundStream:
        rules, way = self.rules, self.way
        if not is_rtsp(url):
            kind_of(url)
            if is_local(url):
                check_local(url, rules.folder)
            request = ProbeRequest(url, folder=rules.folder)
            return FoundStream(StreamAddress(stream, url), self.prober(request))
        address, _ = split_url(url)
        checked = resolve(address, rules.allow, own_ports=rules.own_ports, resolver=rules.resolver)
        request = ProbeRequest(
            checked.url,
            None if credentials is None else credentials.user,
            None if credentials is None else credentials.password.reveal(),
            name=checked.host,
            transport=way.transport,
            fingerprint=way.fingerprint,
        )
        stored = StreamAddress(
            stream, address.url, transport=way.transport, fingerprint=way.fingerprint
        )
        return FoundStream(stored, self.prober(request))


def _find_sub(
    look: _Look, urls: Iterable[str], main: FoundStream, credentials: Credentials | None
) -> tuple[FoundStream | None, CameraError | RefusedError | None]:
    problem: CameraError | RefusedError | None = None
    for url in urls:
        try:
            found = look.at(StreamName.SUB, url, credentials)
        except AuthFailedError as error:
            # More guesses with a refused password would lock the account in many cameras.
            return None, error
        except (CameraError, RefusedError) as error:
            problem = problem or error
            continue
        if _is_smaller(found.result, main.result):
            return found, None
        problem = problem or RefusedError(
            "The second stream is as large as the first: set a small one, such as 640×360, in the"
            " camera, so that live view and analysis cost little."
        )
    return None, problem


def _is_smaller(sub: ProbeResult, main: ProbeResult) -> bool:
    return sub.width * sub.height < main.width * main.height or (
        0 < sub.bit_rate < main.bit_rate // 2
    )
