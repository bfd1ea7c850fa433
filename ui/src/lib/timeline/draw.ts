/** Draws the timeline. What a span is shows in its form as well as in its tone. */

import type { SaidEvent, Span } from "../api/types";
import { look, type Look } from "../causes";
import type { Tick } from "../time/ticks";
import { toPixel, type View } from "../time/view";
import { missing } from "./spans";
import type { Row, UnderstoodRow } from "./understood";

export const RULER = 24;
export const ROW = 22;

export interface Colours {
  recorded: string;
  attention: string;
  faint: string;
  line: string;
  text: string;
  dim: string;
  accent: string;
  bg: string;
  press: string;
  event: string;
  held: string;
}

export interface Scene {
  view: View;
  width: number;
  height: number;
  scroll: number;
  rows: (Row | undefined)[];
  /** What the camera of each row says. */
  said: (readonly SaidEvent[] | undefined)[];
  ticks: Tick[];
  now_ms: number;
  head_ms: number | null;
  cursor: { at_ms: number; row: number } | null;
  chosen_row: number;
  /** Moments that somebody marked, by row. */
  bookmarks: { row: number; at_ms: number }[];
  /** What is marked for a clip; an end that is not marked yet is null. */
  marked: { in_ms: number | null; out_ms: number | null };
  colours: Colours;
}

export function colours(probe: HTMLElement): Colours {
  const read = (name: string) => {
    probe.style.color = `var(--${name})`;
    return getComputedStyle(probe).color;
  };
  return {
    recorded: read("recorded"), attention: read("attention"), faint: read("faint"), line: read("line"),
    text: read("text"), dim: read("dim"), accent: read("accent"), bg: read("bg"), press: read("press"), event: read("event"), held: read("held"),
  };
}

export function draw(canvas: HTMLCanvasElement, scene: Scene): void {
  const ratio = window.devicePixelRatio || 1;
  const [width, height] = [Math.round(scene.width * ratio), Math.round(scene.height * ratio)];
  if (canvas.width !== width || canvas.height !== height) {
    canvas.width = width;
    canvas.height = height;
  }
  const context = canvas.getContext("2d");
  if (!context) return;
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, scene.width, scene.height);
  context.save();
  context.beginPath();
  context.rect(0, RULER, scene.width, scene.height - RULER);
  context.clip();
  grid(context, scene);
  scene.rows.forEach((row, index) => {
    const top = RULER + index * ROW - scene.scroll;
    if (top > -ROW && top < scene.height) drawRow(context, scene, row, index, top);
  });
  flags(context, scene);
  markedSpan(context, scene);
  context.restore();
  ruler(context, scene);
  marks(context, scene);
}

function grid(context: CanvasRenderingContext2D, scene: Scene): void {
  context.fillStyle = scene.colours.line;
  for (const tick of scene.ticks) {
    context.globalAlpha = tick.strong ? 1 : 0.45;
    context.fillRect(Math.round(toPixel(scene.view, tick.at_ms, scene.width)), RULER, 1, scene.height);
  }
  context.globalAlpha = 1;
}

function ruler(context: CanvasRenderingContext2D, scene: Scene): void {
  const family = getComputedStyle(document.documentElement).getPropertyValue("--font-num");
  context.textBaseline = "middle";
  context.textAlign = "center";
  let free = -Infinity;
  for (const tick of scene.ticks) {
    context.font = `${tick.strong ? 500 : 400} 12px ${family}`;
    const half = context.measureText(tick.label).width / 2;
    const x = Math.max(half + 2, Math.min(scene.width - half - 2, toPixel(scene.view, tick.at_ms, scene.width)));
    if (x - half < free) continue;
    context.fillStyle = tick.strong ? scene.colours.text : scene.colours.faint;
    context.fillText(tick.label, x, 9);
    free = x + half + 8;
  }
}

function drawRow(
  context: CanvasRenderingContext2D, scene: Scene, row: Row | undefined, index: number, top: number,
): void {
  if (index === scene.chosen_row) {
    context.fillStyle = scene.colours.press;
    context.globalAlpha = 0.55;
    context.fillRect(0, top, scene.width, ROW);
    context.globalAlpha = 1;
  }
  const spans = row?.spans ?? [];
  const fault = (span: Span) => missing(span) && look(span.cause) === "gap";
  // Faults last, so that no neighbour's edge hides a short one.
  for (const span of spans) if (!fault(span)) drawSpan(context, scene, span, top);
  for (const span of spans) if (fault(span)) drawSpan(context, scene, span, top);
  if (row?.understood) drawUnderstood(context, scene, row.understood, top);
  for (const event of scene.said[index] ?? []) drawSaid(context, scene, event, top);
  for (const one of row?.imported ?? []) drawImported(context, scene, one, top);
  for (const held of row?.held ?? []) drawHeld(context, scene, held, top);
}

/** What another system recorded: a dashed outline around the bar of our own, which it never covers. */
function drawImported(context: CanvasRenderingContext2D, scene: Scene, one: { from_ms: number; to_ms: number }, top: number): void {
  const from = toPixel(scene.view, one.from_ms, scene.width);
  const to = toPixel(scene.view, one.to_ms, scene.width);
  if (to < -4 || from > scene.width + 4) return;
  const x = Math.max(-8, from);
  const width = Math.max(3, Math.min(scene.width + 8, to) - x);
  context.strokeStyle = scene.colours.text;
  context.lineWidth = 1;
  context.setLineDash([5, 3]);
  context.strokeRect(x + 0.5, top + 5.5, width - 1, 11);
  context.setLineDash([]);
}

/** A line under what a hold keeps, with a post at each end: there at any zoom, and over no gap. */
function drawHeld(context: CanvasRenderingContext2D, scene: Scene, held: { from_ms: number; to_ms: number }, top: number): void {
  const from = toPixel(scene.view, held.from_ms, scene.width);
  const to = toPixel(scene.view, held.to_ms, scene.width);
  if (to < -4 || from > scene.width + 4) return;
  const x = Math.max(-8, from);
  const width = Math.max(3, Math.min(scene.width + 8, to) - x);
  context.fillStyle = scene.colours.held;
  context.fillRect(x, top + 19, width, 2);
  context.fillRect(x, top + 16, 1.5, 5);
  context.fillRect(x + width - 1.5, top + 16, 1.5, 5);
}

/** In what is recorded, as high as much moved; above it what rules found; under it, dotted, what nobody looked at. */
function drawUnderstood(context: CanvasRenderingContext2D, scene: Scene, of: UnderstoodRow, top: number): void {
  context.fillStyle = scene.colours.text;
  context.globalAlpha = 0.62;
  const wide = Math.max(1, toPixel(scene.view, scene.view.from_ms + of.bucket_ms, scene.width));
  for (let index = 0; index < of.from_ms.length; index++) {
    const x = toPixel(scene.view, of.from_ms[index]!, scene.width);
    if (x < -wide || x > scene.width) continue;
    const high = Math.max(1.5, Math.min(8, 8 * Math.sqrt(of.peak[index]!)));
    context.fillRect(x, top + 15 - high, wide, high);
  }
  context.globalAlpha = 1;
  context.fillStyle = scene.colours.event;
  for (const { from_ms, to_ms } of of.events) {
    const from = toPixel(scene.view, from_ms, scene.width);
    const wide = Math.max(2, toPixel(scene.view, to_ms, scene.width) - from);
    if (from + wide > 0 && from < scene.width) context.fillRect(from, top + 4, wide, 3);
  }
  context.fillStyle = scene.colours.dim;
  for (const span of of.skipped) {
    const from = Math.max(0, toPixel(scene.view, span.from_ms, scene.width));
    const to = Math.min(scene.width, toPixel(scene.view, span.to_ms, scene.width));
    for (let at = Math.floor(from / 4) * 4; at < to; at += 4) if (at >= from || to - from < 4) context.fillRect(at, top + 16.5, 2, 1.5);
  }
}

/** Above what is recorded: nobody but the camera says so. Motion is thin, what has a name is higher. */
function drawSaid(context: CanvasRenderingContext2D, scene: Scene, event: SaidEvent, top: number): void {
  const from = toPixel(scene.view, event.from_ms, scene.width);
  const to = toPixel(scene.view, event.to_ms ?? scene.now_ms, scene.width);
  if (to < 0 || from > scene.width) return;
  const plain = event.kind === "motion" || event.kind === "other";
  context.fillStyle = event.kind === "tamper" ? scene.colours.attention : plain ? scene.colours.faint : scene.colours.text;
  const high = plain ? 2 : 4;
  context.fillRect(from, top + 5 - high, Math.max(2, to - from), high);
}

function drawSpan(context: CanvasRenderingContext2D, scene: Scene, span: Span, top: number): void {
  const from = toPixel(scene.view, span.from_ms, scene.width);
  const to = toPixel(scene.view, span.to_ms, scene.width);
  if (to < -4 || from > scene.width + 4) return;
  const x = Math.max(-8, from);
  const width = Math.min(scene.width + 8, to) - x;
  if (span.kind === "media") {
    context.fillStyle = scene.colours.recorded;
    context.fillRect(x, top + 7, Math.max(width, 0.75), 8);
  } else if (span.kind === "pending") {
    context.fillStyle = scene.colours.recorded;
    context.fillRect(x, top + 7, Math.max(width, 1), 2);
    context.fillRect(x, top + 13, Math.max(width, 1), 2);
  } else {
    ABSENT[look(span.cause)](context, scene, x, width, top);
  }
}

type Absent = (context: CanvasRenderingContext2D, scene: Scene, x: number, width: number, top: number) => void;

const ABSENT: Record<Look, Absent> = {
  gap(context, scene, x, width, top) {
    // Never thinner than can be seen, however far out the view is.
    const wide = Math.max(width, 3);
    const left = width < 3 ? x - (3 - width) / 2 : x;
    context.fillStyle = scene.colours.bg;
    context.fillRect(left - 1, top + 3, wide + 2, 16);
    if (wide < 6) {
      context.fillStyle = scene.colours.attention;
      context.fillRect(left, top + 3, wide, 16);
      return;
    }
    context.save();
    context.beginPath();
    context.rect(left, top + 4, wide, 14);
    context.clip();
    context.strokeStyle = scene.colours.attention;
    context.lineWidth = 1.75;
    context.beginPath();
    // The hatch stands still in time's frame of the screen, so it does not crawl while panning.
    for (let at = Math.floor((left - 16) / 6) * 6; at < left + wide + 16; at += 6) {
      context.moveTo(at, top + 20);
      context.lineTo(at + 16, top + 4);
    }
    context.stroke();
    context.restore();
    context.strokeStyle = scene.colours.attention;
    context.lineWidth = 1;
    context.strokeRect(left + 0.5, top + 4.5, wide - 1, 13);
  },
  paused(context, scene, x, width, top) {
    context.strokeStyle = scene.colours.dim;
    context.lineWidth = 1;
    context.setLineDash([2, 3]);
    context.strokeRect(x + 0.5, top + 7.5, Math.max(width - 1, 2), 7);
    context.setLineDash([]);
  },
  gone(context, scene, x, width, top) {
    context.fillStyle = scene.colours.faint;
    context.globalAlpha = 0.6;
    for (let at = Math.ceil(x / 8) * 8; at < x + width; at += 8) context.fillRect(at, top + 10, 2, 2);
    context.globalAlpha = 1;
  },
};

/** A pennant at each moment that was marked; where many lie together, one for a few pixels. */
function flags(context: CanvasRenderingContext2D, scene: Scene): void {
  context.fillStyle = scene.colours.event;
  const taken = new Set<string>();
  for (const { row, at_ms } of scene.bookmarks) {
    const x = Math.round(toPixel(scene.view, at_ms, scene.width));
    const top = RULER + row * ROW - scene.scroll;
    const place = `${row} ${Math.floor(x / 4)}`;
    if (x < -8 || x > scene.width + 8 || top < -ROW || top > scene.height || taken.has(place)) continue;
    taken.add(place);
    context.fillRect(x, top + 2, 1.5, ROW - 4);
    context.beginPath();
    context.moveTo(x, top + 2);
    context.lineTo(x + 8, top + 5.5);
    context.lineTo(x, top + 9);
    context.fill();
  }
}

/** A tint of the span that is marked, and a bracket at each end. */
function markedSpan(context: CanvasRenderingContext2D, scene: Scene): void {
  const { in_ms, out_ms } = scene.marked;
  const at = (ms: number | null) => (ms === null ? null : Math.round(toPixel(scene.view, ms, scene.width)));
  const [from, to] = [at(in_ms), at(out_ms)];
  context.fillStyle = scene.colours.accent;
  if (from !== null && to !== null && to > from) {
    context.globalAlpha = 0.16;
    context.fillRect(from, RULER, to - from, scene.height);
    context.globalAlpha = 1;
  }
  const bracket = (x: number, way: 1 | -1) => {
    context.fillRect(x - (way < 0 ? 2 : 0), RULER, 2, scene.height);
    context.fillRect(way > 0 ? x : x - 7, RULER, 7, 2);
    context.fillRect(way > 0 ? x : x - 7, scene.height - 2, 7, 2);
  };
  if (from !== null) bracket(from, 1);
  if (to !== null) bracket(to, -1);
}

function marks(context: CanvasRenderingContext2D, scene: Scene): void {
  const now = toPixel(scene.view, scene.now_ms, scene.width);
  context.strokeStyle = scene.colours.dim;
  context.lineWidth = 1;
  if (now >= 0 && now <= scene.width) {
    context.beginPath();
    context.moveTo(Math.round(now) + 0.5, RULER - 4);
    context.lineTo(Math.round(now) + 0.5, scene.height);
    context.stroke();
  }
  if (scene.cursor) {
    const x = Math.round(toPixel(scene.view, scene.cursor.at_ms, scene.width)) + 0.5;
    context.setLineDash([3, 3]);
    context.beginPath();
    context.moveTo(x, RULER - 4);
    context.lineTo(x, scene.height);
    context.stroke();
    context.setLineDash([]);
  }
  if (scene.head_ms === null) return;
  const head = Math.round(toPixel(scene.view, scene.head_ms, scene.width));
  if (head < -6 || head > scene.width + 6) return;
  context.fillStyle = scene.colours.accent;
  context.fillRect(head - 1, RULER - 6, 2, scene.height);
  context.beginPath();
  context.moveTo(head - 6, RULER - 8);
  context.lineTo(head + 6, RULER - 8);
  context.lineTo(head, RULER - 1);
  context.fill();
}
