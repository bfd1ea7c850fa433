"""The process that reads what another maker's device is set to: ``python -m
watchglass.cameras.settings_worker``.

It reads one `SettingsOrder` as JSON from standard input and writes a `SettingsAnswer`. It reads the
files that it was handed, or asks one device at an address that was checked before; it may die of
what it reads, and holds no secret but that device's login.
"""

import http.client
import os
import subprocess
import sys

import msgspec

from watchglass.base import log
from watchglass.base.errors import AuthFailedError, CameraUnreachableError, UsageError
from watchglass.base.fence import Fence, FenceMode, Network, put_up
from watchglass.cameras.imports.dahua import TABLES, read_dahua
from watchglass.cameras.imports.isapi import OF_CHANNEL, OF_DEVICE, IsapiSettings
from watchglass.cameras.probe_worker import FENCES_SETTING, worker_environment
from watchglass.cameras.survey.digest import answer_challenge
from watchglass.cameras.survey.xml_reading import MOST_BYTES
from watchglass.model.settings_import import SettingsAnswer, SettingsOrder, TakenSettings

MAKERS = ("hikvision", "dahua")
_MOST_FILES = 2000
_MOST_ORDER_BYTES = 64 << 20
_EACH_S = 8.0
_WAIT_S = 300.0
_MOST_ASKED_CHANNELS = 64


def run_settings(order: SettingsOrder) -> TakenSettings:
    """Have the settings read in a process of their own; UsageError says what is wrong."""
    process = subprocess.Popen(
        (sys.executable, "-P", "-m", "watchglass.cameras.settings_worker"),
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        env=worker_environment(),
    )  # fmt: skip
    try:
        output, _ = process.communicate(msgspec.json.encode(order), timeout=_WAIT_S)
    except subprocess.TimeoutExpired:
        raise CameraUnreachableError("The device took too long to tell its settings.") from None
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()
    failed = UsageError("These settings made the program that reads them fail: nothing was taken.")
    if process.returncode != 0:
        raise failed
    try:
        answer = msgspec.json.decode(output, type=SettingsAnswer)
    except msgspec.DecodeError:
        raise failed from None
    if answer.settings is None:
        raise UsageError(answer.error or failed.sentence)
    return answer.settings


def settings_of(order: SettingsOrder) -> TakenSettings:
    """What files or a device tell."""
    if order.maker not in MAKERS:
        raise UsageError(f"Settings are read of {' and '.join(MAKERS)}.")
    if len(order.files) > _MOST_FILES:
        raise UsageError(f"There are more than {_MOST_FILES} files.")
    files = dict(order.files)
    if order.maker == "dahua":
        return read_dahua(files or _dahua_of(_Device(order)))
    return IsapiSettings().read(files or _isapi_of(_Device(order)))


def _isapi_of(device: "_Device") -> dict[str, bytes]:
    found = {path: body for path in OF_DEVICE if (body := device.get(path)) is not None}
    first = IsapiSettings()
    first.read(found)
    for number in (first.numbers() or [1])[:_MOST_ASKED_CHANNELS]:
        for path in OF_CHANNEL:
            body = device.get(path.format(number))
            if body is not None:
                found[path.format(number)] = body
    if not found:
        raise UsageError("The device answers nothing of ISAPI: is it Hikvision's, and switched on?")
    return found


def _dahua_of(device: "_Device") -> dict[str, bytes]:
    found = {}
    for table in TABLES:
        body = device.get(f"/cgi-bin/configManager.cgi?action=getConfig&name={table}")
        if body is not None:
            found[table] = body
    if not found:
        raise UsageError("The device answers no table of configManager.cgi: is it Dahua's?")
    return found


class _Device:
    """One device, asked by GET alone, with digest alone. A refused login is never tried again."""

    def __init__(self, order: SettingsOrder) -> None:
        self._order = order

    def get(self, path: str) -> bytes | None:
        """The document; None where the device has none. AuthFailedError, CameraUnreachableError."""
        status, body, challenges = self._ask(path, "")
        if status == 401:
            for challenge in challenges:
                answer = answer_challenge(
                    challenge, "GET", path, self._order.user, self._order.password
                )
                if answer is not None:
                    status, body, _ = self._ask(path, answer)
                    break
        if status == 401:
            raise AuthFailedError(
                "The device does not take this user and password (or asks for them in a way that "
                "would give them away): give those of somebody who may read its settings."
            )
        return body if status == 200 else None

    def _ask(self, path: str, authorization: str) -> tuple[int, bytes, list[str]]:
        order = self._order
        connection = http.client.HTTPConnection(order.ip, order.port, timeout=_EACH_S)
        headers = {"Host": order.host, "Connection": "close"}
        if authorization:
            headers["Authorization"] = authorization
        try:
            connection.request("GET", path, headers=headers)
            response = connection.getresponse()
            body = response.read(MOST_BYTES + 1)
            challenges = response.headers.get_all("WWW-Authenticate") or []
            return response.status, body, list(challenges)
        except (OSError, http.client.HTTPException) as error:
            raise CameraUnreachableError(
                f"{order.host} does not answer ({error}): check its address and that it is on."
            ) from None
        finally:
            connection.close()


def main() -> None:
    """Read one order, write one answer."""
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))
    log.configure("warning")
    with os.fdopen(os.dup(1), "wb") as output:
        os.dup2(2, 1)
        order = msgspec.json.decode(sys.stdin.buffer.read(_MOST_ORDER_BYTES), type=SettingsOrder)
        network = Network.LOCAL if order.files else Network.OUTGOING
        fence = Fence(network, (), only_new_files=True, calls=not order.files)
        put_up(fence, FenceMode(os.environ.get(FENCES_SETTING) or FenceMode.AUTO))
        try:
            answer = SettingsAnswer(settings=settings_of(order))
        except (UsageError, AuthFailedError, CameraUnreachableError) as error:
            answer = SettingsAnswer(error=error.sentence)
        output.write(msgspec.json.encode(answer) + b"\n")


if __name__ == "__main__":
    main()
