/** The evidence bundles that somebody may know of, and how many wait for that person. */

import { api } from "../api/client";
import type { ConsentRule, Export } from "../api/types";

const EVERY_MS = 30_000;

class Evidence {
  list = $state.raw<Export[] | null>(null);
  rule = $state.raw<ConsentRule>({ needed: false, review_h: 72 });
  /** The dialog that asks for one is open. */
  open = $state(false);
  private timer = 0;

  readonly mine = $derived((this.list ?? []).filter((each) => each.may_decide || each.may_review));

  start(): void {
    if (this.timer) return;
    this.timer = window.setInterval(() => void this.refresh(), EVERY_MS);
    void this.refresh();
  }

  stop(): void {
    clearInterval(this.timer);
    this.timer = 0;
    this.list = null;
  }

  async refresh(): Promise<void> {
    await api.exports().then(
      (found) => {
        this.list = found.exports;
        this.rule = found.rule;
      },
      () => undefined,
    );
  }
}

export const evidence = new Evidence();
