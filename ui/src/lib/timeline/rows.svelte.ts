/** What the recorder says of the time on the screen and of some beside it, kept fresh. */

import { api } from "../api/client";
import { site } from "../site.svelte";
import { span, type View } from "../time/view";
import { rowOf, type Row } from "./understood";

const SETTLE_MS = 60;

export class Rows {
  list = $state.raw<Row[]>([]);
  private loaded: View | null = null;
  private loading: AbortController | null = null;

  /** Ask for a view, at once where what is known does not cover it well; gives what takes that back. */
  want(view: View, width: number): () => void {
    const known = this.loaded;
    const covers = known && view.from_ms >= known.from_ms && view.to_ms <= known.to_ms && span(known) < span(view) * 4;
    const timer = window.setTimeout(() => void this.load(view, width), covers ? 0 : SETTLE_MS);
    return () => clearTimeout(timer);
  }

  private async load(view: View, width: number): Promise<void> {
    this.loading?.abort();
    const mine = (this.loading = new AbortController());
    const room = span(view) * 0.75;
    const asked = { from_ms: view.from_ms - room, to_ms: view.to_ms + room };
    try {
      const answer = await api.timeline(asked.from_ms, asked.to_ms, width * 2.5, mine.signal, undefined, true);
      site.heardNow(answer.now_ms);
      this.list = answer.cameras.map(rowOf);
      this.loaded = asked;
    } catch {
      // Cut off by a newer view, or the recorder is away: the page says so above.
    }
  }
}
