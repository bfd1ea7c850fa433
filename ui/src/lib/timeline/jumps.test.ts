import { describe, expect, it } from "vitest";
import { nearest } from "./jumps";

describe("the next thing worth a look", () => {
  it("is the nearest that way, and never where one is", () => {
    const starts = [1000, 5000, 5200, 9000];
    expect(nearest(5000, 1, starts)).toBe(9000);
    expect(nearest(5000, -1, starts)).toBe(1000);
    expect(nearest(0, 1, starts)).toBe(1000);
    expect(nearest(9000, 1, starts)).toBeNull();
    expect(nearest(1000, -1, starts)).toBeNull();
    expect(nearest(1, 1, [])).toBeNull();
  });

  it("goes through all of them, one after the other, both ways", () => {
    const starts = Array.from({ length: 40 }, (_, number) => number * 1000);
    for (const way of [1, -1] as const) {
      let at: number | null = way > 0 ? -5000 : 50_000;
      const seen: number[] = [];
      while ((at = nearest(at, way, starts)) !== null) seen.push(at);
      expect(way > 0 ? seen : seen.reverse()).toEqual(starts);
    }
  });
});
