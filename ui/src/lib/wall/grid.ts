/** Tiles on a grid of cells: where they lie, and how they make room. Pure arithmetic. */

import type { Layout, Rect } from "../layout";

export interface Placed {
  camera: string;
  x: number;
  y: number;
  width: number;
  height: number;
}

export interface Grid {
  columns: number;
  rows: number;
  tiles: Placed[];
}

export interface Cell {
  x: number;
  y: number;
}

export const MOST_CELLS = 12;
const GAP = 6;
const RATIO = 16 / 9;

/** Ways to begin with: columns, rows, and the large tile's side in cells. */
export const TEMPLATES: { name: string; columns: number; rows: number; large: number }[] = [
  { name: "1", columns: 1, rows: 1, large: 1 },
  { name: "2 × 2", columns: 2, rows: 2, large: 1 },
  { name: "1 + 5", columns: 3, rows: 3, large: 2 },
  { name: "3 × 3", columns: 3, rows: 3, large: 1 },
  { name: "1 + 7", columns: 4, rows: 4, large: 3 },
  { name: "4 × 4", columns: 4, rows: 4, large: 1 },
  { name: "1 + 12", columns: 5, rows: 4, large: 2 },
  { name: "6 × 4", columns: 6, rows: 4, large: 1 },
];

export function filled(template: (typeof TEMPLATES)[number], cameras: readonly string[]): Grid {
  const grid: Grid = { columns: template.columns, rows: template.rows, tiles: [] };
  cameras.forEach((camera, index) => {
    const side = index === 0 ? template.large : 1;
    const at = freeFor(grid, side, side);
    if (at) grid.tiles.push({ camera, ...at, width: side, height: side });
  });
  return grid;
}

export function overlaps(one: Placed, other: Placed): boolean {
  return one.x < other.x + other.width && other.x < one.x + one.width
    && one.y < other.y + other.height && other.y < one.y + one.height;
}

/** The first place, row by row, where so large a tile lies on no other. */
export function freeFor(grid: Grid, width: number, height: number): Cell | null {
  for (let y = 0; y + height <= grid.rows; y++) {
    for (let x = 0; x + width <= grid.columns; x++) {
      const tried = { camera: "", x, y, width, height };
      if (!grid.tiles.some((tile) => overlaps(tile, tried))) return { x, y };
    }
  }
  return null;
}

function inside(grid: Grid, tile: Placed): Placed {
  const width = Math.max(1, Math.min(tile.width, grid.columns));
  const height = Math.max(1, Math.min(tile.height, grid.rows));
  return {
    ...tile, width, height,
    x: Math.max(0, Math.min(tile.x, grid.columns - width)),
    y: Math.max(0, Math.min(tile.y, grid.rows - height)),
  };
}

/** With `tile` where it is now, whatever lay there moves to free cells, smaller if it must; or goes. */
function settled(grid: Grid, tile: Placed): Grid {
  const next: Grid = { ...grid, tiles: [tile] };
  const pushed: Placed[] = [];
  for (const other of grid.tiles) {
    if (other.camera === tile.camera) continue;
    if (overlaps(other, tile)) pushed.push(other);
    else next.tiles.push(other);
  }
  for (const other of pushed) {
    const whole = freeFor(next, other.width, other.height);
    const least = whole ?? freeFor(next, 1, 1);
    if (whole) next.tiles.push({ ...other, ...whole });
    else if (least) next.tiles.push({ ...other, ...least, width: 1, height: 1 });
  }
  return next;
}

/** A tile is put down on a cell: on another it changes places with it, on free cells it moves there. */
export function dropped(grid: Grid, camera: string, cell: Cell): Grid {
  const tile = grid.tiles.find((one) => one.camera === camera);
  const under = grid.tiles.find((one) => one.camera !== camera && overlaps(one, { camera: "", ...cell, width: 1, height: 1 }));
  if (!tile) return under ? replaced(grid, under, camera) : settled(grid, inside(grid, { camera, ...cell, width: 1, height: 1 }));
  if (under) return exchanged(grid, tile, under);
  return settled(grid, inside(grid, { ...tile, ...cell }));
}

function replaced(grid: Grid, under: Placed, camera: string): Grid {
  return { ...grid, tiles: grid.tiles.map((one) => (one === under ? { ...one, camera } : one)) };
}

function exchanged(grid: Grid, one: Placed, other: Placed): Grid {
  const tiles = grid.tiles.map((tile) =>
    tile === one ? { ...other, camera: one.camera } : tile === other ? { ...one, camera: other.camera } : tile,
  );
  return { ...grid, tiles };
}

/** By so many cells; it stays where it cannot go. */
export function moved(grid: Grid, camera: string, by: Cell): Grid {
  const tile = grid.tiles.find((one) => one.camera === camera);
  if (!tile) return grid;
  const to = inside(grid, { ...tile, x: tile.x + by.x, y: tile.y + by.y });
  if (to.x === tile.x && to.y === tile.y) return grid;
  const under = grid.tiles.filter((one) => one.camera !== camera && overlaps(one, to));
  const alike = under.length === 1 && under[0]!.width === tile.width && under[0]!.height === tile.height;
  return alike ? exchanged(grid, tile, under[0]!) : settled(grid, to);
}

export function resized(grid: Grid, camera: string, width: number, height: number): Grid {
  const tile = grid.tiles.find((one) => one.camera === camera);
  if (!tile) return grid;
  return settled(grid, {
    ...tile,
    width: Math.max(1, Math.min(width, grid.columns - tile.x)),
    height: Math.max(1, Math.min(height, grid.rows - tile.y)),
  });
}

export function removed(grid: Grid, camera: string): Grid {
  return { ...grid, tiles: grid.tiles.filter((one) => one.camera !== camera) };
}

/** At the first free cell; the grid grows by a row where there is none. */
export function added(grid: Grid, camera: string): Grid {
  if (grid.tiles.some((one) => one.camera === camera)) return grid;
  const at = freeFor(grid, 1, 1);
  if (at) return { ...grid, tiles: [...grid.tiles, { camera, ...at, width: 1, height: 1 }] };
  if (grid.rows >= MOST_CELLS) return grid;
  return { ...grid, rows: grid.rows + 1, tiles: [...grid.tiles, { camera, x: 0, y: grid.rows, width: 1, height: 1 }] };
}

/** Another number of cells: tiles that would lie outside move in, and those without room go. */
export function reshaped(grid: Grid, columns: number, rows: number): Grid {
  const bound = (value: number) => Math.max(1, Math.min(MOST_CELLS, value));
  let next: Grid = { columns: bound(columns), rows: bound(rows), tiles: [] };
  const byReading = [...grid.tiles].sort((a, b) => a.y - b.y || a.x - b.x);
  for (const tile of byReading) {
    const fits = inside(next, tile);
    if (!next.tiles.some((one) => overlaps(one, fits))) next.tiles.push(fits);
    else {
      const at = freeFor(next, 1, 1);
      if (at) next = { ...next, tiles: [...next.tiles, { ...tile, ...at, width: 1, height: 1 }] };
    }
  }
  return next;
}

/** Cells as large as fit, 16:9 where there is room for that. */
function cellSize(grid: Grid, width: number, height: number): { width: number; height: number } {
  const wide = (width - GAP * (grid.columns - 1)) / grid.columns;
  const high = (height - GAP * (grid.rows - 1)) / grid.rows;
  return wide > high * RATIO ? { width: high * RATIO, height: high } : { width: wide, height: wide / RATIO };
}

export function rectOf(grid: Grid, tile: Placed, width: number, height: number): Rect {
  const cell = cellSize(grid, width, height);
  const left = (width - grid.columns * cell.width - GAP * (grid.columns - 1)) / 2;
  return {
    left: left + tile.x * (cell.width + GAP),
    top: tile.y * (cell.height + GAP),
    width: tile.width * cell.width + (tile.width - 1) * GAP,
    height: tile.height * cell.height + (tile.height - 1) * GAP,
  };
}

/** The cell under a point of the wall. */
export function cellAt(grid: Grid, left: number, top: number, width: number, height: number): Cell | null {
  const first = rectOf(grid, { camera: "", x: 0, y: 0, width: 1, height: 1 }, width, height);
  const x = Math.floor((left - first.left) / (first.width + GAP));
  const y = Math.floor((top - first.top) / (first.height + GAP));
  return x >= 0 && y >= 0 && x < grid.columns && y < grid.rows ? { x, y } : null;
}

/** In the order of reading; on a narrow page one below the other, small ones two beside each other. */
export function laidOut(grid: Grid, width: number, height: number, narrow: boolean): Layout & { tiles: Placed[] } {
  const tiles = [...grid.tiles].sort((a, b) => a.y - b.y || a.x - b.x);
  if (!narrow) {
    const others = tiles.map((tile) => rectOf(grid, tile, width, height));
    return { large: null, others, tiles, hidden: 0, height };
  }
  const most = Math.max(0, ...tiles.map((tile) => tile.width * tile.height));
  const others: Rect[] = [];
  let [top, column] = [0, 0];
  const half = (width - GAP) / 2;
  for (const tile of tiles) {
    const whole = most > 1 ? tile.width * tile.height === most : tiles.length === 1;
    if (whole && column) [top, column] = [top + half / RATIO + GAP, 0];
    const own = whole ? width : half;
    others.push({ left: column ? half + GAP : 0, top, width: own, height: own / RATIO });
    if (whole || column) [top, column] = [top + own / RATIO + GAP, 0];
    else column = 1;
  }
  return { large: null, others, tiles, hidden: 0, height: column ? top + half / RATIO : Math.max(0, top - GAP) };
}

/** Which tiles are so large that they are worth the main stream: the largest, and few of them. */
export function worthMain(rects: readonly Rect[], pixelRatio: number): boolean[] {
  const LEAST_PX = 620;
  const MOST = 4;
  const bySize = rects.map((rect, index) => ({ index, width: rect.width * pixelRatio }))
    .filter(({ width }) => width >= LEAST_PX)
    .sort((a, b) => b.width - a.width)
    .slice(0, MOST);
  const chosen = new Set(bySize.map(({ index }) => index));
  return rects.map((_, index) => chosen.has(index));
}
