/** The log as far as it was read, and what of it is wanted. */

import { api, ApiError } from "../api/client";
import type { LogCheck, LogLine, LogState } from "../api/types";
import { joined, KINDS } from "./words";

class Log {
  kind = $state("");
  camera = $state("");
  by = $state("");
  lines = $state<LogLine[]>([]);
  /** What leads on to older lines; null at the log's beginning. */
  before = $state<string | null>(null);
  reached_ms = $state<number | null>(null);
  busy = $state(false);
  problem = $state("");
  state = $state<LogState | null>(null);
  checked = $state<LogCheck | "busy" | null>(null);
  private asked = 0;

  /** From the newest on, as it is wanted now. */
  async renew(): Promise<void> {
    this.before = null;
    await this.read(true);
  }

  async older(): Promise<void> {
    await this.read(false);
  }

  async check(): Promise<void> {
    this.checked = "busy";
    await this.trying(async () => {
      this.checked = await api.checkLog();
    });
    if (this.checked === "busy") this.checked = null;
  }

  async learn(): Promise<void> {
    await this.trying(async () => {
      this.state = await api.logState();
    });
  }

  private async read(anew: boolean): Promise<void> {
    const asked = ++this.asked;
    this.busy = true;
    await this.trying(async () => {
      const what = KINDS.find(({ name }) => name === this.kind)?.what ?? [];
      const page = await api.log({ before: this.before ?? "", camera: this.camera, by: this.by.trim(), what });
      if (asked !== this.asked) return;
      this.lines = anew ? joined([], page.lines) : joined(this.lines, page.lines);
      this.before = page.before;
      this.reached_ms = page.reached_ms;
    });
    if (asked === this.asked) this.busy = false;
  }

  private async trying(act: () => Promise<void>): Promise<void> {
    try {
      await act();
      this.problem = "";
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.problem = error.message;
    }
  }
}

export const log = new Log();
