"""Adding a camera: it is looked at first, and what is stored is what was found."""

import itertools
from collections.abc import Iterable
from dataclasses import replace

from watchglass.app.camera_changes import hosts_of, login_after
from watchglass.app.hosts import allowed_hosts
from watchglass.app.site import Site
from watchglass.base.errors import CameraError, RefusedError, UsageError
from watchglass.base.ids import CameraId
from watchglass.cameras.address import AddressRules, split_url
from watchglass.cameras.onvif.address import is_onvif, split_onvif
from watchglass.cameras.probe import (
    CameraProbe,
    Prober,
    Way,
    is_rtsp,
    probe_camera,
)
from watchglass.cameras.probe_worker import run_probe
from watchglass.config.settings import Settings
from watchglass.model.control import AddCameraRequest, EditCameraRequest
from watchglass.model.probe import ProbeRequest, ProbeResult
from watchglass.model.survey_control import RecordRequest
from watchglass.store.site import SiteStore


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


def record_found(settings: Settings, site: Site, request: RecordRequest) -> CameraId:
    """Look at a camera in the network, and record it with its sub-stream; raises why not."""
    found, host, allow = looked_at(settings, site, request)
    if found.main is None:
        raise found.problem or CameraError("The camera cannot be recorded, and does not say why.")
    taken = [each.name for each in site.store.cameras(with_credentials=False)]
    name = request.name or free_name(host, taken)
    return site.add_camera(request_for(found, name, request.by, allow))


def looked_at(
    settings: Settings, site: Site, request: RecordRequest
) -> tuple[CameraProbe, str, frozenset[str]]:
    """What a camera in the network is, its host, and the host again if it was allowed by name."""
    host = host_of(request.url)
    allow = frozenset({host}) if request.allow else frozenset()
    user, password = (request.user, request.password) if request.user else (None, None)
    allowed = allowed_hosts(site.store) | allow
    found = look_at(request.url, user, password, settings, allowed, source=request.source)
    return found, host, allow


def host_of(url: str) -> str:
    """Of a camera in the network; UsageError for any other address."""
    if is_onvif(url):
        return split_onvif(url)[0].host
    if is_rtsp(url):
        return split_url(url)[0].host
    raise UsageError(
        "Give the camera's address: onvif://ADDRESS, or that of its stream: rtsp://ADDRESS/PATH."
    )


def edit_found(settings: Settings, site: Site, request: EditCameraRequest) -> CameraId:
    """Change a camera; where it is reached in another way then, look at it first, if that is asked
    for. Raises why it cannot be recorded so, and changes nothing."""
    if request.look:
        look_anew(settings, site.store, request)
    return site.changes.carry_out(request)


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
