"""Whom a camera talked to, judged against what it needs and what is known of clouds."""

import pytest

from watchglass.model.egress import EgressSource, Needs, PeerContact, PeerName
from watchglass.trust.egress import EgressJudge, PeerKind, egress_sentence
from watchglass.trust.facts import read_facts

FACTS = read_facts()
MAC = "bc:ad:28:00:00:01"
NEEDS = Needs(recorders=("10.20.0.5",), resolvers=("10.20.0.53",), clocks=("10.20.0.53",))


def contact(peer: str = "", name: str = "", port: int = 443, protocol: str = "tcp",
            source: EgressSource = EgressSource.CONNTRACK, sent: int = 100, times: int = 1,
            refused: int = 0) -> PeerContact:  # fmt: skip
    return PeerContact(
        mac=MAC, address="10.0.0.4", peer=peer, name=name, port=port, protocol=protocol,
        source=source, sent_bytes=sent, received_bytes=0, times=times, refused=refused,
        first_ns=1, last_ns=2,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("peer", "name", "port", "protocol", "kind", "words"),
    [
        ("10.20.0.5", "", 443, "tcp", PeerKind.NEEDED, "its recorder"),
        ("10.20.0.53", "", 53, "udp", PeerKind.NEEDED, "your name server"),
        ("10.20.0.53", "", 123, "udp", PeerKind.NEEDED, "your time server"),
        ("10.20.0.53", "", 80, "tcp", PeerKind.LOCAL, "private"),
        ("52.1.2.3", "dev.hik-connect.com", 443, "tcp", PeerKind.CLOUD, "Hikvision: its cloud"),
        ("52.1.2.3", "vtmvirginia.ezvizlife.com", 8554, "tcp", PeerKind.CLOUD, "Hikvision"),
        ("", "www.easy4ipcloud.com", 53, "dns", PeerKind.CLOUD, "Dahua: its P2P"),
        ("52.1.2.3", "nothik-connect.com", 443, "tcp", PeerKind.INTERNET, "no table"),
        ("52.1.2.3", "hik-connect.com.example.org", 443, "tcp", PeerKind.INTERNET, "no table"),
        ("52.1.2.3", "0.pool.ntp.org", 123, "udp", PeerKind.CLOCK, "time server outside"),
        ("8.8.8.8", "", 53, "udp", PeerKind.RESOLVER, "name server outside"),
        ("239.255.255.250", "", 3702, "udp", PeerKind.GROUP, "wire"),
        ("10.0.0.9", "", 25, "tcp", PeerKind.LOCAL, "private"),
        ("52.1.2.3", "", 8800, "udp", PeerKind.INTERNET, "no table"),
    ],
)
def test_what_a_peer_is(
    peer: str, name: str, port: int, protocol: str, kind: PeerKind, words: str
) -> None:
    found, told, _ = EgressJudge(FACTS, NEEDS, ()).judge(peer, name, port, protocol)
    assert (found, words in told) == (kind, True)


def test_names_that_a_resolver_gave_join_what_a_firewall_saw() -> None:
    names = [PeerName(MAC, "52.1.2.3", "dev.hik-connect.com", 1)]
    judge = EgressJudge(FACTS, NEEDS, names)
    talks = judge.talks([
        contact("52.1.2.3", sent=100), contact("52.1.2.3", source=EgressSource.FLOW, sent=90),
        contact("", "dev.hik-connect.com", 53, "dns", EgressSource.DNS),
    ])  # fmt: skip
    assert len(talks) == 1
    assert (talks[0].kind, talks[0].shown, talks[0].sent_bytes) == (
        PeerKind.CLOUD, "dev.hik-connect.com", 100,
    )  # fmt: skip
    assert "Hik-Connect" in talks[0].breaks
    assert "as of 2026-11-21" in talks[0].backing


def test_sentences() -> None:
    judge = EgressJudge(FACTS, NEEDS, ())

    def said(*contacts: PeerContact, needs: Needs = NEEDS) -> str:
        return egress_sentence(judge.talks(contacts), needs)

    cloud = contact("52.1.2.3", "dev.hik-connect.com")
    assert said(cloud).startswith("It reached a maker's cloud (dev.hik-connect.com)")
    assert "tried to reach" in said(contact("52.1.2.3", "dev.hik-connect.com", times=2, refused=2))
    assert "asked for" in said(contact("", "dev.hik-connect.com", 53, "dns"))
    assert said(contact("10.20.0.5")) == "It talked only to what it needs."
    assert "1 that it does not need" in said(contact("10.0.0.9"), contact("10.20.0.5"))
    assert "not stated" in egress_sentence(EgressJudge(FACTS, Needs(), ()).talks(
        [contact("10.20.0.5")]), Needs())  # fmt: skip
    assert "one peer outside" in said(contact("52.1.2.3"))
    assert "nothing was let through" in said(contact("52.1.2.3", times=3, refused=3))
    assert said() == "No record of what it sent was taken in."
