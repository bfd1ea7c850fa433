/** Questions to a camera's spans. */

import type { Span } from "../api/types";
import type { Row } from "./understood";

/** Neither recorded nor on its way, whatever the recorder calls it. */
export function missing(span: Span): boolean {
  return span.kind === "gap" || span.kind === "unaccounted";
}

export function spanAt(row: Row | undefined, at_ms: number, slack_ms = 0): Span | null {
  const spans = row?.spans ?? [];
  const near = (span: Span) => at_ms >= span.from_ms - slack_ms && at_ms < span.to_ms + slack_ms;
  // A gap too short to be hit with the mouse counts from a little beside it.
  const gap = slack_ms > 0 ? spans.find((span) => missing(span) && span.to_ms - span.from_ms < slack_ms * 2 && near(span)) : undefined;
  return gap ?? spans.find((span) => at_ms >= span.from_ms && at_ms < span.to_ms) ?? null;
}

export interface ListedGap {
  camera: string;
  span: Span;
}

/** All gaps that a view touches, newest first. */
export function gapsIn(rows: Row[], from_ms: number, to_ms: number): ListedGap[] {
  return rows
    .flatMap((row) => row.spans.map((span) => ({ camera: row.camera, span })))
    .filter(({ span }) => missing(span) && span.to_ms > from_ms && span.from_ms < to_ms)
    .sort((a, b) => b.span.from_ms - a.span.from_ms);
}
