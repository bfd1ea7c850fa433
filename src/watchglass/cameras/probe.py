"""What is found out about a camera before anything of it is stored."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from watchglass.base.errors import AuthFailedError, CameraError, RefusedError
from watchglass.cameras.address import (
    AddressRules,
    check_credentials,
    is_rtsp,
    resolve,
    split_url,
)
from watchglass.cameras.kinds import kind_of
from watchglass.cameras.local import check_local, is_local
from watchglass.cameras.onvif.address import is_onvif, split_onvif, stream_address
from watchglass.cameras.onvif.found import FoundDevice, OnvifProber, find_device
from watchglass.cameras.onvif.setup_worker import run_onvif
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
    ``credentials`` are those that worked, from the URL if it held some. ``device`` is what it told
    by ONVIF, where it was asked that way.
    """

    main: FoundStream | None
    sub: FoundStream | None
    credentials: Credentials | None
    problem: CameraError | RefusedError | None
    device: FoundDevice | None = None

    @property
    def streams(self) -> tuple[StreamAddress, ...]:
        """As `model.camera.Camera` stores them."""
        return tuple(found.address for found in (self.main, self.sub) if found is not None)


@dataclass(frozen=True, slots=True)
class Way:
    """How the operator wants the camera's streams to come; see `model.camera.StreamAddress`."""

    transport: Transport = Transport.AUTO
    fingerprint: str = ""


def probe_camera(
    url: str,
    user: str | None = None,
    password: str | None = None,
    *,
    sub_url: str | None = None,
    way: Way | None = None,
    rules: AddressRules | None = None,
    prober: Prober = run_probe,
    onvif_prober: OnvifProber = run_onvif,
    source: str = "",
) -> CameraProbe:
    """Look at a camera's main stream, and find its sub-stream.

    ``user`` and ``password`` win over those in the URL. With ``sub_url`` nothing is guessed. Of an
    ONVIF device the streams are those that it tells; ``source`` names one of its pictures. What is
    wrong comes as ``problem``, not as an exception.
    """
    look = _Look(way or Way(), rules or AddressRules(), prober)
    credentials: Credentials | None = None
    if is_onvif(url):
        return _probe_device(look, url, user, password, onvif_prober, source)
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


def _probe_device(
    look: "_Look", url: str, user: str | None, password: str | None, prober: OnvifProber,
    source: str,
) -> CameraProbe:  # fmt: skip
    """Its streams are looked at as those of any other camera, before anything is believed."""
    credentials: Credentials | None = None
    device: FoundDevice | None = None
    try:
        address, credentials = split_onvif(url)
        if user is not None:
            credentials = check_credentials(user, password or "")
        device = find_device(address, credentials, look.rules, prober, source)
        chosen, host = device.chosen, address.host
        main = look.at(StreamName.MAIN, stream_address(chosen.main.url, host).url, credentials)
    except (CameraError, RefusedError) as error:
        return CameraProbe(None, None, credentials, error, device)
    if chosen.sub is None:
        problem = RefusedError(chosen.words[-1])
        return CameraProbe(main, None, credentials, problem, device)
    try:
        sub = look.at(StreamName.SUB, stream_address(chosen.sub.url, host).url, credentials)
    except (CameraError, RefusedError) as error:
        return CameraProbe(main, None, credentials, error, device)
    return CameraProbe(main, sub, credentials, None, device)


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
