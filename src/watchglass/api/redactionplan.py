"""What a redacted copy hides just now, worked out once for each state of it. All of it blocks."""

import threading
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path

import msgspec

from watchglass.analytics.covering import Hidden, Question, hidden, kept, questions
from watchglass.api.errors import GoneError
from watchglass.model.redaction import Found, Redaction

FOUND = "found.json"
_MOST = 4
_FOUND: msgspec.json.Decoder[Found] = msgspec.json.Decoder(Found)


@dataclass(frozen=True, slots=True)
class Plan:
    """``stay``: the tracks that are shown."""

    found: Found
    hidden: Hidden
    questions: list[Question]
    stay: set[int]


class Plans:
    """The ones that were asked for last. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._found: OrderedDict[tuple[str, int], Found] = OrderedDict()
        self._plans: OrderedDict[tuple[str, int, int], Plan] = OrderedDict()

    def of(self, folder: Path, redaction: Redaction) -> Plan:
        """GoneError where what was found is not there."""
        path = folder / redaction.id / FOUND
        try:
            stamp = path.stat().st_mtime_ns
            key = (redaction.id, stamp, len(redaction.corrections))
            with self._lock:
                plan = self._plans.get(key)
                if plan is not None:
                    return plan
                found = self._found.get((redaction.id, stamp))
                if found is None:
                    found = self._found[redaction.id, stamp] = _FOUND.decode(path.read_bytes())
                made = redaction.corrections
                plan = self._plans[key] = Plan(
                    found, hidden(found, made), questions(found, made), kept(made)
                )
                for each in (self._found, self._plans):
                    while len(each) > _MOST:
                        each.popitem(last=False)
                return plan
        except (OSError, msgspec.MsgspecError) as error:
            raise GoneError("What was found is not on disk any more: make it anew.") from error
