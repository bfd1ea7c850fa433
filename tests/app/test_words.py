"""Numbers and causes in words."""

import pytest

from watchglass.app.words import CAUSES, count_words, length_words, rate_words, size_words
from watchglass.base.clock import NS_PER_S
from watchglass.model.gap import GapCause


def test_every_cause_has_words() -> None:
    assert CAUSES.keys() == set(GapCause)
    assert all(words and not words.endswith(".") for words in CAUSES.values())


@pytest.mark.parametrize(
    ("count", "words"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (99_940, "99.9 kB"), (640_000, "640 kB"),
     (999_600, "1.0 MB"), (3_200_000_000, "3.2 GB"), (5 * 10**15, "5000 TB")],
)  # fmt: skip
def test_sizes(count: int, words: str) -> None:
    assert size_words(count) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0 s"), (0.4, "0.4 s"), (2, "2 s"), (38, "38 s"), (60, "1 min"), (200, "3 min 20 s"),
     (3600, "1 h"), (7500, "2 h 5 min"), (86400, "1 day"), (4 * 86400 + 3 * 3600, "4 days 3 h")],
)  # fmt: skip
def test_lengths(seconds: float, words: str) -> None:
    assert length_words(round(seconds * NS_PER_S)) == words


def test_counts_and_rates() -> None:
    assert count_words(1, "camera") == "1 camera"
    assert count_words(1200, "process", "processes") == "1,200 processes"
    assert rate_words(380_400) == "380 kb/s"
    assert rate_words(2_100_000) == "2.1 Mb/s"
