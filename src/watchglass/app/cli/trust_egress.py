"""``watchglass trust egress``: whom cameras talked to."""

import os
import signal
import sys
import threading
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from watchglass.app.cli.screen import AMBER, Cell, Column
from watchglass.app.cli.shell import Shell, shell
from watchglass.app.egress import FLUSH_S, TakenIn, bounds_now, followed, listen, take, take_file
from watchglass.app.fleet import PROGRAM, egress_store, judge_fleet
from watchglass.app.words import count_words
from watchglass.base.errors import UsageError
from watchglass.base.ids import CollectorId
from watchglass.model.egress import EgressOrder
from watchglass.trust.report.egress_part import size_words

_WAIT_S = 0.5
_PIECE = 1 << 16


def egress(
    context: typer.Context,
    file: Annotated[
        Path | None,
        typer.Argument(metavar="[FILE]", help="A log or a capture; '-' for standard input."),
    ] = None,
    follow: Annotated[
        bool, typer.Option("--follow", help="Go on with what is added to it.")
    ] = False,
    flows: Annotated[
        list[str] | None,
        typer.Option(help="Take NetFlow and IPFIX at this port.", metavar="[ADDRESS:]PORT"),
    ] = None,
    syslog: Annotated[
        list[str] | None,
        typer.Option(help="Take log lines at this port.", metavar="[ADDRESS:]PORT"),
    ] = None,
    collector: Annotated[
        str, typer.Option(help="It is of the network of this collector.", metavar="ID")
    ] = "",
    forget: Annotated[bool, typer.Option("--forget", help="Forget all that was taken in.")] = False,
    json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Take in logs, flows or a capture, or list whom cameras talked to.

    Read are conntrack, nftables and iptables, pfSense and OPNsense, MikroTik, dnsmasq, Pi-hole,
    Unbound, pcap and pcapng. What no known camera sent is dropped unread.
    """
    of = shell(context)
    if forget:
        with egress_store(of.ground) as store:
            store.forget()
        of.screen.say("All contacts are forgotten.")
        return
    if file is None and not flows and not syslog:
        _list(of, json=json)
        return
    if file is not None and str(file) != "-" and not follow and not flows and not syslog:
        if not file.is_file():
            raise UsageError(f"{file} is no file: give a log or a capture.")
        whose = partial(bounds_now, of.ground, collector=CollectorId(collector))
        _tell(of, take_file(of.ground, file, whose), json=json)
        return
    _tell(of, _follow(of, file, flows or [], syslog or [], CollectorId(collector)), json=json)


def _follow(
    of: Shell, file: Path | None, flows: list[str], syslog: list[str], collector: CollectorId
) -> TakenIn:
    """Until it is interrupted, or standard input ends."""
    ending = threading.Event()
    signal.signal(signal.SIGINT, lambda *_: ending.set())
    signal.signal(signal.SIGTERM, lambda *_: ending.set())
    sockets = [listen(each) for each in (*flows, *syslog)]
    for one in sockets:
        host, port = one.getsockname()[:2]
        of.screen.remark(f"Taking what arrives at {host}:{port}/udp. Ctrl-C ends it.")
    numbers = tuple(one.fileno() for one in sockets)
    order = EgressOrder(
        at_ns=of.ground.clock.wall_ns(), bounds=bounds_now(of.ground, collector=collector),
        flush_s=FLUSH_S, flows=numbers[: len(flows)], lines=numbers[len(flows) :],
    )  # fmt: skip
    with egress_store(of.ground) as store:
        return take(store, order, _what_comes(file, ending))


def _what_comes(file: Path | None, ending: threading.Event) -> Iterator[bytes]:
    if file is None:
        while not ending.wait(_WAIT_S):
            pass
    elif str(file) == "-":
        yield from _standard_input()
    else:
        yield from followed(file, lambda: not ending.wait(_WAIT_S))


def _standard_input() -> Iterable[bytes]:
    while piece := os.read(sys.stdin.fileno(), _PIECE):
        yield piece


def _tell(of: Shell, taken: TakenIn, *, json: bool) -> None:
    if json:
        of.screen.json({
            "records": taken.records, "dropped_unread": taken.others, "unknown": taken.unknown,
            "beyond": taken.beyond, "new_contacts": taken.new, "cameras": len(taken.cameras),
            "taken_before": taken.again,
        })  # fmt: skip
        return
    if taken.again:
        of.screen.say("This file was taken in before: nothing is counted twice.")
        return
    of.screen.say(
        f"{count_words(taken.records, 'record')} of {count_words(len(taken.cameras), 'camera')}, "
        f"{count_words(taken.new, 'new contact')}. {taken.others} were of no known camera, and "
        f"dropped unread; {taken.unknown} have no form that is known here."
    )
    if not taken.records:
        of.screen.remark(
            "A record counts only while a lease or neighbour sighting says that its address is a "
            "camera's: 'watchglass trust scan', or 'watchglass trust import leases FILE'."
        )
    if taken.beyond:
        of.screen.remark(f"{taken.beyond} were more than are kept at once: give smaller files.")
    of.screen.command(of.command("trust egress"))


def _list(of: Shell, *, json: bool) -> None:
    document = judge_fleet(of.ground).document(PROGRAM)
    talking = [each for each in document.devices if each.egress or each.contained]
    if json:
        of.screen.json([
            {"id": each.id, "name": each.shown, "macs": each.macs, "words": each.egress_words,
             "contained": msgspec.to_builtins(each.contained),
             "peers": msgspec.to_builtins(each.egress)}
            for each in talking
        ])  # fmt: skip
        return
    if not talking:
        of.screen.say("Nothing was taken in of what cameras sent. For example:")
        of.screen.command(of.command("trust egress /var/log/kern.log"))
        return
    of.screen.table(
        (Column("Device"), Column("Whom it talks to", wraps=True), Column("Port", right=True),
         Column("Sent", right=True), Column("Times", right=True), Column("Last")),
        [
            (
                each.shown,
                Cell(f"{one.peer}: {one.words}", AMBER if one.kind == "cloud" else ""),
                f"{one.port}/{one.protocol}" if one.port else one.protocol,
                size_words(one.sent_bytes) if one.sent_bytes else "–",
                f"{one.times}" + (f" ({one.refused} refused)" if one.refused else ""),
                one.last[:16],
            )
            for each in talking for one in each.egress
        ],
    )  # fmt: skip
    for each in talking:
        if each.contained:
            of.screen.say(f"{each.shown}: {each.contained.words}")
