"""What is found out about a camera before anything of it is stored."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from watchglass.base.errors import AuthFailedError, CameraError, RefusedError
from watchglass.cameras.address import (
    CameraAddress,
    Resolver,
    check_credentials,
    resolve,
    split_url,
    system_resolver,
)
from watchglass.cameras.probe_worker import run_probe
from watchglass.cameras.substream import substream_candidates
from watchglass.model.camera import Credentials, StreamAddress
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
class AddressRules:
    """What the operator allows beyond the rules; see `cameras.address.resolve`."""

    allow: frozenset[str] = frozenset()
    own_ports: frozenset[int] = frozenset()
    resolver: Resolver = system_resolver


def probe_camera(
    url: str,
    user: str | None = None,
    password: str | None = None,
    *,
    sub_url: str | None = None,
    rules: AddressRules | None = None,
    prober: Prober = run_probe,
) -> CameraProbe:
    """Look at a camera's main stream, and find its sub-stream.

    ``user`` and ``password`` win over those in the URL. With ``sub_url`` nothing is guessed. What
    is wrong comes as ``problem``, not as an exception.
    """
    rules = rules or AddressRules()
    credentials: Credentials | None = None
    try:
        address, credentials = split_url(url)
        if user is not None:
            credentials = check_credentials(user, password or "")
        main = _look(StreamName.MAIN, address, credentials, rules, prober)
    except (CameraError, RefusedError) as error:
        return CameraProbe(None, None, credentials, error)
    urls = (sub_url,) if sub_url else substream_candidates(address.url)
    sub, problem = _find_sub(urls, main, credentials, rules, prober)
    return CameraProbe(main, sub, credentials, problem)


def _look(
    stream: StreamName,
    address: CameraAddress,
    credentials: Credentials | None,
    rules: AddressRules,
    prober: Prober,
) -> FoundStream:
    checked = resolve(address, rules.allow, own_ports=rules.own_ports, resolver=rules.resolver)
    request = ProbeRequest(
        checked.url,
        None if credentials is None else credentials.user,
        None if credentials is None else credentials.password.reveal(),
    )
    return FoundStream(StreamAddress(stream, address.url), prober(request))


def _find_sub(
    urls: Iterable[str],
    main: FoundStream,
    credentials: Credentials | None,
    rules: AddressRules,
    prober: Prober,
) -> tuple[FoundStream | None, CameraError | RefusedError | None]:
    problem: CameraError | RefusedError | None = None
    for url in urls:
        try:
            address, _ = split_url(url)
            found = _look(StreamName.SUB, address, credentials, rules, prober)
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
