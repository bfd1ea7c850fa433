"""How a model computes here, as it comes from who measured it to who is told."""

from pathlib import Path

import pytest

from tests.analytics.test_models import laid, pinned
from tests.api.processes import Page
from tests.app.conftest import data
from tests.app.running import Serving, json_of, wait_until
from watchglass.analytics.metrics import speed_samples
from watchglass.analytics.speed import DetectorSpeed
from watchglass.app.checkup import Verdict
from watchglass.app.model_speed import measured_speed

__all__ = ["data"]
ABOUT = "Model, speed"


def test_threads_lanes_and_provider_are_told_as_measured() -> None:
    graphics = DetectorSpeed("CUDAExecutionProvider", 1, 4, 6.4, 2.1)
    (told,) = measured_speed(speed_samples("analytics-worker", graphics))
    assert (told.about, told.verdict) == (ABOUT, Verdict.FINE)
    assert told.value == "6 ms a picture, 2 ms of a processor"
    assert told.meaning == (
        "4 pictures side by side with 1 thread each is fastest here, through CUDA:"
        " the analytics-worker measured at its start."
    )
    processor = DetectorSpeed("CPUExecutionProvider", 2, 1, 31.0, 60.0)
    (told,) = measured_speed(speed_samples("analytics-worker", processor))
    assert told.meaning.startswith("1 picture side by side with 2 threads each")
    assert "through CPU" in told.meaning
    assert list(measured_speed([])) == []


@pytest.mark.full
@pytest.mark.timeout(180)
def test_what_the_analytics_worker_measured_is_what_doctor_and_the_page_tell(
    data: Path, tmp_path: Path
) -> None:
    laid(tmp_path)
    more = {
        "WATCHGLASS_ANALYSIS": "true", "WATCHGLASS_MODELS_DIR": str(tmp_path),
        "WATCHGLASS_MODEL": f"made@{pinned(tmp_path)}",
    }  # fmt: skip
    of = ("--data", str(data))
    with Serving(data, WATCHGLASS_PAGE="true", **more) as serving:
        serving.wait_for("#token=")

        def measured() -> dict[str, dict[str, object]]:
            found = json_of(*of, "doctor", "--numbers")
            return {each["name"]: each for each in found if "analysis_model" in each["name"]}

        wait_until(lambda: len(measured()) == 2, 60)
        numbers = measured()
        wall = numbers["watchglass_analysis_model_seconds"]
        cpu = numbers["watchglass_analysis_model_cpu_seconds"]
        assert wall["labels"] == cpu["labels"]
        labels = wall["labels"]
        assert isinstance(labels, dict)
        assert (labels["process"], labels["provider"]) == (
            "analytics-worker", "CPUExecutionProvider",
        )  # fmt: skip
        (told,) = (each for each in json_of(*of, "doctor") if each["about"] == ABOUT)
        link = next(each for each in serving.said.split() if "#token=" in each)
        with Page(link) as page:
            page.set_up()
            found = page.json("/api/v1/system")["findings"]
        (shown,) = (each for each in found if each["about"] == ABOUT)
    assert told["value"] == (
        f"{1000 * float(str(wall['value'])):.0f} ms a picture,"
        f" {1000 * float(str(cpu['value'])):.0f} ms of a processor"
    )
    for each in (told, shown):
        assert "the analytics-worker measured at its start" in each["meaning"]
        assert each["meaning"].startswith(
            f"{labels['lanes']} picture{'s' * (labels['lanes'] != '1')} side by side with"
            f" {labels['threads']} thread{'s' * (labels['threads'] != '1')} each"
        )
        assert "through CPU:" in each["meaning"]
    assert (shown["value"], shown["meaning"]) == (told["value"], told["meaning"])
