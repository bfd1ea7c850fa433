"""Holds what was judged against what is true."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from benches.trust.fleet import Fleet
from benches.trust.truth import Group, Truth
from watchglass.model.observation import Observation, Signal, Source
from watchglass.trust.contact import Contact, contacts_of
from watchglass.trust.facts import read_facts
from watchglass.trust.identity import devices_of
from watchglass.trust.origin import OriginJudge

_LISTED = frozenset({"hikvision", "dahua", "uniview", "tiandy", "tp-link", "hytera", "huawei",
                     "zte"})  # fmt: skip
"""Makers whom a list of the facts names; the truth's own ``listed`` is by these."""

_SILENT = frozenset({Group.SILENT, Group.PREFIX_ONLY})
"""They answer nothing: "unknown" is the word for them, whatever may be guessed."""


@dataclass(slots=True)
class Score:
    """``said``: devices of which an origin was said."""

    said: int = 0
    right: int = 0
    telling: int = 0
    recalled: int = 0
    false_listed: int = 0
    silent: int = 0
    silent_unknown: int = 0
    found: int = 0
    prefix_only: int = 0
    hinted: int = 0
    channels: int = 0
    channels_found: int = 0
    signals: int = 0
    signals_heard: int = 0
    lines: list[str] = field(default_factory=list)

    @property
    def origin_precision(self) -> float | None:
        return round(self.right / self.said, 4) if self.said else None

    @property
    def origin_recall(self) -> float | None:
        return round(self.recalled / self.telling, 4) if self.telling else None

    @property
    def silent_unknown_share(self) -> float | None:
        return round(self.silent_unknown / self.silent, 4) if self.silent else None

    @property
    def prefix_hinted(self) -> float | None:
        """Of the silent ones with their maker's prefix, how many are told with the right hint."""
        return round(self.hinted / self.prefix_only, 4) if self.prefix_only else None

    @property
    def signals_seen(self) -> float | None:
        """Of the answers that tell a maker, how many the scan brought home."""
        return round(self.signals_heard / self.signals, 4) if self.signals else None


def score(made: Fleet, observations: Sequence[Observation]) -> Score:
    judge = OriginJudge(read_facts())
    contacts = contacts_of(observations)
    origins: dict[str, str] = {}
    hints: dict[str, str] = {}
    behind: dict[str, str] = {}
    for device in devices_of(contacts):
        verdict = judge.judge(device.contacts, asked=frozenset(Source)).origin
        for contact in device.contacts:
            if contact.is_channel:
                behind.update(dict.fromkeys(contact.macs, verdict.origin))
            else:
                origins[contact.key.address] = verdict.origin
                hints[contact.key.address] = verdict.hint
    seen = {each.key.address: each for each in contacts if not each.is_channel}
    total = Score(found=sum(truth.address in seen for truth in made.truths))
    for truth in made.truths:
        _one(total, truth, origins.get(truth.address, ""), seen.get(truth.address))
        if truth.group is Group.PREFIX_ONLY:
            total.prefix_only += 1
            total.hinted += hints.get(truth.address) == truth.origin
        for mac in truth.behind:
            total.channels += 1
            total.channels_found += mac in behind
            _count(total, truth, behind.get(mac, ""))
    return total


def _one(total: Score, truth: Truth, said: str, contact: Contact | None) -> None:
    _count(total, truth, said)
    total.signals += len(truth.tells)
    for signal in truth.tells:
        heard = _heard(signal, contact)
        total.signals_heard += heard
        if not heard:
            total.lines.append(
                f"not heard: {truth.address} {truth.group} of {truth.origin}: {signal}"
            )
    if truth.tells and truth.seen:
        total.telling += 1
        total.recalled += said == truth.origin
        if said != truth.origin:
            total.lines.append(_line("missed", truth, said))
    elif said and said == truth.origin:
        total.lines.append(_line("guessed", truth, said))
    if truth.group in _SILENT:
        total.silent += 1
        total.silent_unknown += not said


def _count(total: Score, truth: Truth, said: str) -> None:
    if not said:
        return
    total.said += 1
    total.right += said == truth.origin
    if said != truth.origin:
        total.lines.append(_line("wrong", truth, said))
    if said in _LISTED and not truth.listed:
        total.false_listed += 1


def _line(what: str, truth: Truth, said: str) -> str:
    return (
        f"{what}: {truth.address} {truth.mac} {truth.group} of {truth.origin}"
        f" ({truth.label or 'no label'}): said {said or 'unknown'}; tells {', '.join(truth.tells)}"
    )


_HEARD: dict[str, tuple[Signal, str]] = {
    "oui": (Signal.MAC, ""),
    "http greeting": (Signal.STATUS, ""),
    "rtsp greeting": (Signal.SERVER, ""),
    "realm": (Signal.REALM, "Login to"),
    "rtsp realm": (Signal.REALM, "Hikvision"),
    "control port": (Signal.BANNER, "hex:00000010"),
    "tls subject": (Signal.TLS_SUBJECT, "CN="),
    "favicon": (Signal.FAVICON_MMH3, ""),
    "isapi": (Signal.OEM_CODE, ""),
    "sdp": (Signal.SDP, "TP-LINK"),
}


def _heard(signal: str, contact: Contact | None) -> bool:
    """Whether the scan brought home what the fleet says that the device sent."""
    if contact is None:
        return False
    # What is not in the table is a protocol of discovery, by its id.
    kind, text = _HEARD.get(signal, (Signal.ANSWER, signal))
    return any(each.signal is kind and text in each.value for each in contact.observations)
