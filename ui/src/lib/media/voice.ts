/** Two ways to be heard in time with a picture. Times are seconds on the picture's own timeline. */

import { soundRecords, type Law } from "./g711";
import { bufferedUntil, Source } from "./source";

/** Sound that is further off its picture than this is set right, but not more often than that. */
const LEAST_DRIFT_S = 0.08;
const SET_RIGHT_MS = 1000;
const KEEP_BEHIND_S = 10;
const SCHEDULE_S = 3;
const WINDOW_S = 24 * 3600;

export interface Voice {
  /** A segment of a file whose own time 0 lies at `offset_s`. */
  take(data: ArrayBuffer, header: ArrayBuffer | null, offset_s: number): Promise<void>;
  /** Called often: be heard from `at_s` on, or be silent. */
  follow(at_s: number, plays: boolean): void;
  close(): void;
}

/** What the browser decodes itself: an element of its own, so that it never holds the picture. */
export class ElementVoice implements Voice {
  private readonly audio = new Audio();
  private readonly source = new Source(this.audio);
  private readonly opened: Promise<void>;
  private offset_s = Number.NaN;
  private set_ms = 0;

  constructor(private readonly mime: string) {
    this.opened = this.source.open(mime, WINDOW_S);
  }

  async take(data: ArrayBuffer, header: ArrayBuffer | null, offset_s: number): Promise<void> {
    await this.opened;
    if (header && offset_s !== this.offset_s) await this.source.begin(header, this.mime, offset_s);
    this.offset_s = offset_s;
    await this.source.append(data);
    await this.source.remove(0, this.audio.currentTime - KEEP_BEHIND_S);
  }

  follow(at_s: number, plays: boolean): void {
    const has = this.source.buffered !== null && bufferedUntil(this.source.buffered, at_s) > at_s + LEAST_DRIFT_S;
    if (!plays || !has) return this.audio.pause();
    const off_s = Math.abs(this.audio.currentTime - at_s);
    if (off_s > LEAST_DRIFT_S && (this.audio.paused || performance.now() - this.set_ms > SET_RIGHT_MS)) {
      this.set_ms = performance.now();
      this.audio.currentTime = at_s;
    }
    if (this.audio.paused) this.audio.play().catch(() => undefined);
  }

  close(): void {
    this.audio.pause();
    this.source.close();
  }
}

interface Clip {
  at_s: number;
  buffer: AudioBuffer;
  node: AudioBufferSourceNode | null;
}

/** One for all: a browser gives out few of them. */
let context: AudioContext | null = null;

/** G.711, which no browser decodes: by a table, and scheduled on the clock of the sound card. */
export class SampleVoice implements Voice {
  private readonly context = (context ??= new AudioContext());
  private clips: Clip[] = [];
  /** What is to be heard at a time of the card is this much earlier on the picture's timeline. */
  private ahead_s = Number.NaN;

  constructor(private readonly sound: { codec: string; sample_rate: number; channels: number }) {
    void this.context.resume();
  }

  take(data: ArrayBuffer, _: ArrayBuffer | null, offset_s: number): Promise<void> {
    const { codec, sample_rate, channels } = this.sound;
    for (const { time, samples } of soundRecords(data, codec as Law)) {
      this.add(offset_s + time / sample_rate, samples, sample_rate, channels);
    }
    return Promise.resolve();
  }

  private add(at_s: number, samples: Float32Array, rate: number, channels: number): void {
    const last = this.clips.at(-1);
    // Segments of a file that is being written may overlap.
    const known = last ? Math.max(0, Math.round((last.at_s + last.buffer.duration - at_s) * rate)) : 0;
    const length = Math.floor(samples.length / channels) - known;
    if (length <= 0) return;
    const buffer = this.context.createBuffer(channels, length, rate);
    for (let channel = 0; channel < channels; channel++) {
      const plane = buffer.getChannelData(channel);
      for (let at = 0; at < length; at++) plane[at] = samples[(at + known) * channels + channel] ?? 0;
    }
    this.clips.push({ at_s: at_s + known / rate, buffer, node: null });
  }

  follow(at_s: number, plays: boolean): void {
    if (!plays) return this.hush();
    const ahead_s = this.context.currentTime - at_s;
    // The first comparison is with nothing at all, and does not hold either.
    if (!(Math.abs(ahead_s - this.ahead_s) <= LEAST_DRIFT_S)) {
      this.hush();
      this.ahead_s = ahead_s;
    }
    this.clips = this.clips.filter((clip) => clip.at_s + clip.buffer.duration > at_s - KEEP_BEHIND_S);
    for (const clip of this.clips) {
      const ends_s = clip.at_s + clip.buffer.duration;
      if (!clip.node && ends_s > at_s && clip.at_s < at_s + SCHEDULE_S) this.schedule(clip, at_s);
    }
  }

  private schedule(clip: Clip, at_s: number): void {
    const node = new AudioBufferSourceNode(this.context, { buffer: clip.buffer });
    node.connect(this.context.destination);
    const from_s = Math.max(clip.at_s, at_s);
    node.start(from_s + this.ahead_s, from_s - clip.at_s);
    clip.node = node;
  }

  private hush(): void {
    this.ahead_s = Number.NaN;
    for (const clip of this.clips) {
      clip.node?.stop();
      clip.node?.disconnect();
      clip.node = null;
    }
  }

  close(): void {
    this.hush();
    this.clips = [];
  }
}
