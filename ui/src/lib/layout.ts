/** Where each picture of the wall lies: one large and the others beside or below it, or all alike. */

export interface Rect {
  left: number;
  top: number;
  width: number;
  height: number;
}

export interface Layout {
  large: Rect | null;
  others: Rect[];
  /** How many of the others have no room. */
  hidden: number;
  height: number;
}

const GAP = 6;
const RATIO = 16 / 9;
const LEAST_WIDTH = 132;

function rows(count: number, columns: number, cell: { width: number; height: number }, left: number, top: number): Rect[] {
  return Array.from({ length: count }, (_, index) => ({
    left: left + (index % columns) * (cell.width + GAP),
    top: top + Math.floor(index / columns) * (cell.height + GAP),
    ...cell,
  }));
}

function end(rects: Rect[]): number {
  return rects.reduce((most, rect) => Math.max(most, rect.top + rect.height), 0);
}

/** For a narrow page, which scrolls: large on top, the others two or three beside each other. */
export function stacked(width: number, count: number, hasLarge: boolean): Layout {
  const large = hasLarge && count > 0 ? { left: 0, top: 0, width, height: width / RATIO } : null;
  const others = count - (large ? 1 : 0);
  const columns = others === 1 && !large ? 1 : large && others > 4 ? 3 : 2;
  const cell = (width - GAP * (columns - 1)) / columns;
  const rects = rows(others, columns, { width: cell, height: cell / RATIO }, 0, large ? large.height + GAP : 0);
  return { large, others: rects, hidden: 0, height: end(large ? [large, ...rects] : rects) };
}

/** All alike, as large as they fit. */
export function even(width: number, height: number, count: number): Layout {
  let best = { columns: 1, width: 0 };
  for (let columns = 1; columns <= Math.max(1, count); columns++) {
    const down = Math.ceil(count / columns);
    const cell = Math.min((width - GAP * (columns - 1)) / columns, ((height - GAP * (down - 1)) / down) * RATIO);
    if (cell > best.width) best = { columns, width: cell };
  }
  if (best.width < 200) {
    const columns = Math.max(1, Math.floor((width + GAP) / (220 + GAP)));
    best = { columns, width: (width - GAP * (columns - 1)) / columns };
  }
  const used = best.columns * best.width + (best.columns - 1) * GAP;
  const rects = rows(count, best.columns, { width: best.width, height: best.width / RATIO }, Math.max(0, (width - used) / 2), 0);
  return { large: null, others: rects, hidden: 0, height: Math.max(height, end(rects)) };
}

/** One large, the others in columns at its right: those columns that leave the most picture. */
export function focused(width: number, height: number, count: number): Layout {
  const others = count - 1;
  if (others <= 0) return { large: { left: 0, top: 0, width, height }, others: [], hidden: 0, height };
  let best = { score: -1, columns: 1, cell: LEAST_WIDTH, fit: 1 };
  for (let columns = 1; columns <= 4; columns++) {
    const down = Math.ceil(others / columns);
    const most = ((height - GAP * (down - 1)) / down) * RATIO;
    const spare = (width - height * RATIO) / columns - GAP;
    const cell = Math.max(LEAST_WIDTH, Math.min(most, Math.max(spare, most * 0.72)));
    const left = width - columns * (cell + GAP);
    if (left < width * 0.4) continue;
    const fit = Math.min(others, columns * Math.max(1, Math.floor((height + GAP) / (cell / RATIO + GAP))));
    const picture = Math.min(height, left / RATIO) ** 2 * RATIO + fit * (cell * cell) / RATIO;
    const score = picture - (others - fit) * width * height;
    if (score > best.score || best.score === -1) best = { score, columns, cell, fit };
  }
  const cell = { width: best.cell, height: best.cell / RATIO };
  const left = width - best.columns * (best.cell + GAP) + GAP;
  const rects = rows(best.fit, best.columns, cell, left, 0);
  return { large: { left: 0, top: 0, width: left - GAP, height }, others: rects, hidden: others - best.fit, height };
}
