"""What the API needs of evidence bundles."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from watchglass.model.export_control import ExportErrand, Exports


@dataclass(frozen=True, slots=True)
class ExportPorts:
    """``errand`` asks the running recorder, and blocks; ``folder``: where bundles lie, to read."""

    errand: Callable[[ExportErrand], Exports]
    folder: Path
