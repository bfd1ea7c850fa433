"""Egress and containment in the report: as data, and as part of a device on its page."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

from watchglass.base.ids import DeviceId
from watchglass.model.egress import Contained, Needs, PeerContact, PeerName
from watchglass.model.observation import Signal
from watchglass.trust.egress import OUTSIDE, EgressJudge, Talk, egress_sentence
from watchglass.trust.facts import Facts
from watchglass.trust.judgement import Judgement
from watchglass.trust.report.document import DocContained, DocDevice, DocTalk, Document
from watchglass.trust.report.moment import utc

MOST_TALKS = 60


@dataclass(frozen=True)
class FleetEgress:
    """What is kept of egress and containment, for the whole fleet."""

    contacts: Sequence[PeerContact] = ()
    names: Sequence[PeerName] = ()
    needs: Needs = field(default_factory=Needs)
    contained: Sequence[Contained] = ()

    def talks(
        self, judgements: Iterable[Judgement], facts: Facts
    ) -> Mapping[DeviceId, tuple[Talk, ...]]:
        """Whom each device talks to."""
        by_mac: dict[str, list[PeerContact]] = defaultdict(list)
        for each in self.contacts:
            by_mac[each.mac].append(each)
        judge = EgressJudge(facts, self.needs, self.names)
        return {
            each.id: judge.talks(one for mac in each.subject.macs for one in by_mac.get(mac, ()))
            for each in judgements
        }


def with_egress(
    document: Document,
    judgements: Iterable[Judgement],
    egress: FleetEgress,
    talks: Mapping[DeviceId, tuple[Talk, ...]],
    facts: Facts,
) -> Document:
    """The document with whom each device talks to, what keeps it in, and what that would end."""
    contained = {each.device: each for each in egress.contained}
    return msgspec.structs.replace(document, devices=tuple(
        _device(device, judged, talks.get(judged.id, ()), egress.needs, contained.get(judged.id),
                facts)
        for device, judged in zip(document.devices, judgements, strict=True)
    ))  # fmt: skip


def _device(
    device: DocDevice, judged: Judgement, talks: Sequence[Talk], needs: Needs,
    contained: Contained | None, facts: Facts,
) -> DocDevice:  # fmt: skip
    origin = judged.judged.origin.origin
    known = [each.breaks for each in facts.phone_homes if origin and each.origin == origin]
    seen = [each.breaks for each in talks if each.breaks and each.kind in OUTSIDE]
    ports = {
        each.value for contact in judged.device.contacts for each in contact.observations
        if each.signal is Signal.SWITCH_PORT
    }  # fmt: skip
    return msgspec.structs.replace(
        device,
        breaks=tuple(dict.fromkeys((*seen, *known))),
        switch_ports=tuple(sorted(ports)),
        egress_words=egress_sentence(talks, needs) if talks else "",
        egress=tuple(map(doc_talk, talks[:MOST_TALKS])),
        egress_left_out=max(0, len(talks) - MOST_TALKS),
        contained=doc_contained(contained, talks) if contained is not None else None,
    )


def doc_talk(talk: Talk) -> DocTalk:
    return DocTalk(
        peer=talk.shown, peers=talk.peers[:8], port=talk.port, protocol=talk.protocol,
        kind=talk.kind.value, words=talk.words, breaks=talk.breaks, backing=talk.backing,
        sent_bytes=talk.sent_bytes, received_bytes=talk.received_bytes, times=talk.times,
        refused=talk.refused, first=utc(talk.first_ns), last=utc(talk.last_ns),
        sources=tuple(each.value for each in talk.sources),
    )  # fmt: skip


def doc_contained(contained: Contained, talks: Sequence[Talk]) -> DocContained:
    """What was exported, what was stated, and what was seen since."""
    applied = contained.applied_ns
    exported = f"Rules that keep it in were exported on {utc(contained.exported_ns)}"
    if applied is None:
        words = f"{exported}; nobody stated that they are in force."
    else:
        escaped = [
            each for each in talks
            if each.kind in OUTSIDE and each.last_ns > applied and each.let_through
            and each.protocol != "dns"
        ]  # fmt: skip
        after = [each for each in talks if each.last_ns > applied]
        if escaped:
            shown = ", ".join(each.shown for each in escaped[:3])
            seen = f"since then it reached {shown} all the same: the rules do not hold it"
        elif after:
            seen = "what was recorded since shows nothing that was let out"
        else:
            seen = "nothing was recorded of it since, so whether they hold is not known"
        words = f"{exported}, stated to be in force since {utc(applied)}; {seen}."
    return DocContained(
        words=words, form=contained.form, exported=utc(contained.exported_ns),
        applied=utc(applied), by=contained.by,
    )  # fmt: skip


def talk_words(talk: DocTalk) -> str:
    """One peer in a sentence."""
    port = f", port {talk.port}/{talk.protocol}" if talk.port and talk.protocol != "dns" else ""
    how = "asked for" if talk.protocol == "dns" else f"{talk.times} times"
    sent = f", {size_words(talk.sent_bytes)} sent" if talk.sent_bytes else ""
    got = f", {size_words(talk.received_bytes)} received" if talk.received_bytes else ""
    refused = f", {talk.refused} of them refused" if talk.refused else ""
    return (
        f"{talk.peer} ({talk.words}{port}): {how}{sent}{got}{refused}, "
        f"{talk.first} to {talk.last} [{', '.join(talk.sources)}]"
    )


def size_words(size: int) -> str:
    """A number of bytes, for people."""
    for unit, least in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if size >= least:
            return f"{size / least:.1f} {unit}"
    return f"{size} B"
