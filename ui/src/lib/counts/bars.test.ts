import { describe, expect, it } from "vitest";
import type { RuleCounts } from "../api/types";
import { bars, bucketFor, reach } from "./bars";

describe("counts as bars", () => {
  it("are one for each bucket, whatever was counted", () => {
    const one = { from_ms: 60_000, kind: "person", forward: 2, backward: 1 } as const;
    const counts = { counts: [{ ...one, from_ms: 120_000 }, one, { ...one, kind: "car", forward: 5, backward: 0 }] } as unknown as RuleCounts;
    expect(bars(counts)).toEqual([{ from_ms: 60_000, forward: 7, backward: 1 }, { from_ms: 120_000, forward: 2, backward: 1 }]);
  });

  it("reach to round numbers, in buckets that can be told apart", () => {
    expect([0, 1, 3, 7, 11, 51, 1000].map(reach)).toEqual([1, 1, 5, 10, 20, 100, 1000]);
    expect([1, 24, 24 * 7, 24 * 30].map((hours) => bucketFor(hours * 3_600_000))).toEqual(["minute", "quarter", "hour", "day"]);
  });
});
