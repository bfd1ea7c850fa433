/** A MediaSource with one buffer, and a queue before it: one operation at a time, in order. */

export class Source {
  readonly media = new MediaSource();
  private buffer: SourceBuffer | null = null;
  private last: Promise<unknown> = Promise.resolve();
  private mime = "";
  private readonly url: string;
  closed = false;

  constructor(private readonly element: HTMLMediaElement) {
    this.url = URL.createObjectURL(this.media);
    element.src = this.url;
  }

  async open(mime: string, duration_s: number | null): Promise<void> {
    if (this.media.readyState !== "open") {
      await new Promise<void>((done) => this.media.addEventListener("sourceopen", () => done(), { once: true }));
    }
    if (this.closed) return;
    URL.revokeObjectURL(this.url);
    this.buffer = this.media.addSourceBuffer(mime);
    this.mime = mime;
    if (duration_s !== null) this.media.duration = duration_s;
  }

  get isOpen(): boolean {
    return this.buffer !== null;
  }

  get buffered(): TimeRanges | null {
    if (!this.buffer || this.closed || this.media.readyState !== "open") return null;
    return this.buffer.buffered;
  }

  get end_s(): number {
    const ranges = this.buffered;
    return ranges && ranges.length ? ranges.end(ranges.length - 1) : 0;
  }

  /** The header of a file whose own time 0 lies at `offset_s`; what follows belongs to it. */
  begin(header: BufferSource, mime: string, offset_s: number): Promise<void> {
    return this.step((buffer) => {
      if (mime !== this.mime) buffer.changeType(mime);
      this.mime = mime;
      buffer.timestampOffset = offset_s;
      buffer.appendBuffer(header);
    });
  }

  append(data: BufferSource): Promise<void> {
    return this.step((buffer) => buffer.appendBuffer(data));
  }

  remove(from_s: number, to_s: number): Promise<void> {
    return this.step((buffer) => {
      if (to_s > from_s) buffer.remove(from_s, to_s);
    });
  }

  /** Ends the coded frame group, so that what is appended next may lie anywhere. */
  cut(): Promise<void> {
    return this.step((buffer) => buffer.abort());
  }

  close(): void {
    this.closed = true;
    this.buffer = null;
    if (this.element.src === this.url) {
      this.element.removeAttribute("src");
      this.element.load();
    }
    URL.revokeObjectURL(this.url);
  }

  private step(act: (buffer: SourceBuffer) => void): Promise<void> {
    const next = this.last.then(() => this.run(act));
    this.last = next.catch(() => undefined);
    return next;
  }

  private async run(act: (buffer: SourceBuffer) => void): Promise<void> {
    const buffer = this.buffer;
    if (!buffer || this.closed) return;
    act(buffer);
    if (!buffer.updating) return;
    await new Promise<void>((done, fail) => {
      buffer.onupdateend = () => done();
      buffer.onerror = () => fail(new Error("the browser could not read what was recorded"));
    });
  }
}

export function playable(mime: string): boolean {
  return "MediaSource" in window && MediaSource.isTypeSupported(mime);
}

/** Where playing goes on behind `at_s`: itself if it is buffered, or the next range within reach. */
export function landing(ranges: TimeRanges | null, at_s: number, reach_s: number): number | null {
  if (!ranges) return null;
  for (let index = 0; index < ranges.length; index++) {
    if (at_s < ranges.end(index) - 0.001 && at_s >= ranges.start(index)) return at_s;
    if (ranges.start(index) > at_s && ranges.start(index) - at_s <= reach_s) return ranges.start(index) + 0.001;
  }
  return null;
}

export function bufferedUntil(ranges: TimeRanges | null, at_s: number): number {
  if (!ranges) return at_s;
  for (let index = 0; index < ranges.length; index++) {
    if (at_s >= ranges.start(index) - 0.05 && at_s < ranges.end(index)) return ranges.end(index);
  }
  return at_s;
}

/** Seconds of media behind `at_s`, holes not counted. */
export function bufferedAfter(ranges: TimeRanges | null, at_s: number): number {
  let sum = 0;
  for (let index = 0; ranges && index < ranges.length; index++) {
    sum += Math.max(0, ranges.end(index) - Math.max(at_s, ranges.start(index)));
  }
  return sum;
}
