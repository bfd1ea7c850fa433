/** Times and lengths as people say them. */

import { DAY, HOUR, MINUTE, SECOND } from "./view";
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

/** 'today', 'yesterday' or the day. */
export function dayNear(at_ms: number, zone: string, now_ms: number): string {
  const number = (ms: number) => {
    const at = civil(ms, zone);
    return Math.floor(Date.UTC(at.year, at.month - 1, at.day) / DAY);
  };
  const apart = number(now_ms) - number(at_ms);
  return apart === 0 ? "today" : apart === 1 ? "yesterday" : day(at_ms, zone, now_ms);
}

/** '14:32' today, 'Monday 14:32' within a week, 'Sun 8 Nov 14:32' before that. */
export function since(at_ms: number, zone: string, now_ms: number): string {
  const time = clock(at_ms, zone).slice(0, 5);
  const near = dayNear(at_ms, zone, now_ms);
  if (near === "today") return time;
  if (near === "yesterday") return `yesterday ${time}`;
  return now_ms - at_ms < 6 * DAY ? `${weekday(at_ms, zone)} ${time}` : `${near} ${time}`;
}

/** '0.4 s', '38 s', '3 min 20 s', '2 h 5 min', '4 days 3 h': two units at most. */
export function length(ms: number): string {
  if (ms < 10 * SECOND && Math.round(ms) % SECOND >= 50) return `${(Math.max(ms, 50) / SECOND).toFixed(1)} s`;
  const whole = Math.round(ms / SECOND) * SECOND;
  const units: [number, string][] = [
    [Math.floor(whole / DAY), Math.floor(whole / DAY) === 1 ? "day" : "days"],
    [Math.floor((whole % DAY) / HOUR), "h"],
    [Math.floor((whole % HOUR) / MINUTE), "min"],
    [Math.floor((whole % MINUTE) / SECOND), "s"],
  ];
  while (units.length > 1 && units[0]?.[0] === 0) units.shift();
  const said = units.slice(0, 2).filter(([count]) => count > 0);
  return said.map(([count, unit]) => `${count} ${unit}`).join(" ") || "0 s";
}
