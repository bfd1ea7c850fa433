/** What somebody should know, kept fresh for the list and for the mark in the rail. */

import { api, ApiError } from "../api/client";
import type { Notice } from "../api/types";

const EVERY_MS = 15_000;

class Notices {
  list = $state.raw<Notice[] | null>(null);
  unread = $state(0);
  /** Who may not see the system is not told of it, and asks no more. */
  may = $state(true);

  private timer = 0;

  start(): void {
    if (this.timer) return;
    this.timer = window.setInterval(() => void this.refresh(), EVERY_MS);
    void this.refresh();
  }

  stop(): void {
    clearInterval(this.timer);
    this.timer = 0;
    this.list = null;
    this.unread = 0;
    this.may = true;
  }

  async refresh(): Promise<void> {
    if (!this.may) return;
    try {
      const found = await api.notices();
      this.list = found.notices;
      this.unread = found.unread;
    } catch (error) {
      if (error instanceof ApiError && error.status === 403) this.may = false;
    }
  }

  async acknowledge(id: string | null): Promise<void> {
    await (id === null ? api.acknowledgeAll() : api.acknowledge(id));
    await this.refresh();
  }
}

export const notices = new Notices();
