/** The part of time that a timeline shows, and how it moves. Pure arithmetic. */

export interface View {
  from_ms: number;
  to_ms: number;
}

export const SECOND = 1000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;
export const SHORTEST = SECOND;
export const LONGEST = 90 * DAY;

export function span(view: View): number {
  return view.to_ms - view.from_ms;
}

export function toPixel(view: View, at_ms: number, width: number): number {
  return ((at_ms - view.from_ms) / span(view)) * width;
}

export function toTime(view: View, x: number, width: number): number {
  return view.from_ms + (x / width) * span(view);
}

/** `factor` above 1 shows more time. The moment under the cursor stays where it is. */
export function zoomAbout(view: View, about_ms: number, factor: number): View {
  const wanted = Math.min(LONGEST, Math.max(SHORTEST, span(view) * factor));
  const share = (about_ms - view.from_ms) / span(view);
  const from_ms = about_ms - share * wanted;
  return { from_ms, to_ms: from_ms + wanted };
}

export function pan(view: View, by_ms: number): View {
  return { from_ms: view.from_ms + by_ms, to_ms: view.to_ms + by_ms };
}

/** Keeps now within reach: at most nine tenths of the view lie in the future, or 90 days back. */
export function hold(view: View, now_ms: number): View {
  const length = span(view);
  const latest = now_ms + length * 0.9;
  const earliest = now_ms - 10 * 365 * DAY;
  if (view.to_ms > latest) return { from_ms: latest - length, to_ms: latest };
  if (view.from_ms < earliest) return { from_ms: earliest, to_ms: earliest + length };
  return view;
}

/** A view of this length with now near its right edge. */
export function untilNow(length_ms: number, now_ms: number): View {
  const to_ms = now_ms + length_ms * 0.06;
  return { from_ms: to_ms - length_ms, to_ms };
}

const FITTING = [
  ...[5, 10, 15, 20, 30, 45].map((minutes) => minutes * MINUTE),
  ...[1, 1.5, 2, 3, 4, 6, 8, 12, 16].map((hours) => hours * HOUR),
  ...[1, 1.5, 2, 3, 4, 7, 10, 14, 21, 30, 45, 60, 90].map((days) => days * DAY),
];

/**
 * Everything since recording began. The length goes in steps, so that a recording grows from left to
 * right in a view that stands still, and only now and then becomes a longer one.
 */
export function everything(began_ms: number, now_ms: number): View {
  const age = Math.max(0, now_ms - began_ms);
  const length = FITTING.find((step) => age <= step * 0.92);
  if (!length) return untilNow(LONGEST, now_ms);
  const from_ms = began_ms - length * 0.02;
  return { from_ms, to_ms: from_ms + length };
}

/** On the way from one view to another: 0 is the first, 1 the second. Lengths go by their ratio. */
export function between(one: View, other: View, share: number): View {
  const length = span(one) * (span(other) / span(one)) ** share;
  const grown = span(other) === span(one) ? share : (length - span(one)) / (span(other) - span(one));
  const from_ms = one.from_ms + (other.from_ms - one.from_ms) * grown;
  return { from_ms, to_ms: from_ms + length };
}

export function holds(view: View, at_ms: number): boolean {
  return at_ms >= view.from_ms && at_ms <= view.to_ms;
}

/** Moves the view just so far that the moment is inside, with some room around it. */
export function reveal(view: View, at_ms: number): View {
  const margin = span(view) * 0.08;
  if (at_ms < view.from_ms + margin) return pan(view, at_ms - view.from_ms - span(view) * 0.4);
  if (at_ms > view.to_ms - margin) return pan(view, at_ms - view.to_ms + span(view) * 0.4);
  return view;
}
