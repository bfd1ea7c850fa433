"""Requests made from the OpenAPI document, sent to the application: no 500, and no answer that the
document does not know."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.core.failures import FailureGroup
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
)

from tests.api.recorded import Browser, Recorded, Running
from watchglass.api.application import openapi_of

# What ends the session that asks, what streams without end, and what is answered by another machine
# or judges the whole fleet for seconds.
APART = {
    "signOut",
    "watchChanges",
    "endOtherSessions",
    "startScan",
    "getFleet",
    "getDevice",
    "getReport",
}


@pytest.fixture(scope="module")
def document(signed_in: tuple[Running, Browser]) -> dict[str, Any]:
    return openapi_of(signed_in[0].of.app)


@pytest.fixture(scope="module")
def sender(signed_in: tuple[Running, Browser], recorded: Recorded) -> Iterator[httpx.Client]:
    at, browser = signed_in
    headers = browser.headers() | {"Origin": at.url, "X-Watchglass": "1"}
    with httpx.Client(base_url=at.url, headers=headers, timeout=60) as client:
        yield client


def ask_all(document: dict[str, Any], sender: httpx.Client, examples: int) -> int:
    """Ask each operation ``examples`` times; how many there were."""
    schema = schemathesis.openapi.from_dict(document)
    asked = 0
    failed: list[str] = []
    for found in schema.get_all_operations():
        assert isinstance(found, Ok), found
        operation = found.ok()
        if operation.definition.raw.get("operationId") in APART:
            continue
        asked += 1

        @given(case=operation.as_strategy())
        @settings(
            max_examples=examples, deadline=None, database=None, derandomize=True,
            suppress_health_check=list(HealthCheck), phases=[Phase.generate],
        )  # fmt: skip
        def ask(case: "schemathesis.Case[Any]") -> None:
            response = case.call(
                base_url=str(sender.base_url), headers=dict(sender.headers), timeout=60
            )
            # Parts of the recorder that are not there in this test answer 503.
            assert response.status_code != 500, (case.method, case.path, response.content[:500])
            if response.status_code != 503:
                case.validate_response(
                    response, checks=[response_schema_conformance, content_type_conformance]
                )

        try:
            ask()
        except (AssertionError, FailureGroup) as wrong:
            failed.append(f"{operation.label}: {wrong}"[:2000])
    assert failed == []
    return asked


@pytest.mark.full
@pytest.mark.timeout(300)
def test_every_operation_answers_as_the_document_says(
    document: dict[str, Any], sender: httpx.Client
) -> None:
    assert ask_all(document, sender, 4) > 40


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_every_operation_many_times(document: dict[str, Any], sender: httpx.Client) -> None:
    assert ask_all(document, sender, 200) > 40
