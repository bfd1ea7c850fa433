/** The picture of a moment that is pointed at: one request at a time, and the newest wish only. */

import { thumbnail } from "../api/client";

const APART_MS = 80;
const WIDTH = 320;

interface Wish {
  camera: string;
  at_ms: number;
}

export class Preview {
  /** Of the camera pointed at. `at_ms` is the picture's own time. */
  shown = $state.raw<(Wish & { url: string }) | null>(null);
  private wish: Wish | null = null;
  private work: AbortController | null = null;

  /** Null where nothing is pointed at, or nothing was recorded. */
  ask(wish: Wish | null): void {
    if (wish?.camera === this.wish?.camera && wish?.at_ms === this.wish?.at_ms) return;
    this.wish = wish;
    if (!wish) this.work?.abort();
    if (!wish || wish.camera !== this.shown?.camera) this.drop();
    if (wish && !this.work) void this.run();
  }

  private drop(): void {
    if (this.shown) URL.revokeObjectURL(this.shown.url);
    this.shown = null;
  }

  private async run(): Promise<void> {
    this.work = new AbortController();
    for (let done: Wish | null = null; this.wish && this.wish !== done; ) {
      done = this.wish;
      const found = await thumbnail(done.camera, done.at_ms, WIDTH, this.work.signal).catch(() => null);
      if (this.wish?.camera === done.camera) {
        this.drop();
        if (found) this.shown = { camera: done.camera, at_ms: found.at_ms, url: URL.createObjectURL(found.jpeg) };
      }
      await new Promise((after) => setTimeout(after, APART_MS));
    }
    this.work = null;
  }
}
