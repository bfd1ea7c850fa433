/** Live pictures of one stream: a WebSocket, a small buffer, and never a picture that only looks live. */

import { liveUrl } from "../api/client";
import type { Moving, StreamName } from "../api/types";
import { pictureTimes, videoTrack, type VideoTrack } from "./boxes";
import { Delay } from "./delay";
import { playable, Source } from "./source";

export type LiveState = "connecting" | "live" | "late" | "lost";

export interface LiveReport {
  state: LiveState;
  /** When the picture on the screen came to the recorder (UTC of its clock), null before the first. */
  picture_ms: number | null;
  /** Why the recorder shows no such picture; this player tries no more. */
  refused?: string;
}

/** What is said between the chunks: see `live/viewer.py`. */
type Message =
  | { type: "shape"; mime: string; origin_ms: number }
  | { type: "origin"; origin_ms: number }
  | { type: "waiting"; silent_ms: number }
  | { type: "refused"; sentence: string };

const TICK_MS = 200;
/** A picture older than this is not live, however smoothly others follow it. */
const LIVE_MS = 2500;
const LOST_MS = 8000;
/** As long as the recorder takes to say that nothing comes, and a little more. */
const SILENT_MS = 6500;
/** How many chunks may wait for the buffer before the stream is begun anew. */
const QUEUE_BOUND = 150;
const KEEP_BEHIND_S = 8;
const DROP_BEHIND_S = 1.5;
const RETRY_MS = [500, 1000, 2000, 4000, 8000, 15_000];

export class LivePlayer {
  private socket: WebSocket | null = null;
  private source: Source | null = null;
  private queue: ArrayBuffer[] = [];
  private pumping = false;
  private tries = 0;
  private retry = 0;
  private readonly timer: number;
  private readonly delay = new Delay();
  private track: VideoTrack | null = null;
  private origin_ms = 0;
  private heard_ms = 0;
  private picture_ms: number | null = null;
  private opened_ms = 0;
  private stopped = false;

  constructor(
    private readonly video: HTMLVideoElement,
    private readonly camera: string,
    private readonly stream: StreamName,
    private readonly form: Moving,
    /** The recorder's clock. */
    private readonly now: () => number,
    private readonly tell: (report: LiveReport) => void,
    /** Called just before the picture on the screen is lost to a new connection. */
    private readonly keep: () => void,
  ) {
    video.muted = true;
    this.timer = window.setInterval(() => this.tick(), TICK_MS);
    document.addEventListener("visibilitychange", this.seen);
    video.addEventListener("error", this.broken);
    video.addEventListener("waiting", this.starved);
    this.connect();
    this.watch();
  }

  stop(): void {
    this.stopped = true;
    clearInterval(this.timer);
    clearTimeout(this.retry);
    document.removeEventListener("visibilitychange", this.seen);
    this.video.removeEventListener("error", this.broken);
    this.video.removeEventListener("waiting", this.starved);
    this.disconnect();
    this.keep();
    this.source?.close();
    this.source = null;
  }

  private readonly seen = () => {
    if (document.hidden || this.stopped) return;
    this.tries = 0;
    if (this.socket === null) this.connect();
    else this.toEnd();
  };

  private readonly broken = () => {
    if (!this.stopped && this.video.getAttribute("src")) this.again();
  };

  private readonly starved = () => this.delay.starved(performance.now());

  private connect(): void {
    clearTimeout(this.retry);
    this.disconnect();
    this.opened_ms = this.heard_ms = performance.now();
    const socket = new WebSocket(liveUrl(this.camera, this.stream, this.form));
    socket.binaryType = "arraybuffer";
    this.socket = socket;
    socket.onmessage = ({ data }: MessageEvent<string | ArrayBuffer>) => {
      if (socket !== this.socket) return;
      this.heard_ms = performance.now();
      if (typeof data === "string") this.hear(data);
      else this.take(data);
    };
    socket.onclose = () => {
      if (socket === this.socket) this.again();
    };
  }

  private disconnect(): void {
    const socket = this.socket;
    this.socket = null;
    this.queue = [];
    socket?.close();
  }

  private again(): void {
    this.disconnect();
    if (this.stopped || document.hidden) return;
    const wait = RETRY_MS[Math.min(this.tries, RETRY_MS.length - 1)] ?? 1000;
    this.tries += 1;
    clearTimeout(this.retry);
    this.retry = window.setTimeout(() => this.connect(), wait);
  }

  private hear(text: string): void {
    const said = JSON.parse(text) as Message;
    // That nothing comes is told by the age of what is shown.
    if (said.type === "waiting") return;
    if (said.type === "refused") return this.refuse(said.sentence);
    this.origin_ms = said.origin_ms;
    if (said.type === "shape") this.begin(said.mime);
  }

  private refuse(sentence: string): void {
    this.tell({ state: "lost", picture_ms: this.picture_ms, refused: sentence });
    this.stop();
  }

  private begin(mime: string): void {
    if (this.form === "converted" && !playable(mime)) return this.refuse("It plays what the recorder converts to neither.");
    this.queue = [];
    this.track = null;
    this.delay.begin(performance.now());
    this.keep();
    this.source?.close();
    const source = new Source(this.video);
    this.source = source;
    source.open(mime, null).then(() => this.pump(), () => this.again());
  }

  private take(data: ArrayBuffer): void {
    if (this.track === null) this.track = videoTrack(data);
    else for (const at_s of pictureTimes(data, this.track)) this.delay.came(performance.now(), at_s);
    this.queue.push(data);
    if (this.queue.length > QUEUE_BOUND) this.again();
    else void this.pump();
  }

  private async pump(): Promise<void> {
    const source = this.source;
    if (this.pumping || !source?.isOpen) return;
    this.pumping = true;
    try {
      while (this.queue.length && source === this.source) {
        const chunks = this.queue.splice(0);
        await source.append(chunks.length === 1 ? chunks[0]! : await new Blob(chunks).arrayBuffer());
        if (this.video.paused || this.video.readyState < 3) this.start();
      }
    } catch {
      if (source === this.source) this.again();
    } finally {
      this.pumping = false;
    }
    if (this.queue.length && source !== this.source) void this.pump();
  }

  private start(): void {
    const ranges = this.source?.buffered;
    if (!ranges?.length) return;
    const behind_s = ranges.end(ranges.length - 1) - this.video.currentTime;
    if (this.video.currentTime < ranges.start(0) || behind_s > DROP_BEHIND_S) this.toEnd();
    if (this.video.paused) this.video.play().catch(() => undefined);
  }

  private toEnd(): void {
    const ranges = this.source?.buffered;
    if (!ranges?.length) return;
    const last = ranges.length - 1;
    const start_s = ranges.start(last), end_s = ranges.end(last), now_s = this.video.currentTime;
    const at_s = Math.max(start_s, Math.min(end_s - 0.02, this.delay.aim_s(performance.now())));
    // What comes in bursts is aimed at from further behind; nobody is shown a picture twice for that.
    if (at_s > now_s || now_s < start_s || now_s > end_s) this.video.currentTime = at_s;
  }

  private tick(): void {
    this.catchUp();
    const now = performance.now();
    if (this.socket && now - this.heard_ms > SILENT_MS) this.again();
    const waited_ms = now - this.opened_ms;
    const age_ms = this.picture_ms === null ? null : this.now() - this.picture_ms;
    const state: LiveState =
      age_ms === null ? (waited_ms > 5000 || this.tries > 1 ? "lost" : "connecting")
      : age_ms < LIVE_MS ? "live"
      : age_ms < LOST_MS ? "late"
      : "lost";
    this.tell({ state, picture_ms: this.picture_ms });
  }

  /** Faster or slower by what nobody sees, so that the buffer stays as short as what comes allows. */
  private catchUp(): void {
    const source = this.source;
    const ranges = source?.buffered;
    if (!source || !ranges?.length || this.video.paused) return;
    const off_s = this.delay.aim_s(performance.now()) - this.video.currentTime;
    if (off_s > DROP_BEHIND_S) this.toEnd();
    this.video.playbackRate = off_s > 0.4 ? 1.25 : off_s > 0.06 ? 1.08 : off_s < -0.06 ? 0.95 : 1;
    if (this.video.currentTime - ranges.start(0) > KEEP_BEHIND_S * 2) {
      source.remove(0, this.video.currentTime - KEEP_BEHIND_S).catch(() => undefined);
    }
  }

  /** Only a picture that the browser has really shown counts. */
  private watch(): void {
    const step = (_: number, frame: VideoFrameCallbackMetadata) => {
      if (this.stopped) return;
      this.picture_ms = this.origin_ms + frame.mediaTime * 1000;
      this.tries = 0;
      this.video.requestVideoFrameCallback(step);
    };
    this.video.requestVideoFrameCallback(step);
  }
}
