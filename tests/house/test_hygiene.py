"""The repository's own rules catch what they are for."""

import pytest

from scripts.lib import hygiene


def test_repository_is_clean() -> None:
    assert list(hygiene.breaches()) == []


# Written in parts, or this file would break the rule.
@pytest.mark.parametrize("folder", ["work", "root"])
def test_machine_path_is_a_breach(folder: str) -> None:
    assert list(hygiene.path_breaches("x.py", f'DATA = "/{folder}/data/clip.mp4"'))


@pytest.mark.parametrize("text", ["src/work/x", "https://host/root/x", "/workshop/", "$root/"])
def test_other_paths_are_not(text: str) -> None:
    assert list(hygiene.path_breaches("x.py", text)) == []


@pytest.mark.parametrize("comment", ["noqa", "noqa: BLE001", "NOQA: S311"])
def test_ignored_rule_without_reason_is_a_breach(comment: str) -> None:
    assert list(hygiene.noqa_breaches("x.py", f"except Exception:  # {comment}"))


def test_ignored_rule_with_reason_is_not() -> None:
    line = "except Exception:  # noqa: BLE001 - the border of a task: what it threw is reported"
    assert list(hygiene.noqa_breaches("x.py", line)) == []


def test_long_module_is_a_breach(capsys: pytest.CaptureFixture[str]) -> None:
    assert list(hygiene.length_breaches("x.py", "x = 1\n" * 501))
    assert list(hygiene.length_breaches("x.py", "x = 1\n" * 301)) == []
    assert "note: x.py has 301 lines" in capsys.readouterr().err
