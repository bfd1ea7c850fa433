/** What the cameras' pages say; times and numbers come from the recorder. */

import type { Camera, CameraDetail, ScheduleSpan } from "../api/types";
import { causeSentence } from "../causes";
import { length, since } from "../time/words";

export const PLACES = [
  ["ordinary", "None of these"], ["place_of_worship", "A place of worship"], ["union", "A union"], ["clinic", "A clinic"],
  ["protest", "A place of protest"],
] as const;
export const DAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"] as const;
export const LEGAL_BASES = [
  "Legitimate interests (GDPR Art. 6(1)(f))", "A task in the public interest (GDPR Art. 6(1)(e))", "A legal obligation (GDPR Art. 6(1)(c))",
];
const PURPOSES = ["Preventing and proving theft", "Safety at an entrance", "Protecting people at work", "Watching a machine or a process"];
export const PURPOSE_EXAMPLES = PURPOSES;

export const placeName = (place: string) => PLACES.find(([key]) => key === place)?.[1] ?? place;

/** 'records', 'no picture since 11:04', 'paused until 18:00': after the camera's name. */
export function standing(camera: Camera, zone: string, now_ms: number): string {
  const { state, cause, since_ms, until_ms } = camera.now;
  const from = since_ms === null ? "" : ` since ${since(since_ms, zone, now_ms)}`;
  if (state === "recording") return `records${from}`;
  if (cause === "disabled") return `switched off${from}`;
  if (state === "paused") return `paused${until_ms === null ? from : ` until ${since(until_ms, zone, now_ms)}`}`;
  return `no picture${from}`;
}

/** The sentence over all cameras. */
export function overall(cameras: Camera[], zone: string, now_ms: number): string {
  const lost = cameras.filter((camera) => camera.now.state === "gap");
  const still = cameras.filter((camera) => camera.now.state === "paused").length;
  const set = cameras.length === 1 ? "1 camera" : `${cameras.length} cameras`;
  const first = lost[0];
  if (first) {
    const others = lost.length > 1 ? ` ${lost.length - 1} more ${lost.length === 2 ? "is" : "are"} not recorded.` : "";
    return `${first.name}: ${standing(first, zone, now_ms)}. ${causeSentence(first.now.cause)}${others}`;
  }
  if (still === cameras.length) return `${set}, none recorded: all are paused or off.`;
  if (still) return `${set}: ${cameras.length - still} recorded, ${still} paused or off.`;
  return cameras.length === 1 ? "The camera is recorded." : `All ${set} are recorded.`;
}

export const resolution = (width: number | null, height: number | null) => (width && height ? `${width}×${height}` : "");

const CODECS: Record<string, string> = { h264: "H.264", h265: "H.265", mjpeg: "MJPEG" };
export const codecName = (codec: string | null) => (codec ? (CODECS[codec] ?? codec) : "");

/** '2.1 Mb/s'. */
export function rate(bits: number | null): string {
  if (bits === null) return "";
  return bits >= 1e6 ? `${(bits / 1e6).toFixed(1)} Mb/s` : `${Math.round(bits / 1e3)} kb/s`;
}

/** '3.2 GB', as disks are sold. */
export function size(bytes: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let at = 0;
  while (bytes >= 999.5 && at < units.length - 1) {
    bytes /= 1000;
    at += 1;
  }
  return `${bytes.toFixed(at === 0 || bytes >= 99.95 ? 0 : 1)} ${units[at]}`;
}

/** '72 h' up to three days, then days. */
export const hours = (count: number) => (count % 24 === 0 && count > 72 ? `${count / 24} days` : `${count} h`);

const minute = (of: number) => `${String(Math.floor(of / 60)).padStart(2, "0")}:${String(of % 60).padStart(2, "0")}`;

/** 'Mon–Fri 07:00–16:00'. */
export function spanWords(span: ScheduleSpan): string {
  const days = [...span.days].sort((a, b) => a - b);
  const runs: number[][] = [];
  for (const day of days) {
    const last = runs.at(-1);
    if (last && last.at(-1) === day - 1) last.push(day);
    else runs.push([day]);
  }
  const words = runs.map((run) => (run.length > 2 ? `${DAYS[run[0] ?? 0]}–${DAYS[run.at(-1) ?? 0]}` : run.map((day) => DAYS[day]).join(", ")));
  const next = span.to_min < span.from_min ? " the next day" : "";
  return `${days.length === 7 ? "Every day" : words.join(", ")} ${minute(span.from_min)}–${minute(span.to_min)}${next}`;
}

/** The minute of the day that '07:30' is; null for what is none. */
export function minuteOf(text: string): number | null {
  const match = /^([01]?\d|2[0-4]):([0-5]\d)$/.exec(text.trim());
  if (!match) return null;
  const found = Number(match[1]) * 60 + Number(match[2]);
  return found <= 1440 ? found : null;
}
export const clockOf = minute;

/** What the sign says while nobody has written it: a draft, to be completed by who runs the camera. */
export function signDraft(detail: CameraDetail): string {
  const { statement } = detail;
  const longest = Math.max(...detail.streams.map((stream) => stream.retention_h));
  return [
    "VIDEO RECORDING",
    statement.purpose ? `Purpose: ${statement.purpose}` : "Purpose: …",
    statement.legal_basis ? `Legal basis: ${statement.legal_basis}` : "Legal basis: …",
    `Kept for ${hours(longest)}, then erased. Sound is ${detail.camera.sound ? "" : "not "}recorded.`,
    "Run by: …",
    "Questions, and requests to see or erase what was recorded of you: …",
  ].join("\n");
}

/** 'right to a second', '3 s ahead', '2 min behind': a camera's clock beside the recorder's. */
export function clock(offset_s: number | null): string {
  if (offset_s === null) return "it does not say";
  const apart = Math.abs(offset_s);
  if (apart < 1) return "right to a second";
  return `${length(apart * 1000)} ${offset_s > 0 ? "ahead" : "behind"}`;
}
