"""The report as data: what its page shows and its JSON twin holds, and nothing that neither says.

Each text of a device in it was bounded where it came in. Times are UTC. A field that is added needs
a default, or older reports could not be compared any more.
"""

import msgspec

from watchglass.model.profile import SiteProfile
from watchglass.trust.path import Progress

FORMAT = "watchglass-trust-report/1"


class Because(msgspec.Struct, frozen=True, kw_only=True):
    """A reason. ``door``, ``signal``, ``value`` and ``at`` are what it rests on, if anything."""

    sentence: str
    door: str = ""
    signal: str = ""
    value: str = ""
    at: str = ""
    address: str = ""
    port: int = 0
    fingerprint: str = ""
    weight: int = 0
    source: str = ""


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """A list that names its maker. ``restricts_devices``: not only trade with the company."""

    entity: str
    list: str
    list_name: str
    since: str
    certain: bool
    restricts_devices: bool
    verification: str
    sentence: str


class Ruled(msgspec.Struct, frozen=True, kw_only=True):
    rule: str
    outcome: str
    reasons: tuple[str, ...]


class Holed(msgspec.Struct, frozen=True, kw_only=True):
    cve: str
    state: str
    summary: str
    reason: str
    fixed: str
    exploited: str
    exploited_words: str
    cvss: float | None


class ToDo(msgspec.Struct, frozen=True, kw_only=True):
    step: str
    words: str
    reason: str
    rank: int


class Supported(msgspec.Struct, frozen=True, kw_only=True):
    """Dates, or ``unknown``."""

    end_of_sale: str = "unknown"
    end_of_support: str = "unknown"
    spares_until: str = "unknown"


class Bought(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of the purchase; ``words`` says it in a sentence."""

    words: str
    bought: str = ""
    money: str = ""
    purpose: str = ""
    document: str = ""


class DocTalk(msgspec.Struct, frozen=True, kw_only=True):
    """Whom a device talked to. ``kind`` says what that peer is, ``breaks`` what stops working once
    it cannot be reached, where a table says so."""

    peer: str
    peers: tuple[str, ...]
    port: int
    protocol: str
    kind: str
    words: str
    breaks: str
    backing: str
    sent_bytes: int
    received_bytes: int
    times: int
    refused: int
    first: str
    last: str
    sources: tuple[str, ...]


class DocContained(msgspec.Struct, frozen=True, kw_only=True):
    """What keeps a device in; ``applied`` is empty while nobody stated that it is in force."""

    words: str
    form: str
    exported: str
    applied: str
    by: str


class DocStep(msgspec.Struct, frozen=True, kw_only=True):
    """A step that somebody says was done. ``document`` is the SHA-256 of the paper, in hex."""

    step: str
    at: str
    by: str
    note: str = ""
    document: str = ""
    document_name: str = ""
    camera: str = ""


class DocPath(msgspec.Struct, frozen=True, kw_only=True):
    """How far the device has come on its way out, and what was decided."""

    step: str
    owner: str = ""
    wave: int = 0
    due: str = ""
    cost: str = ""
    replacement: str = ""
    shortcomings: tuple[str, ...] = ()
    cleared: tuple[str, ...] = ()
    steps: tuple[DocStep, ...] = ()


class DocDevice(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    label: str
    label_certainty: str
    other_labels: tuple[str, ...]
    origin: str
    origin_name: str
    certainty: str
    confidence: float
    making: str
    imitates: str
    hint: str
    chips: tuple[str, ...]
    verdict: str
    kind: str
    model: str
    firmware: str
    build: str
    addresses: tuple[str, ...]
    macs: tuple[str, ...]
    serials: tuple[str, ...]
    names: tuple[str, ...]
    places: tuple[str, ...]
    because: tuple[Because, ...]
    against: tuple[Because, ...]
    listed: tuple[Listed, ...]
    rules: tuple[Ruled, ...]
    holes: tuple[Holed, ...]
    support: Supported
    purchase: Bought
    to_do: tuple[ToDo, ...]
    doors: tuple[str, ...]
    first_seen: str
    last_seen: str
    egress_words: str = ""
    egress: tuple[DocTalk, ...] = ()
    egress_left_out: int = 0
    contained: DocContained | None = None
    breaks: tuple[str, ...] = ()
    switch_ports: tuple[str, ...] = ()
    path: DocPath | None = None

    @property
    def shown(self) -> str:
        """What to call it: what people named it, else its address or MAC."""
        return next(iter((*self.names, *self.addresses, *self.macs, self.id[:8])))


class DocRule(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    jurisdiction: str
    instrument: str
    kind: str
    scope: str
    status: str
    adopted: str
    effective: str
    until: str
    source: str
    verification: str
    as_of: str


class DocList(msgspec.Struct, frozen=True, kw_only=True):
    """A list, and what being on it means."""

    key: str
    name: str
    about: str
    meaning: str
    source: str
    verification: str
    as_of: str


class Covered(msgspec.Struct, frozen=True, kw_only=True):
    place: str
    network: str
    doors: tuple[str, ...]
    asked: int
    answered: int
    silent: int
    refused: int
    started: str
    ended: str
    complete: bool
    note: str
    collector: str


class TableAge(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    rows: int
    oldest: str
    newest: str
    sha256: str
    replaced: bool


class Count(msgspec.Struct, frozen=True, kw_only=True):
    """How many devices: certain and suspected of a maker, or by outcome. ``unknown``: those that a
    rule may concern only because nobody knows who made them."""

    key: str
    name: str
    first: int
    second: int
    third: int = 0
    unknown: int = 0


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """Figures of the first page."""

    devices: int
    listed_certain: int
    listed_suspected: int
    listed_trade_only: int
    unknown: int
    clones: int
    relabels: int
    silent_places: tuple[str, ...]
    places: int
    invoices: int
    by_origin: tuple[Count, ...]
    by_rule: tuple[Count, ...]
    by_hole: tuple[Count, ...]


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """One report."""

    format: str = FORMAT
    program: str
    made: str
    when: str
    profile: SiteProfile
    facts_version: str
    tables: tuple[TableAge, ...]
    summary: Summary
    coverage: tuple[Covered, ...]
    devices: tuple[DocDevice, ...]
    rules: tuple[DocRule, ...]
    site_rules: tuple[Ruled, ...]
    lists: tuple[DocList, ...]
    progress: Progress | None = None
