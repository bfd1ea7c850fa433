/** Something the recorder tells, asked for again while somebody looks. */

import { sentenceOf } from "../api/client";

const EVERY_MS = 5_000;

export class Polled<T> {
  now = $state.raw<T | null>(null);
  problem = $state("");
  private readonly ask: () => Promise<T>;

  constructor(ask: () => Promise<T>) {
    this.ask = ask;
  }

  /** For an effect: what it gives back ends it. */
  watch(): () => void {
    void this.load();
    const timer = window.setInterval(() => void this.load(), EVERY_MS);
    return () => clearInterval(timer);
  }

  async load(): Promise<void> {
    try {
      this.now = await this.ask();
      this.problem = "";
    } catch (error) {
      this.problem = sentenceOf(error);
    }
  }
}
