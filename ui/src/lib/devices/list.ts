/** Which devices are listed, and in which order. */

import type { DeviceRow, Fleet } from "../api/types";
import { origin } from "./words";

export type Order = "urgency" | "origin" | "address" | "seen";

export interface Wanted {
  text: string;
  origin: string;
  /** A place in the fleet's tables; -1 for any. */
  rule: number;
  hole: number;
  /** A kind of peer; empty for any. */
  talks: string;
  order: Order;
}

export const ALL: Wanted = { text: "", origin: "", rule: -1, hole: -1, talks: "", order: "urgency" };

const OUTSIDE = ["cloud", "internet", "resolver", "clock"];

/** Addresses by their numbers, and not 10 before 9. */
function byAddress(a: DeviceRow, b: DeviceRow): number {
  return a.address.localeCompare(b.address, "en", { numeric: true });
}

const ORDERS: Record<Order, (a: DeviceRow, b: DeviceRow) => number> = {
  urgency: (a, b) => b.rank - a.rank || byAddress(a, b),
  origin: (a, b) => origin(a).localeCompare(origin(b), "en") || byAddress(a, b),
  address: byAddress,
  seen: (a, b) => b.seen_ms - a.seen_ms || byAddress(a, b),
};

function holds(row: DeviceRow, text: string): boolean {
  return [row.name, row.address, row.place, row.label, row.model, origin(row), row.owner ?? ""].some((part) => part.toLowerCase().includes(text));
}

export function listed(fleet: Fleet, wanted: Wanted): DeviceRow[] {
  const text = wanted.text.trim().toLowerCase();
  return fleet.devices
    .filter((row) => !wanted.origin || (row.origin || "unknown") === wanted.origin)
    .filter((row) => wanted.rule < 0 || row.applies.includes(wanted.rule) || row.may_apply.includes(wanted.rule) || row.next.includes(wanted.rule))
    .filter((row) => wanted.hole < 0 || row.affected.includes(wanted.hole) || row.possibly.includes(wanted.hole))
    .filter((row) => !wanted.talks || (wanted.talks === "outside" ? OUTSIDE.includes(row.talks ?? "") : row.talks === wanted.talks))
    .filter((row) => !text || holds(row, text))
    .sort(ORDERS[wanted.order]);
}

export interface Choice {
  key: string;
  name: string;
  count: number;
}

/** Who made devices of the fleet, the most frequent first. */
export function origins(fleet: Fleet): Choice[] {
  const found = new Map<string, Choice>();
  for (const row of fleet.devices) {
    const key = row.origin || "unknown";
    const choice = found.get(key) ?? { key, name: row.origin_name || "Unknown", count: 0 };
    choice.count += 1;
    found.set(key, choice);
  }
  return [...found.values()].sort((a, b) => b.count - a.count);
}

/** Rules and holes with how many devices each concerns. */
export function concerned(fleet: Fleet): { rules: Choice[]; holes: Choice[] } {
  const count = (places: (row: DeviceRow) => number[]) => {
    const counts = new Map<number, number>();
    for (const row of fleet.devices) for (const at of places(row)) counts.set(at, (counts.get(at) ?? 0) + 1);
    return counts;
  };
  const rules = count((row) => [...row.applies, ...row.may_apply, ...row.next]);
  const holes = count((row) => [...row.affected, ...row.possibly]);
  const sorted = (counts: Map<number, number>, name: (at: number) => string) =>
    [...counts].map(([at, number]) => ({ key: String(at), name: name(at), count: number })).sort((a, b) => b.count - a.count);
  return {
    rules: sorted(rules, (at) => `${fleet.rules[at]?.jurisdiction ?? ""}: ${fleet.rules[at]?.instrument ?? ""}`),
    holes: sorted(holes, (at) => `${fleet.holes[at]?.cve ?? ""}${fleet.holes[at]?.exploited === "yes" ? ", exploited" : ""}`),
  };
}

/** The part of a long list that is drawn: rows of one height, some more above and below. */
export function drawn(rows: number, row_px: number, from_px: number, view_px: number, spare = 6): [first: number, last: number] {
  const first = Math.max(0, Math.floor(from_px / row_px) - spare);
  const last = Math.min(rows, Math.ceil((from_px + view_px) / row_px) + spare);
  return [Math.min(first, rows), Math.max(last, 0)];
}
