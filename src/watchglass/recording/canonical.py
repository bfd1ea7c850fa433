"""JSON as ledgers and heads write it: one object a line, in the canonical form of RFC 8785.

What is hashed is a line's bytes as they lie; the canonical form is for whoever makes the line anew
to check a signature. Numbers of JSON are doubles, so 64-bit integers are decimal strings.
"""

from collections.abc import Mapping

import msgspec
import rfc8785

from watchglass.base.errors import DamagedError

_MOST = (1 << 63) - 1
MOST_LINE_BYTES = 16 * 1024 * 1024


def canonical_line(fields: Mapping[str, object]) -> bytes:
    """The object in one line, without a line feed at its end.

    Values are text, booleans, integers below 2**53, and lists and objects of these; ValueError for
    anything else.
    """
    _check(fields)
    try:
        return rfc8785.dumps(fields)  # type: ignore[arg-type]  # checked above
    except rfc8785.CanonicalizationError as error:
        raise ValueError(f"this cannot be written as canonical JSON: {error}") from error


def _check(value: object) -> None:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if not isinstance(key, str):
                raise ValueError(f"the key {key!r} is not text")
            _check(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            _check(inner)
    elif not isinstance(value, str | bool | int):
        raise ValueError(f"{type(value).__name__} is not written to a ledger")


def parsed_object(raw: bytes) -> dict[str, object]:
    """The object that a line is; DamagedError when it is none."""
    try:
        value = msgspec.json.decode(raw)
    except (ValueError, RecursionError) as error:  # msgspec's own errors are ValueErrors
        raise DamagedError(f"The line is no JSON ({error}).") from error
    if not isinstance(value, dict):
        raise DamagedError("The line is no JSON object.")
    return value


def decimal(value: object) -> int:
    """The integer of a decimal string in its one form; DamagedError for anything else."""
    if isinstance(value, str) and len(value) <= 20:
        try:
            number = int(value)
        except ValueError:
            number = None
        if number is not None and str(number) == value and abs(number) <= _MOST:
            return number
    raise DamagedError(f"{value!r:.40} is not an integer as a decimal string.")
