"""What the documents name exists."""

import importlib
import importlib.util
import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from typer.core import TyperGroup
from typer.exceptions import TyperException

from scripts.lib import handbook
from watchglass.app.cli.program import program as root_program

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
SHOWN = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
# A page of the site that is made from the OpenAPI document.
MADE = handbook.ROUTES
# What the documents call beside our own, and every machine for it has.
OTHERS = {"curl", "git", "install", "journalctl", "ssh", "systemctl"}


def commands(document: Path) -> list[list[str]]:
    """The lines of its blocks of commands, as a shell takes them apart, without what runs them."""
    text = document.read_text(encoding="utf-8")
    blocks = re.findall(r"^```(?:sh|console)\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    lines = "\n".join(blocks).replace("\\\n", " ").splitlines()
    found = [shlex.split(line, comments=True) for line in lines]
    return [_plain(words) for words in found if words]


def _plain(words: list[str]) -> list[str]:
    if words[0] == "sudo":
        words = words[3:] if words[1] == "-u" else words[1:]
    return words


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(document: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", document.read_text()):
        if "://" not in target and target != MADE:
            assert (document.parent / target).exists(), f"{document.name} links to {target}"


def test_what_a_promise_is_tested_by_exists() -> None:
    """``tests/a/test_b.py``, one beside it as ``test_c.py``, and ``test_c.py::test_that``."""
    text = (ROOT / "docs" / "guarantees.md").read_text(encoding="utf-8")
    named = re.findall(r"`((?:tests/[\w/]+/)?test_\w+\.py)(?:::(test_\w+))?`", text)
    assert len(named) > 60
    folder = ROOT
    for path, function in named:
        folder = (ROOT / path).parent if "/" in path else folder
        found = folder / Path(path).name
        assert found.exists(), f"{path} is named, and is not there"
        if function:
            assert f"def {function}(" in found.read_text(encoding="utf-8"), f"{path}::{function}"
    benches = set(re.findall(r"scripts/bench (\w+)", text))
    assert benches <= {path.stem for path in (ROOT / "benches").iterdir()}, benches


def test_readme_shows_the_three_commands() -> None:
    shown = commands(ROOT / "README.md")
    for script in ("demo", "test", "install"):
        assert [f"./scripts/{script}"] in shown


@pytest.mark.parametrize("document", SHOWN, ids=lambda path: path.stem)
def test_commands_exist(document: Path) -> None:
    told = {shlex.join(words): wrong_with(words) for words in commands(document)}
    assert {line: wrong for line, wrong in told.items() if wrong} == {}


@pytest.mark.parametrize(
    "line",
    [
        "watchglass camera lst",
        "watchglass camera list --jason",
        "watchglass camera",
        "watchglass --date /tmp/x camera list",
        "watchglass camera list Hall Yard",
        "watchglass mask list",
        "./scripts/instal",
        "./scripts/install --remove",
        "wget http://192.0.2.1/",
    ],
)
def test_a_command_that_is_none_is_found(line: str) -> None:
    assert wrong_with(line.split()) is not None


def wrong_with(words: list[str]) -> str | None:
    program, *rest = words
    if program.startswith("./scripts/"):
        return wrong_with_script(ROOT / program, rest)
    if Path(program).name == "watchglass":
        return wrong_with_command(rest)
    return None if program in OTHERS else f"nobody knows {program}"


def wrong_with_script(script: Path, options: list[str]) -> str | None:
    if not script.is_file():
        return f"there is no {script.name}"
    text = script.read_text(encoding="utf-8")
    unknown = [each for each in options if each.startswith("-") and each not in text]
    return f"{script.name} knows no {unknown}" if unknown else None


def wrong_with_command(words: list[str]) -> str | None:
    """What the command line's own parser says to it. Nothing is run."""
    command = typer.main.get_command(root_program)
    name, context = "watchglass", None
    try:
        while True:
            context = command.make_context(name, list(words), context)
            if not isinstance(command, TyperGroup):
                return None
            left = [*context._protected_args, *context.args]
            if not left:
                return f"{name} wants a command"
            found, below, words = command.resolve_command(context, left)
            assert found is not None
            assert below is not None
            name, command = found, below
    except TyperException as problem:
        return problem.format_message()


@pytest.mark.full
def test_the_site_is_whole_and_fetches_nothing(tmp_path: Path) -> None:
    built = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", tmp_path],
        cwd=ROOT, env={**os.environ, "NO_MKDOCS_2_WARNING": "true"}, capture_output=True,
        text=True, check=False,
    )  # fmt: skip
    assert built.returncode == 0, built.stderr
    pages = list(tmp_path.rglob("*.html"))
    assert {"index.html", "operator.html", "api-routes.html"} <= {page.name for page in pages}
    fetched = re.compile(
        r"<(?:script|img|link|iframe)\b[^>]*(?:src|href)=[\"']?(?:https?:)?//[^>]*"
    )
    for page in pages:
        assert fetched.findall(page.read_text(encoding="utf-8")) == [], page
    for sheet in tmp_path.rglob("*.css"):
        assert not re.search(r"url\([\"']?(?:https?:)?//|@import", sheet.read_text()), sheet
    routes = (tmp_path / "api-routes.html").read_text(encoding="utf-8")
    for path in json.loads(handbook.OPENAPI.read_text(encoding="utf-8"))["paths"]:
        assert path in routes


def test_glossary_explains_every_gap_cause() -> None:
    if importlib.util.find_spec("watchglass.model.gap") is None:
        pytest.skip("watchglass.model.gap is not written yet")
    causes = importlib.import_module("watchglass.model.gap").GapCause
    glossary = (ROOT / "docs/glossary.md").read_text()
    explained = set(re.findall(r"^\| `([a-z_]+)` \| \S", glossary, re.MULTILINE))
    assert explained == {cause.value for cause in causes}


def test_decision_records_are_numbered_and_listed() -> None:
    folder = ROOT / "docs/adr"
    records = sorted(path.name for path in folder.glob("[0-9]*.md"))
    # Several may be written side by side, each with a number set aside for it.
    assert len({name[:4] for name in records}) == len(records)
    assert all(re.match(r"[0-9]{4}-[a-z0-9-]+\.md$", name) for name in records)
    index = (folder / "README.md").read_text()
    for name in records:
        assert f"({name})" in index
        assert len((folder / name).read_text().splitlines()) <= 60, f"{name} is longer than a page"
