"""Has a census counted by a process of its own."""

import subprocess

import msgspec

from watchglass.app.launch import launch
from watchglass.base.errors import BusError, UsageError
from watchglass.model.census import Census, CensusAnswer, CensusFailed, CensusOrder

_ANSWERS: msgspec.json.Decoder[CensusAnswer] = msgspec.json.Decoder(CensusAnswer)
_MOST_S = 24 * 3600.0


def counted(order: CensusOrder) -> Census:
    """The census that an order asks for; UsageError for a file that is none."""
    process: subprocess.Popen[bytes] = launch("watchglass.app.census_process", speaks=True)
    try:
        output, _ = process.communicate(msgspec.json.encode(order) + b"\n", timeout=_MOST_S)
    finally:
        process.kill()
        process.wait()
    try:
        answer = _ANSWERS.decode(output.splitlines()[-1] if output else b"")
    except msgspec.DecodeError:
        raise BusError("The process that counts failed: the log says why.") from None
    if isinstance(answer, CensusFailed):
        raise UsageError(answer.error)
    return answer
