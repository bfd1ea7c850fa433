/** What the recorder says now, kept fresh: by its events, and every few seconds without them. */

import { api, ApiError, listen } from "./api/client";
import type { Action, Camera } from "./api/types";
import { DAY } from "./time/view";

const POLL_MS = 5000;
const SETTLE_MS = 250;

class Site {
  cameras = $state<Camera[]>([]);
  /** Cameras of which a part is hidden from us; of which it would be, and is not for now. */
  masked = $state<readonly string[]>([]);
  unmasked = $state<readonly string[]>([]);
  known = $state(false);
  sentence = $state("");
  /** Since when the recorder has not answered; null while it does. */
  lost_ms = $state<number | null>(null);
  /** The recorder's time, once a second. */
  now_ms = $state(Date.now());
  /** Counts up whenever something may have changed. */
  changes = $state(0);

  private rights = $state<Record<string, Action[]>>({});
  private ahead_ms = 0;
  private stops: (() => void)[] = [];
  private settle = 0;

  start(): void {
    if (this.stops.length) return;
    const poll = window.setInterval(() => void this.refresh(), POLL_MS);
    const second = window.setInterval(() => (this.now_ms = this.now()), 500);
    const quiet = listen(() => this.soon(), (up) => up && this.soon());
    this.stops = [() => clearInterval(poll), () => clearInterval(second), quiet];
    void this.refresh();
  }

  stop(): void {
    for (const stop of this.stops) stop();
    this.stops = [];
  }

  /** The recorder's clock, not this machine's. */
  now(): number {
    return Date.now() + this.ahead_ms;
  }

  heardNow(now_ms: number): void {
    this.ahead_ms = now_ms - Date.now();
  }

  camera(id: string | null): Camera | undefined {
    return this.cameras.find((camera) => camera.id === id);
  }

  may(action: Action, camera: string): boolean {
    return this.rights[camera]?.includes(action) ?? false;
  }

  private soon(): void {
    clearTimeout(this.settle);
    this.settle = window.setTimeout(() => void this.refresh(), SETTLE_MS);
  }

  async refresh(): Promise<void> {
    try {
      const now = this.now();
      const [{ cameras, may, masked, unmasked }, timeline] = await Promise.all([api.cameras(), api.timeline(now - 7 * DAY, now, 1)]);
      this.cameras = cameras;
      this.rights = may;
      if (`${masked}` !== `${this.masked}`) this.masked = masked;
      if (`${unmasked}` !== `${this.unmasked}`) this.unmasked = unmasked;
      this.heardNow(timeline.now_ms);
      this.sentence = timeline.sentence;
      this.known = true;
      this.lost_ms = null;
      this.changes += 1;
    } catch (error) {
      if (error instanceof ApiError && !error.unreachable && error.status < 500) return;
      this.lost_ms ??= this.now();
    }
  }
}

export const site = new Site();
