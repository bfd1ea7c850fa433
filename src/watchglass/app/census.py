"""Has a census counted by a process of its own."""

import msgspec

from watchglass.app.task import Task
from watchglass.base.errors import BusError, UsageError
from watchglass.model.census import Census, CensusAnswer, CensusFailed, CensusOrder

_ANSWERS: msgspec.json.Decoder[CensusAnswer] = msgspec.json.Decoder(CensusAnswer)
_MOST_S = 24 * 3600.0


def counted(order: CensusOrder) -> Census:
    """The census that an order asks for; UsageError for a file that is none."""
    with Task("watchglass.app.census_process") as task:
        task.tell(order)
        line = task.last_line(_MOST_S)
    try:
        answer = _ANSWERS.decode(line)
    except msgspec.DecodeError:
        raise BusError("The process that counts failed: the log says why.") from None
    if isinstance(answer, CensusFailed):
        raise UsageError(answer.error)
    return answer
