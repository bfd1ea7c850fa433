/** What is searched for, as the address keeps it. Times are UTC in whole milliseconds. */

import type { Query } from "../api/client";
import type { ObjectClass } from "../api/types";
import { THINGS } from "../rules/words";
import { DAY } from "../time/view";

export interface Wish {
  /** What rules found, or all that was seen. */
  what: "events" | "tracks";
  cameras: string[];
  from_ms: number;
  to_ms: number;
  kinds: ObjectClass[];
  /** Drawn on the picture; through this, and then through that. */
  region: [number, number][];
  then: [number, number][];
  rule: string;
  /** The zone or line that rules are about. */
  area: string;
  /** What a look at the past found. */
  job: string;
}

const isKind = (text: string): text is ObjectClass => text in THINGS;
const list = (text: string | undefined) => (text ?? "").split(" ").filter(Boolean);

export function corners(text: string | undefined): [number, number][] {
  return list(text).map((pair): [number, number] => {
    const [x = NaN, y = NaN] = pair.split(",").map(Number);
    return [x, y];
  }).filter(([x, y]) => x >= 0 && x <= 1 && y >= 0 && y <= 1);
}

export const written = (drawn: readonly (readonly number[])[]) => drawn.map(([x = 0, y = 0]) => `${x},${y}`).join(" ");

export function wishOf(asked: Readonly<Record<string, string>>, now_ms: number): Wish {
  const number = (text: string | undefined, otherwise: number) => (text && /^\d{1,15}$/.test(text) ? Number(text) : otherwise);
  // The recorder refuses what is no id, and an address may be typed.
  const id = (text: string | undefined) => (text && /^[0-9a-f]{32}$/.test(text) ? text : "");
  return {
    what: asked["what"] === "tracks" ? "tracks" : "events",
    cameras: list(asked["camera"]), kinds: list(asked["kind"]).filter(isKind), rule: id(asked["rule"]), area: id(asked["area"]), job: asked["job"] ?? "",
    from_ms: number(asked["from"], Math.floor(now_ms - DAY)), to_ms: number(asked["to"], 2 ** 53 - 1),
    region: corners(asked["region"]), then: corners(asked["then"]),
  };
}

export function queryOf(wish: Wish, before: string, most: number): Query {
  return {
    from_ms: wish.from_ms, to_ms: wish.to_ms, most, before, job: wish.job,
    ...(wish.cameras.length && { camera: wish.cameras }), ...(wish.kinds.length && { kind: wish.kinds }),
    ...(wish.what === "events" && wish.rule && { rule: [wish.rule] }), ...(wish.what === "events" && wish.area && { area: wish.area }),
    ...(wish.region.length > 2 && { region: written(wish.region) }), ...(wish.region.length > 2 && wish.then.length > 2 && { then: written(wish.then) }),
  };
}

/** As the address has it; what is left out is asked no more. */
export function addressOf(wish: Partial<Wish>): Record<string, string> {
  const found: Record<string, string> = {};
  if (wish.what) found["what"] = wish.what === "events" ? "" : wish.what;
  if (wish.cameras) found["camera"] = wish.cameras.join(" ");
  if (wish.kinds) found["kind"] = wish.kinds.join(" ");
  if (wish.rule !== undefined) found["rule"] = wish.rule;
  if (wish.area !== undefined) found["area"] = wish.area;
  if (wish.job !== undefined) found["job"] = wish.job;
  if (wish.from_ms !== undefined) found["from"] = String(Math.floor(wish.from_ms));
  if (wish.to_ms !== undefined) found["to"] = wish.to_ms >= 2 ** 53 - 1 ? "" : String(Math.ceil(wish.to_ms));
  if (wish.region) found["region"] = written(wish.region);
  if (wish.then) found["then"] = written(wish.then);
  return found;
}

/** Rules that found something, or are asked for, and are made no more: their ids and last names. */
export function gone(rules: readonly { id: string }[], met: ReadonlyMap<string, string>, asked: string): [string, string][] {
  const found = [...met].filter(([id]) => !rules.some((rule) => rule.id === id));
  if (asked && !met.has(asked) && !rules.some((rule) => rule.id === asked)) found.push([asked, "A rule"]);
  return found;
}

/** Which zone a region is, corner by corner; empty for none. */
export function zoneOf(zones: readonly { id: string; points: readonly (readonly number[])[] }[], region: readonly (readonly number[])[]): string {
  return (region.length > 2 && zones.find((zone) => written(zone.points) === written(region))?.id) || "";
}
