import { describe, expect, it } from "vitest";
import type { LogLine } from "../api/types";
import { did, joined, together, who } from "./words";

const line = (more: Partial<LogLine>): LogLine => ({
  n: 1, id: null, at_ms: 0, what: "looked", camera: null, camera_name: null, by: "anna", by_erased: false, reason: null, reason_erased: false,
  stream: null, how: null, from_ms: null, to_ms: null, count: 1, unmasked: false, more: {}, ...more,
});

describe("a line of the log", () => {
  it("says what was done, known or not", () => {
    expect(did(line({ how: "live" }))).toBe("watched live");
    expect(did(line({ how: "playback", unmasked: true }))).toBe("played back, without masks,");
    expect(did(line({ what: "some_new_word" }))).toBe("some new word");
  });

  it("says who, or why not", () => {
    expect(who(line({}))).toBe("anna");
    expect(who(line({ by: null, by_erased: true }))).toBe("name erased");
    expect(who(line({ by: null }))).toBe("nobody known");
  });

  it("has looks at a whole wall together, and nothing else", () => {
    const at = (n: number, more: Partial<LogLine>) => line({ n, how: "live", camera: String(n), at_ms: n * 1000, ...more });
    const lines = [at(90, {}), at(40, {}), at(38, {}), at(37, { by: "bert" }), at(36, {}), at(35, { unmasked: true }), at(34, { how: "playback" })];
    expect(together(lines).map((group) => group.map(({ n }) => n))).toEqual([[90], [40, 38], [37], [36], [35], [34]]);
  });

  it("has each look once, as it was last", () => {
    const last = line({ n: 9, id: "a", to_ms: 5 });
    const first = line({ n: 3, id: "a", to_ms: null });
    expect(joined([last], [first, line({ n: 2, what: "clip" })]).map(({ n }) => n)).toEqual([9, 2]);
  });
});
