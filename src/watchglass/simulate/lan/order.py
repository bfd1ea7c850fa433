"""What a simulated network is asked to be."""

import msgspec

from watchglass.simulate.lan.device import Device

LOOKING_TAP, DEVICES_TAP = "look0", "devices0"


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """``network`` as 10.77.0.0/20, ``looker`` the address of whoever looks, in it.

    ``loopback``: at loopback addresses of this machine, in no namespace; there is no discovery
    then, and no MAC. ``capture``: a file to which every frame from the looking side is written, as
    pcap.
    """

    network: str
    looker: str
    devices: tuple[Device, ...]
    capture: str = ""
    loopback: bool = False
