/** Where a ruler has marks, and what stands beside them. */

import { DAY, HOUR, MINUTE, SECOND, span, type View } from "./view";
import { civil, fromCivil, offset_ms, offsetWords, type Civil } from "./zone";

export interface Tick {
  at_ms: number;
  label: string;
  /** A day begins here, or the year. */
  strong: boolean;
}

const STEPS = [
  100, 200, 500,
  SECOND, 2 * SECOND, 5 * SECOND, 10 * SECOND, 15 * SECOND, 30 * SECOND,
  MINUTE, 2 * MINUTE, 5 * MINUTE, 10 * MINUTE, 15 * MINUTE, 30 * MINUTE,
  HOUR, 2 * HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR,
  DAY, 2 * DAY, 7 * DAY, 14 * DAY,
];
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const WEEKDAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];

const two = (value: number) => String(value).padStart(2, "0");

export function stepFor(view: View, width: number, apart_px: number): number {
  const least = (span(view) / Math.max(1, width)) * apart_px;
  return STEPS.find((step) => step >= least) ?? 30 * DAY;
}

export function ticks(view: View, width: number, zone: string, apart_px = 84): Tick[] {
  const step = stepFor(view, width, apart_px);
  if (step >= DAY) return dayTicks(view, step / DAY, zone);
  return step >= HOUR ? hourTicks(view, step / HOUR, zone) : shortTicks(view, step, zone);
}

function dayName(at: Civil): string {
  return `${WEEKDAYS[new Date(Date.UTC(at.year, at.month - 1, at.day)).getUTCDay()]} ${at.day}`;
}

function dayTicks(view: View, days: number, zone: string): Tick[] {
  const found: Tick[] = [];
  const start = civil(view.from_ms, zone);
  let number = Math.floor(Date.UTC(start.year, start.month - 1, start.day) / DAY);
  // Counted from a Monday, so that steps of seven days fall on Mondays.
  if (days > 1) number -= (((number - 4) % days) + days) % days;
  for (;;) {
    const day = new Date(number * DAY);
    const at: Civil = {
      year: day.getUTCFullYear(), month: day.getUTCMonth() + 1, day: day.getUTCDate(), hour: 0, minute: 0, second: 0,
    };
    const at_ms = fromCivil(at, zone);
    if (at_ms > view.to_ms) return found;
    if (at_ms >= view.from_ms) {
      const label = days === 1 ? dayName(at) : `${at.day} ${MONTHS[at.month - 1]}`;
      found.push({ at_ms, label, strong: days === 1 ? at.day === 1 : at.day <= days && at.month === 1 });
    }
    number += days;
  }
}

function hourTicks(view: View, hours: number, zone: string): Tick[] {
  const found: Tick[] = [];
  // Whole local hours lie on whole hours of UTC, save for the zones that are off by a part of one.
  const part = ((offset_ms(view.from_ms, zone) % HOUR) + HOUR) % HOUR;
  let at_ms = Math.ceil((view.from_ms + part) / HOUR) * HOUR - part;
  for (; at_ms <= view.to_ms; at_ms += HOUR) {
    const at = civil(at_ms, zone);
    if (at.minute !== 0 || at.hour % hours !== 0) continue;
    const midnight = at.hour === 0;
    const label = midnight ? dayName(at) : `${two(at.hour)}:00${again(at_ms, zone)}`;
    found.push({ at_ms, label, strong: midnight });
  }
  return found;
}

function shortTicks(view: View, step: number, zone: string): Tick[] {
  const found: Tick[] = [];
  let offset = offset_ms(view.from_ms, zone);
  let at_ms = Math.ceil((view.from_ms + offset) / step) * step - offset;
  while (at_ms <= view.to_ms) {
    const now = offset_ms(at_ms, zone);
    if (now !== offset) {
      const aligned = Math.ceil((at_ms + now) / step) * step - now;
      offset = now;
      at_ms = aligned;
      continue;
    }
    const at = civil(at_ms, zone);
    const midnight = at.hour + at.minute + at.second === 0 && at_ms % SECOND === 0;
    const label = midnight ? dayName(at) : shortLabel(at, at_ms, step) + again(at_ms, zone);
    found.push({ at_ms, label, strong: midnight });
    at_ms += step;
  }
  return found;
}

/** What tells an hour that clocks show a second time from the first. */
function again(at_ms: number, zone: string): string {
  return offset_ms(at_ms - HOUR, zone) > offset_ms(at_ms, zone) ? ` ${offsetWords(at_ms, zone)}` : "";
}

function shortLabel(at: Civil, at_ms: number, step: number): string {
  const minutes = `${two(at.hour)}:${two(at.minute)}`;
  if (step >= MINUTE) return minutes;
  if (step >= SECOND) return `${minutes}:${two(at.second)}`;
  return `${two(at.second)}.${Math.floor((((at_ms % SECOND) + SECOND) % SECOND) / 100)}`;
}
