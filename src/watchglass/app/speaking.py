"""Which cameras are spoken to by ONVIF, and with which login."""

from contextlib import suppress

from watchglass.base.errors import RefusedError, WatchglassError
from watchglass.cameras.address import split_url
from watchglass.cameras.onvif.address import split_onvif
from watchglass.model.camera import Camera
from watchglass.model.steering import CameraMask, Spoken
from watchglass.store.site import SiteStore


def spoken_of(store: SiteStore) -> list[Spoken]:
    """All that can be; whether one is recorded now is not asked here."""
    found = []
    for known in store.cameras(with_credentials=False):
        if known.onvif is not None and speaks_at_its_stream(known):
            # A password that cannot be opened was told of when recording began.
            with suppress(WatchglassError):
                found.append(_spoken(store.camera(known.id), store.camera_masks(known.id)))
    return found


def speaks_at_its_stream(camera: Camera) -> bool:
    """Whether it is spoken to where its streams come from. One that was moved to another host is
    not: its password was not given for the old one."""
    if camera.onvif is None:
        return False
    try:
        host = split_onvif(camera.onvif.url)[0].host
        return any(split_url(each.url)[0].host == host for each in camera.streams)
    except RefusedError:
        return False


def _spoken(camera: Camera, masks: tuple[CameraMask, ...]) -> Spoken:
    assert camera.onvif is not None
    login, onvif = camera.credentials, camera.onvif
    return Spoken(
        camera.id, onvif.url, onvif.profile, ptz=onvif.ptz, events=onvif.events,
        user=login.user if login else "", password=login.password.reveal() if login else "",
        masks=masks,
    )  # fmt: skip
