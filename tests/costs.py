"""What each test costs, so that a run that became long can be made short where it matters."""

import json
import os
from collections import defaultdict
from collections.abc import Generator
from pathlib import Path
from typing import TypeAlias

import pytest

Costs: TypeAlias = tuple[float, float]
"""Seconds by the wall clock, and CPU seconds of the test and of what it started and ended."""

_CPU_S = "cpu_s"


def cpu_s() -> float:
    """CPU seconds of this process, its threads, and its children that have ended."""
    spent = os.times()
    return spent.user + spent.system + spent.children_user + spent.children_system


class Measuring:
    """Notes on each report what its phase cost, in the process that ran the test."""

    def __init__(self) -> None:
        self._before = cpu_s()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        report = yield
        now = cpu_s()
        report.user_properties.append((_CPU_S, now - self._before))
        self._before = now
        return report


class Adding:
    """Adds up what the reports say, and writes it test by test, the dearest first."""

    def __init__(self, into: Path) -> None:
        self._into = into
        self._costs: dict[str, Costs] = defaultdict(lambda: (0.0, 0.0))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        wall_s, cpu = self._costs[report.nodeid]
        phase_cpu_s = sum(
            spent
            for name, spent in report.user_properties
            if name == _CPU_S and isinstance(spent, float)
        )
        self._costs[report.nodeid] = wall_s + report.duration, cpu + phase_cpu_s

    def pytest_sessionfinish(self) -> None:
        with self._into.open("w", encoding="utf-8") as lines:
            for test, (wall_s, cpu) in sorted(self._costs.items(), key=lambda one: -one[1][1]):
                line = {"test": test, "wall_s": round(wall_s, 3), "cpu_s": round(cpu, 3)}
                lines.write(json.dumps(line) + "\n")
