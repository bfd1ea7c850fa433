"""``python -m watchglass.simulate``: cameras in a process of their own, told what to do on stdin.

One JSON line on stdout when all answer: ``{"port": …, "cameras": [{"name", "main", "sub"}, …]}``.
Then one answer per line of stdin:

- ``{"camera": NAME, "fault": FAULT, "value": VALUE, "stream": "main"}``; no stream means both
- ``{"command": "counters"}``
- ``{"command": "happens", "camera": NAME, "topic": TOPIC, "data": {NAME: VALUE}}``: an ONVIF event
- ``{"command": "turned", "camera": NAME}``: where the camera looks, and what moved it
- ``{"command": "quirks", "camera": NAME, QUIRK: VALUE, …}``: from now on (`onvif.quirks`)

Progress of loops that are encoded for the first time goes to stderr. The process ends at the end of
stdin, on SIGTERM and on SIGINT.
"""

import argparse
import asyncio
import json
import signal
import sys
import threading
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from watchglass.base.clock import SystemClock
from watchglass.simulate.camera_kind import KINDS, Size, cameras
from watchglass.simulate.digest import Credentials
from watchglass.simulate.faults import BadFault
from watchglass.simulate.fleet import FleetSettings, SimulatedFleet
from watchglass.simulate.loop import LoopSpec
from watchglass.simulate.onvif.happenings import Happening
from watchglass.simulate.onvif.server import OnvifServer
from watchglass.simulate.rtsp_connection import TRANSPORTS


def _parser() -> argparse.ArgumentParser:
    size = Size()
    parser = argparse.ArgumentParser(prog="python -m watchglass.simulate", description=__doc__)
    parser.add_argument("--cameras", type=int, default=4)
    parser.add_argument("--kind", choices=(*KINDS, "4k", "mjpeg", "mix"), default="mix")
    parser.add_argument("--width", type=int, default=size.width)
    parser.add_argument("--height", type=int, default=size.height)
    parser.add_argument("--fps", type=int, default=size.fps)
    parser.add_argument("--bit-rate", type=int, default=size.bit_rate, help="bits per second")
    parser.add_argument("--sub-width", type=int, default=size.sub_width)
    parser.add_argument("--sub-height", type=int, default=size.sub_height)
    parser.add_argument("--sub-fps", type=int, default=size.sub_fps)
    parser.add_argument("--sub-bit-rate", type=int, default=size.sub_bit_rate)
    parser.add_argument("--seconds", type=int, default=size.seconds, help="length of the loops")
    parser.add_argument("--no-sound", action="store_true")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 picks a free one")
    parser.add_argument("--port-each", action="store_true", help="a port for each camera")
    parser.add_argument("--user", help="ask for digest authentication")
    parser.add_argument("--password", default="")
    parser.add_argument("--qop", action="store_true", help="digest with qop=auth")
    parser.add_argument("--tls", action="store_true", help="rtsps://, self-signed")
    parser.add_argument(
        "--transports", default=",".join(TRANSPORTS), help="those not refused: tcp,udp,http"
    )
    parser.add_argument("--onvif", action="store_true", help="an ONVIF device each")
    parser.add_argument(
        "--onvif-recorder", action="store_true", help="the first alone, and it tells of all others"
    )
    parser.add_argument("--path", default="", help="as Streaming/Channels/{channel}0{stream}")
    parser.add_argument("--burst", action="store_true", help="cached frames first, all cameras")
    parser.add_argument("--log", type=Path, help="folder for the logs of sent frames")
    return parser


def _size(options: argparse.Namespace) -> Size:
    return Size(
        width=options.width,
        height=options.height,
        fps=options.fps,
        bit_rate=options.bit_rate,
        seconds=options.seconds,
        sub_width=options.sub_width,
        sub_height=options.sub_height,
        sub_fps=options.sub_fps,
        sub_bit_rate=options.sub_bit_rate,
        sound=not options.no_sound,
    )


def _settings(options: argparse.Namespace) -> FleetSettings:
    login = Credentials(options.user, options.password, options.qop) if options.user else None
    return FleetSettings(
        host=options.host,
        port=options.port,
        port_each=options.port_each,
        credentials=login,
        log_folder=options.log,
        tls=options.tls,
        onvif=options.onvif or options.onvif_recorder,
        onvif_recorder=options.onvif_recorder,
        path=options.path,
        transports=frozenset(each for each in TRANSPORTS if each in options.transports.split(",")),
    )


def _say(line: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


def _tell_progress(spec: LoopSpec, done: int, frames: int) -> None:
    name = f"{spec.codec} {spec.width}x{spec.height} {spec.fps} fps"
    end = "\n" if done == frames else ""
    sys.stderr.write(f"\rencoding {name}: {done} of {frames} frames{end}")
    sys.stderr.flush()


def _read_lines(loop: asyncio.AbstractEventLoop, lines: "asyncio.Queue[str | None]") -> None:
    """A thread of its own: stdin may be a file or a terminal, which the loop cannot wait for."""
    for line in sys.stdin:
        loop.call_soon_threadsafe(lines.put_nowait, line)
    loop.call_soon_threadsafe(lines.put_nowait, None)


async def _answer(fleet: SimulatedFleet, line: str) -> dict[str, Any]:
    try:
        command: Any = json.loads(line)
        if not isinstance(command, dict):
            raise BadFault("a command is a JSON object")
        match command.get("command"):
            case "counters":
                counters = {name: asdict(value) for name, value in fleet.counters().items()}
                return {"ok": True, "counters": counters}
            case "happens" | "turned" | "quirks":
                return {"ok": True, **_device(fleet.device(command.pop("camera")), command)}
        value, stream = command.get("value", True), command.get("stream")
        if stream not in (None, "main", "sub"):
            raise BadFault(f"there is no stream {stream!r}")
        await fleet.set(command["camera"], command["fault"], value, stream)
    except KeyError as error:
        return {"ok": False, "error": f"{error} is missing or unknown"}
    except (ValueError, TypeError) as error:
        return {"ok": False, "error": str(error)}
    return {"ok": True}


def _device(device: OnvifServer, command: dict[str, Any]) -> dict[str, Any]:
    """What is asked of an ONVIF device."""
    match command.pop("command"):
        case "happens":
            device.emit(Happening(command["topic"], tuple(command["data"].items())))
            return {}
        case "turned":
            turning = device.turning
            turning.advance(SystemClock().monotonic_ns())
            return {
                "pan": turning.pan, "tilt": turning.tilt, "zoom": turning.zoom,
                "moving": turning.moving, "moved": turning.moved, "asked": device.asked,
                "pulled": device.pulled,
            }  # fmt: skip
        case _:
            device.behave(replace(device.quirks, **command))
            return {}


async def _run(options: argparse.Namespace) -> None:
    loop = asyncio.get_running_loop()
    lines: asyncio.Queue[str | None] = asyncio.Queue()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, lines.put_nowait, None)
    threading.Thread(target=_read_lines, args=(loop, lines), daemon=True).start()
    fleet = SimulatedFleet(
        cameras(options.cameras, options.kind, _size(options)), _settings(options)
    )
    await fleet.start(_tell_progress)
    if options.burst:
        for urls in fleet.urls:
            await fleet.set(urls.name, "burst")
    _say({"port": fleet.port, "cameras": [asdict(urls) for urls in fleet.urls]})
    while (line := await lines.get()) is not None:
        _say(await _answer(fleet, line))
    await fleet.stop()


def main() -> None:
    asyncio.run(_run(_parser().parse_args()))


if __name__ == "__main__":
    main()
