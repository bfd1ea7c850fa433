"""Which authorities stamp what is signed: read and changed by people, on the page or by command."""

from urllib.parse import urlsplit

from watchglass.base.errors import UsageError
from watchglass.evidence.stamps import AnchorShelf, checked_certificates, checked_name
from watchglass.model.stamping import (
    AnchorsTold,
    Authority,
    AuthorityChange,
    DropAuthorityRequest,
    SetAuthorityRequest,
)

MOST_HOURS = 24 * 31


def change_authorities(shelf: AnchorShelf, request: AuthorityChange) -> AnchorsTold:
    """Do what is asked; how they stand then. UsageError for what no authority can have,
    NotFoundError for one that is not set up."""
    match request:
        case SetAuthorityRequest():
            told = checked_authority(request.authority)
            if request.certificates:
                checked_certificates(request.certificates)
            shelf.add(told, request.certificates)
        case DropAuthorityRequest():
            shelf.drop(request.name)
    return told_of(shelf)


def told_of(shelf: AnchorShelf) -> AnchorsTold:
    set_up = shelf.authorities()
    known = tuple(each.name for each in set_up if shelf.certificates(each.name))
    return AnchorsTold(shelf.statuses(), set_up, known)


def stamps_words(one: Authority) -> str:
    """For the log."""
    return f"time stamps of {one.name} every {one.every_h} h, from {one.url}"


def checked_authority(told: Authority) -> Authority:
    """The same, its URL without blanks around."""
    url = checked_url(told.url)
    if not url:
        raise UsageError("An authority is asked at an address such as https://tsa.example/stamp.")
    if not 1 <= told.every_h <= MOST_HOURS:
        raise UsageError(f"The hours between two stamps are 1 to {MOST_HOURS}.")
    return Authority(checked_name(told.name), url, told.every_h, told.allow)


def checked_url(url: str) -> str:
    """The same without blanks around; empty for one that no authority can have."""
    url = url.strip()
    try:
        parts = urlsplit(url)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
        good = good and "@" not in parts.netloc and not parts.fragment and len(url) <= 1000
    except ValueError:
        return ""
    return url if good and url.isascii() and url.isprintable() and " " not in url else ""
