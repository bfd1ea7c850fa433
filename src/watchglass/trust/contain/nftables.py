"""Containment for nftables: one table, put in the place of itself, that only ever narrows."""

from watchglass.trust.contain.plan import ContainPlan, is_four

TABLE = "watchglass_cameras"


def nftables(plan: ContainPlan) -> str:
    """A ruleset for ``nft -f``; ``nft -c -f`` checks it."""
    needs = plan.needs
    sets: list[str] = []
    for name, addresses in (
        ("cameras", plan.addresses), ("recorders", needs.recorders),
        ("resolvers", needs.resolvers), ("clocks", needs.clocks),
    ):  # fmt: skip
        sets += _set(f"{name}4", "ipv4_addr", [each for each in addresses if is_four(each)])
        sets += _set(f"{name}6", "ipv6_addr", [each for each in addresses if not is_four(each)])
    sets += _set("camera_macs", "ether_addr", plan.macs, intervals=False)
    head = "\n".join(f"# {line}" for line in plan.head())
    return f"""{head}
# Check it with: nft -c -f FILE. Put it in force with: nft -f FILE.
# Take it away with: nft delete table inet {TABLE}
table inet {TABLE}
delete table inet {TABLE}
table inet {TABLE} {{
{chr(10).join(sets)}
{_CHAINS}}}
"""


# An accept here ends this table's say alone: what other tables drop stays dropped.
_CHAINS = """  chain forward {
    type filter hook forward priority filter - 5; policy accept;
    ether saddr @camera_macs jump from_camera
    ip saddr @cameras4 jump from_camera
    ip6 saddr @cameras6 jump from_camera
    ip daddr @cameras4 jump to_camera
    ip6 daddr @cameras6 jump to_camera
  }
  chain input {
    type filter hook input priority filter - 5; policy accept;
    ether saddr @camera_macs jump to_router
    ip saddr @cameras4 jump to_router
    ip6 saddr @cameras6 jump to_router
  }
  chain from_camera {
    ip daddr @recorders4 accept
    ip6 daddr @recorders6 accept
    meta l4proto { tcp, udp } th dport 53 ip daddr @resolvers4 accept
    meta l4proto { tcp, udp } th dport 53 ip6 daddr @resolvers6 accept
    udp dport 123 ip daddr @clocks4 accept
    udp dport 123 ip6 daddr @clocks6 accept
    limit rate 10/second burst 50 packets log prefix "watchglass-drop "
    counter drop
  }
  chain to_camera {
    ip saddr @recorders4 accept
    ip6 saddr @recorders6 accept
    ct direction reply accept comment "answers of the name and time server"
    counter drop
  }
  chain to_router {
    udp sport 68 udp dport 67 accept comment "its address"
    icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert, nd-router-solicit } accept
    ip daddr @recorders4 accept
    ip6 daddr @recorders6 accept
    meta l4proto { tcp, udp } th dport 53 ip daddr @resolvers4 accept
    meta l4proto { tcp, udp } th dport 53 ip6 daddr @resolvers6 accept
    udp dport 123 ip daddr @clocks4 accept
    udp dport 123 ip6 daddr @clocks6 accept
    counter drop
  }
"""


def _set(name: str, kind: str, values: "list[str] | tuple[str, ...]", *,
         intervals: bool = True) -> list[str]:  # fmt: skip
    flags = " flags interval; auto-merge;" if intervals else ""
    if not values:
        return [f"  set {name} {{ type {kind};{flags} }}"]
    lines = [f"  set {name} {{", f"    type {kind};{flags}", "    elements = {"]
    lines += [f"      {each}," for each in values]
    return [*lines, "    }", "  }"]
