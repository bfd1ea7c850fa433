"""How the page is reached in a network: under which names, and with which certificate."""

import socket
from dataclasses import dataclass

import msgspec

from watchglass.access.certificate import PageCertificate, given_certificate, own_certificate
from watchglass.app.ground import Ground
from watchglass.cameras.survey.targets import own_interfaces
from watchglass.model.assignment import ApiStart


@dataclass(frozen=True, slots=True)
class InNetwork:
    """``hosts``: names and addresses, without port; the first is the one to tell people.

    ``trusted``: somebody brought the certificate, so browsers know who signed it.
    """

    hosts: tuple[str, ...]
    page: PageCertificate
    trusted: bool

    @property
    def origin(self) -> str:
        """Where the page is, without its port."""
        first = self.hosts[0]
        return f"https://[{first}]" if ":" in first else f"https://{first}"

    def told(self, start: ApiStart) -> ApiStart:
        """The same for the process that serves the page."""
        return msgspec.structs.replace(
            start, lan=True, hosts=self.hosts, certificate=str(self.page.certificate),
            key=str(self.page.key), strict=self.trusted,
        )  # fmt: skip


def in_network(on: Ground) -> InNetwork:
    """As of now: an address that the machine gets later is served after the next start.

    ConfigError for a certificate that cannot be used.
    """
    settings = on.settings
    own = socket.gethostname().lower()
    names = [own] if own and "." in own else [own, f"{own}.local"] if own else []
    addresses = [
        address for address, interface in own_interfaces() if not interface.network.is_loopback
    ]
    hosts = tuple(dict.fromkeys([*sorted(settings.hosts), *addresses, *names])) or ("localhost",)
    if settings.certificate is not None and settings.certificate_key is not None:
        return InNetwork(
            hosts, given_certificate(settings.certificate, settings.certificate_key), trusted=True
        )
    page = own_certificate(on.layout.vault_key.parent, always_known(hosts), on.disk, on.clock)
    return InNetwork(hosts, page, trusted=False)


def always_known(hosts: tuple[str, ...]) -> tuple[str, ...]:
    """These, and the names of this machine for itself."""
    return (*hosts, "localhost", "127.0.0.1", "::1")
