"""RFC 8785 for the JSON that ledgers and heads hold: whole numbers, text, lists, objects."""

import json
from collections.abc import Iterable

_SAFE = 2**53 - 1


class NotCanonical(Exception):
    """Parses, but not the one way in which RFC 8785 writes it."""


class NotJson(Exception):
    """Does not parse."""


def _pairs(pairs: Iterable[tuple[str, object]]) -> dict[str, object]:
    found: dict[str, object] = {}
    for name, value in pairs:
        if name in found:
            raise NotCanonical(f"two members {name!r}")
        found[name] = value
    return found


def _constant(text: str) -> object:
    raise NotJson(text)


def dump(value: object) -> bytes:
    """The canonical form; fractions are left to the caller, the format has none."""
    if isinstance(value, dict):
        names = sorted(value, key=lambda name: str(name).encode("utf-16-be", "surrogatepass"))
        return b"{" + b",".join(dump(name) + b":" + dump(value[name]) for name in names) + b"}"
    if isinstance(value, list):
        return b"[" + b",".join(dump(one) for one in value) + b"]"
    if isinstance(value, float) or (type(value) is int and abs(value) > _SAFE):
        raise NotCanonical(f"the number {value}")
    try:
        return json.dumps(value, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError as error:
        raise NotCanonical("half a surrogate pair") from error


def load(raw: bytes) -> dict[str, object]:
    """One JSON object."""
    try:
        value = json.loads(raw.decode("utf-8"), object_pairs_hook=_pairs, parse_constant=_constant)
    except (UnicodeDecodeError, ValueError, RecursionError) as error:
        raise NotJson(str(error)) from error
    if not isinstance(value, dict):
        raise NotJson("no object")
    return value


def problem(raw: bytes, value: dict[str, object]) -> str:
    """Why `raw` is not the canonical form of `value`, or nothing."""
    try:
        return "" if dump(value) == raw else "not in canonical form"
    except NotCanonical as error:
        return f"not in canonical form: {error}"
