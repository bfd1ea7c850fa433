"""Brands in text: a name on its own, at its beginning or between other words."""

import re
from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property

from watchglass.trust.fact import Relation
from watchglass.trust.facts import Facts

# What devices write where a maker's name should be.
_GENERIC = frozenset(
    [
        "onvif",
        "ipc",
        "ipcam",
        "ipcamera",
        "ip-camera",
        "camera",
        "cam",
        "h",
        "h264",
        "h265",
        "h.264",
        "hd",
        "nvr",
        "dvr",
        "xvr",
        "general",
        "generic",
        "network",
        "networkcamera",
        "nvt",
        "unknown",
        "none",
        "n/a",
        "na",
        "oem",
        "default",
        "manufacturer",
        "device",
        "ipc-bo",
        "private",
        "video",
        "server",
        "webcam",
        "test",
        "null",
        "-",
        "hipcam",
    ]
)
_WORDS = re.compile(r"[a-z0-9]+")
_MOST_CHARS = 40
_SHORT_CHARS = 3


@dataclass(frozen=True, slots=True)
class Brand:
    """A name on a label. ``key`` starts with ``text:`` where no table knows it."""

    key: str
    name: str
    relations: tuple[Relation, ...] = ()

    @property
    def is_known(self) -> bool:
        return bool(self.relations)


class BrandBook:
    """The names of all relations, to be found in what devices and people write."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts

    @cached_property
    def _relations(self) -> dict[str, tuple[Relation, ...]]:
        grouped: dict[str, list[Relation]] = defaultdict(list)
        for relation in self._facts.relations:
            grouped[relation.brand_key].append(relation)
        return {key: tuple(found) for key, found in grouped.items()}

    @cached_property
    def _names(self) -> dict[tuple[str, ...], str]:
        """Brand keys by the words of their names."""
        return {
            words: relation.brand_key
            for relation in self._facts.relations
            for name in (relation.brand, *relation.aliases)
            if (words := _words(name))
        }

    @cached_property
    def _longest(self) -> int:
        return max(map(len, self._names))

    def by_key(self, key: str) -> Brand | None:
        found = self._relations.get(key)
        return Brand(key, found[0].brand, found) if found else None

    def find(self, text: str) -> Brand | None:
        """The known brand that a text names; the longest name counts, then the first."""
        found = self._found(_words(text))
        return found[0] if found is not None else None

    def named(self, text: str) -> Brand | None:
        """The brand that a name given by its maker begins with: ``HIKVISION DS-2CD2143G0-I``.

        What people write may hold a brand too, and says nothing of the device: ``Old Hikvision
        lobby``. So behind the brand only a model or a word for cameras may stand.
        """
        words = _words(text)
        found = self._found(words)
        if found is None or found[1] > 0:
            return None
        rest = words[found[2] :]
        # A model has a digit in its first word, or behind a short one: DS-2CD2143, IP5M.
        first = "".join(rest[: 2 if rest and len(rest[0]) <= _SHORT_CHARS else 1])
        is_model = any(sign.isdigit() for sign in first)
        return found[0] if is_model or all(word in _GENERIC for word in rest) else None

    def is_alone(self, text: str) -> bool:
        """Whether a text holds the name of a known brand, and nothing else."""
        return _words(text) in self._names

    def _found(self, words: tuple[str, ...]) -> tuple[Brand, int, int] | None:
        """A brand with where its name begins and ends."""
        for length in range(min(self._longest, len(words)), 0, -1):
            for start in range(len(words) - length + 1):
                key = self._names.get(words[start : start + length])
                brand = self.by_key(key) if key is not None else None
                if brand is not None:
                    return brand, start, start + length
        return None

    def stated(self, text: str) -> Brand | None:
        """The brand that a field for the maker's name states, known or not."""
        known = self.find(text)
        if known is not None:
            return known
        name = " ".join(text.split())[:_MOST_CHARS]
        words = _words(name)
        if not words or all(word in _GENERIC or word.isdigit() for word in words):
            return None
        return Brand("text:" + " ".join(words), name)


def _words(text: str) -> tuple[str, ...]:
    return tuple(_WORDS.findall(text.casefold()))
