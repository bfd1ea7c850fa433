"""What monitors read, and that nobody else does."""

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.api.recorded import Browser, Running
from watchglass.access.tokens import Scope
from watchglass.model.health import Health, HealthState, Reason

PATHS = ("/metrics", "/healthz")


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def test_numbers_for_a_token_and_for_who_is_signed_in(at: Running, browser: Browser) -> None:
    stranger = Browser(at)
    token = at.of.ports.tokens.create("prometheus", Scope.METRICS, None)
    for answer in (stranger.get("/metrics", headers=bearer(token)), browser.get("/metrics")):
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
        assert answer.headers["cache-control"] == "no-store"
        names = {family.name for family in text_string_to_metric_families(answer.text)}
        assert "watchglass_live_viewers" in names
    stranger.http.close()


@pytest.mark.parametrize("path", PATHS)
def test_nobody_else_learns_anything(at: Running, path: str) -> None:
    stranger = Browser(at)
    text = at.of.ports.tokens.create(f"over {path}", Scope.METRICS, None)
    at.of.ports.tokens.revoke(f"over {path}")
    for headers in (
        {}, bearer("x"), bearer("wgt_" + "x" * 43), bearer(text), {"Authorization": text},
        {"Authorization": f"Basic {text}"}, {"Cookie": f"__Host-watchglass={text}"},
    ):  # fmt: skip
        answer = stranger.get(path, headers=headers)
        assert answer.status_code == 401
        assert answer.json()["code"] == "not_signed_in"
        assert "watchglass_" not in answer.text
    stranger.http.close()


def test_a_token_for_health_reads_no_numbers_and_nothing_else(at: Running) -> None:
    stranger = Browser(at)
    health = at.of.ports.tokens.create("nagios", Scope.HEALTH, None)
    numbers = at.of.ports.tokens.create("grafana", Scope.METRICS, None)
    assert stranger.get("/healthz", headers=bearer(health)).status_code == 200
    assert stranger.get("/healthz", headers=bearer(numbers)).status_code == 200
    refused = stranger.get("/metrics", headers=bearer(health))
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
    for token in (health, numbers):
        for path in ("/api/v1/cameras", "/api/v1/session", "/api/v1/openapi.json"):
            assert stranger.get(path, headers=bearer(token)).status_code == 403
    stranger.http.close()


def test_health_says_how_it_is(at: Running, browser: Browser) -> None:
    well = browser.get("/healthz")
    assert (well.status_code, well.json()["state"]) == (200, "ok")
    reasons = (
        Reason(HealthState.FAILING, "The keeper hangs.", stuck=True),
        Reason(HealthState.DEGRADED, "Gate 1 is not recorded."),
    )
    at.of.health[0] = Health(HealthState.FAILING, 1, 2, reasons)
    failing = browser.get("/healthz")
    assert failing.status_code == 503
    assert failing.json() == {
        "state": "failing", "lives": False, "cameras_recorded": 1, "cameras_wanted": 2,
        "reasons": [
            {"state": "failing", "sentence": "The keeper hangs.", "stuck": True},
            {"state": "degraded", "sentence": "Gate 1 is not recorded.", "stuck": False},
        ],
    }  # fmt: skip
    at.of.health[0] = Health(HealthState.DEGRADED, 1, 2, reasons[1:])
    assert browser.get("/healthz").status_code == 200
    at.of.health[0] = Health(HealthState.OK, 2, 2, ())
