/** A table of cameras that the recorder goes through row by row, whether somebody watches or not. */

import { api, ApiError } from "../api/client";
import type { CameraTable, TableOrder, TableRow } from "../api/types";

const BUSY_MS = 700;
const IDLE_MS = 15_000;

class TableWatch {
  state = $state.raw<CameraTable | null>(null);
  /** By line, in the order of the file. */
  rows = $state.raw<TableRow[]>([]);
  problem = $state("");

  private timer = 0;
  private watched = false;
  private byLine = new Map<number, TableRow>();

  /** Keep it fresh; the function that is given back ends that. */
  watch(): () => void {
    this.watched = true;
    void this.turn();
    return () => {
      this.watched = false;
      clearTimeout(this.timer);
    };
  }

  async start(order: TableOrder): Promise<void> {
    this.take(await api.startTable(order));
    void this.turn();
  }

  async stop(): Promise<void> {
    this.take(await api.stopTable());
  }

  private take(told: CameraTable): void {
    if (told.id !== this.state?.id) this.byLine.clear();
    this.state = told;
    if (told.rows.length === 0) return;
    for (const row of told.rows) this.byLine.set(row.line, row);
    this.rows = [...this.byLine.values()].sort((a, b) => a.line - b.line);
  }

  private async turn(): Promise<void> {
    clearTimeout(this.timer);
    try {
      const known = this.state;
      let told = await api.table(known?.change ?? 0);
      // Of another table, or of a recorder that was started anew: all of it.
      if (known && (told.id !== known.id || told.change < known.change)) told = await api.table(0);
      if (told.id !== known?.id) this.rows = [];
      this.take(told);
      this.problem = "";
    } catch (error) {
      if (!(error instanceof ApiError) || error.status === 401) return;
      this.problem = error.message;
    }
    if (this.watched) this.timer = window.setTimeout(() => void this.turn(), this.state?.running ? BUSY_MS : IDLE_MS);
  }
}

export const table = new TableWatch();
