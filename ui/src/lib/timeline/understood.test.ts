import { describe, expect, it } from "vitest";
import type { CameraTimeline } from "../api/types";
import { rowOf, understoodWords } from "./understood";

const span = { from_ms: 1000, to_ms: 61_000, state: "skipped", cause: "overload", coarse: false, analysed_ms: 0, quiet_ms: 0, skipped_ms: 60_000 } as const;
const line = {
  camera: "a",
  understood: {
    spans: [span, { ...span, from_ms: 61_000, to_ms: 90_000, state: "quiet", cause: null }], bucket_ms: 1000, density: [{ from_ms: 70_000, peak: 0.2, moving_ms: 1000 }],
    events: [{ from_ms: 75_000, to_ms: 76_000, count: 1 }, { from_ms: 2500, to_ms: 3000, count: 2 }],
  },
} as unknown as CameraTimeline;

describe("how a moment was understood", () => {
  it("says what was not looked at and why, and what moved", () => {
    const of = rowOf(line).understood;
    expect(understoodWords(of, 2000, 0)).toBe("not looked at for 1 min: more was to be seen than this machine can");
    expect(understoodWords(of, 70_500, 0)).toBe("something moved");
    expect(understoodWords(of, 75_500, 0)).toBe("rules found something");
    expect(understoodWords(of, 2600, 0)).toBe("rules found something 2 times; not looked at for 1 min: more was to be seen than this machine can");
    expect(understoodWords(of, 80_000, 0)).toBe("");
    expect(understoodWords(undefined, 0, 0)).toBe("");
  });
});

describe("a row of the timeline", () => {
  it("holds a day's motion without an object for each bucket, and only what is drawn", () => {
    const density = Array.from({ length: 5000 }, (_, index) => ({ from_ms: 1_700_000_000_000 + index * 1000, peak: index / 8000, moving_ms: 1000 }));
    const spans = Array.from({ length: 5000 }, (_, index) => ({ ...span, state: index % 2 ? "quiet" : "analysed" }));
    const row = rowOf({ ...line, understood: { ...line.understood!, density, spans: [...spans, span] as never } });
    const { from_ms, peak, skipped, ...rest } = row.understood!;
    expect(from_ms).toBeInstanceOf(Float64Array);
    expect([from_ms.length, from_ms[4999]]).toEqual([5000, density[4999]!.from_ms]);
    expect(peak[4000]).toBe(0.5);
    expect(skipped).toEqual([span]);
    expect(rest).toEqual({ bucket_ms: 1000, events: line.understood!.events });
    expect(row.camera).toBe("a");
    expect(rowOf({ ...line, understood: null }).understood).toBeNull();
  });
});
