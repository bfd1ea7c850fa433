"""``python -m watchglass.simulate.lan``: a network of devices, until standard input ends.

Reads one `Order` as a JSON line; writes one line once all answer: ``ready PID FD``, where
``/proc/PID/fd/FD`` is the namespace of whoever looks. Needs the right to make namespaces.
"""

import asyncio
import ctypes
import os
import subprocess
import sys
from pathlib import Path

import msgspec

from watchglass.simulate.lan.answering import Answering
from watchglass.simulate.lan.capture import Capture
from watchglass.simulate.lan.order import DEVICES_TAP, LOOKING_TAP, Order
from watchglass.simulate.lan.switch import Switch, open_tap

_CLONE_NEWNET = 0x4000_0000
_LOOKING_MAC, _DEVICES_MAC = "02:00:00:00:00:01", "02:00:00:00:00:02"
_libc = ctypes.CDLL(None, use_errno=True)


def main() -> None:
    order = msgspec.json.decode(sys.stdin.buffer.readline(), type=Order)
    if order.loopback:
        asyncio.run(_serve_here(order))
        return
    looking, looking_space = _looking_side(order)
    _checked(_libc.unshare(_CLONE_NEWNET))
    devices_side = open_tap(DEVICES_TAP)
    _set_up_devices(order)
    capture = Capture(Path(order.capture)) if order.capture else None
    switch = Switch(
        looking, devices_side, bytes.fromhex(_DEVICES_MAC.replace(":", "")), order.devices,
        capture.keep if capture else None,
    )  # fmt: skip
    try:
        asyncio.run(_serve(order, switch, looking_space))
    finally:
        if capture is not None:
            capture.close()


async def _serve(order: Order, switch: Switch, looking_space: int) -> None:
    answering = Answering(order.devices, DEVICES_TAP)
    await answering.start()
    switch.start()
    print(f"ready {os.getpid()} {looking_space}", flush=True)  # noqa: T201 - what it is asked for
    try:
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.buffer.read)
    finally:
        switch.close()
        answering.close()


async def _serve_here(order: Order) -> None:
    answering = Answering(order.devices, "lo")
    await answering.start_each()
    print(f"ready {os.getpid()} -1", flush=True)  # noqa: T201 - what it is asked for
    try:
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.buffer.read)
    finally:
        answering.close()


def _looking_side(order: Order) -> tuple[int, int]:
    """Its TAP device, and its namespace."""
    _checked(_libc.unshare(_CLONE_NEWNET))
    tap = open_tap(LOOKING_TAP)
    # Its kernel would speak IPv6 of its own accord, and every frame here is to be the scan's.
    Path("/proc/sys/net/ipv6/conf/all/disable_ipv6").write_text("1", encoding="ascii")
    length = order.network.partition("/")[2]
    _ip(
        "link set lo up",
        f"link set {LOOKING_TAP} address {_LOOKING_MAC} up",
        f"address add {order.looker}/{length} broadcast + dev {LOOKING_TAP}",
        f"route add default dev {LOOKING_TAP}",
    )
    return tap, os.open("/proc/thread-self/ns/net", os.O_RDONLY)


def _set_up_devices(order: Order) -> None:
    """All addresses of the network are ours here, but for that of whoever looks."""
    for name in ("all", "default", DEVICES_TAP):
        Path(f"/proc/sys/net/ipv4/conf/{name}/rp_filter").write_text("0", encoding="ascii")
    _ip(
        "link set lo up",
        f"link set {DEVICES_TAP} address {_DEVICES_MAC} arp off up",
        f"route add local {order.network} dev lo",
        f"route add {order.looker}/32 dev {DEVICES_TAP} table local",
        f"neighbour replace {order.looker} lladdr {_LOOKING_MAC} dev {DEVICES_TAP}",
    )


def _ip(*lines: str) -> None:
    subprocess.run(["ip", "-batch", "-"], input="\n".join(lines).encode(), check=True)


def _checked(status: int) -> None:
    if status != 0:
        raise OSError(ctypes.get_errno(), "no right to make a network namespace")


if __name__ == "__main__":
    main()
