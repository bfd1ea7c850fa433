/** One camera of several that play in step: it goes where the clock is. Times are UTC in ms. */

import { api, still } from "../api/client";
import { inOrder, type GapPiece } from "../api/pieces";
import type { Moving, StreamName } from "../api/types";
import { Reel } from "./reel";

/** `nothing`: no picture and no cause is known there. */
export type FollowState = "loading" | "showing" | "gap" | "nothing" | "barred";

export interface FollowReport {
  state: FollowState;
  /** UTC of the picture on the screen; null for none. */
  picture_ms: number | null;
  gap: GapPiece | null;
  problem: string;
}

export interface Follower {
  /** Nothing that it could still do would bring the moment's picture: it need not be waited for. */
  readonly ready: boolean;
  readonly gap: GapPiece | null;
  /** `moves`: the clock runs; `wanted`: it is to run, and waits for somebody. */
  follow(at_ms: number, rate: number, moves: boolean, wanted: boolean): void;
  /** The picture after or before that on the screen; null where it is not known yet. */
  neighbour(way: 1 | -1): number | null;
  stop(): void;
}

/** Further behind than this (times the rate) it jumps; nearer, it plays a little faster or slower. */
const JUMP_S = 0.7;
/** Further ahead than this it stands until the clock is there. */
const STAND_S = 0.12;
/** So far behind it is not in step, and the clock waits for it. */
const LATE_S = 0.4;
/** How much of the distance is made good in a second, and how much faster it may play for that. */
const GAIN = 1.5;
const MOST_FASTER = 0.4;
const STILL_S = 0.006;
/** A jump takes a while, for which it goes that much further; at the most so far. */
const MOST_LEAD_S = 1;
const BACK_REACH_MS = 8000;
const TOLD_AHEAD_MS = 5000;
/** So much behind the furthest moment is still loaded, at the least. */
const KEPT_MS = 60_000;

export class VideoFollower implements Follower {
  gap: GapPiece | null = null;
  private readonly reel: Reel;
  private state: FollowState = "loading";
  private problem = "";
  private picture_ms: number | null = null;
  private begun_ms = Number.NaN;
  private furthest_ms = 0;
  private late = false;
  /** The clock is to run, though it may be held just now. */
  private runs = false;
  private jumped = 0;
  private lead_s = 0.1;
  private stopped = false;

  constructor(
    private readonly video: HTMLVideoElement,
    camera: string,
    stream: StreamName,
    form: Moving,
    now: () => number,
    private readonly tell: (report: FollowReport) => void,
    /** The recorder does not convert just now, and why. */
    refused: (sentence: string) => void,
  ) {
    video.muted = true;
    this.reel = new Reel(video, camera, stream, form, now, {
      loaded: () => undefined,
      failed: (sentence) => this.say(this.state, sentence),
      refused,
      barred: () => this.say("barred"),
    });
    video.addEventListener("seeked", this.settled);
    this.watch();
  }

  stop(): void {
    this.stopped = true;
    this.video.removeEventListener("seeked", this.settled);
    this.reel.close();
  }

  get ready(): boolean {
    return this.state !== "loading" && !this.late;
  }

  neighbour(way: 1 | -1): number | null {
    const shown_s = this.reel.pictureAt(this.video.currentTime);
    if (shown_s === null) return null;
    if (way === -1) return this.reel.toUtc(shown_s) - 0.5;
    const next_s = this.reel.pictureAfter(shown_s);
    return next_s === null ? null : this.reel.toUtc(next_s + 0.001);
  }

  follow(at_ms: number, rate: number, moves: boolean, wanted = moves): void {
    if (this.stopped) return;
    this.runs = wanted;
    if (this.isElsewhere(at_ms)) this.begin(at_ms, rate);
    this.furthest_ms = Math.max(this.furthest_ms, at_ms);
    void this.reel.fill(this.reel.toMedia(at_ms), Math.max(8, 6 * Math.abs(rate)));
    const gap = this.reel.gapAt(at_ms);
    this.gap = gap;
    if (gap) return this.rest("gap");
    const at_s = this.reel.landing(at_ms, 0);
    if (at_s === null) return this.rest(this.isKnownEmpty(at_ms) ? "nothing" : "loading");
    if (this.state !== "showing") this.say("showing");
    if (moves && rate > 0) this.run(at_s, rate);
    else this.stand(at_s, rate);
  }

  /** Neither loaded, nor on its way. */
  private isElsewhere(at_ms: number): boolean {
    if (Number.isNaN(this.begun_ms) || at_ms < this.begun_ms - 1) return true;
    if (at_ms > this.reel.told_to_ms + TOLD_AHEAD_MS) return true;
    // What lies far behind was given up, so that the buffer stays small.
    return at_ms < this.furthest_ms - KEPT_MS && this.reel.firstLoaded_s() > this.reel.toMedia(at_ms) + 0.1;
  }

  private begin(at_ms: number, rate: number): void {
    this.begun_ms = rate < 0 ? at_ms - BACK_REACH_MS : at_ms;
    this.picture_ms = null;
    this.furthest_ms = at_ms;
    this.reel.begin(this.begun_ms);
    this.say("loading");
  }

  private isKnownEmpty(at_ms: number): boolean {
    return this.reel.answered && this.reel.told_to_ms > at_ms && !this.reel.has(at_ms);
  }

  private rest(state: FollowState): void {
    this.late = false;
    if (!this.video.paused) this.video.pause();
    if (this.state !== state && this.state !== "barred") this.say(state);
  }

  private run(at_s: number, rate: number): void {
    const { video } = this;
    const off_s = (video.currentTime - at_s) / Math.max(1, rate);
    this.late = off_s < -LATE_S || (video.seeking && off_s < STAND_S);
    if (video.seeking) return;
    if (off_s < -JUMP_S) return this.jump(at_s, rate);
    if (off_s > STAND_S) {
      if (off_s > JUMP_S + MOST_LEAD_S) this.jump(at_s, rate);
      else if (!video.paused) video.pause();
      return;
    }
    if (video.paused) video.play().catch(() => undefined);
    const by = Math.abs(off_s) < STILL_S ? 0 : Math.max(-MOST_FASTER, Math.min(MOST_FASTER, -off_s * GAIN));
    const next = rate * (1 + by);
    if (Math.abs(video.playbackRate - next) > 0.002 * rate) video.playbackRate = next;
  }

  /** Where the clock will be when the picture is there. */
  private jump(at_s: number, rate: number): void {
    this.jumped = performance.now();
    this.video.currentTime = this.reel.landing(this.reel.toUtc(at_s + this.lead_s * rate), 0) ?? at_s;
  }

  private stand(at_s: number, rate: number): void {
    const { video } = this;
    if (!video.paused) video.pause();
    this.late = video.seeking;
    if (video.seeking) return;
    // A clock that waits for another is not gone to picture by picture: what is a little ahead stays there.
    const ahead_s = video.currentTime - at_s;
    if (rate > 0 && this.runs && ahead_s >= 0 && ahead_s < MOST_LEAD_S) return;
    if (Math.abs(ahead_s) > 0.0008) video.currentTime = at_s;
  }

  private say(state: FollowState, problem = ""): void {
    this.state = state;
    this.problem = problem;
    if (!this.stopped) this.tell({ state, picture_ms: this.picture_ms, gap: this.gap, problem: this.problem });
  }

  private readonly settled = () => {
    if (this.jumped) this.lead_s = Math.min(MOST_LEAD_S, (performance.now() - this.jumped) / 1000);
    this.jumped = 0;
    const shown_s = this.reel.pictureAt(this.video.currentTime);
    if (shown_s !== null && this.video.paused) this.took(this.reel.toUtc(shown_s));
  };

  private took(picture_ms: number): void {
    this.picture_ms = picture_ms;
    this.say(this.state, this.problem);
  }

  private watch(): void {
    const step = (_: number, frame: VideoFrameCallbackMetadata) => {
      if (this.stopped) return;
      if (!this.video.paused && this.state === "showing") this.took(this.reel.toUtc(frame.mediaTime));
      this.video.requestVideoFrameCallback(step);
    };
    this.video.requestVideoFrameCallback(step);
  }
}

const STILL_EVERY_MS = 500;
const STILL_WIDTH = 640;

/** For a codec that the browser lacks: the key frame on show, about twice a second. */
export class StillFollower implements Follower {
  gap: GapPiece | null = null;
  private readonly work = new AbortController();
  private state: FollowState = "loading";
  private picture_ms: number | null = null;
  private asked_ms = Number.NaN;
  private asking = false;
  private last = -Infinity;

  constructor(
    private readonly image: HTMLImageElement,
    private readonly camera: string,
    private readonly stream: StreamName,
    private readonly tell: (report: FollowReport) => void,
  ) {}

  stop(): void {
    this.work.abort();
    if (this.image.src) URL.revokeObjectURL(this.image.src);
  }

  get ready(): boolean {
    return this.state !== "loading";
  }

  neighbour(way: 1 | -1): number | null {
    return this.picture_ms === null ? null : this.picture_ms + (way === 1 ? 1000 : -1);
  }

  follow(at_ms: number): void {
    if (this.asking || at_ms === this.asked_ms || performance.now() - this.last < STILL_EVERY_MS) return;
    this.asked_ms = at_ms;
    this.last = performance.now();
    void this.ask(at_ms);
  }

  private async ask(at_ms: number): Promise<void> {
    this.asking = true;
    const { signal } = this.work;
    try {
      const [picture, answer] = await Promise.all([
        still(this.camera, this.stream, at_ms, STILL_WIDTH, signal).catch(() => null),
        api.playback(this.camera, this.stream, "plain", at_ms, 1, signal),
      ]);
      if (signal.aborted) return;
      this.gap = inOrder(answer).find((piece): piece is GapPiece => piece.kind === "gap" && piece.from_ms <= at_ms && piece.to_ms > at_ms) ?? null;
      if (picture && !this.gap && picture.at_ms !== this.picture_ms) {
        const before = this.image.src;
        this.image.src = URL.createObjectURL(picture.jpeg);
        if (before) URL.revokeObjectURL(before);
        this.picture_ms = picture.at_ms;
      }
      this.state = this.gap ? "gap" : picture ? "showing" : "nothing";
      this.tell({ state: this.state, picture_ms: this.picture_ms, gap: this.gap, problem: "" });
    } catch {
      // Asked again in a moment; what is shown stays, with its own time.
    } finally {
      this.asking = false;
    }
  }
}
