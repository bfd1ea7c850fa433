/** Where a clip is to begin and end; marked while looking, or typed. */

import { site } from "../site.svelte";
import { MINUTE } from "../time/view";
import { watch } from "../watch.svelte";

class Marks {
  in_ms = $state<number | null>(null);
  out_ms = $state<number | null>(null);
  open = $state(false);

  readonly any = $derived(this.in_ms !== null || this.out_ms !== null);

  private now(): number {
    return watch.live ? site.now() : watch.report.at_ms;
  }

  setIn(): void {
    this.in_ms = this.now();
    if (this.out_ms !== null && this.out_ms <= this.in_ms) this.out_ms = null;
  }

  setOut(): void {
    this.out_ms = this.now();
    if (this.in_ms !== null && this.in_ms >= this.out_ms) this.in_ms = null;
  }

  clear(): void {
    this.in_ms = this.out_ms = null;
  }

  /** What was marked, or half a minute about what is on the screen. */
  span(): { from_ms: number; to_ms: number } {
    const middle = this.now();
    const from_ms = this.in_ms ?? (this.out_ms ?? middle) - MINUTE / (this.out_ms === null ? 4 : 2);
    const to_ms = this.out_ms ?? Math.min(site.now(), Math.max(middle, from_ms) + MINUTE / 4);
    return { from_ms, to_ms };
  }

  openDialog(): void {
    if (watch.chosen) this.open = true;
  }
}

export const marks = new Marks();
