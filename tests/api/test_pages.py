"""The built pages, and the OpenAPI document they are generated against."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.api.recorded import Browser, Recorded, Running, running
from watchglass.api.application import openapi_of


@pytest.fixture(scope="module")
def pages(recorded: Recorded, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    root = tmp_path_factory.mktemp("ui")
    (root / "assets").mkdir()
    (root / "index.html").write_text("<!doctype html>app")
    (root / "assets" / "app-1a2b.js").write_text("1")
    (root / "secret.key").write_text("no")
    (root.parent / "outside.js").write_text("no")
    (root / "assets" / "link.js").symlink_to(root.parent / "outside.js")
    with running(recorded, root) as (_, browser):
        yield browser


def test_pages_are_served_and_assets_kept(pages: Browser) -> None:
    for path in ("/", "/index.html", "/cameras/5", "/timeline"):
        answer = pages.get(path)
        assert (answer.status_code, answer.text) == (200, "<!doctype html>app"), path
        assert answer.headers["cache-control"] == "no-cache"
    answer = pages.get("/assets/app-1a2b.js")
    assert answer.headers["content-type"].startswith("text/javascript")
    assert "immutable" in answer.headers["cache-control"]
    assert pages.http.head("/").status_code == 200


@pytest.mark.parametrize(
    "path",
    ["/assets/none.js", "/..%2foutside.js", "/%2e%2e/outside.js", "/assets/link.js",
     "/assets/..%2f..%2foutside.js", "/%00.js", "//etc/passwd.js"],
)  # fmt: skip
def test_nothing_outside_is_served(pages: Browser, path: str) -> None:
    assert pages.get(path).status_code == 404


def test_other_files_are_not_served(pages: Browser) -> None:
    assert "no" not in pages.get("/secret.key").text


def test_without_built_pages_it_says_how(at: Running, browser: Browser) -> None:
    answer = browser.get("/")
    assert answer.status_code == 503
    assert "npm run build" in answer.text
    assert "<script" not in answer.text


@pytest.mark.full
def test_document_is_complete(at: Running, browser: Browser) -> None:
    document = openapi_of(at.of.app)
    ids = []
    for path, methods in document["paths"].items():
        assert path.startswith("/api/v1/")
        for method, operation in methods.items():
            ids.append(operation["operationId"])
            assert "_" not in operation["operationId"], (path, method)
            assert operation.get("summary")
    assert len(ids) == len(set(ids)) >= 13
    schemas = document["components"]["schemas"]
    assert {"Problem", "GapCause", "SpanKind", "StreamName", "Now", "ChangeEvents"} <= set(schemas)
    for reference in _references(document):
        assert reference.removeprefix("#/components/schemas/") in schemas, reference
    assert browser.json("/api/v1/openapi.json")["paths"] == document["paths"]


def _references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for each in node.values():
            yield from _references(each)
    elif isinstance(node, list):
        for each in node:
            yield from _references(each)


@pytest.mark.full
def test_document_can_be_had_without_a_recorder(tmp_path: Path) -> None:
    target = tmp_path / "openapi.json"
    subprocess.run(
        [sys.executable, "-m", "watchglass.api.openapi", str(target)], check=True, timeout=60
    )
    assert b'"getPlayback"' in target.read_bytes()
