"""What the API needs of holds, erasures and requests of people."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from watchglass.model.control import HoldRequest, ReleaseRequest
from watchglass.model.erasure import (
    Erasure,
    ErasureRequest,
    HoldNote,
    SignedStatement,
    StatementRequest,
)
from watchglass.model.subject_request import FilmedRequest, SubjectRequest

DecisionOrder = HoldRequest | ReleaseRequest | ErasureRequest | FilmedRequest


@dataclass(frozen=True, slots=True)
class DecisionPorts:
    """All calls block. ``order`` and ``statement`` ask the running recorder; the others read the
    database as it is now."""

    order: Callable[[DecisionOrder], None]
    statement: Callable[[StatementRequest], SignedStatement]
    erasures: Callable[[], Sequence[Erasure]]
    holds: Callable[[], Mapping[str, HoldNote]]
    requests: Callable[[], Sequence[SubjectRequest]]
