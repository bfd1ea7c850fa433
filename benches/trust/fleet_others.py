"""Devices of everybody else: makers in our tables, makers in none, traps, and the silent half."""

import random
from collections.abc import Callable

from benches.trust import answers, makers
from benches.trust.certificates import Certificates
from benches.trust.devices import NAMES, Builder, greetings
from benches.trust.favicons import HIKVISION_ICON
from benches.trust.makers import Maker
from benches.trust.prefixes import mac_of, made_up_mac
from benches.trust.truth import Group

# --- they speak -----------------------------------------------------------------------------------


def tabled(chance: random.Random, address: str, certs: Certificates) -> Builder:
    maker = chance.choice(makers.TABLED)
    b = _of(maker, Group.OWN_LABEL, chance, address)
    greetings(b, maker)
    for protocol in maker.discovery:
        if chance.random() < 0.8:
            _discover(b, maker, protocol)
    if chance.random() < 0.25 and b.web:
        b.tls(certs.of((("O", maker.label), ("CN", f"{maker.key}-{b.mac[-2:]}"))))
    return b


def untabled(chance: random.Random, address: str, certs: Certificates) -> Builder:
    """Its own greeting and its own name, and no table that knows what they mean."""
    maker = chance.choice(makers.UNTABLED)
    b = _of(maker, Group.UNTABLED, chance, address)
    greetings(b, maker)
    for protocol in maker.discovery:
        _discover(b, maker, protocol)
    if not b.web and not b.discovery:
        b.page(server="lighttpd/1.4.35", title=f"{maker.label} {b.model}")
    return b


def _of(maker: Maker, group: Group, chance: random.Random, address: str) -> Builder:
    b = Builder(chance, address, mac_of(maker.holder, chance), group, maker.key, maker.label,
                chance.choice(maker.models))  # fmt: skip
    if maker.own_prefix and group is not Group.UNTABLED:
        b.tell("oui")
    return b


def _discover(b: Builder, maker: Maker, protocol: str) -> None:
    if protocol == "wsd":
        manufacturer = maker.label if b.chance.random() < 0.4 else ""
        name = b.chance.choice((maker.label, *NAMES))
        b.scopes(name=name, hardware=b.model, manufacturer=manufacturer)
    elif protocol == "ssdp":
        _ssdp(b, maker)
    else:
        port = {"hanwha-udp": 7711, "bosch-udp": 1758, "panasonic-udp": 10669}.get(protocol, 0)
        data = _OWN_WORDS[protocol](b)
        b.says(protocol, data, port=port, to_group=protocol.endswith("-mdns"))
        b.tell(protocol)


def _axis(b: Builder) -> bytes:
    plain = b.mac.replace(":", "")
    return answers.mdns(
        service="_axis-video._tcp.local", name=f"AXIS {b.model} - {plain.upper()}",
        host=f"axis-{plain}.local", address=b.address,
    )  # fmt: skip


def _arecont(b: Builder) -> bytes:
    tail = b.mac[-2:]
    return answers.mdns(
        service="_arec._tcp.local", name=f"{b.model}-{tail}", host=f"arec-{tail}.local",
        address=b.address,
    )  # fmt: skip


def _bosch(b: Builder) -> bytes:
    if b.chance.random() < 0.5:
        return answers.bosch(mac=b.mac, address=b.address)
    return answers.bosch_xml(name=b.model, serial=b.serial, mac=b.mac, address=b.address)


def _sony(b: Builder) -> bytes:
    return answers.sony(kind=b.model, serial=b.serial, mac=b.mac, address=b.address)


def _ubiquiti(b: Builder) -> bytes:
    return answers.ubiquiti(kind=b.model, mac=b.mac, address=b.address, firmware="v4.23.8")


_OWN_WORDS: dict[str, Callable[[Builder], bytes]] = {
    "axis-mdns": _axis,
    "arecont-mdns": _arecont,
    "bosch-udp": _bosch,
    "sony-udp": _sony,
    "ubnt-udp": _ubiquiti,
    "hanwha-udp": lambda b: answers.hanwha(kind=b.model, mac=b.mac, address=b.address),
    "panasonic-udp": lambda b: answers.i_pro(kind=b.model, mac=b.mac, address=b.address),
    "vivotek-udp": lambda b: answers.vivotek(kind=b.model, mac=b.mac, address=b.address),
}


def _ssdp(b: Builder, maker: Maker) -> None:
    if not b.web:
        b.page(server="lighttpd/1.4.35", title=b.title)
    description = answers.upnp_description(
        manufacturer=maker.label, model=b.model, name=b.chance.choice(NAMES), serial=b.serial,
        uuid=b.uuid,
    )  # fmt: skip
    b.document("/rootDesc.xml", description, "text/xml")
    b.says("ssdp", answers.ssdp(server="Linux/3.10 UPnP/1.0 IPC/1.0", uuid=b.uuid,
                                location=f"http://{b.address}:80/rootDesc.xml"))  # fmt: skip


def tvt(chance: random.Random, address: str, certs: Certificates) -> Builder:
    brand = chance.choice(makers.TVT_BRANDS)
    own = not brand.holder or chance.random() < 0.6
    b = Builder(chance, address, mac_of("TVT CO" if own else brand.holder, chance), Group.RELABEL,
                "tvt", brand.label, chance.choice(brand.models))  # fmt: skip
    if own:
        b.tell("oui")
    b.greeting_of("http", "Cross DVR")
    b.tell("http greeting")
    if chance.random() < 0.6:
        b.scopes(name=brand.label, hardware=b.model, manufacturer=brand.label)
    return b


def xiongmai(chance: random.Random, address: str, certs: Certificates) -> Builder:
    """A board sold under any name, with whatever MAC its assembler wrote into it."""
    b = Builder(chance, address, made_up_mac(chance), Group.OWN_LABEL, "xiongmai", "",
                chance.choice(makers.XIONGMAI.models))  # fmt: skip
    b.page(server="uc-httpd 1.0.0", title="NETSurveillance WEB")
    b.tell("http greeting")
    b.scopes(name="IPC", hardware=b.model, manufacturer="H264")
    return b


# --- traps ----------------------------------------------------------------------------------------


def clone(chance: random.Random, address: str, certs: Certificates) -> Builder:
    """A look-alike: page and picture as Hikvision's, all below it another's."""
    b = Builder(chance, address, made_up_mac(chance), Group.CLONE, "gw-look-alike", "GW Security",
                chance.choice(("GW5061IP", "GW4571IP")))  # fmt: skip
    b.page(server="thttpd/2.25b 29dec2003", title="index")
    b.document("/favicon.ico", HIKVISION_ICON, "image/x-icon")
    b.rtsp_login("RTSPD")
    b.scopes(name="GW Security", hardware=b.model, manufacturer="GW Security")
    return b


def chip(chance: random.Random, address: str, certs: Certificates) -> Builder:
    """Ready-made firmware that left the chip maker's prefix in: the chip says nothing of who."""
    tail = ":".join(f"{chance.randrange(256):02x}" for _ in range(3))
    b = Builder(chance, address, f"{makers.HISILICON_PREFIX}:{tail}", Group.CHIP, "no-name", "",
                "HI3516CV300")  # fmt: skip
    b.page(server="thttpd/2.25b PHP/20030920", title="WEB SERVICE")
    b.scopes(name="IPCAM", hardware="HI3516C", manufacturer="ONVIF")
    return b


def partial_brand(chance: random.Random, address: str, certs: Certificates) -> Builder:
    """Brands that bought from listed makers and from others: these are from others."""
    label, holder, model = chance.choice((
        ("Swann", "Swann", "NHD-885MSD"), ("Honeywell", "Honeywell Security", "HC30W45R3"),
        ("FLIR", "FLIR Systems", "FC-Series R"), ("Panasonic", "Panasonic Corp", "WV-SW158"),
    ))  # fmt: skip
    b = Builder(chance, address, mac_of(holder, chance), Group.PARTIAL_BRAND, "somebody-else",
                label, model)  # fmt: skip
    b.page(server="lighttpd/1.4.54", title=f"{label} {model}")
    b.scopes(name=label, hardware=model, manufacturer=label)
    return b


def liar(chance: random.Random, address: str, certs: Certificates) -> Builder:
    """One answer names a listed maker, as a joke, a honeypot or a left-over; the others do not."""
    maker = chance.choice(makers.TABLED[:3])
    b = _of(maker, Group.LIAR, chance, address)
    _discover(b, maker, maker.discovery[0])
    match chance.randrange(3):
        case 0:
            b.scopes(name="HIKVISION DS-2CD2042WD-I", hardware=b.model, manufacturer=maker.label)
        case 1:
            b.page(server="Apache/2.4", title="Hikvision Web")
            b.scopes(name=maker.label, hardware=b.model, manufacturer=maker.label)
        case _:
            b.page(server="lighttpd/1.4.35", title="Dahua replaced by this camera")
            b.scopes(name="Dahua was here", hardware=b.model, manufacturer=maker.label)
    return b


# --- the silent half ------------------------------------------------------------------------------


def prefix_only(chance: random.Random, address: str, certs: Certificates) -> Builder:
    """Closed or firewalled: it answers nothing, and its maker's own prefix is all there is of it.

    A prefix names its holder and is no answer, so it tells nothing here: "unknown" is the word,
    with a hint at most.
    """
    key, label, holder, listed = chance.choice((
        ("hikvision", "HIKVISION", "Hangzhou Hikvision", True),
        ("hikvision", "EZVIZ", "Hangzhou Ezviz", True),
        ("dahua", "Dahua", "Zhejiang Dahua", True), ("uniview", "UNV", "Zhejiang Uniview", True),
        ("axis", "AXIS", "Axis Comm", False), ("hanwha", "Hanwha", "SAMSUNG TECHWIN", False),
        ("reolink", "Reolink", "Reolink", False), ("mobotix", "MOBOTIX", "Mobotix", False),
    ))  # fmt: skip
    b = Builder(chance, address, mac_of(holder, chance), Group.PREFIX_ONLY, key, label, "",
                listed=listed)  # fmt: skip
    b.refuses = chance.random() < 0.5
    return b


def silent(chance: random.Random, address: str, certs: Certificates) -> Builder:
    """Whoever made it, nothing of it says so: a radio part's prefix, a reseller's, a made-up one,
    or that of a maker in no table."""
    key, listed = chance.choice((("hikvision", True), ("dahua", True), ("nobody-known", False)))
    match chance.randrange(3):
        case 0:
            mac = mac_of(chance.choice(makers.PART_HOLDERS), chance)
        case 1:
            mac = made_up_mac(chance)
        case _:
            maker = chance.choice(makers.UNTABLED)
            mac, key, listed = mac_of(maker.holder, chance), maker.key, False
    b = Builder(chance, address, mac, Group.SILENT, key, "", "", listed=listed)
    b.refuses = chance.random() < 0.5
    return b


def unseen(chance: random.Random, address: str, certs: Certificates) -> Builder:
    """Behind a wall: not even its MAC is seen."""
    b = silent(chance, address, certs)
    b.hears_arp = False
    return b
