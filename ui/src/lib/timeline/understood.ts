/** How the footage on the screen was understood: looked at, quiet, or not looked at and why; how much moved; what was found. */

import type { CameraTimeline, EventMark, Understood, UnderstoodSpan } from "../api/types";
import { length } from "../time/words";

const CAUSES: Record<NonNullable<UnderstoodSpan["cause"]>, string> = {
  overload: "more was to be seen than this machine can", no_analyst: "the process that looks was not there", unreadable: "its pictures could not be decoded",
  set_apart: "its pictures had ended the process that looks, and are left alone for a while",
  off: "it is switched off", not_told: "nobody said anything of it",
};

/**
 * What the timeline draws and says of it. Buckets in which something moved are two numbers each and no
 * object: a wall of many cameras holds tens of thousands of them, all day.
 */
export interface UnderstoodRow {
  bucket_ms: number;
  /** When each bucket begins, and the most of the picture that moved in it at once. */
  from_ms: Float64Array;
  peak: Float32Array;
  events: EventMark[];
  /** Nobody looked; what was looked at, or was quiet, is not drawn. */
  skipped: UnderstoodSpan[];
}

export type Row = Omit<CameraTimeline, "understood"> & { understood: UnderstoodRow | null };

export function rowOf(line: CameraTimeline): Row {
  return { ...line, understood: line.understood && packed(line.understood) };
}

function packed({ bucket_ms, density, events, spans }: Understood): UnderstoodRow {
  return {
    bucket_ms, events,
    from_ms: Float64Array.from(density, (each) => each.from_ms),
    peak: Float32Array.from(density, (each) => each.peak),
    skipped: spans.filter((each) => each.state === "skipped"),
  };
}

/** 'rules found something; something moved', 'not looked at: it is switched off'; empty where it was looked at and nothing was there. */
export function understoodWords(of: UnderstoodRow | null | undefined, at_ms: number, slack_ms: number): string {
  const near = (each: { from_ms: number; to_ms: number }) => at_ms >= each.from_ms - slack_ms && at_ms < each.to_ms + slack_ms;
  const found = of?.events.filter(near).reduce((sum, each) => sum + each.count, 0) ?? 0;
  const said = found ? `rules found something${found > 1 ? ` ${found} times` : ""}` : "";
  const skipped = of?.skipped.find(near);
  if (skipped) return [said, `not looked at for ${length(skipped.skipped_ms)}${skipped.cause ? `: ${CAUSES[skipped.cause]}` : ""}`].filter(Boolean).join("; ");
  const moves = of?.from_ms.some((from_ms) => at_ms >= from_ms && at_ms < from_ms + of.bucket_ms);
  return said || (moves ? "something moved" : "");
}
