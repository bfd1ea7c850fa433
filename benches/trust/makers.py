"""Who is in the fleet: makers, the brands under which their devices are sold, and strangers."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Brand:
    """A label, who holds its prefixes (empty: it uses its maker's), and how it numbers models."""

    label: str
    models: tuple[str, ...]
    holder: str = ""


@dataclass(frozen=True, slots=True)
class Maker:
    """A maker with a firmware of his own.

    ``products``: how nmap's fingerprints of his web and RTSP servers begin. ``telling``: whether
    such a greeting is his alone. ``discovery``: protocols that his devices answer; the first ones
    are his own. ``own_prefix``: whether the facts know the prefix as the maker's.
    """

    key: str
    label: str
    holder: str
    models: tuple[str, ...]
    web: tuple[str, ...] = ()
    rtsp: tuple[str, ...] = ()
    telling: bool = False
    discovery: tuple[str, ...] = ()
    own_prefix: bool = True


HIKVISION_MODELS = ("DS-2CD2143G0-I", "DS-2CD2T47G2-L", "DS-2DE4425IW-DE", "DS-2CD1023G0E-I")
HIKVISION_RECORDERS = ("DS-7608NI-I2/8P", "DS-7616NI-K2", "DS-9632NI-I8")
HIKVISION_BRANDS = (
    Brand("HiLook", ("IPC-T221H", "IPC-B640H-Z")),
    Brand("HiWatch", ("DS-I250", "DS-I453M")),
    Brand("EZVIZ", ("CS-C3N-A0", "CS-H8C-R100"), "Hangzhou Ezviz"),
    Brand("ANNKE", ("C800", "I91BL")),
    Brand("LTS", ("CMIP9382W-28MDA", "CMIP3C43WI-28M"), "LT SECURITY"),
    Brand("TruVision", ("TVB-5401", "TVD-5404")),
    Brand("Northern", ("NTH-IP4DV", "NTH-IP8B")),
    Brand("ALIBI", ("ALI-NS2114VR", "ALI-NS4025R"), "Observint"),
    Brand("W Box", ("0E-4MPDOME", "0E-BUL4MP")),
)

DAHUA_MODELS = ("IPC-HDW2431T-AS-S2", "IPC-HFW4431E-SE", "SD49225XA-HNR", "IPC-HDBW5442E-ZE")
DAHUA_RECORDERS = ("DHI-NVR4108-8P-4KS2", "DHI-NVR5464-4KS2")
DAHUA_BRANDS = (
    Brand("Amcrest", ("IP8M-2496EW", "IP4M-1051"), "Amcrest"),
    Brand("Lorex", ("LNB8921BW", "E841CA"), "Lorex"),
    Brand("Intelbras", ("VIP 1230 B G2", "VIP 3220 D"), "Intelbras"),
    Brand("IMOU", ("IPC-F42P", "IPC-C26E"), "Hangzhou Huacheng"),
    Brand("Q-See", ("QCN8026Z", "QTN8041B")),
    Brand("IC Realtime", ("ICIP-D4732-IR", "IPMX-E40F-IRW1")),
    Brand("Montavue", ("MTIR8-A", "MTT8094")),
    Brand("CP PLUS", ("CP-UNC-TA41L3", "CP-UNC-DA41PL3"), "Aditya"),
)

TVT_BRANDS = (
    Brand("Provision-ISR", ("DI-340IPE-MVF", "I4-350IPE-MVF"), "Provision-ISR"),
    Brand("Turing", ("TP-MED4M28", "TP-MMD5M28")),
    Brand("InVid", ("PAR-P4TXIR28", "ULT-P8BXIR")),
)

TABLED = (
    Maker("axis", "AXIS", "Axis Comm", ("P3245-LVE", "M3065-V", "Q6075-E"), ("Axis",), (),
          discovery=("axis-mdns", "wsd", "ssdp")),
    Maker("hanwha", "Hanwha Techwin", "SAMSUNG TECHWIN", ("XNV-6080", "QNO-7080R", "PNM-9085RQZ"),
          discovery=("hanwha-udp", "wsd")),
    Maker("bosch", "Bosch", "Bosch Security", ("NBE-5503-AL", "NDE-4502-A"),
          ("VCS AG VideoJet", "VCS-VideoJet-Webserver"), (), True, ("bosch-udp", "wsd")),
    Maker("i-pro", "i-PRO", "i-PRO", ("WV-S2136L", "WV-U2132LA"), ("Panasonic",), (),
          discovery=("panasonic-udp", "wsd")),
    Maker("motorola", "Avigilon", "Motorola Solutions", ("3.0C-H4A-D1", "2.0C-H4SL-BO1"),
          ("Avigilon",), ("Avigilon",), True, ("wsd",), own_prefix=False),
    Maker("vivotek", "VIVOTEK", "Vivotek", ("FD9167-HT", "IB9365-EHT"), ("Vivotek",), ("Vivotek",),
          discovery=("vivotek-udp", "wsd", "ssdp")),
    Maker("ubiquiti", "Ubiquiti", "Ubiquiti", ("UVC G3", "AirCam"), (), (),
          discovery=("ubnt-udp",), own_prefix=False),
    Maker("geovision", "GeoVision", "GeoVision", ("GV-EBD4700", "GV-TBL4703"),
          ("GeoVision GeoHttpServer",), (), True, ("wsd",)),
    Maker("arecont", "Arecont Vision", "Arecont", ("AV12586DN", "AV5245DN"), ("Arecont",),
          ("Arecont",), False, ("arecont-mdns", "wsd"), own_prefix=False),
    Maker("mobotix", "MOBOTIX", "Mobotix", ("M16B", "S74"), ("Mobotix",), (), discovery=("wsd",)),
    Maker("reolink", "Reolink", "Reolink", ("RLC-810A", "RLC-520A"), discovery=("wsd",)),
    Maker("milesight", "Milesight", "Xiamen Milesight", ("MS-C5375-PB", "MS-C2964"),
          discovery=("wsd", "ssdp")),
    Maker("acti", "ACTi", "ACTi Corp", ("E32", "A82"), ("ACTi",), ("ACTi",), discovery=("wsd",)),
    Maker("sony", "Sony", "Sony Corp", ("SNC-VB770", "SNC-EM641"), ("Sony webcam",), (), False,
          ("sony-udp", "wsd"), own_prefix=False),
)  # fmt: skip

LISTED = (
    Maker("uniview", "UNV", "Zhejiang Uniview", ("IPC322LR3-VSPF28", "IPC2124LB-SF28"), (), (),
          False, ("wsd",)),
    Maker("tiandy", "Tiandy", "Tiandy", ("TC-C34GS", "TC-C32XN"), (), (), False, ("wsd",)),
)  # fmt: skip

XIONGMAI = Maker("xiongmai", "", "", ("HI3518E_50H20L_S38", "NBD8008R-PL"), ("uc-httpd",), (),
                 True, (), own_prefix=False)  # fmt: skip
TVT = Maker("tvt", "TVT", "TVT CO", ("TD-9544E3B", "TD-2708NS"), ("Cross DVR",), (), True, ("wsd",))

# Cameras of makers of whom no table of ours says a word. The holder may be anybody.
UNTABLED = (
    Maker("d-link", "D-Link", "D-Link", ("DCS-4602EV", "DCS-2132L"), ("D-Link DCS",), ("D-Link",),
          discovery=("wsd", "ssdp")),
    Maker("trendnet", "TRENDnet", "TRENDnet", ("TV-IP1329PI", "TV-IP302PI"), ("TRENDnet",), (),
          discovery=("wsd",)),
    Maker("canon", "Canon", "CANON INC", ("VB-S30D", "VB-H47"), ("Canon",), (), discovery=("wsd",)),
    Maker("zmodo", "Zmodo", "Zmodo", ("ZP-IBH13-P", "ZH-IXY1D"), ("Zmodo",), ()),
    Maker("everfocus", "EverFocus", "EverFocus", ("EHN3160", "EZN268"), ("EverFocus", "Everfocus"),
          (), discovery=("wsd",)),
    Maker("avtech", "AVTECH", "AV TECH", ("AVM542", "AVN80X"), ("Avtech", "Gadspot/Avtech"), ()),
    Maker("pixord", "Pixord", "Pixord", ("P405", "PD636"), ("Pixord",), ()),
    Maker("jvc", "JVC", "JVC KENWOOD", ("VN-H57", "VN-C20"), ("JVC",), (), discovery=("wsd",)),
    Maker("reecam", "ReeCam", "Shenzhen Reecam", ("RC-N610", "RC-8021W"), ("ReeCam",), ()),
    Maker("march-networks", "March Networks", "MARCH NETWORKS", ("MegaPX WDR", "SE2"),
          ("March",), (), discovery=("wsd",)),
    Maker("dynacolor", "DynaColor", "DYNACOLOR", ("NA222-H", "NW402-F"), (), (),
          discovery=("wsd", "ssdp")),
    Maker("grandstream", "Grandstream", "Grandstream", ("GXV3610", "GDS3710"), (), (),
          discovery=("wsd", "ssdp")),
    Maker("2n", "2N", "2N TELE", ("IP Verso", "IP Force"), (), (), discovery=("ssdp",)),
    Maker("suprema", "Suprema", "Suprema", ("BioStation 2", "FaceStation F2"), (), ()),
    Maker("dallmeier", "Dallmeier", "Dallmeier", ("MDF4220HD", "DF5210HD-DN"), (), (),
          discovery=("wsd",)),
)  # fmt: skip

# Holders of the radio or network part: they made no camera.
PART_HOLDERS = ("AMPAK", "Espressif", "REALTEK")
# HiSilicon's, which ready-made firmware carries as it came: later than Debian's registry.
HISILICON_PREFIX = "84:8a:59"
