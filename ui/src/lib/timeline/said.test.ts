import { describe, expect, it } from "vitest";
import type { SaidEvent } from "../api/types";
import { saidAt, saidWords } from "./said.svelte";

const event = (kind: SaidEvent["kind"], from_ms: number, to_ms: number | null, text = ""): SaidEvent =>
  ({ id: `${kind}${from_ms}`, kind, from_ms, to_ms, text, count: 1, clock: "camera" });

describe("what a camera says of a moment", () => {
  const events = [event("motion", 100, 200), event("line", 150, 150), event("other", 190, null, "<b>door</b>")];

  it("is what goes on then, or nearly", () => {
    expect(saidAt(events, 150, 0).map((one) => one.kind)).toEqual(["motion", "line"]);
    expect(saidAt(events, 96, 5).map((one) => one.kind)).toEqual(["motion"]);
    expect(saidAt(events, 9999, 0).map((one) => one.kind)).toEqual(["other"]);
    expect(saidAt(undefined, 1, 1)).toEqual([]);
  });

  it("is told once each, others in the camera's own words", () => {
    expect(saidWords([...events, event("motion", 1, 2)])).toBe("motion, a line crossed, <b>door</b>");
    expect(saidWords([])).toBe("");
  });
});
