/** Plays what was recorded: across files, and up to, over and behind gaps. Times are UTC in ms. */

import type { GapPiece } from "../api/pieces";
import type { Moving, StreamName } from "../api/types";
import { Reel } from "./reel";
import { Sound } from "./sound";

/**
 * `edge`: all that is recorded was shown. `barred`: what comes at `at_ms` is in a codec that the
 * browser lacks. `nothing`: the recorder knows of nothing there.
 */
export type PlaybackState = "loading" | "playing" | "paused" | "gap" | "edge" | "barred" | "nothing" | "failed";

/** What the browser cannot play: between which moments, and what it is. */
export interface BarredSpan {
  from_ms: number;
  to_ms: number;
  mime: string;
}

export interface PlaybackReport {
  state: PlaybackState;
  /** UTC of the picture on the screen. */
  at_ms: number;
  /** Whether `at_ms` is that of a picture, not just of what was asked for. */
  exact: boolean;
  gap: GapPiece | null;
  /** Seconds until a gap is left by itself. */
  leaves_in_s: number | null;
  speed: number;
  problem: string;
  /** While `barred`. */
  barred: BarredSpan | null;
  /** Why the recorder does not convert what this player shows; this player will not go on. */
  refused: string;
  /** Whether there is sound at that moment, and whether it is heard. */
  sound: "none" | "muted" | "on";
}

/** What the page's keys and buttons work on, be it a video or single pictures. */
export interface Player {
  readonly at_ms: number;
  readonly playing: boolean;
  readonly speed: number;
  play(): void;
  pause(): void;
  /** One picture on or back, exactly. */
  step(way?: 1 | -1): void;
  shuttle(way: 1 | -1): void;
  setSpeed(speed: number): void;
  seek(at_ms: number, keepPlaying?: boolean): void;
  setMuted(muted: boolean): void;
  stop(): void;
}

const TICK_MS = 100;
/** A gap is shown so long before playing goes on: a short one does not need to be read twice. */
const SHORT_GAP_MS = 10_000;
const SHORT_CARD_MS = 2000;
const LONG_CARD_MS = 4000;
/** Holes up to this length between two files are rounding, not gaps. */
const REACH_S = 1;
/** A stall counts as the end of what is loaded only so near to it: the last picture's length. */
const LAST_PICTURE_S = 2;
const STALL_MS = 250;
const BACK_REACH_MS = 8000;
export const SPEEDS = [0.25, 0.5, 1, 2, 4, 8, 16];

export class Playback implements Player {
  private readonly reel: Reel;
  private readonly sound: Sound;
  private gap: GapPiece | null = null;
  private gap_since = 0;
  private target_ms: number;
  private picture_ms: number | null = null;
  private wants = true;
  private forward = 1;
  private back = 0;
  private state: PlaybackState = "loading";
  private problem = "";
  private barred: BarredSpan | null = null;
  private refused = "";
  private stood_s = -1;
  private stood_since = 0;
  private readonly timer: number;
  private stopped = false;

  constructor(
    private readonly video: HTMLVideoElement,
    camera: string,
    stream: StreamName,
    form: Moving,
    at_ms: number,
    private readonly now: () => number,
    private readonly tell: (report: PlaybackReport) => void,
  ) {
    this.target_ms = at_ms;
    this.reel = new Reel(video, camera, stream, form, now, {
      loaded: () => this.arrive(),
      failed: (sentence) => this.fail(sentence),
      refused: (sentence) => this.refuse(sentence),
      barred: (span) => this.bar(span),
    });
    this.sound = new Sound(video, this.reel);
    video.muted = true;
    this.timer = window.setInterval(() => this.tick(), TICK_MS);
    this.watch();
    video.addEventListener("seeked", this.settled);
    video.addEventListener("error", this.broken);
    this.seek(at_ms);
  }

  stop(): void {
    this.stopped = true;
    clearInterval(this.timer);
    this.video.removeEventListener("seeked", this.settled);
    this.video.removeEventListener("error", this.broken);
    this.sound.clear();
    this.reel.close();
  }

  get at_ms(): number {
    return this.picture_ms ?? this.target_ms;
  }

  get playing(): boolean {
    return this.wants;
  }

  get speed(): number {
    return this.back || this.forward;
  }

  // --- what people do -------------------------------------------------------------------------

  play(): void {
    this.wants = true;
    this.back = 0;
    if (this.state === "gap") this.leaveGap();
    if (this.state === "paused") this.setState("playing");
    this.report();
  }

  pause(): void {
    this.wants = false;
    this.back = 0;
    this.video.pause();
    // Onto the picture itself: what the browser has on the screen may be newer than what it told.
    const shown_s = this.reel.pictureAt(this.video.currentTime);
    if (shown_s !== null && this.state === "playing") this.goTo(this.reel.toUtc(shown_s + 0.001));
    this.report();
  }

  setSpeed(speed: number): void {
    this.back = 0;
    this.forward = speed;
    this.report();
  }

  /** J and L: through the speeds, backwards or forwards. */
  shuttle(way: 1 | -1): void {
    if (way === 1) {
      if (this.back || !this.wants) this.setSpeed(1);
      else this.setSpeed(SPEEDS.find((speed) => speed > this.forward && speed >= 1) ?? 16);
      this.play();
    } else {
      this.back = this.back ? Math.max(-8, this.back * 2) : -1;
      this.wants = true;
      this.video.pause();
      if (this.state === "paused") this.setState("playing");
      this.report();
    }
  }

  /** One picture on or back, exactly; a gap on the way there is shown first. */
  step(way: 1 | -1 = 1): void {
    if (way === -1) return this.stepBack();
    if (this.gap) return this.seek(this.gap.to_ms, false);
    this.pause();
    const at_s = this.video.currentTime;
    const shown_s = this.reel.pictureAt(at_s) ?? at_s;
    const next_s = this.reel.pictureAfter(shown_s);
    const gap = next_s === null ? this.reel.gapBehind(this.reel.until_s(at_s)) : this.reel.gapBetween(shown_s, next_s);
    if (gap) this.enterGap(gap);
    // What is not loaded yet comes in a moment: the key is pressed again.
    else if (next_s !== null) this.goTo(this.reel.toUtc(next_s + 0.001));
  }

  private stepBack(): void {
    const gap = this.gap;
    this.pause();
    if (gap) return this.seek(gap.from_ms - 1, false);
    const at_s = this.video.currentTime;
    const shown_s = this.reel.pictureAt(at_s);
    // On show just before this one began is the one before, wherever it was recorded.
    this.goTo((shown_s === null ? this.at_ms : this.reel.toUtc(shown_s)) - 1);
  }

  seek(at_ms: number, keepPlaying = this.wants): void {
    this.wants = keepPlaying;
    this.problem = "";
    this.goTo(Math.min(at_ms, this.now()));
  }

  setMuted(muted: boolean): void {
    this.sound.setMuted(muted);
    this.report();
  }

  // --- going there -------------------------------------------------------------------------------

  private goTo(at_ms: number, reach_s = 0): void {
    this.target_ms = at_ms;
    this.gap = null;
    const at_s = this.reel.gapAt(at_ms) ? null : this.reel.landing(at_ms, reach_s);
    if (at_s === null) return this.load(at_ms);
    this.video.currentTime = at_s;
    this.setState(this.wants ? "playing" : "paused");
  }

  private load(at_ms: number): void {
    this.picture_ms = null;
    // What lies before is what comes next when playing backwards.
    this.reel.begin(this.back ? at_ms - BACK_REACH_MS : at_ms);
    this.sound.clear();
    this.setState("loading");
    void this.fill();
  }

  private leaveGap(): void {
    const gap = this.gap;
    if (!gap) return;
    this.problem = "";
    if (this.back) this.goTo(gap.from_ms - 100);
    else this.goTo(gap.to_ms, REACH_S);
  }

  private async fill(): Promise<void> {
    if (this.stopped || this.state === "barred") return;
    const from_s = this.picture_ms === null ? this.reel.toMedia(this.target_ms) : this.video.currentTime;
    await this.reel.fill(from_s, Math.max(12, 8 * this.forward));
  }

  /** Something was loaded: if the moment asked for is there now, show it. */
  private arrive(): void {
    this.problem = "";
    if (this.state === "failed") this.state = "loading";
    if (this.state !== "loading" || !this.reel.answered || this.reel.gapAt(this.target_ms)) return;
    // What is recorded is waited for, even if what follows it is in the buffer already.
    const at_s = this.reel.landing(this.target_ms, this.reel.has(this.target_ms) ? 0 : REACH_S);
    if (at_s === null) return;
    if (Math.abs(this.video.currentTime - at_s) > 0.0005) this.video.currentTime = at_s;
    this.setState(this.wants ? "playing" : "paused");
  }

  private bar(span: BarredSpan): void {
    const near = this.state === "loading" ? this.target_ms + 1000 : this.at_ms + 2000;
    if (span.from_ms > near) return;
    this.target_ms = Math.max(span.from_ms + 1, this.target_ms);
    this.picture_ms = null;
    this.barred = span;
    this.setState("barred");
  }

  private refuse(sentence: string): void {
    this.refused = sentence;
    this.report();
  }

  private fail(sentence: string): void {
    this.problem = sentence;
    if (this.state === "loading") this.state = "failed";
    this.report();
  }

  /** The decoder gave up: go on a little later, with a new one. */
  private readonly broken = () => {
    if (this.stopped || !this.video.getAttribute("src")) return;
    const at_ms = this.at_ms + 1000;
    this.reel.close();
    this.goTo(at_ms);
    this.fail("A picture of this recording could not be decoded.");
  };

  // --- as time goes by -----------------------------------------------------------------------------

  private tick(): void {
    if (this.stopped) return;
    void this.fill();
    if (this.state === "loading" || this.state === "failed") this.tickLoading();
    else if (this.state === "gap") this.tickGap();
    else if (this.state === "playing" && this.back) this.tickBack();
    else if (this.state === "playing") this.tickPlaying();
    this.sound.tick(this.state === "playing" && this.speed === 1);
    this.report();
  }

  private tickLoading(): void {
    const gap = this.reel.gapAt(this.target_ms);
    if (gap) return this.enterGap(gap);
    this.arrive();
    if (this.state !== "loading" || !this.reel.answered) return;
    if (this.target_ms > this.now() - 5000) {
      if (this.reel.atEnd && this.reel.landing(this.target_ms, REACH_S) === null) this.setState("edge");
    } else if (this.reel.pieces.length === 0) this.setState("nothing");
  }

  private tickGap(): void {
    const gap = this.gap;
    if (!gap) return;
    // One that lasts is told again, longer, or has ended meanwhile.
    this.gap = this.reel.pieces.find((piece): piece is GapPiece => piece.kind === "gap" && piece.from_ms === gap.from_ms) ?? gap;
    if (this.wants && !this.lasts(this.gap) && performance.now() - this.gap_since > cardMs(this.gap)) this.leaveGap();
  }

  private lasts(gap: GapPiece): boolean {
    return gap.to_ms > this.now() - 1500;
  }

  private tickBack(): void {
    if (!this.video.seeking) this.goTo(this.at_ms + this.back * TICK_MS);
  }

  private tickPlaying(): void {
    if (this.video.playbackRate !== this.forward) this.video.playbackRate = this.forward;
    if (this.video.paused) this.video.play().catch(() => undefined);
    const at_s = this.video.currentTime;
    if (at_s !== this.stood_s) {
      this.stood_s = at_s;
      this.stood_since = performance.now();
    } else if (performance.now() - this.stood_since > STALL_MS) this.stalled(at_s);
  }

  /** No picture follows: there is a reason, and it is told. */
  private stalled(at_s: number): void {
    const until_s = this.reel.until_s(at_s);
    if (until_s - at_s > LAST_PICTURE_S) return;
    const gap = this.reel.gapBehind(until_s);
    if (gap) return this.enterGap(gap);
    const next_s = this.reel.landing(this.reel.toUtc(until_s) + 2, REACH_S);
    if (next_s !== null && next_s > until_s) this.video.currentTime = next_s;
    else if (this.reel.atEnd) this.setState("edge");
    else if (performance.now() - this.stood_since > 4 * STALL_MS && this.video.readyState < 3) {
      this.target_ms = this.reel.toUtc(until_s);
      this.setState("loading");
    }
  }

  private enterGap(gap: GapPiece): void {
    this.gap = gap;
    this.gap_since = performance.now();
    this.video.pause();
    this.setState("gap");
  }

  private setState(state: PlaybackState): void {
    this.state = state;
    this.stood_since = performance.now();
    if (state === "playing" && !this.back) this.video.play().catch(() => undefined);
    if (state === "paused") this.video.pause();
    this.report();
  }

  private report(): void {
    if (this.stopped) return;
    const leaves = this.gap && this.wants && !this.lasts(this.gap);
    this.tell({
      state: this.state === "playing" && !this.wants ? "paused" : this.state,
      at_ms: this.gap ? Math.max(this.gap.from_ms, Math.min(this.at_ms, this.gap.to_ms)) : this.at_ms,
      exact: this.picture_ms !== null && this.state !== "gap",
      gap: this.gap,
      leaves_in_s: leaves && this.gap ? Math.max(0, Math.ceil((cardMs(this.gap) - performance.now() + this.gap_since) / 1000)) : null,
      speed: this.speed,
      problem: this.problem,
      barred: this.state === "barred" ? this.barred : null,
      refused: this.refused,
      sound: this.sound.state(this.at_ms),
    });
  }

  private readonly settled = () => {
    const shown_s = this.reel.pictureAt(this.video.currentTime);
    const moves = this.wants && !this.back;
    if (moves || this.state === "loading" || this.video.seeking || shown_s === null) return;
    this.picture_ms = this.reel.toUtc(this.back ? this.video.currentTime : shown_s);
    this.target_ms = this.picture_ms;
    this.report();
  };

  private watch(): void {
    const step = (_: number, frame: VideoFrameCallbackMetadata) => {
      if (this.stopped) return;
      // At rest `settled` knows better: a late word of an older picture must not undo it.
      const moves = this.wants && !this.back;
      if (this.state === "playing" && (moves || this.picture_ms === null)) {
        this.picture_ms = this.reel.toUtc(frame.mediaTime);
        this.target_ms = this.picture_ms;
      }
      this.video.requestVideoFrameCallback(step);
    };
    this.video.requestVideoFrameCallback(step);
  }
}

function cardMs(gap: GapPiece): number {
  return gap.to_ms - gap.from_ms < SHORT_GAP_MS ? SHORT_CARD_MS : LONG_CARD_MS;
}
