"""What answered, by the same rules as everywhere: each distinct set of banners is judged once."""

from dataclasses import dataclass

from watchglass.base.ids import ScanId
from watchglass.model.device import DeviceKind
from watchglass.model.observation import Signal, Source, observe
from watchglass.trust.contact import contacts_of
from watchglass.trust.facts import Facts
from watchglass.trust.kind import kind_of
from watchglass.trust.origin import OriginJudge
from watchglass.trust.verdict import Certainty

_RTSP_PORTS = ("554", "8554")
_SCAN = ScanId("0" * 32)


@dataclass(frozen=True, slots=True)
class Signature:
    """What one port said; all that tells devices apart here."""

    port: str
    server: str
    realm: str
    title: str
    product: str
    model: str
    speaks_rtsp: bool


@dataclass(frozen=True, slots=True)
class Answer:
    """``maker``: a name, or what is said where none is known. ``camera``: it answers as one."""

    camera: bool
    maker: str


UNKNOWN = "unknown maker"


class SignatureJudge:
    """Judges signatures by facts."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts
        self._origins = OriginJudge(facts)

    def judge(self, signature: Signature) -> Answer:
        rtsp = signature.speaks_rtsp or signature.port in _RTSP_PORTS
        door = Source.RTSP if rtsp else Source.HTTP
        said = (
            (door, Signal.SERVER, signature.server), (door, Signal.REALM, signature.realm),
            (Source.HTTP, Signal.TITLE, signature.title),
            (Source.IMPORT_NMAP, Signal.SERVICE, signature.product),
            (Source.IMPORT_NMAP, Signal.MODEL, signature.model),
        )  # fmt: skip
        observations = [
            observe(source, signal, value, at_ns=0, scan=_SCAN, address="192.0.2.1",
                    port=int(signature.port) if signature.port.isdigit() else 0)
            for source, signal, value in said if value
        ]  # fmt: skip
        if not observations:
            return Answer(rtsp, UNKNOWN)
        contacts = contacts_of(observations)
        judged = self._origins.judge(contacts)
        origin = judged.origin
        known = origin.certainty is not Certainty.UNKNOWN and bool(origin.origin)
        camera = (
            known or rtsp or judged.brand.brand is not None
            or kind_of(contacts) is not DeviceKind.UNKNOWN
        )  # fmt: skip
        return Answer(camera, self._facts.maker_name(origin.origin) if known else UNKNOWN)
