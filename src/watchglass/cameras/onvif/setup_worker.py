"""The process that sets an ONVIF device up: ``python -m watchglass.cameras.onvif.setup_worker``.

As `cameras.probe_worker` does for a stream: it reads one `OnvifRequest` as JSON from standard
input, writes one `OnvifAnswer` as a JSON line, and exits. The ONVIF library, its XML parser and
whatever a device answers are in no other kind of process. Loading it all takes about a second of
CPU and 90 MB, which is why a look at a stream alone is not made here.
"""

import asyncio
import os
import sys

import msgspec

from watchglass.base import log
from watchglass.base.clock import SystemClock
from watchglass.base.errors import CameraError, StreamInvalidError
from watchglass.base.fence import Fence, FenceMode, Network, put_up
from watchglass.cameras.probe_worker import (
    FENCES_SETTING,
    ask_worker,
    error_told,
    worker_command,
)
from watchglass.model.onvif import OnvifAnswer, OnvifRequest, OnvifResult
from watchglass.model.probe import ProbeError

MOST_REQUEST_BYTES = 64 * 1024
MOST_ANSWER_BYTES = 2 << 20
FENCE = Fence(Network.OUTGOING, (), only_new_files=True, secrets=True)
"""It talks to the network, by addresses alone, writes no file, and reads none but Python's own."""
_GRACE_S = 8.0
_ADDRESS_SPACE_BYTES = 2 << 30
_CPU_S = 20


def run_onvif(request: OnvifRequest, *, command: tuple[str, ...] | None = None) -> OnvifResult:
    """Look at a device in a process of its own. Blocks ``timeout_s`` and a little at most.

    CameraError; StreamInvalidError when the process died of what the device sent. ``command`` takes
    the worker's place in tests.
    """
    limit_s = request.timeout_s + _GRACE_S
    output, exit_code = ask_worker(
        command or worker_command("watchglass.cameras.onvif.setup_worker"),
        msgspec.json.encode(request), limit_s,
    )  # fmt: skip
    return _result(output[:MOST_ANSWER_BYTES], exit_code)


def _result(output: bytes, exit_code: int) -> OnvifResult:
    died = StreamInvalidError(
        "What the camera answers by ONVIF made the program that looks at it fail: update the"
        " camera's firmware, or add it by the address of its stream."
    )
    if exit_code != 0:
        raise died
    try:
        answer = msgspec.json.decode(output, type=OnvifAnswer)
    except msgspec.DecodeError:
        raise died from None
    if answer.error is not None:
        raise error_told(answer.error)
    if answer.result is None:
        raise died
    return answer.result


def answer_request(request: OnvifRequest) -> OnvifAnswer:
    """Do what a request asks."""
    # Loaded in the worker alone, not where `run_onvif` is.
    from watchglass.cameras.onvif.setup import look

    try:
        return OnvifAnswer(result=asyncio.run(look(request, SystemClock())))
    except CameraError as error:
        return OnvifAnswer(error=ProbeError(error.code, error.sentence))


def main() -> None:
    """Read one request, write one answer."""
    _limit_resources()
    log.configure("warning")
    # Nothing but the answer may reach standard output, not even what a C library prints.
    with os.fdopen(os.dup(1), "wb") as output:
        os.dup2(2, 1)
        request = msgspec.json.decode(sys.stdin.buffer.read(MOST_REQUEST_BYTES), type=OnvifRequest)
        put_up(FENCE, FenceMode(os.environ.get(FENCES_SETTING) or FenceMode.AUTO))
        answer = answer_request(request)
        output.write(msgspec.json.encode(answer) + b"\n")


def _limit_resources() -> None:
    """No core file (it would hold the password), and an end to what hostile answers may take."""
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (_ADDRESS_SPACE_BYTES, _ADDRESS_SPACE_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (_CPU_S, _CPU_S))
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))


if __name__ == "__main__":
    main()
