"""The texts that leave: a signed webhook, a mail, and the two lines on a day."""

import email.policy
import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, tzinfo
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime

import msgspec

from watchglass.base.errors import UsageError
from watchglass.base.secret import Secret
from watchglass.model.notice import MailSettings, Notice

SIGNATURE = "X-Watchglass-Signature"
DELIVERY = "X-Watchglass-Delivery"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SUBJECT_MOST = 120
_POLICY = email.policy.SMTP.clone(cte_type="7bit")  # for servers that know nothing else


def at(ns: int, zone: tzinfo = UTC) -> datetime:
    return (_EPOCH + timedelta(microseconds=ns // 1000)).astimezone(zone)


def webhook_body(notice: Notice, event: str) -> str:
    """JSON for programs; ``event`` is ``opened``, ``ended`` or ``test``."""
    return msgspec.json.encode(
        {
            "event": event,
            "notice": notice.id,
            "kind": notice.kind.value,
            "about": notice.about,
            "sentence": notice.sentence,
            "at": _iso(notice.at_ns),
            "ended": _iso(notice.ended_ns) if notice.ended_ns is not None else None,
        }
    ).decode()


def _iso(ns: int) -> str:
    return at(ns).strftime("%Y-%m-%dT%H:%M:%SZ")


def signature(secret: Secret, body: str, at_s: int) -> str:
    """``t=<seconds>,v1=<HMAC-SHA256 of 't.body'>``: who knows the secret can check both."""
    signed = f"{at_s}.{body}".encode()
    made = hmac.new(secret.reveal().encode(), signed, hashlib.sha256).hexdigest()
    return f"t={at_s},v1={made}"


def mail(settings: MailSettings, subject: str, body: str, at_ns: int, id: str) -> str:
    """A message as it is handed to a server. What cameras are called is in it as text alone."""
    message = EmailMessage(_POLICY)
    message["From"] = settings.sender
    message["To"] = ", ".join(settings.to)
    message["Subject"] = plain(subject)[:_SUBJECT_MOST]
    message["Date"] = format_datetime(at(at_ns))
    message["Message-ID"] = f"<{id}@{settings.sender.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(body)
    return message.as_string()


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
