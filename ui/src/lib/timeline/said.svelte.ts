/** What cameras themselves say of the time on the screen; asked for where it can be told apart. */

import { api } from "../api/client";
import type { SaidEvent } from "../api/types";
import { site } from "../site.svelte";
import { DAY, span, type View } from "../time/view";

const SETTLE_MS = 300;
const LONGEST_MS = 7 * DAY;
/** One question for each camera: those further down come when the first are gone. */
const MOST_CAMERAS = 32;

export const SAID_WORDS: Record<SaidEvent["kind"], string> = {
  motion: "motion", person: "a person", vehicle: "a vehicle", line: "a line crossed", tamper: "it was tampered with", other: "",
};

export class SaidRows {
  byCamera = $state.raw<ReadonlyMap<string, readonly SaidEvent[]>>(new Map());
  private loading = 0;

  /** Ask for a view; gives what takes that back. */
  want(view: View): () => void {
    const timer = window.setTimeout(() => void this.load(view), SETTLE_MS);
    return () => clearTimeout(timer);
  }

  private async load(view: View): Promise<void> {
    const mine = ++this.loading;
    if (span(view) > LONGEST_MS) {
      this.byCamera = new Map();
      return;
    }
    const cameras = site.cameras.filter((camera) => camera.events).slice(0, MOST_CAMERAS);
    const found = await Promise.all(cameras.map(async ({ id }) => {
      const answer = await api.said(id, view.from_ms, view.to_ms).catch(() => null);
      return [id, answer?.events ?? []] as const;
    }));
    if (mine === this.loading) this.byCamera = new Map(found);
  }
}

/** What a camera says of a moment, or of a little beside it. */
export function saidAt(events: readonly SaidEvent[] | undefined, at_ms: number, slack_ms: number): SaidEvent[] {
  return (events ?? []).filter((event) => at_ms >= event.from_ms - slack_ms && at_ms <= (event.to_ms ?? Infinity) + slack_ms);
}

/** 'a person, a line crossed': each once. */
export function saidWords(events: readonly SaidEvent[]): string {
  return [...new Set(events.map((event) => SAID_WORDS[event.kind] || event.text))].filter(Boolean).join(", ");
}
