"""Which tests failed, for a run of those alone."""

from pathlib import Path

import pytest


class Failed:
    """Writes the names of tests that failed, a line each, in the order in which they did."""

    def __init__(self, into: Path) -> None:
        self._into = into
        self._names: dict[str, None] = {}
        into.write_text("", encoding="utf-8")

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self._names[report.nodeid] = None

    def pytest_sessionfinish(self) -> None:
        lines = (f"{name}\n" for name in self._names)
        self._into.write_text("".join(lines), encoding="utf-8")
