"""What the documents name exists."""

import importlib
import importlib.util
import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
README = (ROOT / "README.md").read_text()
# Lines of the README's blocks of commands, without what follows a '#'.
COMMANDS = [
    line.split("#")[0].split()
    for block in re.findall(r"^```(?:sh|console)\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
    for line in block.splitlines()
    if line.strip()
]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(document: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", document.read_text()):
        if "://" not in target:
            assert (document.parent / target).exists(), f"{document.name} links to {target}"


def test_readme_shows_the_two_commands() -> None:
    assert ["./scripts/demo"] in COMMANDS
    assert ["./scripts/test"] in COMMANDS


@pytest.mark.parametrize("command", [c for c in COMMANDS if c[0].startswith("./")], ids=" ".join)
def test_readme_scripts_exist(command: list[str]) -> None:
    assert (ROOT / command[0]).is_file()


def watchglass_words() -> list[str]:
    """Each `watchglass …` command of the README down to its last subcommand, options left off."""
    found = set()
    for command in COMMANDS:
        if Path(command[0]).name == "watchglass":
            words = [word for word in command[1:3] if re.fullmatch(r"[a-z]+", word)]
            found.add(" ".join(words))
    return sorted(found)


@pytest.mark.parametrize("words", watchglass_words())
def test_readme_commands_exist(
    words: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    if importlib.util.find_spec("watchglass.app") is None:
        pytest.skip("watchglass.app is not written yet")
    monkeypatch.setattr(sys, "argv", ["watchglass", *words.split(), "--help"])
    with pytest.raises(SystemExit) as ended:
        importlib.import_module("watchglass.app.cli").main()
    assert ended.value.code in (0, None)
    assert "Usage: watchglass " + words in capsys.readouterr().out


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
