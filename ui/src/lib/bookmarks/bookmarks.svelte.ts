/** Moments that somebody marked, in the time that the timeline shows. */

import { api, ApiError } from "../api/client";
import type { Bookmark } from "../api/types";
import { site } from "../site.svelte";
import { LONGEST } from "../time/view";
import { watch } from "../watch.svelte";

const FRESH_MS = 60_000;

class Bookmarks {
  /** Of the last 90 days, the newest first. */
  list = $state.raw<Bookmark[]>([]);
  more = $state(false);
  /** For which moment a text is asked for. */
  asked = $state.raw<{ camera: string; at_ms: number } | null>(null);
  problem = $state("");
  private loaded = -Infinity;

  /** Keep the list fresh; cheap to call often. */
  async refresh(now = false): Promise<void> {
    if (!now && performance.now() - this.loaded < FRESH_MS) return;
    this.loaded = performance.now();
    try {
      const found = await api.bookmarks(site.now() - LONGEST, site.now() + 1000);
      this.list = found.bookmarks;
      this.more = found.more;
    } catch {
      // What is known stays; the page says above when the recorder is away.
    }
  }

  ask(): void {
    const camera = watch.chosen;
    if (!camera) return;
    watch.player?.pause();
    this.problem = "";
    this.asked = { camera: camera.id, at_ms: Math.ceil(watch.live ? site.now() - 1000 : watch.report.at_ms) };
  }

  async add(text: string): Promise<boolean> {
    if (!this.asked) return false;
    return this.carryOut(api.addBookmark(this.asked.camera, { at_ms: this.asked.at_ms, text }));
  }

  async remove(id: string): Promise<boolean> {
    return this.carryOut(api.removeBookmark(id));
  }

  private async carryOut(call: Promise<unknown>): Promise<boolean> {
    this.problem = "";
    try {
      await call;
      await this.refresh(true);
      return true;
    } catch (error) {
      this.problem = error instanceof ApiError ? error.message : "That did not work. Try again.";
      return false;
    }
  }
}

export const bookmarks = new Bookmarks();
