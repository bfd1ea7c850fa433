/** How much waits for somebody: told beside the rail's bell for what happened, on every page. */

import { api } from "../api/client";

const EVERY_MS = 10_000;

class WaitingCount {
  unseen = $state(0);
  alarms = $state(0);
  private timer = 0;

  start(): void {
    if (this.timer) return;
    this.timer = window.setInterval(() => void this.refresh(), EVERY_MS);
    void this.refresh();
  }

  stop(): void {
    clearInterval(this.timer);
    this.timer = 0;
    this.heard({ unseen: 0, alarms: 0 });
  }

  heard({ unseen, alarms }: { unseen: number; alarms: number }): void {
    this.unseen = unseen;
    this.alarms = alarms;
  }

  async refresh(): Promise<void> {
    await api.waiting().then((found) => this.heard(found), () => undefined);
  }
}

export const waiting = new WaitingCount();
