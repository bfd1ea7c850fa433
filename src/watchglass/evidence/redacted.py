"""Whether a redacted copy is the file that its statement was signed for, and what that shows.

The statement itself is checked as each is (`evidence.verify`).
"""

import re
from typing import Any

from watchglass.evidence.verify import CANNOT_TELL, NO, YES

KIND = "watchglass redacted copy"
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,60}\.mp4")
_HASH = re.compile(r"[0-9a-f]{64}")
Answer = tuple[str, tuple[str, ...]]


def copy_name(told: dict[str, Any]) -> str:
    """The file that a statement is about, beside it; empty for a statement of another kind, and for
    a name that is none."""
    name = str(told.get("file", ""))
    return name if told.get("kind") == KIND and _NAME.fullmatch(name) else ""


def checked_copy(told: dict[str, Any], sha256: str, *, intact: str) -> Answer:
    """Yes, no or cannot tell, with sentences. ``sha256`` (hex) of the file beside it, empty where
    there is none; ``intact``: the answer about the statement."""
    if intact != YES:
        return CANNOT_TELL, ("What is said of the copy is not known to be what was signed.",)
    try:
        wrong = _wrong(told)
        said = () if wrong else tuple(_origin(told))
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        return NO, (f"The statement is not of its form ({error}).",)
    if wrong:
        return NO, (wrong,)
    if not sha256:
        return CANNOT_TELL, (f"The copy is not beside it: put {told['file']} there.",)
    if sha256 != told["sha256"]:
        return NO, ("The file beside it is another than the one that was signed for.",)
    hidden = f"{told['whole']} of {told['pictures']} pictures are hidden whole"
    return YES, (f"It is the file that was signed for; {hidden}.", *said)


def _wrong(told: dict[str, Any]) -> str:
    """What is missing of all that is said of a copy; empty for nothing."""
    if not copy_name(told) or not _HASH.fullmatch(told["sha256"]):
        return "It does not name its copy, or what that hashes to."
    if not 0 <= int(told["whole"]) <= int(told["pictures"]):
        return "More pictures are hidden than there are."
    fragments = told["from_fragments"]
    if not fragments or any(
        not _HASH.fullmatch(each["leaf"]) or int(each["number"]) < 0 for each in fragments
    ):
        return "It does not name the fragments that it came from, each with its hash."
    return ""


def _origin(told: dict[str, Any]) -> list[str]:
    files: dict[str, list[int]] = {}
    for each in told["from_fragments"]:
        files.setdefault(str(each["file"]), []).append(int(each["number"]))
    said = [
        f"The recorder says that it came from fragments {min(numbers)} to {max(numbers)} of "
        f"{file}, camera {told['camera']}: their hashes can be compared with an evidence bundle."
        for file, numbers in files.items()
    ]
    return [*said, "Nothing shows what was hidden, nor that all was hidden that should be."]
