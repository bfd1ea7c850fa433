/** Local time of a named zone, daylight saving included. */

export interface Civil {
  year: number;
  month: number;
  day: number;
  hour: number;
  minute: number;
  second: number;
}

const MINUTE = 60_000;
const formats = new Map<string, Intl.DateTimeFormat>();

export function systemZone(): string {
  return new Intl.DateTimeFormat().resolvedOptions().timeZone;
}

function format(zone: string): Intl.DateTimeFormat {
  let found = formats.get(zone);
  if (!found) {
    found = new Intl.DateTimeFormat("en-GB", {
      timeZone: zone,
      calendar: "gregory",
      numberingSystem: "latn",
      hourCycle: "h23",
      year: "numeric",
      month: "2-digit",
      day: "2-digit",
      hour: "2-digit",
      minute: "2-digit",
      second: "2-digit",
    });
    formats.set(zone, found);
  }
  return found;
}

export function civil(at_ms: number, zone: string): Civil {
  const found: Record<string, number> = {};
  for (const { type, value } of format(zone).formatToParts(at_ms)) found[type] = Number(value);
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = found;
  return { year, month, day, hour, minute, second };
}

/** How far local time is ahead of UTC at a moment. */
export function offset_ms(at_ms: number, zone: string): number {
  const at = Math.floor(at_ms / 1000) * 1000;
  const { year, month, day, hour, minute, second } = civil(at, zone);
  return Date.UTC(year, month - 1, day, hour, minute, second) - at;
}

/**
 * The moment at which clocks in the zone show this. Of two (an hour that is repeated) the first; for
 * none (an hour that is left out) the one that clocks would have shown without the change.
 */
export function fromCivil(at: Civil, zone: string): number {
  const local = Date.UTC(at.year, at.month - 1, at.day, at.hour, at.minute, at.second);
  const before = local - offset_ms(local - 24 * 60 * MINUTE, zone);
  if (before + offset_ms(before, zone) === local) return before;
  const after = local - offset_ms(local + 24 * 60 * MINUTE, zone);
  return after + offset_ms(after, zone) === local ? after : before;
}

/** '+1', '+5:30', '−3': how an hour that occurs twice is told apart. */
export function offsetWords(at_ms: number, zone: string): string {
  const minutes = Math.round(offset_ms(at_ms, zone) / MINUTE);
  const rest = Math.abs(minutes) % 60;
  const hours = Math.floor(Math.abs(minutes) / 60);
  return `${minutes < 0 ? "−" : "+"}${hours}${rest ? `:${String(rest).padStart(2, "0")}` : ""}`;
}
