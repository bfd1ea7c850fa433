"""What a look at a recorder's folders finds."""

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """``notice``: the next start puts it right, or somebody should know. ``damage``: it is not."""

    OK = "ok"
    NOTICE = "notice"
    DAMAGE = "damage"


class FindingKind(StrEnum):
    """What can be found."""

    LEDGER_DAMAGED = "ledger_damaged"
    LEDGER_LINE_TORN = "ledger_line_torn"
    LEDGER_CONTRADICTS = "ledger_contradicts"
    LEDGER_COPY_DIFFERS = "ledger_copy_differs"
    LEDGER_FORKED = "ledger_forked"
    LEDGER_BEHIND = "ledger_behind"
    LEDGER_LEFT = "ledger_left"
    HEAD_INVALID = "head_invalid"
    HEAD_DIFFERS = "head_differs"
    VOLUME_MISSING = "volume_missing"
    FILE_MISSING = "file_missing"
    FILE_DIFFERS = "file_differs"
    FILE_DAMAGED = "file_damaged"
    FILE_TORN = "file_torn"
    FILE_UNKNOWN = "file_unknown"
    FILE_LEFT = "file_left"
    INDEX_MISSING = "index_missing"
    INDEX_UNUSABLE = "index_unusable"
    INDEX_DIFFERS = "index_differs"
    TIME_UNACCOUNTED = "time_unaccounted"


@dataclass(frozen=True, slots=True)
class Finding:
    """``where`` names a file or a stream, ``next_step`` what the user can do."""

    kind: FindingKind
    severity: Severity
    where: str
    sentence: str
    next_step: str
