import { describe, expect, it } from "vitest";
import { added, dropped, filled, freeFor, laidOut, moved, overlaps, removed, reshaped, resized, TEMPLATES, worthMain, type Grid } from "./grid";

const CAMERAS = Array.from({ length: 30 }, (_, number) => `c${number}`);

/** Every tile inside, none on another, none twice. */
function sound(grid: Grid): void {
  const seen = new Set<string>();
  for (const tile of grid.tiles) {
    expect(tile.x >= 0 && tile.y >= 0 && tile.width >= 1 && tile.height >= 1).toBe(true);
    expect(tile.x + tile.width <= grid.columns && tile.y + tile.height <= grid.rows).toBe(true);
    expect(seen.has(tile.camera)).toBe(false);
    seen.add(tile.camera);
  }
  grid.tiles.forEach((one, index) => grid.tiles.slice(index + 1).forEach((other) => expect(overlaps(one, other)).toBe(false)));
}

function chance(seed: number): () => number {
  let state = seed;
  return () => (state = (state * 1103515245 + 12345) % 2 ** 31) / 2 ** 31;
}

describe("a layout", () => {
  it("begins full, whatever the template", () => {
    for (const template of TEMPLATES) {
      const grid = filled(template, CAMERAS);
      sound(grid);
      expect(freeFor(grid, 1, 1)).toBeNull();
      sound(filled(template, CAMERAS.slice(0, 2)));
    }
  });

  it("stays whole through anything that is done to it", () => {
    for (let seed = 1; seed <= 60; seed++) {
      const next = chance(seed);
      const whole = (most: number) => Math.floor(next() * most);
      let grid = filled(TEMPLATES[whole(TEMPLATES.length)]!, CAMERAS.slice(0, 1 + whole(16)));
      for (let step = 0; step < 40; step++) {
        const camera = CAMERAS[whole(18)]!;
        const acts = [
          () => dropped(grid, camera, { x: whole(grid.columns), y: whole(grid.rows) }),
          () => moved(grid, camera, { x: whole(3) - 1, y: whole(3) - 1 }),
          () => resized(grid, camera, whole(5), whole(5)),
          () => removed(grid, camera),
          () => added(grid, camera),
          () => reshaped(grid, whole(14), whole(14)),
        ];
        grid = acts[whole(acts.length)]!();
        sound(grid);
      }
    }
  });

  it("loses no camera when two change places", () => {
    const grid = filled(TEMPLATES[2]!, CAMERAS);
    const after = dropped(grid, "c4", { x: 0, y: 0 });
    expect(after.tiles.find((tile) => tile.camera === "c4")).toMatchObject({ x: 0, y: 0, width: 2, height: 2 });
    expect(after.tiles.find((tile) => tile.camera === "c0")).toMatchObject({ width: 1, height: 1 });
    expect(after.tiles.length).toBe(grid.tiles.length);
  });

  it("fits any page, wide or narrow, without an overlap", () => {
    for (const template of TEMPLATES) {
      const grid = filled(template, CAMERAS);
      for (const [width, height, narrow] of [[1380, 620, false], [700, 900, false], [366, 700, true]] as const) {
        const layout = laidOut(grid, width, height, narrow);
        expect(layout.others.length).toBe(grid.tiles.length);
        for (const rect of layout.others) {
          expect(rect.left).toBeGreaterThanOrEqual(-0.01);
          expect(rect.left + rect.width).toBeLessThanOrEqual(width + 0.01);
          expect(rect.top + rect.height).toBeLessThanOrEqual(layout.height + 0.01);
        }
        layout.others.forEach((one, index) => layout.others.slice(index + 1).forEach((other) => {
          const apart = one.left + one.width <= other.left + 0.01 || other.left + other.width <= one.left + 0.01
            || one.top + one.height <= other.top + 0.01 || other.top + other.height <= one.top + 0.01;
          expect(apart).toBe(true);
        }));
      }
    }
  });

  it("gives the main stream to few, and to the large ones", () => {
    const rect = (width: number) => ({ left: 0, top: 0, width, height: width / 2 });
    expect(worthMain([rect(300), rect(900), rect(310)], 1)).toEqual([false, true, false]);
    expect(worthMain(Array.from({ length: 9 }, () => rect(800)), 1).filter(Boolean)).toHaveLength(4);
    expect(worthMain([rect(320)], 2)).toEqual([true]);
  });
});
