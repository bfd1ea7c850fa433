/**
 * Sound beside the picture, never in its way: it has a buffer of its own, is loaded only while it is
 * heard, and follows the video's clock. Silent at any speed but 1×.
 */

import { bytes } from "../api/client";
import type { MediaPiece } from "../api/pieces";
import type { Reel } from "./reel";
import { playable } from "./source";
import { ElementVoice, SampleVoice, type Voice } from "./voice";

const AHEAD_MS = 6000;
const TRY_AGAIN_MS = 2000;
const G711 = /^pcm[au]$/;

type SoundPart = NonNullable<MediaPiece["sound"]>;
interface Stretch {
  piece: MediaPiece;
  part: SoundPart;
  segment: SoundPart["segments"][number];
}

/** Muted until somebody asks for sound: browsers demand a click first. Kept from camera to camera. */
let muted = true;

export class Sound {
  private voice: Voice | null = null;
  private kind = "";
  /** The last fragment that was taken, by file. */
  private readonly taken = new Map<string, number>();
  private work = new AbortController();
  private loading = false;
  private waits_ms = 0;

  constructor(
    private readonly video: HTMLVideoElement,
    private readonly reel: Reel,
  ) {}

  state(at_ms: number): "none" | "muted" | "on" {
    if (!this.between(at_ms, at_ms + 1).length) return "none";
    return muted ? "muted" : "on";
  }

  setMuted(wanted: boolean): void {
    muted = wanted;
    if (muted) this.clear();
  }

  /** Forget what was loaded: the picture went somewhere else. */
  clear(): void {
    this.work.abort();
    this.work = new AbortController();
    this.loading = false;
    this.taken.clear();
    this.voice?.close();
    this.voice = null;
    this.kind = "";
  }

  tick(plays: boolean): void {
    if (muted) return;
    this.voice?.follow(this.video.currentTime, plays && !this.video.paused && !this.video.seeking && this.video.readyState >= 3);
    if (plays && !this.loading && performance.now() > this.waits_ms) void this.load();
  }

  private between(from_ms: number, to_ms: number): Stretch[] {
    return this.reel.pieces.flatMap((piece) => {
      const part = piece.kind === "media" ? piece.sound : null;
      if (!part || piece.kind !== "media" || !(G711.test(part.codec) || playable(part.mime))) return [];
      return part.segments
        .filter((segment) => segment.from_ms < to_ms && segment.to_ms > from_ms)
        .map((segment) => ({ piece, part, segment }));
    });
  }

  private async load(): Promise<void> {
    const signal = this.work.signal;
    const at_ms = this.reel.toUtc(this.video.currentTime);
    const wanted = this.between(at_ms, at_ms + AHEAD_MS)
      .find(({ piece, segment }) => segment.last > (this.taken.get(piece.file) ?? -1));
    if (!wanted) return;
    this.loading = true;
    try {
      await this.take(wanted, signal);
      if (!signal.aborted) this.taken.set(wanted.piece.file, wanted.segment.last);
    } catch {
      // Sound that does not come is no reason to stop the picture.
      this.waits_ms = performance.now() + TRY_AGAIN_MS;
    } finally {
      if (signal === this.work.signal) this.loading = false;
    }
  }

  private async take({ piece, part, segment }: Stretch, signal: AbortSignal): Promise<void> {
    const [header, data] = await Promise.all([part.init_url ? bytes(part.init_url, signal) : null, bytes(segment.url, signal)]);
    if (signal.aborted) return;
    const kind = `${part.mime} ${part.codec} ${part.sample_rate} ${part.channels}`;
    if (kind !== this.kind) this.voice?.close();
    if (kind !== this.kind || !this.voice) this.voice = header ? new ElementVoice(part.mime) : new SampleVoice(part);
    this.kind = kind;
    await this.voice.take(data, header, (piece.offset_ms - this.reel.base_ms) / 1000);
  }
}
