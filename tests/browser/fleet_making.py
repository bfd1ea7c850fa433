"""Devices for the browser tests: some that answer on this machine, and many that were seen."""

from pathlib import Path

from tests.trust.seeing import AXIS_MAC, DAHUA_MAC, SCAN, see
from watchglass.model.coverage import Coverage, ScanEntry, ScanKind
from watchglass.model.observation import Observation, Source
from watchglass.simulate.lan.device import Answer, Device, Port, Speech
from watchglass.store.trust import TrustStore

NETWORK = "127.0.77.0/28"
CAMERA, RELABELLED, OTHER = "127.0.77.2", "127.0.77.3", "127.0.77.4"
HOSTILE = "<img src=x onerror=\"document.title='owned'\">\u202egnp.exe"
_AT_NS = 1_795_000_000 * 10**9


def web(server: str, title: str) -> Port:
    """A web server that says so much of itself."""
    body = f"<html><head><title>{title}</title></head></html>".encode()
    lines = ("HTTP/1.1 200 OK", f"Server: {server}", f"Content-Length: {len(body)}", "", "")
    head = "\r\n".join(lines).encode()
    return Port(number=80, speaks=Speech.HTTP, answers={"/": Answer(head + body)})


def answering() -> list[Device]:
    """What a scan of ``NETWORK`` finds beside a camera at ``CAMERA``."""
    return [
        Device(address=RELABELLED, mac="", ports=(web("App-webs/", HOSTILE),)),
        Device(address=OTHER, mac="", ports=(web("nginx", "Printer"),)),
    ]


def many(devices: int) -> list[Observation]:
    """A school district: relabelled ones, genuine ones, and those of which nothing is told."""
    found: list[Observation] = []
    for number in range(devices):
        address = f"10.4.{number // 200}.{number % 200 + 10}"
        place = f"import_csv place Building {'ABCDE'[number % 5]}"
        name = f"import_csv name Room {number:03}"
        last = f"{number // 256:02x}:{number % 256:02x}"
        match number % 4:
            case 0:
                found += see("sadp answer sadp", "http server App-webs/", "import_csv label LTS",
                             f"sadp serial DS-2CD2032F-I{number:09}", "sadp model DS-2CD2032F-I",
                             "sadp firmware V5.4.0 build 160401", name, place,
                             "rtsp rtsp_path /Streaming/Channels/101",
                             address=address, mac=f"bc:ad:28:00:{last}")  # fmt: skip
            case 1:
                found += see("dhip answer dhip", "http realm Login to 4A0B1C2D3E4F5A6B",
                             f"dhip serial {number:012}", "import_csv label Lorex", name, place,
                             address=address, mac=f"{DAHUA_MAC[:8]}:00:{last}")  # fmt: skip
            case 2:
                found += see("mdns mdns_service _axis-video._tcp.local",
                             "onvif manufacturer AXIS", "onvif model M3045-V", name, place,
                             address=address, mac=f"{AXIS_MAC[:8]}:00:{last}")  # fmt: skip
            case _:
                found += see("http title Login", name, place, address=address)
    return found


def seed(data: Path, observations: list[Observation]) -> None:
    """Have a recorder's folder hold what a scan saw, and one silent building."""
    store = TrustStore(data / "state" / "site.db")
    store.add_observations(observations)
    store.put_scan(ScanEntry(scan=SCAN, kind=ScanKind.SCAN, started_ns=_AT_NS, ended_ns=_AT_NS))
    for number, place in enumerate(("Main building", "Annex")):
        answered = len(observations) // 6 if number == 0 else 0
        store.put_coverage(
            Coverage(
                scan=SCAN, cidr=f"10.{4 + number}.0.0/22", place=place, started_ns=_AT_NS,
                ended_ns=_AT_NS, asked=1022, answered=answered, silent=1022 - answered, refused=0,
                doors=(Source.SADP, Source.HTTP),
            )
        )  # fmt: skip
    store.close()
