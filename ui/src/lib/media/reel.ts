/** What is loaded of a recording around a moment: known pieces, the browser's buffer, picture times. */

import { api, ApiError, bytes } from "../api/client";
import { inOrder, type GapPiece, type MediaPiece, type Piece } from "../api/pieces";
import type { Moving, StreamName } from "../api/types";
import { pictureTimes, videoTrack, type VideoTrack } from "./boxes";
import { bufferedAfter, bufferedUntil, landing, playable, Source } from "./source";

/** Time 0 of the buffer lies so far before the moment that it was made for. */
const HALF_WINDOW_MS = 12 * 3600_000;
const ASK_MS = 40_000;
const KEEP_BEHIND_S = 90;
const ASK_AGAIN_MS = 700;
const TRY_AGAIN_MS = 2000;
const NEAR_NOW_MS = 3000;
/** Where a gap begins, and where the last picture before it ends, may differ by this much. */
const SEAM_MS = 300;

interface Header {
  data: ArrayBuffer;
  track: VideoTrack | null;
}

export interface ReelEvents {
  /** More is in the buffer. */
  loaded(): void;
  failed(sentence: string): void;
  /** The recorder does not convert just now, and why. */
  refused(sentence: string): void;
  /** What comes is in a codec that this browser lacks; `to_ms`: as far as is known by now. */
  barred(span: { from_ms: number; to_ms: number; mime: string }): void;
}

export class Reel {
  pieces: Piece[] = [];
  base_ms = 0;
  /** Up to where the recorder has told what there is, and when (0: not yet). */
  told_to_ms = 0;
  answered = false;
  private source: Source | null = null;
  private readonly headers = new Map<string, Header>();
  private readonly done = new Map<string, number>();
  private current = "";
  private pictures: number[] = [];
  private work = new AbortController();
  private filling = false;
  private waits_ms = 0;
  private from_s = 0;

  constructor(
    private readonly video: HTMLVideoElement,
    private readonly camera: string,
    private readonly stream: StreamName,
    private readonly form: Moving,
    private readonly now: () => number,
    private readonly events: ReelEvents,
  ) {}

  close(): void {
    this.work.abort();
    this.source?.close();
    this.source = null;
  }

  toMedia(at_ms: number): number {
    return (at_ms - this.base_ms) / 1000;
  }

  toUtc(at_s: number): number {
    return this.base_ms + at_s * 1000;
  }

  // --- what is there ---------------------------------------------------------------------------

  /** Where to set the video to show a moment; up to `reach_s` later where nothing is before. */
  landing(at_ms: number, reach_s: number): number | null {
    return landing(this.source?.buffered ?? null, this.toMedia(at_ms), reach_s);
  }

  /** Whether the recorder has told that this moment is recorded. */
  has(at_ms: number): boolean {
    return this.pieces.some((piece) => piece.kind === "media" && piece.from_ms <= at_ms && at_ms < piece.to_ms);
  }

  /** Where what is loaded begins; infinite while nothing is. */
  firstLoaded_s(): number {
    const ranges = this.source?.buffered;
    return ranges?.length ? ranges.start(0) : Infinity;
  }

  until_s(at_s: number): number {
    return bufferedUntil(this.source?.buffered ?? null, at_s);
  }

  gapAt(at_ms: number): GapPiece | null {
    return this.findGap((gap) => at_ms >= gap.from_ms - 2 && at_ms < gap.to_ms - 2);
  }

  /** The gap that begins where the buffer ends. */
  gapBehind(until_s: number): GapPiece | null {
    const until_ms = this.toUtc(until_s);
    return this.findGap((gap) => gap.from_ms < until_ms + SEAM_MS && gap.to_ms > until_ms + 2);
  }

  gapBetween(from_s: number, to_s: number): GapPiece | null {
    return this.findGap((gap) => gap.to_ms > this.toUtc(from_s) + 2 && gap.to_ms <= this.toUtc(to_s) + SEAM_MS);
  }

  /** All that the recorder has told of is loaded, and it has told of all up to now. */
  get atEnd(): boolean {
    return this.answered && this.next() === null && this.told_to_ms > this.now() - NEAR_NOW_MS;
  }

  /** The picture that is on the screen at a time of the buffer. */
  pictureAt(at_s: number): number | null {
    return this.pictures.findLast((picture) => picture <= at_s + 0.0005) ?? null;
  }

  pictureAfter(at_s: number): number | null {
    return this.pictures.find((picture) => picture > at_s + 0.0015) ?? null;
  }

  private findGap(wanted: (gap: GapPiece) => boolean): GapPiece | null {
    for (const piece of this.pieces) if (piece.kind === "gap" && wanted(piece)) return piece;
    return null;
  }

  // --- loading ---------------------------------------------------------------------------------

  /** Forget what is loaded, and begin at a moment. */
  begin(at_ms: number): void {
    this.work.abort();
    this.work = new AbortController();
    this.filling = false;
    this.answered = false;
    this.waits_ms = 0;
    this.pieces = [];
    this.pictures = [];
    this.done.clear();
    this.current = "";
    this.told_to_ms = at_ms;
    if (!this.source?.isOpen || Math.abs(at_ms - this.base_ms - HALF_WINDOW_MS) > HALF_WINDOW_MS - 60_000) {
      this.source?.close();
      this.source = null;
      this.base_ms = Math.floor(at_ms - HALF_WINDOW_MS);
    } else {
      this.source.remove(0, Number.POSITIVE_INFINITY).then(() => this.source?.cut()).catch(() => undefined);
    }
  }

  /** Load on, so that `ahead_s` of media lie behind a time of the buffer; called again and again. */
  async fill(from_s: number, ahead_s: number): Promise<void> {
    if (this.filling || performance.now() < this.waits_ms) return;
    const signal = this.work.signal;
    this.filling = true;
    this.from_s = from_s;
    try {
      await this.fillOnce(from_s, ahead_s, signal);
    } catch (error) {
      if (!signal.aborted) this.fail(error);
    } finally {
      if (signal === this.work.signal) this.filling = false;
    }
  }

  private async fillOnce(from_s: number, ahead_s: number, signal: AbortSignal): Promise<void> {
    const enough = () => bufferedAfter(this.source?.buffered ?? null, from_s) >= ahead_s;
    if (enough()) return;
    if (this.next() === null) await this.ask(Math.max(ASK_MS, ahead_s * 2500), signal);
    for (let next = this.next(); next && !enough() && !signal.aborted; next = this.next()) {
      if (!playable(next.piece.mime)) return this.events.barred({ ...next.piece, to_ms: this.barredUntil(next.piece) });
      await this.load(next.piece, next.segment, signal);
    }
  }

  private async ask(span_ms: number, signal: AbortSignal): Promise<void> {
    const from_ms = this.told_to_ms;
    const answer = await api.playback(this.camera, this.stream, this.form, from_ms, span_ms, signal);
    if (signal.aborted) return;
    const found = inOrder(answer);
    const told = (piece: Piece) => found.some((one) => one.kind === "gap" && piece.kind === "gap" && one.from_ms === piece.from_ms);
    // A gap that lasts is told again, longer.
    this.pieces = [...this.pieces.filter((piece) => !told(piece)), ...found].slice(-200);
    const to_ms = Math.max(from_ms, ...found.map((piece) => piece.to_ms));
    this.told_to_ms = Math.min(found.length ? to_ms : from_ms + span_ms, this.now());
    this.answered = true;
    if (to_ms <= from_ms + 1 || to_ms > this.now() - NEAR_NOW_MS) this.waits_ms = performance.now() + ASK_AGAIN_MS;
  }

  private next(): { piece: MediaPiece; segment: MediaPiece["segments"][number] } | null {
    for (const piece of this.pieces) {
      if (piece.kind !== "media") continue;
      const done = this.done.get(piece.file) ?? -1;
      for (const segment of piece.segments) if (segment.last > done) return { piece, segment };
    }
    return null;
  }

  private barredUntil(first: MediaPiece): number {
    let to_ms = first.to_ms;
    for (const piece of this.pieces) {
      if (piece.kind !== "media" || piece.from_ms < first.from_ms) continue;
      if (playable(piece.mime)) break;
      to_ms = Math.max(to_ms, piece.to_ms);
    }
    return to_ms;
  }

  private async load(piece: MediaPiece, segment: MediaPiece["segments"][number], signal: AbortSignal): Promise<void> {
    const [header, data] = await Promise.all([this.header(piece, signal), bytes(segment.url, signal)]);
    if (signal.aborted) return;
    const offset_s = (piece.offset_ms - this.base_ms) / 1000;
    const source = await this.opened(piece.mime);
    const file = `${piece.file} ${piece.offset_ms}`;
    if (file !== this.current) {
      await source.begin(header.data, piece.mime, offset_s);
      this.current = file;
    }
    if (!(await this.append(source, data)) || signal.aborted) return;
    this.done.set(piece.file, segment.last);
    if (header.track) this.note(pictureTimes(data, header.track).map((picture) => picture + offset_s));
    await source.remove(0, this.from_s - KEEP_BEHIND_S);
    if (!signal.aborted) this.events.loaded();
  }

  /** False when the buffer is full: what was played goes, and the rest waits. */
  private async append(source: Source, data: ArrayBuffer): Promise<boolean> {
    try {
      await source.append(data);
      return true;
    } catch (error) {
      if (!(error instanceof DOMException && error.name === "QuotaExceededError")) throw error;
      await source.remove(0, this.from_s - 5);
      this.waits_ms = performance.now() + ASK_AGAIN_MS;
      return false;
    }
  }

  private async opened(mime: string): Promise<Source> {
    if (this.source) return this.source;
    const source = new Source(this.video);
    this.source = source;
    await source.open(mime, (2 * HALF_WINDOW_MS) / 1000);
    return source;
  }

  private async header(piece: MediaPiece, signal: AbortSignal): Promise<Header> {
    const found = this.headers.get(piece.file);
    if (found) return found;
    const data = await bytes(piece.init_url, signal);
    const header = { data, track: videoTrack(data) };
    if (this.headers.size > 50) this.headers.clear();
    this.headers.set(piece.file, header);
    return header;
  }

  private note(times: number[]): void {
    this.pictures = [...new Set([...this.pictures, ...times])].sort((a, b) => a - b).slice(-6000);
  }

  private fail(error: unknown): void {
    this.waits_ms = performance.now() + TRY_AGAIN_MS;
    const sentence = error instanceof Error ? error.message : String(error);
    if (this.form === "converted" && error instanceof ApiError && error.code === "media_worker") this.events.refused(sentence);
    else this.events.failed(sentence);
  }
}
