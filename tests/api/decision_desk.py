"""What is decided about a recorded site, by its real keeper, as the recorder has it."""

import itertools
import threading
from dataclasses import dataclass

from tests.api.found_desk import FoundDesk
from tests.api.mask_desk import MaskDesk
from tests.recording.keeper_making import Site
from watchglass.api.decisionports import DecisionOrder, DecisionPorts
from watchglass.app.decisions import Decisions
from watchglass.app.ground import Ground
from watchglass.app.layout import Layout
from watchglass.app.statements import stated
from watchglass.base.errors import RefusedError
from watchglass.config.settings import Settings
from watchglass.model.erasure import SignedStatement, SignStatementRequest, StatementRequest
from watchglass.model.order import Done, Order, Ordered, SignStatement
from watchglass.store.site import SiteStore


class OwnKeeper:
    """The site's keeper, asked from the threads of the api."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._lock = threading.Lock()
        self._numbers = itertools.count(1_000_000)

    def order(self, order: Order) -> str:
        with self._lock:
            number = next(self._numbers)
            self._site.running.take_order("api", Ordered(number, order))
            answers = self._site.cycle(lasts_s=0)
            self._site.cycle(lasts_s=0)
        (done,) = (a for _, a in answers if isinstance(a, Done) and a.number == number)
        if done.error:
            raise RefusedError(done.error)
        return done.signature


@dataclass
class Signing:
    store: SiteStore
    keeper: OwnKeeper

    def sign_statement(self, request: SignStatementRequest) -> str:
        return self.keeper.order(
            SignStatement(request.kind, request.about, request.sha256, request.by)
        )


def decision_ports(site: Site, masks: MaskDesk, found: FoundDesk) -> DecisionPorts:
    keeper = OwnKeeper(site)
    store = masks.store

    def forget(camera: str, from_ns: int, to_ns: int) -> None:
        found.store.forget_span(camera, from_ns, to_ns)  # type: ignore[arg-type]

    decisions = Decisions(store, keeper, masks.note, site.clock, forget)
    ways = decisions.ways()
    on = Ground(
        Settings(site.folder, site.folder / "media"), Layout(site.state), site.disk, site.clock
    )

    def order(asked: DecisionOrder) -> None:
        ways[type(asked)](asked)

    def statement(asked: StatementRequest) -> SignedStatement:
        return stated(on, Signing(store, keeper), asked)

    return DecisionPorts(order, statement, store.erasures, store.hold_notes, store.subject_requests)
