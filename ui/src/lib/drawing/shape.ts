/** What is drawn on a picture. Corners are from 0 to 1, from the upper left of the picture. */

export type Corner = [number, number];

export const LEAST = 3;
export const MOST = 32;

export const LINE: readonly Corner[] = [[0.3, 0.6], [0.7, 0.6]];

export const START: readonly Corner[] = [[0.35, 0.35], [0.65, 0.35], [0.65, 0.65], [0.35, 0.65]];

const within = (value: number) => Math.round(Math.min(1, Math.max(0, value)) * 10_000) / 10_000;

/** One corner somewhere else. */
export function moved(corners: readonly Corner[], index: number, x: number, y: number): Corner[] {
  return corners.map((corner, at) => (at === index ? [within(x), within(y)] : corner));
}

/** All of it somewhere else, as far as the picture goes. */
export function shifted(corners: readonly Corner[], by_x: number, by_y: number): Corner[] {
  const fit = (values: number[], by: number) => Math.max(-Math.min(...values), Math.min(1 - Math.max(...values), by));
  const x = fit(corners.map((corner) => corner[0]), by_x);
  const y = fit(corners.map((corner) => corner[1]), by_y);
  return corners.map((corner) => [within(corner[0] + x), within(corner[1] + y)]);
}

/** One corner more, in the middle of the side behind `index`. */
export function added(corners: readonly Corner[], index: number): Corner[] {
  const [one, two] = [corners[index]!, corners[(index + 1) % corners.length]!];
  return [...corners.slice(0, index + 1), [within((one[0] + two[0]) / 2), within((one[1] + two[1]) / 2)], ...corners.slice(index + 1)];
}

export function without(corners: readonly Corner[], index: number): Corner[] {
  return corners.length > LEAST ? corners.filter((_, at) => at !== index) : [...corners];
}

/** Where a line's arrow stands and points to, forward from its left side to its right. `ratio` is the
 * picture's width in its heights, for the arrow to stand upright on the line. */
export function arrow(line: readonly (readonly number[])[], ratio: number): { x: number; y: number; turn: number } {
  const [[x0 = 0, y0 = 0] = [], [x1 = 0, y1 = 0] = []] = line;
  const [across, down] = [(x1 - x0) * ratio, y1 - y0];
  return { x: (x0 + x1) / 2, y: (y0 + y1) / 2, turn: (Math.atan2(across, -down) * 180) / Math.PI };
}

/** For `points` of an SVG that is 1 wide and 1 high. */
export function points(corners: readonly (readonly number[])[]): string {
  return corners.map(([x, y]) => `${x},${y}`).join(" ");
}
