"""Networks that this machine is in, to be offered to who wants to look around."""

import ipaddress

from watchglass.cameras.survey.targets import TargetError, own_interfaces, target
from watchglass.model.survey_control import OfferedNetwork

_MOST_ADDRESSES = 4096
_PART = 24


def own_networks() -> tuple[OfferedNetwork, ...]:
    """Private ones, each once, the smallest first.

    Of one that is larger than anybody fills with cameras the part around this machine is offered.
    """
    found: dict[str, OfferedNetwork] = {}
    for own, at in own_interfaces():
        network = at.network
        if network.num_addresses > _MOST_ADDRESSES:
            network = ipaddress.IPv4Network((own, _PART), strict=False)
        if network.num_addresses < 4:
            continue  # a wire between two, or an address alone: nobody else is there
        try:
            target(str(network))
        except TargetError:
            continue
        addresses = network.num_addresses - 2
        found.setdefault(str(network), OfferedNetwork(str(network), at.name, addresses))
    return tuple(sorted(found.values(), key=lambda each: (each.addresses, each.cidr)))
