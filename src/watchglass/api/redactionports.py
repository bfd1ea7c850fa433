"""What the API needs of redacted copies."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from watchglass.model.redaction_control import RedactionErrand, Redactions


@dataclass(frozen=True, slots=True)
class RedactionPorts:
    """``errand`` asks the running recorder, and blocks; ``folder``: where copies lie, to read."""

    errand: Callable[[RedactionErrand], Redactions]
    folder: Path
