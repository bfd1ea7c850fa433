"""The texts that leave: a signed webhook, a mail, and the two lines on a day."""

import email.policy
import hashlib
import hmac
from base64 import b64encode
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, tzinfo
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime

import msgspec

from watchglass.base.errors import UsageError
from watchglass.base.secret import Secret
from watchglass.model.detection import ObjectClass
from watchglass.model.letter import Letter, LetterEvent
from watchglass.model.notice_way import MailSettings
from watchglass.model.notifier import Parcel
from watchglass.model.schedule import zone_of

SIGNATURE = "X-Watchglass-Signature"
DELIVERY = "X-Watchglass-Delivery"
PICTURE_TYPE = "image/jpeg"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SUBJECT_MOST = 120
_POLICY = email.policy.SMTP.clone(cte_type="7bit")  # for servers that know nothing else


def at(ns: int, zone: tzinfo = UTC) -> datetime:
    return (_EPOCH + timedelta(microseconds=ns // 1000)).astimezone(zone)


def webhook_body(parcel: Parcel) -> str:
    """JSON for programs."""
    letter = parcel.letter
    told: dict[str, object] = {
        "event": letter.event.value,
        "notice": letter.id,
        "kind": letter.kind.value,
        "about": letter.about,
        "sentence": letter.subject,
        "at": _iso(letter.at_ns),
        "ended": _iso(letter.ended_ns) if letter.ended_ns is not None else None,
    }
    if letter.event is LetterEvent.FOUND:
        told |= {
            "camera": letter.camera,
            "rule": letter.rule,
            "object": letter.object.value if letter.object is not None else None,
        }
    if letter.link:
        told["link"] = letter.link
    if parcel.picture is not None:
        told["picture"] = {"type": PICTURE_TYPE, "base64": b64encode(parcel.picture).decode()}
    return msgspec.json.encode(told).decode()


def _iso(ns: int) -> str:
    return at(ns).strftime("%Y-%m-%dT%H:%M:%SZ")


def signature(secret: Secret, body: str, at_s: int) -> str:
    """``t=<seconds>,v1=<HMAC-SHA256 of 't.body'>``: who knows the secret can check both."""
    signed = f"{at_s}.{body}".encode()
    made = hmac.new(secret.reveal().encode(), signed, hashlib.sha256).hexdigest()
    return f"t={at_s},v1={made}"


def mail(settings: MailSettings, parcel: Parcel) -> str:
    """A message (RFC 5322) as it is handed to a server. What cameras are called is in it as text
    alone."""
    letter, id = parcel.letter, f"{parcel.number}.{parcel.made_ns}"
    message = EmailMessage(_POLICY)
    message["From"] = settings.sender
    message["To"] = ", ".join(settings.to)
    message["Subject"] = title(letter)
    message["Date"] = format_datetime(at(parcel.made_ns))
    message["Message-ID"] = f"<{id}@{settings.sender.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(body_text(letter, zone_of(settings.zone)))
    if parcel.picture is not None:
        message.add_attachment(
            parcel.picture, maintype="image", subtype="jpeg", filename=picture_name(letter)
        )
    return message.as_string()


def title(letter: Letter) -> str:
    """One line for people."""
    return plain(f"Watchglass: {_over(letter)}{letter.subject}")[:_SUBJECT_MOST]


def _over(letter: Letter) -> str:
    return "Over: " if letter.event is LetterEvent.ENDED else ""


def body_text(letter: Letter, zone: tzinfo = UTC) -> str:
    """What it says, when, and where there is more."""
    lines = [f"{_over(letter)}{letter.text}"]
    if letter.event is not LetterEvent.DAILY:
        word = "At" if letter.event in (LetterEvent.FOUND, LetterEvent.TEST) else "Since"
        lines += ["", f"{word} {at(letter.at_ns, zone):%Y-%m-%d %H:%M:%S %Z}."]
    if letter.link:
        lines += ["", letter.link]
    return "\n".join(lines) + "\n"


def object_words(kind: ObjectClass) -> str:
    """'a person', 'an animal', 'something that moves'."""
    if kind is ObjectClass.MOVING:
        return "something that moves"
    return f"an {kind}" if kind.value[0] in "aeiou" else f"a {kind}"


def picture_name(letter: Letter) -> str:
    """A file name for its picture: of the time alone, because names are anybody's."""
    return f"{at(letter.at_ns):%Y%m%dT%H%M%SZ}.jpg"


def plain(text: str) -> str:
    """One line, of what prints: a name with a line break must not become a header."""
    return "".join(sign if sign.isprintable() else " " for sign in text)


def checked_address(text: str) -> str:
    """A mail address; UsageError for what is none."""
    found = text.strip()
    try:
        parsed = Address(addr_spec=found)
    except (ValueError, IndexError, MessageError) as error:
        raise UsageError(f"{found[:60]!r} is no mail address.") from error
    if not parsed.username or not parsed.domain or not found.isascii() or not found.isprintable():
        raise UsageError(f"{found[:60]!r} is no mail address.")
    return found


def two_lines(
    cameras: int, missing_s: int, days: float | None, wrong: Mapping[str, str]
) -> tuple[str, str]:
    """'6 cameras, 0 s missing, 9 days left.' and what needs somebody. ``wrong``: a sentence each
    for what holds now."""
    count = "1 camera" if cameras == 1 else f"{cameras} cameras"
    left = "not known yet how many days are left" if days is None else f"{_days(days)} left"
    first = f"{count}, {_length(missing_s)} missing, {left}."
    sentences = list(wrong.values())
    if not sentences:
        return first, "Nothing needs you."
    more = f" And {len(sentences) - 1} more." if len(sentences) > 1 else ""
    return first, f"{plain(sentences[0])}{more}"


def _days(days: float) -> str:
    shown = f"{days:.0f}" if days >= 2 else f"{days:.1f}"
    return f"{shown} {'day' if shown == '1' else 'days'}"


def _length(seconds: int) -> str:
    if seconds < 120:
        return f"{seconds} s"
    if seconds < 7200:
        return f"{seconds // 60} min"
    return f"{seconds // 3600} h {seconds % 3600 // 60} min"
