import { describe, expect, it } from "vitest";
import { even, focused, stacked, type Layout, type Rect } from "./layout";

function overlap(a: Rect, b: Rect): boolean {
  return a.left < b.left + b.width - 0.01 && b.left < a.left + a.width - 0.01 && a.top < b.top + b.height - 0.01 && b.top < a.top + a.height - 0.01;
}

function check(layout: Layout, width: number, count: number): void {
  const all = layout.large ? [layout.large, ...layout.others] : layout.others;
  expect(all.length + layout.hidden).toBe(count);
  for (const [index, rect] of all.entries()) {
    expect(rect.left).toBeGreaterThanOrEqual(0);
    expect(rect.left + rect.width).toBeLessThanOrEqual(width + 0.01);
    expect(rect.top + rect.height).toBeLessThanOrEqual(layout.height + 0.01);
    for (const other of all.slice(index + 1)) expect(overlap(rect, other)).toBe(false);
  }
}

describe("the wall", () => {
  it("fits at any size and number", () => {
    for (const [width, height] of [[1320, 580], [1000, 700], [700, 300], [2400, 1200]] as const) {
      for (const count of [1, 2, 3, 4, 6, 9, 16, 31]) {
        check(focused(width, height, count), width, count);
        check(even(width, height, count), width, count);
        check(stacked(366, count, true), 366, count);
        check(stacked(366, count, false), 366, count);
      }
    }
  });

  it("gives most of the room to the large one", () => {
    const layout = focused(1320, 580, 4);
    expect(layout.large!.width).toBeGreaterThan(1320 * 0.6);
  });
});
