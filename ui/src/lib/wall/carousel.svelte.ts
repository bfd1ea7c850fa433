/** The wall that walks by itself: from layout to layout, or from camera to camera. */

import { site } from "../site.svelte";
import { watch } from "../watch.svelte";
import { arrangement } from "./arrangement.svelte";

/** Shorter is a flicker, and opens streams faster than they can be shown. */
export const DWELLS_S = [5, 10, 20, 30, 60, 120];
/** Whoever touches anything has the wall to himself for so long. */
const RESTS_S = 30;

export type Walk = "cameras" | "layouts";

class Carousel {
  walk = $state<Walk | null>(null);
  dwell_s = $state(10);
  /** Seconds until the next one. */
  left_s = $state(0);
  resting = $state(false);
  private timer = 0;
  private rests_s = 0;

  start(walk: Walk, dwell_s = this.dwell_s): void {
    this.stop();
    this.walk = walk;
    this.dwell_s = DWELLS_S.includes(dwell_s) ? dwell_s : 10;
    this.left_s = this.dwell_s;
    if (walk === "cameras") watch.grid = false;
    watch.toLive();
    this.timer = window.setInterval(() => this.tick(), 1000);
  }

  stop(): void {
    clearInterval(this.timer);
    this.walk = null;
    this.resting = false;
    this.rests_s = 0;
  }

  /** Somebody uses the page: stay where it is for a while. */
  rest(): void {
    if (!this.walk) return;
    this.rests_s = RESTS_S;
    this.resting = true;
  }

  goOn(): void {
    this.rests_s = 0;
    this.resting = false;
    this.left_s = this.dwell_s;
  }

  private tick(): void {
    // Who looks at the past, or makes a layout, is not walked away from.
    if (!watch.live || arrangement.draft || document.hidden) return;
    if (this.rests_s > 0) {
      this.rests_s -= 1;
      if (this.rests_s === 0) this.goOn();
      return;
    }
    this.left_s -= 1;
    if (this.left_s <= 0) this.next();
  }

  next(): void {
    this.left_s = this.dwell_s;
    if (this.walk === "layouts") {
      const ids = arrangement.saved.map((one) => one.id);
      const at = ids.indexOf(arrangement.current?.id ?? "");
      const next = ids[(at + 1) % ids.length];
      if (next) arrangement.show(next);
    } else {
      const ids = site.cameras.map((camera) => camera.id);
      const next = ids[(ids.indexOf(watch.large?.id ?? "") + 1) % ids.length];
      if (next) watch.showLarge(next);
    }
  }
}

export const carousel = new Carousel();
