/**
 * How late live pictures come, and so how far behind the newest to play: pictures that come one by
 * one allow a tenth of a second, those that come in bursts take as long as a burst.
 */

const WINDOW_MS = 4000;
/** What was waiting when the stream began comes all at once, and says nothing. */
const FIRST_MS = 500;
const FIRST_S = 0.15;
const LEAST_MARGIN_S = 0.06;
const MOST_MARGIN_S = 1;
const STARVED_S = 0.05;
/** So much of the margin is given back each second, to see whether less will do. */
const EASED = 0.03;

export class Delay {
  private began_ms = 0;
  private newest_s = 0;
  private margin_s = LEAST_MARGIN_S;
  private margin_ms = 0;
  /** When a picture came, and by how much that was after its own time, in an order without use. */
  private late: { came_ms: number; late_s: number }[] = [];

  /** A stream begins. */
  begin(now_ms: number): void {
    this.began_ms = now_ms;
    this.newest_s = 0;
    this.late = [];
    this.margin_ms = now_ms;
  }

  /** A picture of the stream's time `at_s` has come. */
  came(now_ms: number, at_s: number): void {
    this.newest_s = Math.max(this.newest_s, at_s);
    if (now_ms - this.began_ms < FIRST_MS) return;
    this.late = this.late.filter(({ came_ms }) => now_ms - came_ms < WINDOW_MS);
    this.late.push({ came_ms: now_ms, late_s: now_ms / 1000 - at_s });
  }

  /** The player had nothing to show. */
  starved(now_ms: number): void {
    this.margin_s = Math.min(MOST_MARGIN_S, this.marginAt(now_ms) + STARVED_S);
    this.margin_ms = now_ms;
  }

  /** The time of the stream to show now. */
  aim_s(now_ms: number): number {
    if (!this.late.length) return this.newest_s - FIRST_S;
    const worst_s = Math.max(...this.late.map(({ late_s }) => late_s));
    return now_ms / 1000 - worst_s - this.marginAt(now_ms);
  }

  private marginAt(now_ms: number): number {
    return Math.max(LEAST_MARGIN_S, this.margin_s * (1 - EASED) ** ((now_ms - this.margin_ms) / 1000));
  }
}
