"""What is done to a bundle under a passphrase: none of it may open."""

import io
import random
from collections.abc import Iterator

from watchglass.base.errors import DamagedError, UsageError
from watchglass.base.secret import Secret
from watchglass.evidence.agefile import decrypted, encrypted

_WORDS = Secret("a passphrase of the bench")
_PIECE = (64 << 10) + 16
_RANDOM = 150


def tried(plain: bytes) -> Iterator[tuple[str, bool]]:
    """What was done, and whether it opened all the same."""
    # More than one piece, so that they can be exchanged.
    data = b"".join(encrypted([plain, bytes(3 << 16)], _WORDS, log_n=10))
    assert _opens(data, _WORDS)
    start = data.index(b"\n---") + 4
    start = data.index(b"\n", start) + 1 + 16
    head, pieces = data[:start], [data[at : at + _PIECE] for at in range(start, len(data), _PIECE)]
    yield "another passphrase", _opens(data, Secret("another passphrase"))
    yield "the last piece cut off", _opens(head + b"".join(pieces[:-1]), _WORDS)
    yield (
        "two pieces exchanged",
        _opens(head + b"".join([pieces[1], pieces[0], *pieces[2:]]), _WORDS),
    )
    yield "a piece left out", _opens(head + b"".join(pieces[1:]), _WORDS)
    yield "a piece twice", _opens(head + b"".join([pieces[0], *pieces]), _WORDS)
    yield "more behind the end", _opens(data + bytes(40), _WORDS)
    yield "another cost", _opens(data.replace(b" 10\n", b" 11\n", 1), _WORDS)
    yield "an endless cost", _opens(data.replace(b" 10\n", b" 40\n", 1), _WORDS)
    chance = random.Random(5)
    for number in range(_RANDOM):
        at = chance.randrange(start if number % 3 else 0, len(data) if number % 3 else start)
        changed = data[:at] + bytes([data[at] ^ 1 << chance.randrange(8)]) + data[at + 1 :]
        yield f"a bit at {at}", _opens(changed, _WORDS)


def _opens(data: bytes, words: Secret) -> bool:
    try:
        for _ in decrypted(io.BytesIO(data), words):
            pass
    except (DamagedError, UsageError):
        return False
    return True
