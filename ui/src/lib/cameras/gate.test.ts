import { expect, test } from "vitest";
import type { Gate } from "../api/types";
import { gateMeaning, gateState, missed, share } from "./gate";

const QUIET: Gate = {
  camera: "0".repeat(32), analysed: true, priority: 0, state: "quiet", since_ms: 1, frames: 9000, decoded_frames: 90, decoded_share: 0.01,
  opened: 3, probes: 0, checks: 0, misses: 0, own_recall: null,
};

test("what is not measured is not told as none", () => {
  expect(missed(QUIET)).toContain("not measured yet");
  expect(missed({ ...QUIET, checks: 1 })).toBe("nothing in 1 look while it was quiet");
  expect(missed({ ...QUIET, checks: 12, misses: 2, own_recall: 0.934 })).toBe("2 in 12 looks while it was quiet; 93 % of all movement came through");
});

test("a share is never rounded to nothing", () => {
  expect([share(null), share(0), share(0.0004), share(0.012), share(0.5)]).toEqual(["none", "0 %", "under 0.1 %", "1.2 %", "50 %"]);
});

test("each state has its words", () => {
  for (const state of ["quiet", "open", "blind", "learning", "apart", "off", "unknown"] as const) {
    expect(gateState({ ...QUIET, state })).not.toBe("");
    expect(gateMeaning({ ...QUIET, state })).toMatch(/\.$/);
  }
});
