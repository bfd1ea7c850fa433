"""What is put on the screen: hostile text, tables, and nothing but JSON where it was asked for."""

import io
import json

import pytest
from rich.console import Console

from watchglass.app.cli.screen import Cell, Column, Screen, printable

HOSTILE = "Hall\x1b[2J\x1b]0;owned\x07 [bold red]x[/] \u202egnp.\r\nroot# \x00"
COLUMNS = (Column("Camera"), Column("Size", right=True))


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def screen_on_terminal(monkeypatch: pytest.MonkeyPatch) -> tuple[Screen, Terminal]:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    file = Terminal()
    return Screen(file, file), file


def test_printable_keeps_letters_and_escapes_the_rest() -> None:
    assert printable("Hof – Süd, 前門") == "Hof – Süd, 前門"
    shown = printable(HOSTILE)
    assert shown.isprintable()
    assert "\\x1b[2J" in shown
    assert "\\u202e" in shown
    assert printable("\ud800") == "\\ud800"


def test_plain_lines_hold_no_control_characters() -> None:
    file = io.StringIO()
    screen = Screen(file, file)
    screen.say(HOSTILE)
    screen.table(COLUMNS, [(HOSTILE, Cell("1 MB", "red"))])
    screen.command(HOSTILE)
    assert all(sign == "\n" or sign.isprintable() for sign in file.getvalue())
    assert file.getvalue().count("\n") == 4


def test_plain_table_is_aligned_and_never_cut() -> None:
    file = io.StringIO()
    Screen(file, file).table(COLUMNS, [("a" * 200, "1 MB"), ("b", "12.5 MB")])
    head, first, second = file.getvalue().splitlines()
    assert first == "a" * 200 + "     1 MB"
    assert second == "b" + " " * 199 + "  12.5 MB"
    assert head.split() == ["Camera", "Size"]


def test_terminal_shows_markup_as_text(monkeypatch: pytest.MonkeyPatch) -> None:
    screen, file = screen_on_terminal(monkeypatch)
    screen.say(HOSTILE)
    screen.table(COLUMNS, [(HOSTILE, "1 MB")])
    text = file.getvalue()
    assert "[bold red]x[/]" in text
    assert "\x1b[2J" not in text
    assert "\x1b]0;" not in text
    assert "\u202e" not in text


def test_long_paths_stay_whole_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    screen, file = screen_on_terminal(monkeypatch)
    screen.out = Console(file=file, width=40, force_terminal=True, color_system=None)
    path = "/a/" + "long-folder/" * 8
    screen.say(f"It lies in {path} and nowhere else.")
    assert path in file.getvalue()


def test_json_is_one_line_of_ascii() -> None:
    file = io.StringIO()
    Screen(file, io.StringIO()).json([{"name": HOSTILE}])
    assert json.loads(file.getvalue()) == [{"name": HOSTILE}]
    assert file.getvalue().isascii()
    assert file.getvalue().count("\n") == 1
