"""Hosts that the operator let in by name although a rule of addresses forbids them."""

from watchglass.store.site import SiteStore

_ALLOW = "allow"


def allowed_hosts(store: SiteStore) -> frozenset[str]:
    """Hosts that the operator let in by name, beside those of the settings."""
    return frozenset((store.setting(_ALLOW) or "").split())


def allow_hosts(store: SiteStore, hosts: frozenset[str]) -> None:
    """Remember hosts that may be cameras' although a rule of addresses forbids them."""
    store.set_setting(_ALLOW, " ".join(sorted(allowed_hosts(store) | hosts)))
