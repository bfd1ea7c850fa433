import { describe, expect, it } from "vitest";
import type { AreaInfo } from "../api/types";
import { fits, listed, ruleWords } from "./words";

const gate: AreaInfo = { id: "a", name: "Gate", kind: "line", points: [], expires_ms: null, over: false };
const yard: AreaInfo = { ...gate, id: "b", name: "Yard", kind: "zone" };
const rule = { name: "", kind: "crossing", area: "a", kinds: [], direction: "both", dwell_s: 0, count: 0, spans: [] } as never;
const like = (change: object) => ({ ...(rule as object), ...change }) as never;

describe("a rule in words", () => {
  it("says what, where, which way and when", () => {
    expect(ruleWords(rule, [gate])).toBe("Anything crossing “Gate”");
    const night = { days: [0, 1, 2, 3, 4], from_min: 1320, to_min: 360 };
    expect(ruleWords(like({ kinds: ["person", "car"], direction: "forward", spans: [night] }), [gate]))
      .toBe("People and cars crossing “Gate” along the arrow, Mon–Fri 22:00–06:00 the next day");
    expect(ruleWords(like({ kind: "motion", area: null }), [])).toBe("Anything moving");
    expect(ruleWords(like({ kind: "loitering", area: "b", kinds: ["person"], dwell_s: 90 }), [gate, yard]))
      .toBe("People staying in “Yard” for 1 min 30 s and longer");
    expect(ruleWords(like({ kind: "crowding", area: "b", kinds: ["person"], count: 5 }), [yard])).toBe("5 people or more at once in “Yard”");
    expect(ruleWords(like({ kind: "counting", area: "b" }), [yard])).toBe("Anything counted in “Yard”");
  });

  it("goes with lines or zones", () => {
    expect([fits("crossing", "line"), fits("crossing", "zone"), fits("motion", "zone"), fits("counting", "line"), fits("enter", "ignore")])
      .toEqual([true, false, true, true, false]);
    expect([listed([]), listed(["a"]), listed(["a", "b", "c"], "or")]).toEqual(["", "a", "a, b or c"]);
  });
});
