/** One redacted copy as somebody goes through it: what was found, the picture that is looked at, and what is hidden in it. */

import { api, ApiError, sentenceOf, still } from "../api/client";
import type { Correction, HiddenPicture, Redaction, RedactionFindings, RedactionTrack } from "../api/types";
import { goesOn, isFound, momentOf } from "./words";

/** So many pictures are asked for at once; the recorder tells at most 250. */
const CHUNK = 200;
const WIDTH = 1280;
const SOON_MS = 1000;
const LATER_MS = 5000;

export class Look {
  one = $state.raw<Redaction | null>(null);
  found = $state.raw<RedactionFindings | null>(null);
  /** The picture that is asked for; `picture` is the one on the screen, and `src` its still. */
  at = $state(0);
  picture = $state.raw<HiddenPicture | null>(null);
  src = $state("");
  /** So many different pictures were on the screen. */
  seen = $state(0);
  playing = $state(false);
  busy = $state(false);
  problem = $state("");
  /** There is nothing to look at any more, or no way to it. */
  lost = $state("");
  private readonly id: string;
  private readonly looked = new Set<number>();
  private readonly gone = new AbortController();
  private chunks = new Map<number, Promise<readonly HiddenPicture[]>>();
  private version = "";
  private shown = -1;
  private drawing = false;
  private timer = 0;

  constructor(id: string) {
    this.id = id;
    void this.poll();
  }

  readonly last = $derived((this.found?.pictures ?? 0) - 1);
  readonly tracks = $derived(new Map((this.found?.tracks ?? []).map((each): [number, RedactionTrack] => [each.number, each])));

  end(): void {
    this.gone.abort();
    clearTimeout(this.timer);
    URL.revokeObjectURL(this.src);
  }

  go(number: number): void {
    this.problem = "";
    this.at = Math.max(0, Math.min(this.last, number));
    void this.draw();
  }

  step(by: number): void {
    this.playing = false;
    this.go(this.at + by);
  }

  play(): void {
    this.playing = !this.playing;
    if (this.playing) this.go(this.at < this.last ? this.at + 1 : 0);
  }

  correct(body: Partial<Correction> & Pick<Correction, "kind">): Promise<boolean> {
    return this.act(() => api.correctRedaction(this.id, { number: -1, first: 0, last: 0, ...body }));
  }

  /** False where it was refused: `problem` says why. */
  async act(what: () => Promise<Redaction>): Promise<boolean> {
    this.busy = true;
    this.problem = "";
    try {
      this.one = await what();
      await this.load();
      return true;
    } catch (error) {
      this.problem = sentenceOf(error);
      return false;
    } finally {
      this.busy = false;
      this.again();
    }
  }

  private async poll(): Promise<void> {
    try {
      if (!this.busy) {
        this.one = await api.redaction(this.id);
        await this.load();
      }
      this.lost = "";
    } catch (error) {
      this.lost = sentenceOf(error);
      if (error instanceof ApiError && error.status === 404) return;
    }
    this.again();
  }

  private again(): void {
    clearTimeout(this.timer);
    if (!this.gone.signal.aborted) this.timer = window.setTimeout(() => void this.poll(), this.one && goesOn(this.one) ? SOON_MS : LATER_MS);
  }

  /** What was found, and what is hidden by now, where that is another than before. */
  private async load(): Promise<void> {
    if (!this.one || !isFound(this.one)) return;
    const version = `${this.one.corrections.length}`;
    if (version === this.version) return;
    const found = await api.redactionFindings(this.id);
    const [first] = found.questions;
    if (!this.found && first) this.at = momentOf(first);
    this.found = found;
    this.version = version;
    this.chunks = new Map();
    this.shown = -1;
    await this.draw();
  }

  private hidden(number: number): Promise<HiddenPicture | undefined> {
    const first = number - (number % CHUNK);
    let asked = this.chunks.get(first);
    if (!asked) {
      const chunks = this.chunks;
      asked = api.redactionPictures(this.id, first, first + CHUNK - 1).then((found) => found.pictures);
      asked.catch(() => chunks.delete(first));
      chunks.set(first, asked);
    }
    return asked.then((found) => found[number - first]);
  }

  /** One picture after another: whoever holds the key down sees as many as come in time, the last one surely. */
  private async draw(): Promise<void> {
    if (this.drawing) return;
    this.drawing = true;
    try {
      while (this.shown !== this.at && this.one && !this.gone.signal.aborted) {
        const [number, version] = [this.at, this.version];
        const picture = await this.hidden(number);
        if (!picture) throw new Error("not told of");
        if (this.picture?.number !== number || !this.src) await this.fetch(picture);
        this.picture = picture;
        this.looked.add(number);
        this.seen = this.looked.size;
        if (version === this.version) this.shown = number;
        if (this.playing && this.at === number) {
          if (number < this.last) this.at = number + 1;
          else this.playing = false;
        }
      }
    } catch (error) {
      this.playing = false;
      if (!this.gone.signal.aborted) this.problem = sentenceOf(error);
    } finally {
      this.drawing = false;
    }
  }

  private async fetch(picture: HiddenPicture): Promise<void> {
    const { jpeg } = await still(this.one!.camera, "main", picture.at_ms, WIDTH, this.gone.signal, true);
    const before = this.src;
    this.src = URL.createObjectURL(jpeg);
    URL.revokeObjectURL(before);
  }
}
