/** Several cameras in step: one clock, and all of them follow it. Times are UTC in ms. */

import type { Follower } from "./follower";
import { SPEEDS, type PlaybackReport, type Player, type PlaybackState } from "./playback";

export const MOST_IN_STEP = 9;
const TICK_MS = 50;
/** Whoever is not there by then is gone on without. */
const PATIENCE_MS = 5000;
const GAP_CARD_MS = 2500;
/** The newest media of several cameras come at different times: what is nearer than this to now is not there yet. */
const EDGE_MS = 3500;

export class InStep implements Player {
  private readonly followers = new Map<string, Follower>();
  private readonly timer: number;
  /** The clock: it was `base_ms` at `since` (performance.now), and runs at `rate` unless held. */
  private base_ms: number;
  private since = performance.now();
  private rate_ = 1;
  private wants = true;
  private held = true;
  private waited_since = performance.now();
  private gap_since = 0;
  private state: PlaybackState = "loading";
  private stopped = false;

  constructor(
    at_ms: number,
    private readonly now: () => number,
    private readonly tell: (report: PlaybackReport) => void,
    /** Whose pictures a step goes by. */
    private readonly lead: () => string | null,
  ) {
    this.base_ms = at_ms;
    this.timer = window.setInterval(() => this.tick(), TICK_MS);
    this.report();
  }

  stop(): void {
    this.stopped = true;
    clearInterval(this.timer);
  }

  add(camera: string, follower: Follower): void {
    this.followers.set(camera, follower);
    this.waited_since = performance.now();
  }

  remove(camera: string, follower: Follower): void {
    if (this.followers.get(camera) === follower) this.followers.delete(camera);
    follower.stop();
  }

  get at_ms(): number {
    return this.held ? this.base_ms : Math.min(this.now(), this.base_ms + (performance.now() - this.since) * this.rate_);
  }

  get playing(): boolean {
    return this.wants;
  }

  get speed(): number {
    return this.rate_;
  }

  play(): void {
    this.wants = true;
    if (this.state === "gap") return this.leaveGap();
    this.wait();
    this.report();
  }

  pause(): void {
    this.set(this.at_ms, true);
    this.wants = false;
    this.report();
  }

  setSpeed(speed: number): void {
    this.set(this.at_ms, this.held);
    this.rate_ = speed;
    this.report();
  }

  shuttle(way: 1 | -1): void {
    const fast = SPEEDS.find((speed) => speed > this.rate_ && speed >= 1) ?? 16;
    if (way === 1) this.setSpeed(this.rate_ < 0 || !this.wants ? 1 : fast);
    else this.setSpeed(this.rate_ < 0 ? Math.max(-8, this.rate_ * 2) : -1);
    this.play();
  }

  step(way: 1 | -1 = 1): void {
    this.pause();
    const lead = this.followers.get(this.lead() ?? "") ?? [...this.followers.values()].find((one) => one.neighbour(way) !== null);
    const to_ms = lead?.neighbour(way);
    if (to_ms !== null && to_ms !== undefined) this.set(to_ms, true);
    this.tick();
  }

  seek(at_ms: number, keepPlaying = this.wants): void {
    this.wants = keepPlaying;
    this.set(Math.min(at_ms, this.now()), true);
    this.wait();
    this.state = "loading";
    this.tick();
  }

  setMuted(): void {
    // Nine cameras at once are seen, not heard.
  }

  private set(at_ms: number, held: boolean): void {
    this.base_ms = at_ms;
    this.since = performance.now();
    this.held = held;
  }

  private wait(): void {
    this.waited_since = performance.now();
  }

  private tick(): void {
    if (this.stopped) return;
    const all = [...this.followers.values()];
    for (const one of all) one.follow(this.at_ms, this.rate_, this.wants && !this.held, this.wants);
    const waits = all.some((one) => !one.ready) && performance.now() - this.waited_since < PATIENCE_MS;
    if (!waits && all.every((one) => one.ready)) this.wait();
    const nobody = all.length > 0 && all.every((one) => one.gap !== null);
    if (this.at_ms >= this.now() - EDGE_MS && this.rate_ > 0 && this.wants) this.atEdge();
    else if (nobody) this.inGap(all);
    else this.go(waits || all.length === 0);
    this.report();
  }

  private go(waits: boolean): void {
    const holds = waits || !this.wants;
    if (holds !== this.held) this.set(this.at_ms, holds);
    this.state = waits ? "loading" : this.wants ? "playing" : "paused";
  }

  private atEdge(): void {
    this.set(this.at_ms, true);
    this.state = "edge";
  }

  /** Nobody has a picture: told for a moment, then on to where somebody has. */
  private inGap(all: Follower[]): void {
    if (this.state !== "gap") {
      this.gap_since = performance.now();
      this.set(this.at_ms, true);
      this.state = "gap";
    }
    const ends_ms = Math.min(...all.map((one) => one.gap?.to_ms ?? Infinity));
    if (this.wants && ends_ms < this.now() - EDGE_MS && performance.now() - this.gap_since > GAP_CARD_MS) this.leaveGap();
  }

  private leaveGap(): void {
    const gaps = [...this.followers.values()].flatMap((one) => one.gap ?? []);
    if (gaps.length) this.set(this.rate_ < 0 ? Math.max(...gaps.map((gap) => gap.from_ms)) - 100 : Math.min(...gaps.map((gap) => gap.to_ms)), true);
    this.wait();
    this.state = "loading";
    this.report();
  }

  private report(): void {
    if (this.stopped) return;
    this.tell({
      state: this.state, at_ms: this.at_ms, exact: this.state !== "loading", gap: null, leaves_in_s: null,
      speed: this.rate_, problem: "", barred: null, refused: "", sound: "none",
    });
  }
}
