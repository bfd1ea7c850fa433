/** The erasures that somebody may know of, and how many wait for that person. */

import { api } from "../api/client";
import type { ErasureInfo } from "../api/types";

const EVERY_MS = 30_000;

class Erasures {
  list = $state.raw<ErasureInfo[]>([]);
  private timer = 0;

  readonly mine = $derived(this.list.filter((each) => each.may_decide));

  start(): void {
    if (this.timer) return;
    this.timer = window.setInterval(() => void this.refresh().catch(() => undefined), EVERY_MS);
    void this.refresh().catch(() => undefined);
  }

  stop(): void {
    clearInterval(this.timer);
    this.timer = 0;
    this.list = [];
  }

  async refresh(): Promise<void> {
    this.list = (await api.erasures()).erasures;
  }
}

export const erasures = new Erasures();
