/** The review items on the screen, and which of them is looked at. What is cleared leaves the list, and can be brought back. */

import { api, sentenceOf } from "../api/client";
import type { ReviewInfo, ReviewPage } from "../api/types";
import { waiting } from "./waiting.svelte";

export type Shown = "unseen" | "alarms" | "all";
const PAGE = 60;
const FEW = 15;

export class Items {
  list = $state.raw<ReviewInfo[] | null>(null);
  at = $state(0);
  problem = $state("");
  /** What was cleared last, newest last. */
  cleared = $state.raw<ReviewInfo[]>([]);
  more = $state(false);

  private before = "";
  private readonly saying = new Map<string, Promise<unknown>>();
  private work: AbortController | null = null;
  private wanted: { shown: Shown; camera: string; from_ms: number; to_ms: number } = { shown: "unseen", camera: "", from_ms: 0, to_ms: 2 ** 53 - 1 };

  readonly item = $derived(this.list?.[this.at] ?? null);

  async load(wanted: Items["wanted"]): Promise<void> {
    this.wanted = wanted;
    this.work?.abort();
    const mine = (this.work = new AbortController());
    try {
      const page = await this.page("");
      if (mine.signal.aborted) return;
      this.take(page, page.reviews, []);
      this.problem = "";
    } catch (error) {
      if (!mine.signal.aborted) this.problem = sentenceOf(error);
    }
  }

  /** What came since joins at the top; what is looked at stays. */
  async refresh(): Promise<void> {
    if (this.list === null) return;
    try {
      const page = await this.page("");
      const known = new Map(this.list.map((each) => [each.id, each]));
      const fresh = this.still(page.reviews);
      const ids = new Set(fresh.map((each) => each.id));
      const kept = this.item?.id;
      const oldest = fresh.at(-1)?.from_ms ?? Infinity;
      this.list = [...fresh, ...[...known.values()].filter((each) => !ids.has(each.id) && each.from_ms < oldest)];
      this.at = Math.max(0, this.list.findIndex((each) => each.id === kept));
      waiting.heard(page.waiting);
    } catch {
      // The next turn asks again; a list that stands is better than none.
    }
  }

  async onward(): Promise<void> {
    if (!this.before || this.list === null) return;
    const before = this.before;
    this.before = "";
    try {
      const page = await this.page(before);
      this.take(page, this.still(page.reviews), this.list);
    } catch (error) {
      this.before = before;
      this.problem = sentenceOf(error);
    }
  }

  private page(before: string): Promise<ReviewPage> {
    const { shown, camera, from_ms, to_ms } = this.wanted;
    const query = { from_ms: Math.max(0, Math.floor(from_ms)), to_ms: Math.ceil(to_ms), most: PAGE, before, ...(camera && { camera }) };
    return shown === "alarms" ? api.alarms(query) : api.review({ ...query, ...(shown === "unseen" && { seen: false }) });
  }

  /** Without what was cleared while they were on their way here. */
  private still(found: readonly ReviewInfo[]): ReviewInfo[] {
    if (this.wanted.shown !== "unseen") return [...found];
    return found.filter((each) => !this.cleared.some((gone) => gone.id === each.id && gone.to_ms === each.to_ms));
  }

  private take(page: ReviewPage, found: readonly ReviewInfo[], onto: readonly ReviewInfo[]): void {
    const kept = this.item?.id;
    // Some may have come by the other way meanwhile: what is newest, asked for again.
    const known = new Set(onto.map((each) => each.id));
    this.list = [...onto, ...found.filter((each) => !known.has(each.id))];
    this.at = Math.max(0, this.list.findIndex((each) => each.id === kept));
    this.before = page.before ?? "";
    this.more = this.before !== "";
    waiting.heard(page.waiting);
  }

  choose(at: number): void {
    if (!this.list) return;
    this.at = Math.max(0, Math.min(this.list.length - 1, at));
    if (this.at > this.list.length - FEW) void this.onward();
  }

  /** Somebody has seen it: the next one is shown at once, and what goes wrong brings it back. */
  async clear(item: ReviewInfo): Promise<void> {
    if (item.seen) return;
    const leaves = this.wanted.shown === "unseen";
    const list = this.list ?? [];
    const index = list.findIndex((each) => each.id === item.id);
    if (leaves) {
      this.list = list.filter((each) => each.id !== item.id);
      this.cleared = [...this.cleared, item];
      this.choose(Math.min(index, this.list.length - 1));
    } else this.change({ ...item, seen: true });
    waiting.unseen = Math.max(0, waiting.unseen - 1);
    try {
      await this.inTurn(item, () => api.markSeen(item.id));
    } catch (error) {
      this.problem = sentenceOf(error);
      this.bringBack(item);
    }
  }

  async undo(): Promise<void> {
    const item = this.cleared.at(-1);
    if (!item) return;
    this.bringBack(item);
    await this.inTurn(item, () => api.markUnseen(item.id)).catch((error: unknown) => (this.problem = sentenceOf(error)));
  }

  /** What is said of one item reaches the recorder in the order it was said: the last word counts. */
  private inTurn(item: ReviewInfo, say: () => Promise<unknown>): Promise<unknown> {
    const before = this.saying.get(item.id) ?? Promise.resolve();
    const mine = before.catch(() => undefined).then(say);
    this.saying.set(item.id, mine);
    return mine.finally(() => this.saying.get(item.id) === mine && this.saying.delete(item.id));
  }

  private bringBack(item: ReviewInfo): void {
    this.cleared = this.cleared.filter((each) => each.id !== item.id);
    if (this.list?.some((each) => each.id === item.id)) return this.change(item);
    this.list = [...(this.list ?? []), item].sort((one, other) => other.from_ms - one.from_ms);
    this.at = this.list.findIndex((each) => each.id === item.id);
    waiting.unseen += 1;
  }

  change(item: ReviewInfo): void {
    this.list = (this.list ?? []).map((each) => (each.id === item.id ? item : each));
  }

  /** An alarm that somebody dealt with. */
  dealt(item: ReviewInfo): void {
    this.change(item);
    void waiting.refresh();
  }
}
