"""Words for what is never inferred: ethnicity, religion, gender, age, emotion, health, and faces.

A manifest that maps a label with one of these is refused, whatever it maps it to; the same words
are looked for in our own schemas and texts by tests.
"""

import re
from itertools import pairwise

REFUSED_WORDS = frozenset(
    """
    ethnicity ethnic race racial skin caucasian asian african arab hispanic latino latina uyghur
    uighur tibetan indigenous caste nationality
    religion religious muslim islam christian jewish jew hindu buddhist sikh hijab niqab burqa
    headscarf turban kippah yarmulke
    gender sex sexual male female man men woman women boy boys girl girls lady gentleman transgender
    age aged adult adults child children kid kids baby toddler teenager teen elderly old young youth
    senior minor
    emotion emotional mood happy sad angry anger fear fearful disgust surprised smile smiling crying
    aggressive nervous suspicious
    health healthy disease disabled disability wheelchair pregnant pregnancy sick fever drunk
    intoxicated drugged crutch
    face faces facial head iris gait
    """.split()  # noqa: SIM905 - a list of a hundred strings is not read by anybody
)

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")


def refused_words(text: str) -> frozenset[str]:
    """Those of `REFUSED_WORDS` that ``text`` holds as words of their own, however it joins them:
    ``isFemale``, ``age_group``, ``Head-scarf``."""
    words = [word.lower() for word in _WORD.findall(text)]
    pairs = {first + second for first, second in pairwise(words)}
    return frozenset((set(words) | pairs) & REFUSED_WORDS)
