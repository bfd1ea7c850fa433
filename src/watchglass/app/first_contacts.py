"""First contacts of cameras with anybody outside, told once, from what is kept: whoever took in the
log that shows them."""

from collections import defaultdict
from collections.abc import Iterator, Sequence

from watchglass.app.fleet import fact_tables
from watchglass.app.ground import Ground
from watchglass.model.egress import PeerContact
from watchglass.store.egress import EgressStore
from watchglass.trust.egress import OUTSIDE, EgressJudge

_MOST_TOLD = 5


class FirstContacts:
    """One caller at a time. ``new`` asks nothing of the database while nobody wrote to it."""

    def __init__(self, on: Ground) -> None:
        self._on = on
        self._store = EgressStore(on.layout.site_db, on.disk)
        self._seen = ""

    def new(self) -> list[str]:
        """A sentence on each first contact that nobody was told of yet."""
        digest = self._store.digest()
        if digest == self._seen:
            return []
        self._seen = digest
        return first_contacts(self._on, self._store)

    def close(self) -> None:
        self._store.close()


def first_contacts(on: Ground, store: EgressStore) -> list[str]:
    """A sentence on each first contact with somebody outside that nobody was told of yet."""
    untold = store.untold()
    if not untold:
        return []
    macs = sorted({each.mac for each in untold})
    facts = fact_tables(on).facts()
    judge = EgressJudge(facts, store.needs(), store.names())
    known = {each.key for each in untold}
    by_mac: dict[str, list[PeerContact]] = defaultdict(list)
    for each in store.contacts(macs):
        by_mac[each.mac].append(each)
    sentences = [
        sentence for mac in macs
        for sentence in _first_of(mac, by_mac[mac], known, judge)
    ]  # fmt: skip
    store.mark_told(untold)
    if len(sentences) > _MOST_TOLD:
        more = len(sentences) - _MOST_TOLD + 1
        return [*sentences[: _MOST_TOLD - 1],
                f"Cameras talked to {more} others outside for the first time: see "
                "'watchglass trust egress'."]  # fmt: skip
    return sentences


def _first_of(
    mac: str, contacts: Sequence[PeerContact], untold: set[tuple[str, str, str, int, str, str]],
    judge: EgressJudge,
) -> Iterator[str]:  # fmt: skip
    before = {
        (talk.shown, talk.kind)
        for talk in judge.talks(each for each in contacts if each.key not in untold)
    }
    shown: set[str] = set()
    for talk in judge.talks(contacts):
        if talk.kind in OUTSIDE and (talk.shown, talk.kind) not in before | {
            (each, talk.kind) for each in shown
        }:
            shown.add(talk.shown)
            where = next((each.address for each in contacts), "")
            did = "asked for" if talk.protocol == "dns" else "talked to"
            tried = "" if talk.let_through else "; nothing was let through"
            yield (
                f"The camera at {where} ({mac}) {did} {talk.shown} for the first time: "
                f"{talk.words}{tried}."
            )
