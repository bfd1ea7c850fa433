"""A scan from beginning to end: discovery on each wire, then one address after the other."""

from __future__ import annotations

import asyncio
from typing import Callable, Dict, FrozenSet, Iterable, List, NamedTuple, Optional, Sequence, Tuple

from . import doors, questions
from .answers_standard import ssdp_location
from .connections import Closed, Connections
from .datagrams import Discovery
from .logins import Login, LoginDoor
from .neighbours import FRESH_NS, Neighbours, parse_leases
from .pace import Pace, Stopped
from .questions import Datagram
from .seen import MOST_SEEN_OF_ADDRESS, Fact, Seen
from .targets import Allowed, Target, hosts, on_link

DISCOVERY = frozenset(("ws_discovery", "sadp", "dhip", "maker_discovery", "mdns", "ssdp"))
ALL_SOURCES = DISCOVERY | frozenset(
    ("neighbour", "dhcp_lease", "http", "rtsp", "tls", "onvif", "isapi", "favicon", "greeting")
)


class Plan(NamedTuple):
    """What to look at, through which doors, and how fast."""

    targets: Tuple[Target, ...]
    sources: FrozenSet[str] = ALL_SOURCES
    logins: Tuple[Login, ...] = ()
    rate_per_s: float = 50.0
    parallel: int = 32
    timeout_s: float = 3.0
    skip: FrozenSet[str] = frozenset()
    leases: Tuple[str, ...] = ()
    """Texts of lease files."""


class Clocks(NamedTuple):
    wall_ns: Callable[[], int]
    monotonic_ns: Callable[[], int]


class Tally(NamedTuple):
    """What became of one network's addresses."""

    target: Target
    asked: int = 0
    answered: int = 0
    refused: int = 0
    silent: int = 0
    note: str = ""


class Teller:
    """Whoever wants to know; every call is quick."""

    def seen(self, batch: List[Seen]) -> None: ...

    def begins(self, address: str) -> None: ...

    def done(self, address: str) -> None: ...

    def progress(self, done: int, of: int, answered: int) -> None: ...

    def covered(self, tally: Tally, complete: bool) -> None: ...


class Survey:
    """One run. ``stop`` ends it soon; what was seen has been told."""

    def __init__(self, plan: Plan, teller: Teller, clocks: Clocks, neighbours: Neighbours) -> None:
        self._plan = plan
        self._teller = teller
        self._clocks = clocks
        self.pace = Pace(plan.rate_per_s, plan.parallel, clocks.monotonic_ns)
        self._allowed = Allowed(plan.targets)
        self._ask = Connections(self._allowed, self.pace, plan.timeout_s)
        self._neighbours = neighbours
        self._counts: Dict[str, int] = {}
        self._descriptions: Dict[str, Tuple[int, str]] = {}
        self._wires = {each: on_link(each) for each in plan.targets}
        self._tallies = {each: Tally(each, note=self._note(each)) for each in plan.targets}
        self._told_done = 0
        self._answered = 0
        self._outside = 0

    def stop(self) -> None:
        self.pace.stop()

    async def run(self) -> bool:
        """Whether it came to its end."""
        complete = True
        try:
            self._tell_leases()
            for wire in sorted({wire for wire in self._wires.values() if wire}):
                await self._discover(wire)
            await self._visit_all()
        except Stopped:
            complete = False
        complete = complete and not self.pace.stopping
        for tally in self._tallies.values():
            self._teller.covered(tally, complete)
        return complete

    # --- everybody at once --------------------------------------------------------------------

    def _note(self, each: Target) -> str:
        if self._wires[each] is None:
            return (
                "A router stands between: no discovery and no MAC from there. Look from inside "
                "with 'trust collect'."
            )
        return ""

    async def _discover(self, wire: str) -> None:
        sources = self._plan.sources & DISCOVERY
        if not sources:
            return
        discovery = Discovery(wire, self.pace, self._heard, frozenset(sources))
        await discovery.run(2 * self._plan.timeout_s)
        if self._outside:
            self._add_note(wire, "%d devices outside the named networks answered on this wire: "
                           "name their network to look at them." % self._outside)  # fmt: skip
        if discovery.unheard:
            self._add_note(wire, "Not asked, because another program holds the port: %s."
                           % ", ".join(sorted(set(discovery.unheard))))  # fmt: skip

    def _add_note(self, wire: str, note: str) -> None:
        for each, tally in self._tallies.items():
            if self._wires[each] == wire:
                self._tallies[each] = tally._replace(note=(tally.note + " " + note).strip())

    def _heard(self, address: str, question: Datagram, found: List[Fact], data: bytes) -> None:
        self._tell(address, question.port, question.source, found)
        if question.row == "ssdp":
            where = ssdp_location(data, address)
            if where is not None:
                self._descriptions[address] = where

    def _tell_leases(self) -> None:
        if "dhcp_lease" not in self._plan.sources:
            return
        for text in self._plan.leases:
            try:
                leases = parse_leases(text)
            except ValueError:
                continue
            for lease in leases:
                if lease.address in self._allowed:
                    found = [Fact("mac", lease.mac)]
                    found += [Fact("host_name", lease.host_name)] if lease.host_name else []
                    self._tell(lease.address, 0, "dhcp_lease", found, mac=lease.mac)

    # --- one after the other ------------------------------------------------------------------

    async def _visit_all(self) -> None:
        waiting = hosts(self._plan.targets, self._plan.skip)
        of = sum(1 for _ in hosts(self._plan.targets, self._plan.skip))
        self._teller.progress(0, of, self._answered)
        tasks = [
            asyncio.ensure_future(self._visitor(waiting, of)) for _ in range(self._plan.parallel)
        ]
        try:
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _visitor(self, waiting: Iterable[str], of: int) -> None:
        for address in waiting:
            if self.pace.stopping:
                raise Stopped
            self._teller.begins(address)
            how = await self._visit(address)
            self._count(address, how)
            self._told_done += 1
            self._teller.done(address)
            self._teller.progress(self._told_done, of, self._answered)

    async def _visit(self, address: str) -> Optional[Closed]:
        """Call at its doors; None when anything of it was seen."""
        first = await self._first(address)
        mac = await self._mac_after(address)
        if mac and "neighbour" in self._plan.sources:
            self._tell(address, 0, "neighbour", [Fact("mac", mac)], mac=mac)
        nobody = first.how is Closed.SILENT and not mac and address not in self._counts
        if nobody and self._wire_of(address):
            return Closed.SILENT  # on our own wire, who has no MAC is not there
        visits = [first, *await asyncio.gather(*self._others(address))]
        if first.opened:
            visits += await self._web(address)
        for visit in visits:
            if visit.facts:
                self._tell(address, visit.port, visit.source, list(visit.facts), mac=mac)
        if any(visit.opened for visit in visits):
            await self._login(address, visits)
        if address in self._counts:
            return None
        refused = any(visit.how is Closed.REFUSED for visit in visits)
        return Closed.REFUSED if refused else Closed.SILENT

    async def _mac_after(self, address: str) -> str:
        """The MAC that the knock at its door has made known, if it is on our wire."""
        mac = self._neighbours.mac(address)
        if not mac and self._wire_of(address):
            await asyncio.sleep(FRESH_NS / 1e9)
            mac = self._neighbours.mac(address)
        return mac

    async def _first(self, address: str) -> doors.Visit:
        if "http" in self._plan.sources:
            return await doors.page(self._ask, address)
        # Without a door to knock at, only who answers another is seen.
        return doors.Visit(0, Closed.SILENT)

    def _others(self, address: str) -> "List[asyncio.Future[doors.Visit]]":
        wanted = []
        if "tls" in self._plan.sources:
            wanted.append(doors.certificate(self._ask, address))
        if "rtsp" in self._plan.sources:
            wanted.append(doors.stream(self._ask, address))
        if "greeting" in self._plan.sources:
            wanted += [
                doors.greeting(self._ask, address, question)
                for question in (questions.CONTROL, questions.TELNET)
            ]
        return [asyncio.ensure_future(each) for each in wanted]

    async def _web(self, address: str) -> Sequence[doors.Visit]:
        visits = []
        if "favicon" in self._plan.sources:
            visits.append(await doors.icon(self._ask, address))
        where = self._descriptions.get(address)
        if where is not None:
            visits.append(await doors.description(self._ask, address, *where))
        return visits

    async def _login(self, address: str, visits: Sequence[doors.Visit]) -> None:
        if not {"isapi", "onvif"} & self._plan.sources:
            return
        web = {visit.port for visit in visits if visit.opened and visit.port in (80, 443)}
        if not web:
            return
        for login in self._plan.logins:
            if not login.opens(address):
                continue
            door = LoginDoor(
                self._ask, address, login, secure=80 not in web,
                wall_s=lambda: self._clocks.wall_ns() / 1e9,
            )  # fmt: skip
            found = await door.look()
            for inside in found:
                self._tell(address, 443 if 80 not in web else 80, inside.source, inside.facts)
            if any(inside.facts and not inside.refused for inside in found):
                return

    # --- telling ------------------------------------------------------------------------------

    def _wire_of(self, address: str) -> Optional[str]:
        target = self._target_of(address)
        return None if target is None else self._wires[target]

    def _target_of(self, address: str) -> Optional[Target]:
        return next((each for each in self._plan.targets if address in Allowed([each])), None)

    def _tell(self, address: str, port: int, source: str, found: List[Fact], mac: str = "") -> None:
        known = self._counts.get(address, 0)
        kept = found[: MOST_SEEN_OF_ADDRESS - known]
        if not kept:
            return
        if not known and address in self._allowed:
            self._answered += 1
        elif not known:
            self._outside += 1
        self._counts[address] = known + len(kept)
        mac = mac or self._neighbours.mac(address)
        told = next((f.value for f in kept if f.signal == "mac" and f.channel is None), "")
        now_ns = self._clocks.wall_ns()
        self._teller.seen([
            Seen(now_ns, fact.source or source, fact.signal, fact.value, address, port,
                 mac or told, fact.channel)
            for fact in kept
        ])  # fmt: skip

    def _count(self, address: str, how: Optional[Closed]) -> None:
        target = self._target_of(address)
        if target is None:
            return
        tally = self._tallies[target]
        self._tallies[target] = tally._replace(
            asked=tally.asked + 1,
            answered=tally.answered + (how is None),
            refused=tally.refused + (how is Closed.REFUSED),
            silent=tally.silent + (how is Closed.SILENT),
        )
