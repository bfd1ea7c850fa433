import { describe, expect, it } from "vitest";
import { added, arrow, moved, points, shifted, START, without } from "./shape";

describe("what is drawn on a picture", () => {
  it("stays in the picture, corner by corner and as a whole", () => {
    expect(moved(START, 1, 2, -1)[1]).toEqual([1, 0]);
    expect(shifted(START, 5, -5)).toEqual([[0.7, 0], [1, 0], [1, 0.3], [0.7, 0.3]]);
    expect(shifted(START, 0.1, 0)[0]).toEqual([0.45, 0.35]);
  });

  it("gets corners in the middle of its sides, and keeps three", () => {
    const more = added(START, 3);
    expect(more).toHaveLength(5);
    expect(more[4]).toEqual([0.35, 0.5]);
    let fewer = more;
    for (let turn = 0; turn < 4; turn++) fewer = without(fewer, 0);
    expect(fewer).toHaveLength(3);
  });

  it("is written as SVG takes it", () => {
    expect(points([[0, 0.5], [1, 1]])).toBe("0,0.5 1,1");
  });

  it("points a line's arrow from its left side to its right", () => {
    // To the right in the picture: its left is up, so that forward is down; turned, likewise.
    expect(arrow([[0.2, 0.5], [0.8, 0.5]], 16 / 9).turn).toBeCloseTo(90);
    expect(arrow([[0.8, 0.5], [0.2, 0.5]], 16 / 9).turn).toBeCloseTo(-90);
    expect(Math.abs(arrow([[0.5, 0.2], [0.5, 0.8]], 16 / 9).turn)).toBeCloseTo(180);
    expect(arrow([[0.5, 0.8], [0.5, 0.2]], 16 / 9)).toEqual({ x: 0.5, y: 0.5, turn: 0 });
  });
});
