"""What a process remembers of its log: bounded, and never a secret."""

import io
from collections.abc import Iterator

import pytest

from watchglass.base import log


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    log.configure(stream=io.StringIO())
    yield
    log.configure("error")


def test_the_newest_lines_are_kept_with_what_they_are_about() -> None:
    for number in range(log.MOST_KEPT + 5):
        log.get("part").warning("camera_lost", camera=f"c{number}")
    kept = log.recent()
    assert len(kept) == log.MOST_KEPT
    at, level, text = kept[-1]
    assert (level, text) == ("warning", f"camera_lost camera=c{log.MOST_KEPT + 4}")
    assert at.endswith("Z")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("password", "sesame"), ("api_token", "sesame"), ("url", "rtsp://admin:sesame@10.0.0.7/1"),
        ("error", "cannot open rtsp://admin:sesame@10.0.0.7/1"), ("Authorization", "Basic sesame"),
    ],
)  # fmt: skip
def test_what_could_be_a_secret_is_not_kept(key: str, value: str) -> None:
    log.get("part").error("failed", **{key: value})
    text = log.recent()[-1][2]
    assert text.startswith("failed")
    assert "sesame" not in text


def test_a_line_break_in_a_name_makes_no_line() -> None:
    log.get("part").info("named", name="a\nb\x1b[31m\u202e" + "x" * 1000)
    text = log.recent()[-1][2]
    assert text.isprintable()
    assert len(text) <= 400
