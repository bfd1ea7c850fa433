/** How the footage on the screen was understood: looked at, quiet, or not looked at and why; and how much moved. */

import { api } from "../api/client";
import type { CameraAnalysis, UnderstoodSpan } from "../api/types";
import { site } from "../site.svelte";
import { span, type View } from "../time/view";
import { length } from "../time/words";

const SETTLE_MS = 300;
/** One question for each camera: those further down come when the first are gone. */
const MOST_CAMERAS = 32;

const CAUSES: Record<NonNullable<UnderstoodSpan["cause"]>, string> = {
  overload: "more was to be seen than this machine can", no_analyst: "the process that looks was not there", unreadable: "its pictures could not be decoded",
  off: "it is switched off", not_told: "nobody said anything of it",
};

export class UnderstoodRows {
  byCamera = $state.raw<ReadonlyMap<string, CameraAnalysis>>(new Map());
  private loading: AbortController | null = null;

  /** Ask for a view; gives what takes that back. */
  want(view: View, pixels: number): () => void {
    const timer = window.setTimeout(() => void this.load(view, pixels), SETTLE_MS);
    return () => clearTimeout(timer);
  }

  private async load(view: View, pixels: number): Promise<void> {
    this.loading?.abort();
    const mine = (this.loading = new AbortController());
    // A little more on both sides, for a view that is moved.
    const more = span(view) / 4;
    const cameras = site.cameras.filter((camera) => site.may("playback", camera.id)).slice(0, MOST_CAMERAS);
    const found = await Promise.all(cameras.map(async ({ id }) => {
      const answer = await api.analysis(id, view.from_ms - more, Math.min(site.now(), view.to_ms + more), pixels * 1.5, mine.signal).catch(() => null);
      return answer ? ([id, answer] as const) : null;
    }));
    if (!mine.signal.aborted) this.byCamera = new Map(found.filter((each) => each !== null));
  }
}

/** 'not looked at: it is switched off'; empty where it was looked at. */
export function understoodWords(analysis: CameraAnalysis | undefined, at_ms: number, slack_ms: number): string {
  const under = analysis?.spans.find((each) => at_ms >= each.from_ms - slack_ms && at_ms < each.to_ms + slack_ms && each.state === "skipped");
  if (under) return `not looked at for ${length(under.skipped_ms)}${under.cause ? `: ${CAUSES[under.cause]}` : ""}`;
  const moves = analysis?.density.find((each) => at_ms >= each.from_ms && at_ms < each.from_ms + analysis.bucket_ms);
  return moves ? "something moved" : "";
}
