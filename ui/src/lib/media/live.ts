/** Live pictures of one stream: a WebSocket, a small buffer, and never a picture that only looks live. */

import { liveUrl } from "../api/client";
import { hello, type LiveHello } from "../api/hello";
import type { StreamName } from "../api/types";
import { Source } from "./source";

export type LiveState = "connecting" | "live" | "late" | "lost";

export interface LiveReport {
  state: LiveState;
  /** When the newest picture came (this machine's clock), null before the first. */
  picture_ms: number | null;
}

const TICK_MS = 250;
/** How many chunks may wait for the buffer before the stream is begun anew. */
const QUEUE_BOUND = 150;
const KEEP_BEHIND_S = 8;
const DROP_BEHIND_S = 3;
const RETRY_MS = [500, 1000, 2000, 4000, 8000, 15_000];

export class LivePlayer {
  private socket: WebSocket | null = null;
  private source: Source | null = null;
  private queue: ArrayBuffer[] = [];
  private pumping = false;
  private tries = 0;
  private retry = 0;
  private readonly timer: number;
  private interval_ms = 200;
  private chunk_ms = 0;
  private shown_ms: number | null = null;
  private opened_ms = 0;
  private stopped = false;

  constructor(
    private readonly video: HTMLVideoElement,
    private readonly camera: string,
    private readonly stream: StreamName,
    private readonly tell: (report: LiveReport) => void,
    /** Called just before the picture on the screen is lost to a new connection. */
    private readonly keep: () => void,
  ) {
    video.muted = true;
    this.timer = window.setInterval(() => this.tick(), TICK_MS);
    document.addEventListener("visibilitychange", this.seen);
    this.connect();
    this.watch();
  }

  stop(): void {
    this.stopped = true;
    clearInterval(this.timer);
    clearTimeout(this.retry);
    document.removeEventListener("visibilitychange", this.seen);
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

  private connect(): void {
    clearTimeout(this.retry);
    this.disconnect();
    this.opened_ms = performance.now();
    const socket = new WebSocket(liveUrl(this.camera, this.stream));
    socket.binaryType = "arraybuffer";
    this.socket = socket;
    socket.onmessage = ({ data }: MessageEvent<string | ArrayBuffer>) => {
      if (socket !== this.socket) return;
      if (typeof data === "string") this.begin(data);
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

  private begin(text: string): void {
    let said: LiveHello | null;
    try {
      said = hello(text);
    } catch {
      return this.again();
    }
    // Other messages say what the pictures that come, or do not, say themselves.
    if (!said) return;
    this.queue = [];
    this.keep();
    this.source?.close();
    const source = new Source(this.video);
    this.source = source;
    source.open(said.mime, null).then(() => this.pump(), () => this.again());
  }

  private take(data: ArrayBuffer): void {
    const now = performance.now();
    // The pictures of the first moment come at once; only later ones tell the rate.
    if (this.chunk_ms && now - this.opened_ms > 1500) {
      this.interval_ms += (Math.min(2000, now - this.chunk_ms) - this.interval_ms) * 0.1;
    }
    this.chunk_ms = now;
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
        if (this.shown_ms === null || this.video.paused || this.video.readyState < 3) this.start();
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
    const behind = this.source!.end_s - this.video.currentTime;
    if (this.video.currentTime < ranges.start(0) || behind > DROP_BEHIND_S) this.toEnd();
    if (this.video.paused) this.video.play().catch(() => undefined);
  }

  private toEnd(): void {
    const ranges = this.source?.buffered;
    if (!ranges?.length) return;
    const last = ranges.length - 1;
    this.video.currentTime = Math.max(ranges.start(last), ranges.end(last) - this.aim_s());
  }

  /** How far behind the newest picture to be: enough for its successor to come in time. */
  private aim_s(): number {
    return Math.max(0.12, (this.interval_ms / 1000) * 1.4);
  }

  private tick(): void {
    this.catchUp();
    const now = performance.now();
    const patience = Math.max(2500, this.interval_ms * 4);
    const shown = this.shown_ms === null ? null : now - this.shown_ms;
    if (this.socket && now - Math.max(this.chunk_ms, this.opened_ms) > patience + 4000) this.again();
    const state: LiveState =
      shown === null ? (now - this.opened_ms > 5000 || this.tries > 1 ? "lost" : "connecting")
      : shown < patience ? "live"
      : shown < patience + 5000 ? "late"
      : "lost";
    this.tell({ state, picture_ms: shown === null ? null : Date.now() - shown });
  }

  private catchUp(): void {
    const source = this.source;
    if (!source?.isOpen || source.buffered === null || this.video.paused) return;
    const behind = source.end_s - this.video.currentTime;
    const aim = this.aim_s();
    if (behind > DROP_BEHIND_S) this.toEnd();
    this.video.playbackRate = behind > aim + 0.5 ? 1.2 : behind > aim + 0.15 ? 1.06 : behind < aim * 0.4 ? 0.95 : 1;
    const ranges = source.buffered;
    if (ranges.length && this.video.currentTime - ranges.start(0) > KEEP_BEHIND_S * 2) {
      source.remove(0, this.video.currentTime - KEEP_BEHIND_S).catch(() => undefined);
    }
  }

  /** Only a picture that the browser has really shown counts. */
  private watch(): void {
    const step = () => {
      if (this.stopped) return;
      this.shown_ms = performance.now();
      this.tries = 0;
      this.video.requestVideoFrameCallback(step);
    };
    this.video.requestVideoFrameCallback(step);
  }
}
