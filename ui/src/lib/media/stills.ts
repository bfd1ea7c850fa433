/** Key frames as single pictures, for what no browser at hand plays. Times are UTC in ms. */

import { api, still, type Picture } from "../api/client";
import { inOrder, type GapPiece } from "../api/pieces";
import type { StreamName } from "../api/types";
import type { LiveReport } from "./live";
import { SPEEDS, type PlaybackReport, type Player, type PlaybackState } from "./playback";

const LIVE_EVERY_MS = 1000;
const PLAY_EVERY_MS = 400;
const LIVE_WIDTH = 1280;
const GAP_CARD_MS = 3000;
/** Key frames are never further apart than a camera's own limit, which few set above this. */
const LONGEST_GOP_MS = 20_000;
/** How long the newest key frame may stay the same before it is called late, at the least. */
const LEAST_PATIENCE_MS = 4000;

function show(image: HTMLImageElement, picture: Picture): void {
  const before = image.src;
  image.src = URL.createObjectURL(picture.jpeg);
  if (before) URL.revokeObjectURL(before);
}

/** The newest key frame, about each second. */
export class LiveStills {
  private readonly work = new AbortController();
  private readonly timer: number;
  private asking = false;
  private picture_ms: number | null = null;
  private came_ms = 0;
  private interval_ms = 0;
  private readonly since_ms = performance.now();

  constructor(
    private readonly image: HTMLImageElement,
    private readonly camera: string,
    private readonly stream: StreamName,
    private readonly tell: (report: LiveReport) => void,
  ) {
    this.timer = window.setInterval(() => void this.ask(), LIVE_EVERY_MS);
    void this.ask();
  }

  stop(): void {
    clearInterval(this.timer);
    this.work.abort();
  }

  private async ask(): Promise<void> {
    if (this.asking || document.hidden) return this.report();
    this.asking = true;
    try {
      this.take(await still(this.camera, this.stream, null, LIVE_WIDTH, this.work.signal));
    } catch {
      // What does not come is told by how old the last one is.
    } finally {
      this.asking = false;
    }
    if (!this.work.signal.aborted) this.report();
  }

  private take(picture: Picture): void {
    if (picture.at_ms === this.picture_ms) return;
    const now = performance.now();
    if (this.picture_ms !== null) this.interval_ms = Math.min(LONGEST_GOP_MS, now - this.came_ms);
    this.picture_ms = picture.at_ms;
    this.came_ms = now;
    show(this.image, picture);
  }

  private report(): void {
    const patience_ms = Math.max(LEAST_PATIENCE_MS, 2 * this.interval_ms);
    const waited_ms = performance.now() - (this.picture_ms === null ? this.since_ms : this.came_ms);
    const state = waited_ms > 2 * patience_ms ? "lost" : waited_ms > patience_ms ? "late" : this.picture_ms === null ? "connecting" : "live";
    this.tell({ state, picture_ms: this.picture_ms });
  }
}

/** Goes through a recording from key frame to key frame. */
export class StillPlayback implements Player {
  private work = new AbortController();
  private picture_ms: number | null = null;
  private target_ms: number;
  private wants = true;
  private speed_ = 1;
  private state: PlaybackState = "loading";
  private gap: GapPiece | null = null;
  private gap_since = 0;
  private problem = "";
  private asking = false;
  private last_ms = performance.now();
  private readonly timer: number;

  constructor(
    private readonly image: HTMLImageElement,
    private readonly camera: string,
    private readonly stream: StreamName,
    at_ms: number,
    private readonly now: () => number,
    private readonly tell: (report: PlaybackReport) => void,
  ) {
    this.target_ms = at_ms;
    this.timer = window.setInterval(() => this.tick(), PLAY_EVERY_MS);
    void this.ask();
  }

  stop(): void {
    clearInterval(this.timer);
    this.work.abort();
  }

  get at_ms(): number {
    return this.wants ? this.target_ms : (this.picture_ms ?? this.target_ms);
  }

  get playing(): boolean {
    return this.wants;
  }

  get speed(): number {
    return this.speed_;
  }

  play(): void {
    this.wants = true;
    if (this.gap) this.target_ms = this.gap.to_ms;
    this.seek(this.target_ms, true);
  }

  pause(): void {
    this.wants = false;
    if (this.state === "playing") this.state = "paused";
    this.report();
  }

  setSpeed(speed: number): void {
    this.speed_ = speed;
    this.report();
  }

  shuttle(way: 1 | -1): void {
    if (way === -1) this.speed_ = this.speed_ < 0 ? Math.max(-16, this.speed_ * 2) : -1;
    else this.speed_ = this.speed_ < 0 || !this.wants ? 1 : (SPEEDS.find((speed) => speed > this.speed_ && speed >= 1) ?? 16);
    this.wants = true;
    this.report();
  }

  seek(at_ms: number, keepPlaying = this.wants): void {
    this.wants = keepPlaying;
    this.target_ms = Math.min(at_ms, this.now());
    this.gap = null;
    this.work.abort();
    this.work = new AbortController();
    this.asking = false;
    void this.ask();
  }

  /** To the next key frame: asked for second by second, as nothing says when it comes. */
  step(way: 1 | -1 = 1): void {
    this.pause();
    if (way === -1) return this.seek((this.gap?.from_ms ?? this.picture_ms ?? this.target_ms) - 1, false);
    const from_ms = this.picture_ms ?? this.target_ms;
    if (this.gap) this.seek(this.gap.to_ms, false);
    else void this.search(from_ms);
  }

  setMuted(): void {
    // Single pictures have no sound.
  }

  private async search(from_ms: number): Promise<void> {
    for (let at_ms = from_ms + 500; at_ms < Math.min(this.now(), from_ms + LONGEST_GOP_MS); at_ms += 500) {
      this.target_ms = at_ms;
      await this.ask();
      if (this.gap || this.picture_ms !== from_ms) return;
    }
  }

  private tick(): void {
    const now = performance.now();
    const passed_ms = now - this.last_ms;
    this.last_ms = now;
    if (this.gap) return this.tickGap();
    if (!this.wants) return;
    if (this.target_ms > this.now() - 1500) this.state = "edge";
    else if (!this.asking) this.target_ms = Math.min(this.target_ms + passed_ms * this.speed_, this.now());
    void this.ask();
  }

  private tickGap(): void {
    if (this.wants && this.leaves && performance.now() - this.gap_since > GAP_CARD_MS) this.play();
    this.report();
  }

  private get leaves(): boolean {
    return this.gap !== null && this.gap.to_ms < this.now() - 1500;
  }

  private async ask(): Promise<void> {
    if (this.asking || this.state === "edge") return this.report();
    this.asking = true;
    const { signal } = this.work;
    const at_ms = this.target_ms;
    try {
      const [picture, gap] = await Promise.all([
        still(this.camera, this.stream, at_ms, LIVE_WIDTH, signal).catch((error: unknown) => this.unless(signal, error)),
        this.gapAt(at_ms, signal),
      ]);
      if (!signal.aborted) this.take(picture, gap);
    } catch (error) {
      if (!signal.aborted) this.problem = error instanceof Error ? error.message : String(error);
    } finally {
      if (!signal.aborted) this.asking = false;
    }
    if (!signal.aborted) this.report();
  }

  private unless(signal: AbortSignal, error: unknown): null {
    if (!signal.aborted) this.problem = error instanceof Error ? error.message : String(error);
    return null;
  }

  private async gapAt(at_ms: number, signal: AbortSignal): Promise<GapPiece | null> {
    const pieces = inOrder(await api.playback(this.camera, this.stream, "plain", at_ms, 1, signal));
    return pieces.find((piece): piece is GapPiece => piece.kind === "gap" && piece.from_ms <= at_ms && piece.to_ms > at_ms) ?? null;
  }

  private take(picture: Picture | null, gap: GapPiece | null): void {
    if (gap) {
      this.gap = gap;
      this.gap_since = performance.now();
      this.state = "gap";
    } else if (picture) {
      if (picture.at_ms !== this.picture_ms) show(this.image, picture);
      this.picture_ms = picture.at_ms;
      this.problem = "";
      this.state = this.wants ? "playing" : "paused";
    }
  }

  private report(): void {
    this.tell({
      state: this.state, at_ms: this.gap ? this.target_ms : (this.picture_ms ?? this.target_ms), exact: this.picture_ms !== null && !this.gap,
      gap: this.gap, problem: this.gap ? "" : this.problem, barred: null, refused: "", speed: this.speed_, sound: "none",
      leaves_in_s: this.wants && this.leaves ? Math.max(0, Math.ceil((GAP_CARD_MS - performance.now() + this.gap_since) / 1000)) : null,
    });
  }
}
