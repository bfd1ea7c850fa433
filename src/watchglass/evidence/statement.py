"""Whether a signed document of a recorder's own holds: its signature, and the lines that it names.

It reads nothing but the document, and trusts nothing in it but what is proven from the key. Whose
key that is has to be told by another way, as with a bundle.
"""

import hashlib
import json
import re
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

STATEMENT = "statement.json"
"""Its file, in the folder that a command writes."""
YES, NO, CANNOT_TELL = "yes", "no", "cannot tell"
_RECEIPT = "watchglass erasure receipt"
_KINDS = {
    _RECEIPT: "erasure", "watchglass statement of what is held": "request",
    "watchglass redacted copy": "redacted",
}  # fmt: skip
_HEAD_DOMAIN = b"watchglass.head.v1\n"


@dataclass(frozen=True, slots=True)
class Checked:
    """``intact`` and ``from_recorder``: an answer (yes, no, cannot tell) and a sentence for each
    reason. ``fingerprint``: of the key that the document names; empty where it names none."""

    title: str
    intact: tuple[str, tuple[str, ...]]
    from_recorder: tuple[str, tuple[str, ...]]
    fingerprint: str


def read_statement(raw: bytes) -> tuple[str, str] | None:
    """The document and its signature, of a file that a recorder wrote; None for any other file."""
    try:
        told = json.loads(raw)
        document, signature = told["statement"], told["signature"]
        kind = json.loads(document)["kind"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    if not isinstance(kind, str) or not isinstance(signature, str):
        return None
    return (document, signature) if kind in _KINDS else None


def checked(document: str, signature: str, fingerprint: str = "") -> Checked:
    """Whether a document that was read holds, and whether its key is the one that somebody knows
    from elsewhere: the SHA-256 of it in hex, spaces and colons do not matter."""
    told = json.loads(document)
    title = str(told["kind"])
    public = told.get("key")
    if not isinstance(public, str) or not re.fullmatch("[0-9a-f]{64}", public):
        why = ("It does not name its key: ask for it to be made again.",)
        return Checked(title, (CANNOT_TELL, why), (CANNOT_TELL, why), "")
    found = hashlib.sha256(bytes.fromhex(public)).hexdigest()
    wrong = tuple(check_statement(document, signature, public))
    said = "Nothing was changed since it was signed."
    if told["kind"] == _RECEIPT:
        said += " The lines of the ledger that tell of the erasure are under a signed head."
    intact = (NO, wrong) if wrong else (YES, (said,))
    return Checked(title, intact, _whose(found, fingerprint, bool(wrong)), found)


def _whose(found: str, expected: str, broken: bool) -> tuple[str, tuple[str, ...]]:
    expected = re.sub(r"[\s:]", "", expected).lower()
    if not expected:
        return CANNOT_TELL, ("Nobody said which key to expect: give its fingerprint.",)
    if found != expected:
        return NO, ("It names another key than the one that was expected.",)
    if broken:
        return NO, ("It names the key that was expected, which did not sign all of it.",)
    return YES, ("It is signed with the key that was expected.",)


def check_statement(document: str, signature: str, public: str) -> list[str]:
    """What is wrong, in sentences; empty when all holds. ``public``: the recorder's key (hex)."""
    try:
        told = json.loads(document)
        kind = _KINDS[told["kind"]]
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(public))
        digest = hashlib.sha256(document.encode()).hexdigest()
        signed = f"watchglass.statement.v1\n{kind}\n{digest}\n".encode()
        wrong = [] if _holds(key, signed, signature) else ["The signature is not valid."]
        return wrong + (_receipt(told, key) if kind == "erasure" else [])
    except (
        LookupError,
        TypeError,
        ValueError,
        AttributeError,
        ArithmeticError,
        RecursionError,
    ) as error:
        return [f"It is not of its form ({error})."]


def _holds(key: Ed25519PublicKey, signed: bytes, signature: str) -> bool:
    try:
        key.verify(bytes.fromhex(signature), signed)
    except InvalidSignature:
        return False
    return True


def _receipt(told: dict[str, Any], key: Ed25519PublicKey) -> list[str]:
    """The lines are under a signed head, and say what the receipt says."""
    ledger = told["ledger"]
    head = json.loads(ledger["head"])
    unsigned = {name: value for name, value in head.items() if name != "sig"}
    line = json.dumps(unsigned, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    wrong = []
    if not _holds(key, _HEAD_DOMAIN + line.encode(), head["sig"]):
        wrong.append("The head is not signed with this key.")
    if (head["ledger"], head["size"]) != (told["camera"], ledger["size"]):
        wrong.append("The head is of another ledger, or of another length.")
    size, root, seen = int(head["size"]), bytes.fromhex(head["root"]), []
    for each in ledger["lines"]:
        fields = json.loads(each["line"])
        leaf = hashlib.sha256(b"\x00" + each["line"].encode()).digest()
        path = [bytes.fromhex(one) for one in each["path"]]
        if not _included(leaf, int(fields["n"]), size, path, root):
            wrong.append(f"Line {fields['n']} is not of this ledger.")
        if fields["erasure"] != told["erasure"]:
            wrong.append(f"Line {fields['n']} is of another erasure.")
        seen.append(fields)
    types = [fields["type"] for fields in seen]
    if types[:1] != ["erasure_ordered"] or types[-1:] != ["erasure_done"]:
        wrong.append("The lines do not tell that it was ordered and done.")
    elif (seen[0]["from"], seen[0]["to"]) != (told["from"], told["to"]):
        wrong.append("The ledger tells of another span.")
    elif seen[-1]["t"] != told["done"]:
        wrong.append("The ledger tells of another time.")
    return wrong


def _included(leaf: bytes, n: int, size: int, path: list[bytes], root: bytes) -> bool:
    """RFC 9162, section 2.1.3.2."""
    if not 0 <= n < size:
        return False
    at, last, found = n, size - 1, leaf
    for each in path:
        if last == 0:
            return False
        if at & 1 or at == last:
            found = hashlib.sha256(b"\x01" + each + found).digest()
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            found = hashlib.sha256(b"\x01" + found + each).digest()
        at, last = at >> 1, last >> 1
    return last == 0 and found == root
