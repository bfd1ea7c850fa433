"""Adding a camera: it is looked at first, and what is stored is what was found."""

import itertools
import threading
from collections.abc import Iterable
from dataclasses import replace

from watchglass.app.camera_changes import hosts_of, login_after
from watchglass.app.hosts import allowed_hosts
from watchglass.app.site import Site
from watchglass.base.errors import (
    AuthFailedError,
    CameraError,
    RefusedError,
    StreamInvalidError,
    UsageError,
)
from watchglass.base.ids import CameraId
from watchglass.cameras.address import AddressRules, is_rtsp, split_url
from watchglass.cameras.host import host_of
from watchglass.cameras.onvif.address import is_onvif
from watchglass.cameras.probe import (
    CameraProbe,
    Prober,
    Way,
    probe_camera,
)
from watchglass.cameras.probe_worker import run_probe
from watchglass.config.settings import Settings
from watchglass.model.control import Accepted, AddCameraRequest, EditCameraRequest
from watchglass.model.probe import ProbeRequest, ProbeResult
from watchglass.model.survey_control import RecordRequest
from watchglass.store.site import SiteStore

_ADDING = threading.Lock()
"""Several are looked at at once; a name and an address are taken by one of them."""


def look_at(
    url: str,
    user: str | None,
    password: str | None,
    settings: Settings,
    allow: frozenset[str],
    *,
    way: Way | None = None,
    sub: str | None = None,
    no_sub: bool = False,
    source: str = "",
) -> CameraProbe:
    """What the camera is, by processes of their own. ``allow``: hosts beyond the settings'."""
    found = probe_camera(
        url, user, password, sub_url=sub, way=way,
        rules=AddressRules(settings.allow | allow, folder=str(settings.sources or "")),
        prober=_first_only() if no_sub else run_probe, source=source,
    )  # fmt: skip
    return replace(found, problem=None) if found.main is not None and no_sub else found


def request_for(
    found: CameraProbe, name: str, by: str, allow: Iterable[str] = (), as_id: str = ""
) -> AddCameraRequest:
    """What adds it. ``found`` has a main stream."""
    assert found.main is not None
    login, device = found.credentials, found.device
    return AddCameraRequest(
        name,
        tuple((each.stream, each.url) for each in found.streams),
        login.user if login else "",
        login.password.reveal() if login else "",
        device.identity if device else found.main.result.session_name,
        by,
        tuple(sorted(allow)),
        as_id,
        found.main.address.transport,
        found.main.address.fingerprint,
        device.stored if device else None,
    )


def record_found(settings: Settings, site: Site, request: RecordRequest) -> Accepted:
    """Look at a camera in the network, and record it with its sub-stream; raises why not. One that
    is recorded is left as it is."""
    known = _recorded(site, (request.url, *request.others))
    if known is not None:
        return Accepted(known, already=True)
    found, host, allow = looked_at(settings, site, request)
    if found.main is None:
        raise found.problem or CameraError("The camera cannot be recorded, and does not say why.")
    with _ADDING:
        known = _recorded(site, (found.main.address.url,))
        if known is not None:
            return Accepted(known, already=True)
        taken = [each.name for each in site.store.cameras(with_credentials=False)]
        name = free_name(request.name or host, taken)
        device = found.device
        others = (
            tuple(each.source for each in device.choices if each is not device.chosen)
            if device
            else ()
        )
        return Accepted(
            site.add_camera(request_for(found, name, request.by, allow)), sources=others
        )


def _recorded(site: Site, urls: Iterable[str]) -> CameraId | None:
    """The camera that has its main stream at one of these addresses already."""
    wanted = {_place(url) for url in urls if is_rtsp(url)}
    return next(
        (
            each.id for each in site.store.cameras(with_credentials=False)
            if each.streams and is_rtsp(each.streams[0].url)
            and _place(each.streams[0].url) in wanted
        ),
        None,
    )  # fmt: skip


def _place(url: str) -> tuple[str, int, str]:
    address = split_url(url)[0]
    return address.host, address.port, address.tail


def looked_at(
    settings: Settings, site: Site, request: RecordRequest
) -> tuple[CameraProbe, str, frozenset[str]]:
    """What a camera in the network is, its host, and the host again if it was allowed by name.

    Its other addresses are looked at in turn while there is nothing at the one before.
    """
    urls = tuple(dict.fromkeys((request.url, *request.others)))
    host = host_of(request.url)
    if any(host_of(url) != host for url in urls):
        raise UsageError("Give addresses of one camera: they name several hosts.")
    allow = frozenset({host}) if request.allow else frozenset()
    user, password = (request.user, request.password) if request.user else (None, None)
    allowed = allowed_hosts(site.store) | allow
    way = Way(fingerprint=request.fingerprint)
    first: CameraProbe | None = None
    for url in urls:
        found = look_at(url, user, password, settings, allowed, way=way, source=request.source)
        if found.main is not None:
            return found, host, allow
        first = first or found
        if not _is_elsewhere(url, found):
            return found, host, allow
    assert first is not None
    return first, host, allow


def _is_elsewhere(url: str, found: CameraProbe) -> bool:
    """Whether another address may help: a path was wrong, or the device speaks no ONVIF. A password
    that is refused must not be tried again: many cameras lock out who is refused twice."""
    if is_onvif(url):
        return not isinstance(found.problem, AuthFailedError | RefusedError)
    return isinstance(found.problem, StreamInvalidError)


def edit_found(settings: Settings, site: Site, request: EditCameraRequest) -> CameraId:
    """Change a camera; where it is reached in another way then, look at it first, if that is asked
    for. Raises why it cannot be recorded so, and changes nothing."""
    if request.look:
        look_anew(settings, site.store, request)
    camera = site.carry_out(request)
    assert camera is not None
    return camera


def look_anew(settings: Settings, store: SiteStore, request: EditCameraRequest) -> None:
    """Look at a camera as it would be reached after a change; raises why it cannot be recorded."""
    if not request.reaches_anew:
        return
    camera = store.find_camera(request.camera)
    login = login_after(camera, request)
    asked = dict(request.streams)
    hosts = allowed_hosts(store) | hosts_of(request)
    for each in camera.streams:
        url = asked.get(each.stream, each.url)
        key = each.fingerprint if url == each.url else ""
        found = look_at(
            url, login.user if login else None, login.password.reveal() if login else None,
            settings, hosts, way=Way(request.transport or each.transport, key), no_sub=True,
        )  # fmt: skip
        if found.main is None:
            raise found.problem or CameraError("The camera cannot be recorded so.")


def free_name(wanted: str, taken: Iterable[str]) -> str:
    """``wanted``, or with the first number behind it that makes it nobody else's."""
    others = set(taken)
    names = itertools.chain([wanted], (f"{wanted}-{number}" for number in itertools.count(2)))
    return next(name for name in names if name not in others)


def _first_only() -> Prober:
    """A prober that looks at one stream: to guess at others would only take time."""
    looked: list[ProbeRequest] = []

    def prober(request: ProbeRequest) -> ProbeResult:
        if looked:
            raise RefusedError("It was asked for by nobody.")
        looked.append(request)
        return run_probe(request)

    return prober
