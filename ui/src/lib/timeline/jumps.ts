/** From where one is to the next thing that is worth a look: a gap, or a moment that was marked. */

import { api } from "../api/client";
import type { Bookmark, Span } from "../api/types";
import { DAY, HOUR, LONGEST } from "../time/view";
import { missing } from "./spans";

/** How far is looked first, and then: a near one is found with a small question. */
const REACHES_MS = [HOUR, DAY, LONGEST];
const PIXELS = 10_000;
/** So long before it one is taken, to see how it came. */
export const LEAD_MS = 2000;
/** What is nearer than this is where one is already. */
const HERE_MS = 400;

export type Sought = "gap" | "any";

/** Where a span or a mark begins, next after or before a moment. */
export function nearest(at_ms: number, way: 1 | -1, starts_ms: readonly number[]): number | null {
  const ahead = starts_ms.filter((start) => (way > 0 ? start > at_ms + HERE_MS : start < at_ms - HERE_MS));
  if (ahead.length === 0) return null;
  return way > 0 ? Math.min(...ahead) : Math.max(...ahead);
}

/** The moment to go to; null where there is nothing more that way. */
export async function jump(
  camera: string, at_ms: number, way: 1 | -1, sought: Sought, marked: readonly Bookmark[], now_ms: number,
): Promise<number | null> {
  const own = sought === "gap" ? [] : marked.filter((one) => one.camera === camera).map((one) => one.at_ms);
  for (const reach of REACHES_MS) {
    const [from_ms, to_ms] = way > 0 ? [at_ms, Math.min(now_ms, at_ms + reach)] : [at_ms - reach, at_ms];
    if (to_ms - from_ms < 1) break;
    const answer = await api.timeline(from_ms, to_ms, PIXELS, undefined, camera);
    const row = answer.cameras.find((one) => one.camera === camera);
    const gaps = (row?.spans ?? []).filter((span) => begins(span, from_ms)).map((span) => span.from_ms - LEAD_MS);
    const found = nearest(at_ms, way, [...gaps, ...own.filter((mark) => mark >= from_ms && mark <= to_ms)]);
    if (found !== null) return found;
    if (to_ms === now_ms && way > 0) break;
  }
  return nearest(at_ms, way, own);
}

/** A gap that is cut off by the question's edge begins elsewhere. */
function begins(span: Span, from_ms: number): boolean {
  return missing(span) && span.from_ms > from_ms + 1;
}
