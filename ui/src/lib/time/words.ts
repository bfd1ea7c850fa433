/** Times and lengths as people say them. */

import { DAY, HOUR, MINUTE, SECOND, span, type View } from "./view";
import { civil } from "./zone";

const WEEKDAYS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const two = (value: number) => String(value).padStart(2, "0");

/** '14:32:07', with `places` of a second behind it. */
export function clock(at_ms: number, zone: string, places = 0): string {
  const at = civil(at_ms, zone);
  const text = `${two(at.hour)}:${two(at.minute)}:${two(at.second)}`;
  if (places === 0) return text;
  const rest = String(Math.floor(((at_ms % SECOND) + SECOND) % SECOND)).padStart(3, "0");
  return `${text}.${rest.slice(0, places)}`;
}

export function weekday(at_ms: number, zone: string): string {
  const at = civil(at_ms, zone);
  return WEEKDAYS[new Date(Date.UTC(at.year, at.month - 1, at.day)).getUTCDay()] ?? "";
}

/** 'Sun 22 Nov'; the year only where it is another one. */
export function day(at_ms: number, zone: string, now_ms: number): string {
  const at = civil(at_ms, zone);
  const year = at.year === civil(now_ms, zone).year ? "" : ` ${at.year}`;
  return `${weekday(at_ms, zone).slice(0, 3)} ${at.day} ${MONTHS[at.month - 1]}${year}`;
}

/** 'Sun 8 Nov 14:32'; the year only where it is another one. */
export function moment(at_ms: number, zone: string, now_ms: number): string {
  return `${day(at_ms, zone, now_ms)} ${clock(at_ms, zone).slice(0, 5)}`;
}

/** 'today', 'yesterday' or the day. */
export function dayNear(at_ms: number, zone: string, now_ms: number): string {
  const number = (ms: number) => {
    const at = civil(ms, zone);
    return Math.floor(Date.UTC(at.year, at.month - 1, at.day) / DAY);
  };
  const apart = number(now_ms) - number(at_ms);
  return apart === 0 ? "today" : apart === 1 ? "yesterday" : day(at_ms, zone, now_ms);
}

/** What a view shows: 'Everything since 14:02', 'The last 6 h', 'yesterday 14:00 – 16:00'. */
export function shown(view: View, zone: string, now_ms: number): string {
  const near = now_ms >= view.from_ms && now_ms <= view.to_ms;
  if (near && view.to_ms - now_ms < span(view) * 0.07) return `The last ${length(span(view), 1)}`;
  const places = span(view) < 10 * SECOND ? 3 : 0;
  const cut = span(view) > 30 * MINUTE ? 5 : undefined;
  const time = (at_ms: number) => clock(at_ms, zone, places).slice(0, cut);
  const [from, to] = [dayNear(view.from_ms, zone, now_ms), dayNear(view.to_ms, zone, now_ms)];
  if (span(view) > 3 * DAY) return `${from} – ${near ? "now" : to}`;
  return `${from} ${time(view.from_ms)} – ${near ? "now" : `${from === to ? "" : `${to} `}${time(view.to_ms)}`}`;
}

/** '14:32' today, 'Monday 14:32' within a week, 'Sun 8 Nov 14:32' before that. */
export function since(at_ms: number, zone: string, now_ms: number): string {
  const time = clock(at_ms, zone).slice(0, 5);
  const near = dayNear(at_ms, zone, now_ms);
  if (near === "today") return time;
  if (near === "yesterday") return `yesterday ${time}`;
  return now_ms - at_ms < 6 * DAY ? `${weekday(at_ms, zone)} ${time}` : `${near} ${time}`;
}

/** '0.4 s', '38 s', '3 min 20 s', '2 h 5 min', '4 days 3 h': `most` units of them. */
export function length(ms: number, most = 2): string {
  if (ms < 10 * SECOND && Math.round(ms) % SECOND >= 50) return `${(Math.max(ms, 50) / SECOND).toFixed(1)} s`;
  const whole = Math.round(ms / SECOND) * SECOND;
  const units: [number, string][] = [
    [Math.floor(whole / DAY), Math.floor(whole / DAY) === 1 ? "day" : "days"],
    [Math.floor((whole % DAY) / HOUR), "h"],
    [Math.floor((whole % HOUR) / MINUTE), "min"],
    [Math.floor((whole % MINUTE) / SECOND), "s"],
  ];
  while (units.length > 1 && units[0]?.[0] === 0) units.shift();
  const said = units.slice(0, most).filter(([count]) => count > 0);
  return said.map(([count, unit]) => `${count} ${unit}`).join(" ") || "0 s";
}
