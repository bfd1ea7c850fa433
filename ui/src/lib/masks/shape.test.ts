import { describe, expect, it } from "vitest";
import { added, moved, points, shifted, START, without } from "./shape";

describe("a mask while it is drawn", () => {
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
});
