"""What every `model.notifier.Notifier` has to hold: one suite, for ours and for those of plug-ins.

Give it a `Rig`, and run each of `CHECKS` on it; `Broken` says in a sentence what was not held. It
needs no test framework::

    for check in CHECKS:
        check(Rig(make=lambda: MyNotifier(...), taken=lambda: [...]))
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from watchglass.base.ids import CameraId
from watchglass.model.detection import Box, ObjectClass
from watchglass.model.letter import Letter, LetterEvent, PictureAt
from watchglass.model.notice import NoticeKind
from watchglass.model.notifier import Notifier, NotTakenError, Parcel

_AT_NS = 1_800_000_000 * 1_000_000_000
_JPEG = bytes.fromhex("ffd8ffe000104a46494600010100000100010000ffd9")
HOSTILE = "Hall\r\nBcc: all@example.org\n.\n\x00<img src=x onerror=alert(1)> ${7*7} ü \u202e"
"""What somebody called a camera."""


class Broken(AssertionError):
    """A notifier does not hold what `Notifier` promises."""


@dataclass(frozen=True, slots=True)
class Rig:
    """Notifiers to look at. ``taken``: how often the other side has got something of a subject
    so far, over all notifiers; it is asked with a word that the letter's subject holds.

    ``refused``: one whose other side takes nothing. ``absent``: one whose other side is not there.
    ``secrets``: texts that no error may hold.
    """

    make: Callable[[], Notifier]
    taken: Callable[[str], int]
    refused: Callable[[], Notifier] | None = None
    absent: Callable[[], Notifier] | None = None
    secrets: Sequence[str] = field(default=())


def parcel(word: str, *, event: LetterEvent = LetterEvent.OPENED, number: int = 1) -> Parcel:
    """One to send; ``word`` is in its subject."""
    letter = Letter(
        event=event, kind=NoticeKind.CAMERA_OFFLINE, subject=f"{word} is not recorded.",
        text=f"{word} is not recorded: the camera does not answer.", at_ns=_AT_NS, id="a" * 32,
        about="b" * 32,
    )  # fmt: skip
    return Parcel(letter, None, number, _AT_NS, _AT_NS)


def each_event(rig: Rig) -> None:
    """Whatever happened is taken, and once."""
    for number, event in enumerate(LetterEvent, 10):
        word = f"suite-{event.value}"
        _send(rig.make(), parcel(word, event=event, number=number))
        _must(rig.taken(word) == 1, f"A letter that {event.value} was not taken once.")


def with_a_picture(rig: Rig) -> None:
    """A letter with a picture is taken, even where pictures cannot go."""
    sent = parcel("suite-picture", event=LetterEvent.FOUND, number=20)
    at = PictureAt(CameraId("b" * 32), _AT_NS, Box(0.1, 0.1, 0.4, 0.9))
    letter = Letter(
        event=LetterEvent.FOUND, kind=NoticeKind.REVIEW, subject=sent.letter.subject,
        text=sent.letter.text, at_ns=_AT_NS, id="c" * 32, camera="Hall", rule="Porch",
        object=ObjectClass.PERSON, link="https://recorder.example/#review/" + "c" * 32, picture=at,
    )  # fmt: skip
    _send(rig.make(), replace(sent, letter=letter, picture=_JPEG))
    _must(rig.taken("suite-picture") == 1, "A letter with a picture was not taken once.")


def what_strangers_wrote(rig: Rig) -> None:
    """Texts of any kind go through as texts."""
    word = "suite-hostile"
    sent = parcel(word, number=30)
    letter = Letter(
        event=LetterEvent.OPENED, kind=NoticeKind.CAMERA_OFFLINE, subject=f"{word} {HOSTILE}",
        text=HOSTILE * 20, at_ns=_AT_NS, id="a" * 32, about="b" * 32,
    )  # fmt: skip
    _send(rig.make(), replace(sent, letter=letter))
    _must(rig.taken(word) == 1, "A letter with hostile text was not taken once.")


def several_and_the_end(rig: Rig) -> None:
    """One notifier sends several; it can be closed twice, and without having sent."""
    one = rig.make()
    for number in (40, 41):
        one.send(parcel(f"suite-several-{number}", number=number))
    one.close()
    one.close()
    rig.make().close()
    _must(rig.taken("suite-several-40") == 1, "The first of two letters was not taken once.")
    _must(rig.taken("suite-several-41") == 1, "The second of two letters was not taken once.")


def what_is_not_taken(rig: Rig) -> None:
    """It says so, in a sentence and without a secret, each time."""
    for what, make in (("refused", rig.refused), ("absent", rig.absent)):
        if make is None:
            continue
        for number in (50, 51):
            one = make()
            try:
                one.send(parcel(f"suite-{what}", number=number))
            except (NotTakenError, OSError) as error:
                told = str(error)
                _must(not any(secret in told for secret in rig.secrets), "An error tells a secret.")
                _must(
                    not isinstance(error, NotTakenError) or told.endswith("."),
                    f"An error is no sentence: {told!r}",
                )
            else:
                raise Broken(f"What was {what} is called taken.")
            finally:
                one.close()
        _must(rig.taken(f"suite-{what}") == 0, f"What was {what} was taken all the same.")


CHECKS = (
    each_event, with_a_picture, what_strangers_wrote, several_and_the_end, what_is_not_taken,
)  # fmt: skip


def _send(one: Notifier, sent: Parcel) -> None:
    try:
        one.send(sent)
    finally:
        one.close()


def _must(holds: bool, sentence: str) -> None:
    if not holds:
        raise Broken(sentence)
