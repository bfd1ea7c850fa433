"""What a device is for, by what it says of itself."""

import re
from collections.abc import Iterable, Sequence

from watchglass.model.device import DeviceKind
from watchglass.model.observation import Observation, Signal, Source
from watchglass.trust.contact import Contact
from watchglass.trust.evidence import scope_values

_MODELS = (
    (DeviceKind.DOOR_STATION, r"^(DHI?-)?(VTO|VTH|VTS)|^i?DS-K[DHVB]\d"),
    (DeviceKind.ACCESS_TERMINAL, r"^i?DS-K\d|^(DHI?-)?AS[ABCIR]\d"),
    (DeviceKind.ENCODER, r"^i?DS-6\d{3}|^(DHI?-)?NVS\d|encoder"),
    (DeviceKind.RECORDER, r"^i?DS-[789A]\d|^(DHI?-)?(NVR|XVR|DVR|HCVR)|\b(NVR|DVR|XVR|recorder)\b"),
    (DeviceKind.CAMERA, r"^i?DS-2(CD|DE|DF|TD|SE|XS)|^(DHI?-)?(IPC|SD\d|TPC|HAC)|\b(camera|IPC)\b"),
)
_TYPES = (
    (DeviceKind.DOOR_STATION, r"door ?(station|phone)|intercom|\bVTO\b"),
    (DeviceKind.ACCESS_TERMINAL, r"access ?(control|terminal)|face ?terminal|\bACS\b"),
    (DeviceKind.ENCODER, r"encoder|\bNVS\b"),
    (DeviceKind.RECORDER, r"\b(NVR|DVR|XVR|HVR|recorder|NetworkVideoStorage)\b"),
    (DeviceKind.CAMERA, r"\b(camera|IPC|IPCamera|IPDome|webcam|SpeedDome)\b"),
)
# Cameras announce the type video_encoder as well: it tells nothing.
_SCOPES = ((DeviceKind.RECORDER, r"/type/(NetworkVideoStorage|Network_Video_Storage)"),)
_BANNERS = ((DeviceKind.RECORDER, r"^(DNVRS|DVRDVS)-Webs|H264DVR"),)


def kind_of(contacts: Sequence[Contact]) -> DeviceKind:
    """The kind of a device; UNKNOWN when nothing tells."""
    if any(contact.is_channel for contact in contacts):
        return DeviceKind.CAMERA
    seen = [each for contact in contacts for each in contact.observations]
    if any(each.source is Source.OWN_CAMERA for each in seen):
        return DeviceKind.CAMERA
    models = [text for each in contacts for text, _ in scope_values(each, Signal.MODEL)]
    return (
        _first(_TYPES, _values(seen, Signal.DEVICE_TYPE))
        or _first(_MODELS, models)
        or _first(_BANNERS, _values(seen, Signal.SERVER))
        or (DeviceKind.RECORDER if _has_channels(seen) else None)
        or _first(_SCOPES, _values(seen, Signal.ONVIF_SCOPE))
        or _first(_TYPES, _values(seen, Signal.SERVICE))
        or DeviceKind.UNKNOWN
    )


def _values(seen: Iterable[Observation], *signals: Signal) -> list[str]:
    return sorted({each.value for each in seen if each.signal in signals})


def _first(table: Sequence[tuple[DeviceKind, str]], texts: Iterable[str]) -> DeviceKind | None:
    shown = list(texts)
    for kind, pattern in table:
        if any(re.search(pattern, text, re.IGNORECASE) for text in shown):
            return kind
    return None


def _has_channels(seen: Iterable[Observation]) -> bool:
    return any(each.isdigit() and 1 < int(each) < 1000 for each in _values(seen, Signal.CHANNELS))
