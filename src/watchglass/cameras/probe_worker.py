"""The process that looks at a camera: ``python -m watchglass.cameras.probe_worker``.

It reads one `ProbeRequest` as JSON from standard input, writes one `ProbeAnswer` as a JSON line to
standard output, and exits. What a stranger sends is taken apart here and not in a process that
records or holds keys; it may die of it. Nothing secret is in its arguments or environment.
"""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import msgspec

import watchglass
from watchglass.base import log
from watchglass.base.clock import SystemClock
from watchglass.base.errors import (
    CameraError,
    CameraUnreachableError,
    CertificateError,
    StreamInvalidError,
)
from watchglass.base.fence import READS, Fence, FenceMode, Network, name_lookups, of_devices, put_up
from watchglass.base.landlock import Rule
from watchglass.model.camera import StreamAddress
from watchglass.model.probe import ProbeAnswer, ProbeError, ProbeRequest, ProbeResult
from watchglass.model.source import SourceSettings
from watchglass.model.stream import StreamName

MOST_BYTES = 64 * 1024
_MOST_ANSWER_BYTES = 1 << 20
_RTSP = ("rtsp://", "rtsps://")
_GRACE_S = 5.0
FENCES_SETTING = "WATCHGLASS_FENCES"
FENCE = Fence(Network.OUTGOING, name_lookups(), only_new_files=True, secrets=True)
"""It talks to the network, writes no file, and reads none but what Python and name look-ups need.
"""


def run_probe(
    request: ProbeRequest, timeout_s: float | None = None, *, command: tuple[str, ...] | None = None
) -> ProbeResult:
    """Look at a stream in a process of its own. Blocks at most ``timeout_s``.

    Raises what `probe_rtsp` raised there; StreamInvalidError when the process died of what the
    camera sent, CameraUnreachableError when it had to be ended for taking too long. ``command``
    takes the worker's place in tests.
    """
    limit_s = request.timeout_s + _GRACE_S if timeout_s is None else timeout_s
    output, exit_code = ask_worker(
        command or worker_command("watchglass.cameras.probe_worker"),
        msgspec.json.encode(request), limit_s,
    )  # fmt: skip
    return _result(output[:_MOST_ANSWER_BYTES], exit_code)


def worker_command(module: str) -> tuple[str, ...]:
    """How a module is started that looks at a camera."""
    return (sys.executable, "-P", "-m", module)


def ask_worker(command: tuple[str, ...], question: bytes, limit_s: float) -> tuple[bytes, int]:
    """What a process of its own answers to a question, and its exit code.

    CameraUnreachableError when it had to be ended for taking longer than ``limit_s``.
    """
    process = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=worker_environment(),
        close_fds=True,
    )
    try:
        output, _ = process.communicate(question, timeout=limit_s)
    except subprocess.TimeoutExpired:
        raise CameraUnreachableError(
            f"Looking at the camera took longer than {limit_s:.0f} s and was ended: try again,"
            " and check the network if it happens again."
        ) from None
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()
    return output, process.returncode


def worker_environment() -> dict[str, str]:
    """As little as Python needs; the package is found where ours is."""
    source_root = str(Path(watchglass.__file__).resolve().parent.parent)
    kept = {
        name: value for name in ("PATH", "LANG", FENCES_SETTING) if (value := os.environ.get(name))
    }
    return kept | {"PYTHONPATH": source_root, "PYTHONDONTWRITEBYTECODE": "1"}


def _result(output: bytes, exit_code: int) -> ProbeResult:
    died = StreamInvalidError(
        "What the camera sends made the program that looks at it fail: update the camera's"
        " firmware, or do not use this camera."
    )
    if exit_code != 0:
        raise died
    try:
        answer = msgspec.json.decode(output, type=ProbeAnswer)
    except msgspec.DecodeError:
        raise died from None
    if answer.error is not None:
        raise error_told(answer.error)
    if answer.result is None:
        raise died
    return answer.result


def error_told(told: ProbeError) -> CameraError:
    """The error that a worker told of, as it was raised there."""
    if told.code == CertificateError.code:
        return CertificateError(told.sentence, told.fingerprint)
    kinds = {kind.code: kind for kind in CameraError.__subclasses__()}
    return kinds.get(told.code, CameraError)(told.sentence)


def fence_for(request: ProbeRequest) -> Fence:
    """What a look at this address needs."""
    if request.url.startswith(_RTSP):
        return FENCE
    folder = [Rule(Path(request.folder), READS)] if request.folder else []
    return replace(FENCE, rules=(*(FENCE.rules or ()), *folder, *of_devices()))


def answer_request(request: ProbeRequest) -> ProbeAnswer:
    """Do what a request asks."""
    # What takes strangers' bytes apart is loaded in the worker alone, not where `run_probe` is.
    from watchglass.media.probe import probe_rtsp

    try:
        result = (
            _probe_local(request)
            if not request.url.startswith(_RTSP)
            else probe_rtsp(request, SystemClock())
        )
    except CertificateError as error:
        return ProbeAnswer(error=ProbeError(error.code, error.sentence, error.fingerprint))
    except CameraError as error:
        return ProbeAnswer(error=ProbeError(error.code, error.sentence))
    return ProbeAnswer(result=result)


def _probe_local(request: ProbeRequest) -> ProbeResult:
    """A file or a device of this machine, or what a plug-in knows."""
    from watchglass.cameras.source import open_camera
    from watchglass.media.probe import probe_source

    clock = SystemClock()
    settings = SourceSettings(
        StreamAddress(StreamName.MAIN, request.url), clock, sound=True,
        folder=Path(request.folder) if request.folder else None,
    )  # fmt: skip
    return probe_source(open_camera(settings), clock, request.timeout_s, request.measure_s)


def main() -> None:
    """Read one request, write one answer."""
    _limit_resources()
    log.configure("warning")
    # Nothing but the answer may reach standard output, not even what a C library prints.
    with os.fdopen(os.dup(1), "wb") as output:
        os.dup2(2, 1)
        data = sys.stdin.buffer.read(MOST_BYTES)
        request = msgspec.json.decode(data, type=ProbeRequest)
        put_up(fence_for(request), FenceMode(os.environ.get(FENCES_SETTING) or FenceMode.AUTO))
        answer = answer_request(request)
        output.write(msgspec.json.encode(answer) + b"\n")


def _limit_resources() -> None:
    """No core file (it would hold the password), and an end to what a hostile stream may take."""
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))


if __name__ == "__main__":
    main()
