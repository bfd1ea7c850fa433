"""Containment for MikroTik's RouterOS 7 and for OPNsense: as their manuals have it, not tried."""

import uuid
from xml.sax.saxutils import escape

from watchglass.trust.contain.plan import NOT_TRIED, ContainPlan, is_four

_SPACE = uuid.UUID("5f0c6b0e-98b7-5a40-9d3e-30f0a4a6b6c1")


def mikrotik(plan: ContainPlan) -> str:
    """A script for ``/import``."""
    needs = plan.needs
    lines = [f"# {line}" for line in (*plan.head(), NOT_TRIED)]
    lines.append('# Take it away with: /ip firewall filter remove [find comment~"^watchglass"]')
    for family, four in (("/ip", True), ("/ipv6", False)):
        lists = [
            ("watchglass-cameras", plan.addresses), ("watchglass-recorders", needs.recorders),
            ("watchglass-resolvers", needs.resolvers), ("watchglass-clocks", needs.clocks),
        ]  # fmt: skip
        named = [(name, each) for name, all_ in lists for each in all_ if is_four(each) is four]
        lines.append(f"{family} firewall address-list")
        lines += [f"add list={name} address={each}" for name, each in named]
        lines.append(f"{family} firewall filter")
        lines += [f"add chain=forward {rule} comment=\"watchglass {at:02}\" place-before={at}"
                  for at, rule in enumerate(_MIKROTIK)]  # fmt: skip
    lines.append("/ipv6 firewall filter")
    lines += [
        f"add chain=forward src-mac-address={mac.upper()} action=drop comment=\"watchglass mac\" "
        f"place-before={len(_MIKROTIK)}"
        for mac in plan.macs
    ]  # fmt: skip
    return "\n".join(lines) + "\n"


_FROM, _TO = "src-address-list=watchglass-cameras", "dst-address-list=watchglass-cameras"
_MIKROTIK = (
    f"{_FROM} dst-address-list=watchglass-recorders action=accept",
    f"{_FROM} protocol=udp dst-port=53 dst-address-list=watchglass-resolvers action=accept",
    f"{_FROM} protocol=tcp dst-port=53 dst-address-list=watchglass-resolvers action=accept",
    f"{_FROM} protocol=udp dst-port=123 dst-address-list=watchglass-clocks action=accept",
    f"{_FROM} action=drop log=yes log-prefix=watchglass-drop",
    f"{_TO} src-address-list=watchglass-recorders action=accept",
    f"{_TO} src-address-list=watchglass-resolvers protocol=udp src-port=53 action=accept",
    f"{_TO} src-address-list=watchglass-resolvers protocol=tcp src-port=53 "
    "connection-state=established action=accept",
    f"{_TO} src-address-list=watchglass-clocks protocol=udp src-port=123 action=accept",
    f"{_TO} action=drop",
)


def opnsense(plan: ContainPlan) -> str:
    """Aliases and floating rules, as parts of ``config.xml``."""
    needs = plan.needs
    comment = "\n".join(line.replace("--", "–") for line in (*plan.head(), NOT_TRIED))
    aliases = "\n".join(
        _alias(name, content, kind) for name, content, kind in (
            ("wg_cameras", plan.addresses, "host"), ("wg_camera_macs", plan.macs, "mac"),
            ("wg_recorders", needs.recorders, "network"),
            ("wg_resolvers", needs.resolvers, "network"), ("wg_clocks", needs.clocks, "network"),
        )
    )  # fmt: skip
    cameras = ("wg_cameras", "wg_camera_macs")
    rules = [
        _rule("pass", cameras[0], "wg_recorders", "", ""),
        _rule("pass", cameras[0], "wg_resolvers", "tcp/udp", "53"),
        _rule("pass", cameras[0], "wg_clocks", "udp", "123"),
        _rule("pass", "wg_recorders", cameras[0], "", ""),
        *(_rule("block", each, "", "", "") for each in cameras),
        _rule("block", "", cameras[0], "", ""),
    ]
    return f"""<?xml version="1.0"?>
<!--
{escape(comment)}
Parts of config.xml: lay them into a copy of yours, and restore that.
-->
<opnsense>
  <OPNsense><Firewall><Alias><aliases>
{aliases}
  </aliases></Alias></Firewall></OPNsense>
  <filter>
{chr(10).join(rules)}
  </filter>
</opnsense>
"""


def _alias(name: str, content: tuple[str, ...], kind: str) -> str:
    return (
        f'    <alias uuid="{uuid.uuid5(_SPACE, name)}"><enabled>1</enabled><name>{name}</name>'
        f"<type>{kind}</type><content>{escape(chr(10).join(content))}</content>"
        "<description>watchglass</description></alias>"
    )


def _rule(action: str, source: str, to: str, protocol: str, port: str) -> str:
    def end(tag: str, name: str, port: str = "") -> str:
        at = f"<address>{name}</address>" if name else "<any>1</any>"
        return f"<{tag}>{at}{f'<port>{port}</port>' if port else ''}</{tag}>"

    asked = f"<protocol>{protocol}</protocol>" if protocol else ""
    log = "<log>1</log>" if action == "block" else ""
    return (
        f"    <rule><type>{action}</type><floating>yes</floating><quick>1</quick>"
        f"<direction>in</direction><ipprotocol>inet46</ipprotocol><statetype>keep state</statetype>"
        f"{asked}{end('source', source)}{end('destination', to, port)}{log}"
        "<descr>watchglass: cameras</descr></rule>"
    )
