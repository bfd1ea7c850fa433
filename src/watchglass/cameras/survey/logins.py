"""What a device tells to somebody who may log in: its own words on itself, and its channels.

A login is tried where a device speaks digest, once, and never again after a refusal: devices lock
out who tries too often. Passwords that a recorder's settings hold are not kept.
"""

from __future__ import annotations

import re
from datetime import datetime, timezone
from typing import Callable, Dict, List, NamedTuple, Optional, Tuple

from . import questions
from .connections import Connections, NoConnectionError
from .digest import answer_challenge, ws_security
from .http_reading import MOST_HEAD_BYTES, Response, WholeAnswer, read_response
from .seen import Fact, Facts, facts, text
from .xml_reading import MOST_BYTES, Element, XmlError, read_xml

_MOST_CHANNELS = 256


class Login(NamedTuple):
    """``addresses`` empty: for all. Never printed."""

    user: str
    password: str
    addresses: Tuple[str, ...] = ()

    def __repr__(self) -> str:
        return "Login(…)"

    def opens(self, address: str) -> bool:
        return not self.addresses or address in self.addresses


class Inside(NamedTuple):
    """``source`` is the door. ``refused``: the login was not taken."""

    source: str
    facts: Facts
    refused: bool = False


class LoginDoor:
    """One device, one login, one port."""

    def __init__(
        self, ask: Connections, address: str, login: Login, *, secure: bool,
        wall_s: Callable[[], float],
    ) -> None:  # fmt: skip
        self._ask = ask
        self._address = address
        self._login = login
        self._secure = secure
        self._port = 443 if secure else 80
        self._wall_s = wall_s
        self._refused = False

    async def look(self) -> List[Inside]:
        """Hikvision's way, Dahua's, ONVIF's: the first that is known there."""
        found = await self._isapi()
        if not found and not self._refused:
            found = await self._dahua()
        if not found and not self._refused:
            found = await self._onvif()
        if self._refused:
            found.append(Inside(found[-1].source if found else "http", [], True))
        return found

    # --- Hikvision ----------------------------------------------------------------------------

    async def _isapi(self) -> List[Inside]:
        path = questions.LOGIN_PATHS[0]
        root, told = await self._xml(path)
        hint = [Inside("isapi", [Fact("status", "%d %s" % (told, path))])] if told else []
        if root is None or root.name != "DeviceInfo":
            return hint if self._refused else []
        info = root.texts()
        found = hint + [Inside("isapi", device_info(info))]
        if "CAM" not in info.get("deviceType", "").upper() and not self._refused:
            channels, _ = await self._xml(questions.LOGIN_PATHS[1])
            if channels is not None:
                found.append(Inside("recorder_channel", isapi_channels(channels)))
        return found

    async def _xml(self, path: str) -> Tuple[Optional[Element], int]:
        response = await self._get(path)
        if response is None:
            return None, 0
        try:
            return (read_xml(response.body) if response.status == 200 else None), response.status
        except XmlError:
            return None, response.status

    # --- Dahua --------------------------------------------------------------------------------

    async def _dahua(self) -> List[Inside]:
        lines: Dict[str, str] = {}
        for path in questions.LOGIN_PATHS[2:5]:
            response = await self._get(path)
            if response is None or response.status != 200 or self._refused:
                break
            lines.update(equal_lines(response.body))
        if not {"deviceType", "serialNumber"} & set(lines):
            return []
        version, _, built = lines.get("version", "").partition(",")
        found = [Inside("http", facts(
            model=lines.get("updateSerial") or lines.get("deviceType"),
            device_type=lines.get("deviceType"), serial=lines.get("serialNumber"),
            hardware=lines.get("hardwareVersion"), manufacturer=lines.get("vendor"),
            firmware=version, firmware_date=built.partition(":")[2],
        ))]  # fmt: skip
        response = await self._get(questions.LOGIN_PATHS[5])
        if response is not None and response.status == 200:
            found.append(Inside("recorder_channel", dahua_channels(response.body)))
        return found

    # --- ONVIF --------------------------------------------------------------------------------

    async def _onvif(self) -> List[Inside]:
        created = await self._device_time()
        if created is None:
            return []
        security = ws_security(self._login.user, self._login.password, created)
        response = await self._send(
            "POST", questions.ONVIF_PATH, questions.onvif_device_information(security)
        )
        if response is None:
            return []
        self._refused = response.status in (400, 401) or b"NotAuthorized" in response.body
        try:
            info = next(read_xml(response.body).all("GetDeviceInformationResponse"), None)
        except XmlError:
            return []
        if info is None:
            return []
        told = info.texts()
        return [Inside("onvif", facts(
            manufacturer=told.get("Manufacturer"), model=told.get("Model"),
            firmware=told.get("FirmwareVersion"), serial=told.get("SerialNumber"),
            hardware=told.get("HardwareId"),
        ))]  # fmt: skip

    async def _device_time(self) -> Optional[str]:
        """Now, in the device's time: a token of another hour is refused. None: no ONVIF."""
        response = await self._send("POST", questions.ONVIF_PATH, questions.onvif_time())
        if response is None or response.status != 200:
            return None
        try:
            utc = next(read_xml(response.body).all("UTCDateTime"), None)
        except XmlError:
            return None
        names = ("Year", "Month", "Day", "Hour", "Minute", "Second")
        numbers = [] if utc is None else [(utc.first(name) or "") for name in names]
        if len(numbers) == 6 and all(re.fullmatch("[0-9]{1,4}", each) for each in numbers):
            return "%04d-%02d-%02dT%02d:%02d:%02dZ" % tuple(int(each) for each in numbers)
        ours = datetime.fromtimestamp(int(self._wall_s()), timezone.utc)
        return ours.strftime("%Y-%m-%dT%H:%M:%SZ")

    # --- both ---------------------------------------------------------------------------------

    async def _get(self, path: str) -> Optional[Response]:
        """A GET, and once more with the login if the device asks for one."""
        response = await self._send("GET", path)
        if response is None or response.status != 401:
            return response
        for challenge in response.all("www-authenticate"):
            answer = answer_challenge(
                challenge, "GET", path, self._login.user, self._login.password
            )
            if answer is not None:
                again = await self._send("GET", path, authorization=answer)
                self._refused = again is not None and again.status == 401
                return again
        return response

    async def _send(
        self, method: str, path: str, body: bytes = b"", authorization: str = ""
    ) -> Optional[Response]:
        if method == "GET":
            data = questions.http_get(self._address, path, authorization)
        else:
            data = questions.http_post(self._address, path, body, authorization)
        try:
            exchange = await self._ask.ask(
                self._address, self._port, (data,), MOST_BYTES + MOST_HEAD_BYTES,
                WholeAnswer(MOST_BYTES), secure=self._secure,
            )  # fmt: skip
        except NoConnectionError:
            return None
        return read_response(exchange.first)


def device_info(told: Dict[str, str]) -> Facts:
    """ISAPI's DeviceInfo."""
    return facts(
        manufacturer=told.get("manufacturer"), model=told.get("model"),
        serial=told.get("serialNumber"), mac=told.get("macAddress"),
        firmware=told.get("firmwareVersion"), firmware_date=told.get("firmwareReleasedDate"),
        device_type=told.get("deviceType"), oem_code=told.get("OEMCode"),
        name=told.get("deviceName"), hardware=told.get("hardwareVersion"),
    )  # fmt: skip


def isapi_channels(root: Element) -> Facts:
    """Cameras on a recorder's channels, each counted from the elements: its own count may lie."""
    found: Facts = []
    for channel in list(root.all("InputProxyChannel"))[:_MOST_CHANNELS]:
        number = channel.first("id") or ""
        source = next(channel.all("sourceInputPortDescriptor"), None)
        if source is None or not re.fullmatch("[0-9]{1,4}", number):
            continue
        told = source.texts()
        found += _channel(int(number), facts(
            channel_address=told.get("ipAddress") or told.get("ipv6Address"),
            model=told.get("model"), serial=told.get("serialNumber"), mac=told.get("macAddress"),
            firmware=told.get("firmwareVersion"), name=channel.texts().get("name"),
            manufacturer=told.get("proxyProtocol"),
        ))  # fmt: skip
    return found


def _channel(number: int, told: Facts) -> Facts:
    return [fact._replace(channel=number, source="recorder_channel") for fact in told]


_REMOTE = re.compile(
    r"table\.RemoteDevice\.[^=]{0,64}?_(?P<number>[0-9]{1,3})"
    r"\.(?P<field>[A-Za-z]{1,32})=(?P<value>.*)"
)
_REMOTE_FIELDS = {
    "Address": "channel_address", "DeviceType": "model", "SerialNo": "serial", "Mac": "mac",
    "Version": "firmware", "Name": "name", "Vendor": "manufacturer",
}  # fmt: skip
_NOWHERE = (None, "", "192.168.0.0", ".".join("0000"))


def dahua_channels(body: bytes) -> Facts:
    """Of the list of remote devices; the passwords that stand in it are passed over."""
    told: Dict[int, Dict[str, Optional[str]]] = {}
    for line in text(body, MOST_BYTES).splitlines()[:16_384]:
        match = _REMOTE.fullmatch(line.strip())
        if match and match["field"] in _REMOTE_FIELDS:
            number = int(match["number"]) + 1
            told.setdefault(number, {})[_REMOTE_FIELDS[match["field"]]] = match["value"]
    return [
        fact
        for number, fields in sorted(told.items())[:_MOST_CHANNELS]
        if fields.get("channel_address") not in _NOWHERE
        for fact in _channel(number, facts(**fields))
    ]


def equal_lines(body: bytes) -> Dict[str, str]:
    """Lines name=value."""
    told: Dict[str, str] = {}
    for line in text(body, 16_384).splitlines()[:256]:
        name, equal, value = line.strip().partition("=")
        if equal:
            told.setdefault(name, value.strip())
    return told
