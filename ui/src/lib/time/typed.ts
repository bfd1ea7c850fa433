/** A time that somebody typed. */

import { DAY, HOUR, MINUTE, SECOND } from "./view";
import { civil, fromCivil } from "./zone";

const WEEKDAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
const MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const TIME = /^(?<before>.*?)(?:^|\s|,|t)\s*(?<hour>\d{1,2})[:.](?<minute>\d{2})(?:[:.](?<second>\d{2})(?:[.,](?<part>\d{1,3}))?)?$/;
const AGO = /^-\s*(\d+(?:\.\d+)?)\s*(s|sec|m|min|h|d|days?)$/;
const UNITS: Record<string, number> = { s: SECOND, sec: SECOND, m: MINUTE, min: MINUTE, h: HOUR, d: DAY, day: DAY, days: DAY };

interface Day {
  year: number;
  month: number;
  day: number;
}

/**
 * '14:32', '14:32:07.5', 'yesterday 9:05', 'mon 14:32', '2026-11-22 14:32', '22 Nov 14:32', '-10m'.
 * Null where it says no time. A time without a day is the last one that has been.
 */
export function typedTime(text: string, zone: string, now_ms: number): number | null {
  const said = text.trim().toLowerCase();
  const ago = AGO.exec(said);
  if (ago) return now_ms - Number(ago[1]) * (UNITS[ago[2] ?? ""] ?? 0);
  if (said === "now") return now_ms;
  const groups = TIME.exec(said)?.groups;
  if (!groups) return null;
  const hour = Number(groups.hour);
  const minute = Number(groups.minute);
  const second = Number(groups.second ?? 0);
  if (hour > 23 || minute > 59 || second > 59) return null;
  const part_ms = groups.part ? Number(groups.part.padEnd(3, "0")) : 0;
  const before = (groups.before ?? "").replace(/,/g, " ").trim();
  const on = (day: Day) => fromCivil({ ...day, hour, minute, second }, zone) + part_ms;
  if (before === "") {
    const today = on(dayOf(now_ms, 0, zone));
    return today <= now_ms ? today : on(dayOf(now_ms, 1, zone));
  }
  const day = typedDay(before, zone, now_ms);
  return day && on(day);
}

function dayOf(now_ms: number, back: number, zone: string): Day {
  const now = civil(now_ms, zone);
  const at = new Date(Date.UTC(now.year, now.month - 1, now.day - back));
  return { year: at.getUTCFullYear(), month: at.getUTCMonth() + 1, day: at.getUTCDate() };
}

function typedDay(said: string, zone: string, now_ms: number): Day | null {
  if (said === "today") return dayOf(now_ms, 0, zone);
  if (said === "yesterday") return dayOf(now_ms, 1, zone);
  const iso = /^(\d{4})-(\d{1,2})-(\d{1,2})$/.exec(said);
  if (iso) return real({ year: Number(iso[1]), month: Number(iso[2]), day: Number(iso[3]) });
  const words = said.split(/[\s.]+/).filter(Boolean);
  const weekday = WEEKDAYS.findIndex((name) => words[0]?.startsWith(name));
  if (weekday >= 0 && words.length === 1) {
    const now = civil(now_ms, zone);
    const today = new Date(Date.UTC(now.year, now.month - 1, now.day)).getUTCDay();
    return dayOf(now_ms, (today - weekday + 7) % 7, zone);
  }
  if (weekday >= 0) words.shift();
  const number = Number(words[0]);
  const named = MONTHS.findIndex((name) => words[1]?.startsWith(name)) + 1;
  const month = named || Number(words[1]);
  const year = words[2] ? Number(words[2]) : civil(now_ms, zone).year;
  if (!number || !month) return null;
  return real({ year, month, day: number });
}

function real(day: Day): Day | null {
  const at = new Date(Date.UTC(day.year, day.month - 1, day.day));
  return at.getUTCMonth() + 1 === day.month && at.getUTCDate() === day.day ? day : null;
}
