"""Which column of a table of banners is what: by the names that scanners' exports use."""

from collections.abc import Iterable, Mapping

from watchglass.base.errors import UsageError

NAMES: Mapping[str, tuple[str, ...]] = {
    "address": ("ip", "ip_str", "address", "saddr", "host", "ip_address"),
    "port": ("port", "sport", "service_port", "dport"),
    "country": (
        "country", "country_code", "location.country_code", "geo.country", "cc",
        "location.country_code2", "geoip.country_code",
    ),
    "city": ("city", "location.city", "geo.city", "geoip.city", "city_name"),
    "operator": (
        "operator", "org", "isp", "asn", "autonomous_system.name", "as_name", "as_org",
        "autonomous_system.description", "geoip.org",
    ),
    "server": ("server", "http.server", "http_server", "service.http.server"),
    "realm": ("realm", "http.realm", "auth_realm"),
    "title": ("title", "http.title", "http_title", "html_title"),
    "product": ("product", "device", "service.product"),
    "model": ("model", "version_model", "device_model"),
    "banner": ("banner", "data", "response", "body", "raw"),
}  # fmt: skip
_SAYS = ("server", "realm", "title", "product", "model", "banner")


def columns_of(heads: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """The columns of each meaning that are there, best first. UsageError where one is missing
    without which nothing can be counted."""
    there = {each.strip().lower(): each for each in reversed(list(heads))}
    found = {
        meaning: tuple(there[name] for name in names if name in there)
        for meaning, names in NAMES.items()
    }
    if not found["address"]:
        raise UsageError(
            "No column holds addresses: name it 'ip'. They are replaced as they are read, and kept "
            "nowhere."
        )
    if not any(found[each] for each in _SAYS):
        raise UsageError(
            "No column says what answered: name one of them 'banner', 'server' or 'title'."
        )
    return found
