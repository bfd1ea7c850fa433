/** The devices around the recorder, and how far a look at networks is; asked for while somebody looks. */

import { api, ApiError } from "../api/client";
import type { Fleet, Scan, ScanList, ScanOrder } from "../api/types";

const IDLE_MS = 15_000;
const BUSY_MS = 1_000;
/** Each answer is judged anew while a scan brings more: not more often than this. */
const JUDGED_MS = 10_000;
/** Few are judged in a moment. */
const FEW = 50;
const FEW_JUDGED_MS = 3_000;

class Around {
  fleet = $state.raw<Fleet | null>(null);
  scans = $state.raw<ScanList | null>(null);
  problem = $state("");
  readonly running = $derived<Scan | null>(this.scans?.scans.find((scan) => scan.standing === "running") ?? null);
  readonly waiting = $derived<Scan | null>(this.scans?.scans.find((scan) => scan.standing === "waiting") ?? null);

  private timer = 0;
  private judged_ms = 0;
  private watched = false;

  /** Keep it fresh; the function that is given back ends that. */
  watch(): () => void {
    this.watched = true;
    void this.turn(true);
    return () => {
      this.watched = false;
      clearTimeout(this.timer);
    };
  }

  async start(order: ScanOrder): Promise<void> {
    this.scans = await api.startScan(order);
    void this.turn(false);
  }

  async stop(scan: string): Promise<void> {
    this.scans = await api.stopScan(scan);
  }

  async resume(scan: string): Promise<void> {
    this.scans = await api.resumeScan(scan);
    void this.turn(false);
  }

  /** Ask again in a moment, whether somebody watches or not. */
  async soon(ms: number): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, ms));
    this.scans = await api.scans();
  }

  async judge(): Promise<void> {
    this.fleet = await api.fleet();
    this.judged_ms = performance.now();
  }

  private get patience_ms(): number {
    return (this.fleet?.devices.length ?? 0) < FEW ? FEW_JUDGED_MS : JUDGED_MS;
  }

  private async turn(now: boolean): Promise<void> {
    clearTimeout(this.timer);
    const was = this.running?.id;
    try {
      this.scans = await api.scans();
      const due = performance.now() - this.judged_ms > (this.running ? this.patience_ms : IDLE_MS);
      if (now || due || (was && !this.running)) await this.judge();
      this.problem = "";
    } catch (error) {
      if (!(error instanceof ApiError) || error.status === 401) return;
      this.problem = error.message;
    }
    if (this.watched) this.timer = window.setTimeout(() => void this.turn(false), this.running ? BUSY_MS : IDLE_MS);
  }
}

export const around = new Around();
