/** Plays what was recorded: across files, and up to, over and behind gaps. Times are UTC in ms. */

import { api, bytes } from "../api/client";
import type { GapPiece, MediaPiece, Piece, StreamName } from "../api/types";
import { pictureTimes, videoTrack, type VideoTrack } from "./boxes";
import { bufferedAfter, bufferedUntil, landing, playable, Source } from "./source";

export type PlaybackState = "loading" | "playing" | "paused" | "gap" | "nothing" | "failed";

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
}

const HALF_WINDOW_MS = 12 * 3600_000;
const ASK_MS = 40_000;
const KEEP_BEHIND_S = 90;
const TICK_MS = 100;
const GAP_CARD_MS = 4000;
/** Holes up to this length between two files are rounding, not gaps. */
const REACH_S = 1.0;
export const SPEEDS = [0.25, 0.5, 1, 2, 4, 8, 16];

interface Header {
  data: ArrayBuffer;
  track: VideoTrack | null;
}

export class Playback {
  private source: Source | null = null;
  private base_ms = 0;
  private pieces: Piece[] = [];
  private asked_to_ms = 0;
  private appended = new Set<string>();
  private current = "";
  private headers = new Map<string, Header>();
  private pictures: number[] = [];
  private work = new AbortController();
  private filling = false;
  private waits_ms = 0;
  private gap: GapPiece | null = null;
  private gap_since = 0;
  private target_ms: number;
  private picture_ms: number | null = null;
  private wants = true;
  private speed_ = 1;
  private back = 0;
  private state: PlaybackState = "loading";
  private problem = "";
  private readonly timer: number;
  private stopped = false;

  constructor(
    private readonly video: HTMLVideoElement,
    private readonly camera: string,
    private readonly stream: StreamName,
    at_ms: number,
    private readonly now: () => number,
    private readonly tell: (report: PlaybackReport) => void,
  ) {
    this.target_ms = at_ms;
    video.muted = true;
    this.timer = window.setInterval(() => this.tick(), TICK_MS);
    this.watch();
    video.addEventListener("seeked", this.settled);
    this.seek(at_ms);
  }

  stop(): void {
    this.stopped = true;
    clearInterval(this.timer);
    this.video.removeEventListener("seeked", this.settled);
    this.work.abort();
    this.source?.close();
    this.source = null;
  }

  get at_ms(): number {
    return this.picture_ms ?? this.target_ms;
  }

  get playing(): boolean {
    return this.wants;
  }

  get speed(): number {
    return this.back || this.speed_;
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
    const shown_s = this.pictureAt(this.video.currentTime);
    if (shown_s !== null && this.state === "playing") this.goTo(this.toUtc(shown_s + 0.001));
    this.report();
  }

  setSpeed(speed: number): void {
    this.back = 0;
    this.speed_ = speed;
    this.video.playbackRate = speed;
    this.report();
  }

  /** J and L: through the speeds, backwards or forwards. */
  shuttle(way: 1 | -1): void {
    if (way === 1) {
      if (this.back || !this.wants) this.setSpeed(1);
      else this.setSpeed(SPEEDS.find((speed) => speed > this.speed_ && speed >= 1) ?? 16);
      this.play();
    } else {
      this.back = this.back ? Math.max(-8, this.back * 2) : -1;
      this.wants = true;
      this.video.pause();
      this.report();
    }
  }

  /** The next picture, exactly; from the last one known, a fifteenth of a second further. */
  step(): void {
    this.pause();
    const at_s = this.video.currentTime;
    const shown_s = this.pictureAt(at_s) ?? at_s;
    const next = this.pictures.find((picture) => picture > shown_s + 0.0015);
    this.goTo(this.toUtc((next ?? shown_s + 1 / 15) + 0.001));
  }

  leaveGap(): void {
    if (this.gap) this.seek(this.gap.to_ms, true);
  }

  seek(at_ms: number, keepPlaying = this.wants): void {
    this.wants = keepPlaying;
    this.gap = null;
    this.problem = "";
    this.goTo(Math.min(at_ms, this.now()));
  }

  // --- the window of time that the browser's buffer covers -----------------------------------------

  private toMedia(at_ms: number): number {
    return (at_ms - this.base_ms) / 1000;
  }

  private toUtc(at_s: number): number {
    return this.base_ms + at_s * 1000;
  }

  private goTo(at_ms: number): void {
    this.target_ms = at_ms;
    if (!this.source || Math.abs(at_ms - this.base_ms - HALF_WINDOW_MS) > HALF_WINDOW_MS - 60_000) {
      this.restart(at_ms);
      return;
    }
    const at_s = this.toMedia(at_ms);
    const gap = this.gapAt(at_ms);
    if (!gap && landing(this.source.buffered, at_s, 0) !== null) {
      this.video.currentTime = at_s;
      this.setState(this.wants ? "playing" : "paused");
      return;
    }
    this.fetchFrom(at_ms);
  }

  private restart(at_ms: number): void {
    this.source?.close();
    this.source = null;
    this.base_ms = Math.floor(at_ms - HALF_WINDOW_MS);
    this.appended.clear();
    this.pictures = [];
    this.fetchFrom(at_ms);
  }

  private fetchFrom(at_ms: number): void {
    this.work.abort();
    this.work = new AbortController();
    this.filling = false;
    this.pieces = [];
    this.current = "";
    this.appended.clear();
    this.picture_ms = null;
    this.asked_to_ms = at_ms;
    this.gap = null;
    this.setState("loading");
    const source = this.source;
    const ready = source?.isOpen ? source.remove(0, Number.POSITIVE_INFINITY).then(() => source.cut()) : Promise.resolve();
    ready.then(() => this.fill(), () => this.fill());
  }

  // --- filling ---------------------------------------------------------------------------------

  private get ahead_s(): number {
    return Math.max(12, 8 * Math.max(1, this.speed_));
  }

  private async fill(): Promise<void> {
    if (this.filling || this.stopped || performance.now() < this.waits_ms) return;
    this.filling = true;
    const signal = this.work.signal;
    try {
      await this.fillOnce(signal);
    } catch (error) {
      if (!signal.aborted) this.fail(error);
    } finally {
      if (signal === this.work.signal) this.filling = false;
    }
  }

  private async fillOnce(signal: AbortSignal): Promise<void> {
    if (!this.needsMore()) return;
    if (this.nextSegment() === null) {
      const from_ms = this.asked_to_ms;
      const span_ms = Math.max(ASK_MS, this.ahead_s * 2500);
      const { pieces } = await api.playback(this.camera, this.stream, from_ms, span_ms, signal);
      if (signal.aborted) return;
      this.learn(pieces, from_ms, span_ms);
    }
    for (let next = this.nextSegment(); next && this.needsMore(); next = this.nextSegment()) {
      await this.load(next.piece, next.url, signal);
      if (signal.aborted) return;
    }
  }

  private learn(pieces: Piece[], from_ms: number, span_ms: number): void {
    const known = new Set(this.pieces.map((piece) => `${piece.kind}${piece.from_ms}`));
    this.pieces.push(...pieces.filter((piece) => piece.kind === "media" || !known.has(`gap${piece.from_ms}`)));
    this.pieces = this.pieces.slice(-200);
    const last = pieces.at(-1);
    this.asked_to_ms = last ? Math.max(last.to_ms, from_ms) : Math.min(from_ms + span_ms, this.now());
    // Nothing new yet, at the growing end: ask again in a moment.
    if (!last || last.to_ms <= from_ms + 1 || last.to_ms > this.now() - 3000) this.waits_ms = performance.now() + 700;
  }

  /** Counted behind gaps too, so that a long one does not make the buffer grow without end. */
  private needsMore(): boolean {
    const from_s = this.picture_ms === null ? this.toMedia(this.target_ms) : this.video.currentTime;
    return bufferedAfter(this.source?.buffered ?? null, from_s) < this.ahead_s
      && (this.gap === null || this.asked_to_ms < this.gap.to_ms + ASK_MS);
  }

  private nextSegment(): { piece: MediaPiece; url: string } | null {
    for (const piece of this.pieces) {
      if (piece.kind !== "media") continue;
      for (const { url } of piece.segments) if (!this.appended.has(url)) return { piece, url };
    }
    return null;
  }

  private async load(piece: MediaPiece, url: string, signal: AbortSignal): Promise<void> {
    if (!playable(piece.mime)) throw new Error(`This browser cannot show ${piece.mime}.`);
    const [header, data] = await Promise.all([this.header(piece, signal), bytes(url, signal)]);
    if (signal.aborted) return;
    const offset_s = (piece.offset_ms - this.base_ms) / 1000;
    const source = await this.opened(piece.mime);
    const file = `${piece.init_url} ${piece.offset_ms}`;
    if (file !== this.current) {
      await source.begin(header.data, piece.mime, offset_s);
      this.current = file;
    }
    await source.append(data);
    this.appended.add(url);
    if (header.track) this.note(pictureTimes(data, header.track).map((picture) => picture + offset_s));
    const behind = this.video.currentTime - KEEP_BEHIND_S;
    if (behind > 0 && this.picture_ms !== null) await source.remove(0, behind);
    this.arrive();
  }

  private async opened(mime: string): Promise<Source> {
    if (this.source) return this.source;
    const source = new Source(this.video);
    this.source = source;
    await source.open(mime, (2 * HALF_WINDOW_MS) / 1000);
    this.video.playbackRate = this.speed_;
    return source;
  }

  private async header(piece: MediaPiece, signal: AbortSignal): Promise<Header> {
    const found = this.headers.get(piece.init_url);
    if (found) return found;
    const data = await bytes(piece.init_url, signal);
    const header = { data, track: videoTrack(data) };
    if (this.headers.size > 50) this.headers.clear();
    this.headers.set(piece.init_url, header);
    return header;
  }

  private note(times: number[]): void {
    const merged = [...new Set([...this.pictures, ...times])].sort((a, b) => a - b);
    this.pictures = merged.slice(-6000);
  }

  // --- playing ---------------------------------------------------------------------------------

  /** Something was appended: if the moment asked for is there now, show it. */
  private arrive(): void {
    if (this.state !== "loading" || !this.source) return;
    const at_s = landing(this.source.buffered, this.toMedia(this.target_ms), REACH_S);
    if (at_s === null) return;
    if (Math.abs(this.video.currentTime - at_s) > 0.0005) this.video.currentTime = at_s;
    this.setState(this.wants ? "playing" : "paused");
  }

  private gapAt(at_ms: number): GapPiece | null {
    for (const piece of this.pieces) {
      if (piece.kind === "gap" && at_ms >= piece.from_ms - 2 && at_ms < piece.to_ms - 2) return piece;
    }
    return null;
  }

  private enterGap(gap: GapPiece): void {
    this.gap = gap;
    this.gap_since = performance.now();
    this.video.pause();
    this.setState("gap");
  }

  private tick(): void {
    if (this.stopped) return;
    void this.fill();
    if (this.state === "loading") this.tickLoading();
    else if (this.state === "gap") this.tickGap();
    else if (this.back && this.wants) this.tickBack();
    else this.tickPlaying();
    this.report();
  }

  private tickLoading(): void {
    const gap = this.gapAt(this.target_ms);
    if (gap) return this.enterGap(gap);
    this.arrive();
    if (this.state === "loading" && this.target_ms > this.now() - 3000) this.problem = "";
  }

  private tickGap(): void {
    const gap = this.gap;
    if (!gap || !this.wants || gap.to_ms > this.now() - 1500) return;
    if (performance.now() - this.gap_since > GAP_CARD_MS) this.leaveGap();
  }

  private tickBack(): void {
    const at_ms = this.at_ms + this.back * TICK_MS;
    if (!this.video.seeking) this.goTo(at_ms);
  }

  private tickPlaying(): void {
    if (this.state !== "playing" && this.state !== "paused") return;
    const at_s = this.video.currentTime;
    if (!this.wants) return;
    const until = bufferedUntil(this.source?.buffered ?? null, at_s);
    if (this.video.paused) this.video.play().catch(() => undefined);
    if (until - at_s > 0.12 && this.video.readyState >= 3) return;
    const gap = this.gapAt(this.toUtc(Math.max(at_s, until)) + 60) ?? this.gapAt(this.toUtc(at_s) + 150);
    if (gap && until - at_s < 0.12) return this.enterGap(gap);
    const next = landing(this.source?.buffered ?? null, until + 0.002, REACH_S);
    if (next !== null && next > at_s && until - at_s < 0.12) this.video.currentTime = next;
  }

  private setState(state: PlaybackState): void {
    this.state = state;
    if (state === "playing" && !this.back) this.video.play().catch(() => undefined);
    if (state === "paused") this.video.pause();
    this.report();
  }

  private fail(error: unknown): void {
    this.problem = error instanceof Error ? error.message : String(error);
    this.waits_ms = performance.now() + 2000;
    if (this.state === "loading") this.state = "failed";
    this.report();
    if (this.state === "failed") window.setTimeout(() => {
      if (!this.stopped && this.state === "failed") this.setState("loading");
    }, 2000);
  }

  private report(): void {
    if (this.stopped) return;
    const leaves = this.gap && this.wants && this.gap.to_ms <= this.now() - 1500;
    this.tell({
      state: this.state === "playing" && !this.wants ? "paused" : this.state,
      at_ms: this.state === "gap" ? this.target_or_gap() : this.at_ms,
      exact: this.picture_ms !== null && this.state !== "gap",
      gap: this.gap,
      leaves_in_s: leaves ? Math.max(0, Math.ceil((GAP_CARD_MS - performance.now() + this.gap_since) / 1000)) : null,
      speed: this.speed,
      problem: this.problem,
    });
  }

  private target_or_gap(): number {
    return this.gap ? Math.max(this.gap.from_ms, Math.min(this.target_ms, this.gap.to_ms)) : this.target_ms;
  }

  /** The picture that is on the screen at a time of the buffer. */
  private pictureAt(at_s: number): number | null {
    return this.pictures.findLast((picture) => picture <= at_s + 0.0005) ?? null;
  }

  private readonly settled = () => {
    const shown_s = this.pictureAt(this.video.currentTime);
    if (this.wants || this.state === "loading" || this.video.seeking || shown_s === null) return;
    this.picture_ms = this.toUtc(shown_s);
    this.target_ms = this.picture_ms;
    this.report();
  };

  private watch(): void {
    const step = (_: number, frame: VideoFrameCallbackMetadata) => {
      if (this.stopped) return;
      // At rest `settled` knows better: a late word of an older picture must not undo it.
      if (this.source && this.state !== "loading" && (this.wants || this.picture_ms === null)) {
        this.picture_ms = this.toUtc(frame.mediaTime);
        this.target_ms = this.picture_ms;
      }
      this.video.requestVideoFrameCallback(step);
    };
    this.video.requestVideoFrameCallback(step);
  }
}
