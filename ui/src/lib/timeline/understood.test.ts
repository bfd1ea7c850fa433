import { describe, expect, it } from "vitest";
import type { Understood } from "../api/types";
import { understoodWords } from "./understood";

const span = { from_ms: 1000, to_ms: 61_000, state: "skipped", cause: "overload", coarse: false, analysed_ms: 0, quiet_ms: 0, skipped_ms: 60_000 } as const;
const analysis = {
  spans: [span, { ...span, from_ms: 61_000, to_ms: 90_000, state: "quiet", cause: null }], bucket_ms: 1000, density: [{ from_ms: 70_000, peak: 0.2, moving_ms: 1000 }],
  events: [{ from_ms: 75_000, to_ms: 76_000, count: 1 }, { from_ms: 2500, to_ms: 3000, count: 2 }],
} as unknown as Understood;

describe("how a moment was understood", () => {
  it("says what was not looked at and why, and what moved", () => {
    expect(understoodWords(analysis, 2000, 0)).toBe("not looked at for 1 min: more was to be seen than this machine can");
    expect(understoodWords(analysis, 70_500, 0)).toBe("something moved");
    expect(understoodWords(analysis, 75_500, 0)).toBe("rules found something");
    expect(understoodWords(analysis, 2600, 0)).toBe("rules found something 2 times; not looked at for 1 min: more was to be seen than this machine can");
    expect(understoodWords(analysis, 80_000, 0)).toBe("");
    expect(understoodWords(undefined, 0, 0)).toBe("");
  });
});
