/** Counts as bars: what went forward stands above the line, what went backward hangs below it. */

import type { CountBucket, RuleCounts } from "../api/types";
import { DAY, HOUR, MINUTE } from "../time/view";

export const LENGTHS: Record<CountBucket, number> = { minute: MINUTE, quarter: 15 * MINUTE, hour: HOUR, day: DAY };

export interface Bar {
  from_ms: number;
  forward: number;
  backward: number;
}

/** One bar a bucket, whatever was counted; those in which nothing was counted are left out. */
export function bars(counts: RuleCounts): Bar[] {
  const found = new Map<number, Bar>();
  for (const { from_ms, forward, backward } of counts.counts) {
    const bar = found.get(from_ms) ?? { from_ms, forward: 0, backward: 0 };
    found.set(from_ms, { from_ms, forward: bar.forward + forward, backward: bar.backward + backward });
  }
  return [...found.values()].sort((one, other) => one.from_ms - other.from_ms);
}

/** The next of 1, 2, 5, 10, 20 …: what the axis reaches to. */
export function reach(most: number): number {
  for (let unit = 1; ; unit *= 10) for (const step of [1, 2, 5]) if (unit * step >= most) return unit * step;
}

/** As short as the browser can draw it apart. */
export function bucketFor(span_ms: number): CountBucket {
  if (span_ms <= 3 * HOUR) return "minute";
  if (span_ms <= DAY) return "quarter";
  return span_ms <= 8 * DAY ? "hour" : "day";
}
