/** What a line of the log says, in words. Words that are not known here are shown as they are. */

import type { LogLine } from "../api/types";

const DID: Record<string, string> = {
  signed_in: "signed in",
  signed_out: "signed out",
  sign_in_failed: "a sign-in failed",
  session_ended: "ended a session",
  user_changed: "changed a user",
  token_changed: "changed a token",
  camera_added: "added",
  camera_removed: "removed",
  camera_enabled: "resumed",
  camera_paused: "paused",
  camera_changed: "changed",
  device: "put another device in the place of",
  sound_changed: "switched sound of",
  mask_changed: "changed the masks of",
  area_changed: "changed the zones and lines of",
  rule_changed: "changed the rules of",
  reviewed: "reviewed what happened before",
  alarm_changed: "dealt with an alarm of",
  analysed: "had the past looked at again of",
  clip: "took a clip of",
  export_begun: "began an evidence bundle",
  evidence: "dealt with an evidence bundle of",
  exported: "had an evidence bundle signed",
  hold_set: "put a hold on",
  hold_lifted: "lifted a hold on",
  erasure_changed: "asked for, refused or withdrew an erasure of",
  erasure_ordered: "had something erased of",
  request_changed: "dealt with a person’s request about",
  statement_signed: "had a receipt signed",
  retention_changed: "changed how long recordings are kept",
  names_kept: "changed how long names are kept",
  country_stated: "stated the country",
  backed_up: "made a backup",
  setting_changed: "changed a setting",
  steered: "moved",
  searched: "searched",
  scanned: "had a network looked at",
  reported: "had a report written",
  stamped: "an authority stamped what was signed",
  clock_went_ahead: "found the clock more than a day ahead, and deletes nothing by its date for a day",
  events_lost: "found the database of what rules found damaged, and began another",
  log_read: "read this log",
  log_checked: "checked this log",
};

const HOW: Record<string, string> = {
  live: "watched live", clip: "took a clip of", evidence: "took evidence of",
  redacted: "had a redacted copy made of",
};

/** 'watched live', 'signed in': what was done, without who did it, and to which camera. */
export function did(line: LogLine): string {
  if (line.what !== "looked") return DID[line.what] ?? line.what.replaceAll("_", " ");
  const how = HOW[line.how ?? ""] ?? "played back";
  return line.unmasked ? `${how}, without masks,` : how;
}

/** Who it was. */
export function who(line: LogLine): string {
  if (line.by !== null) return line.by;
  return line.by_erased ? "name erased" : "nobody known";
}

/** Kinds that are asked for together. */
export const KINDS: readonly { name: string; label: string; what: readonly string[] }[] = [
  { name: "", label: "Everything", what: [] },
  { name: "looks", label: "Looks", what: ["looked", "clip", "export_begun", "exported", "evidence", "searched", "reviewed", "alarm_changed", "analysed"] },
  { name: "doors", label: "Sign-ins", what: ["signed_in", "signed_out", "sign_in_failed", "session_ended", "user_changed", "token_changed"] },
  {
    name: "changes",
    label: "Changes",
    what: [
      "camera_added", "camera_removed", "camera_enabled", "camera_paused", "camera_changed", "device", "sound_changed", "mask_changed", "area_changed",
      "rule_changed", "hold_set",
      "hold_lifted", "retention_changed", "names_kept", "country_stated", "backed_up", "setting_changed", "steered", "scanned", "reported", "stamped", "events_lost", "clock_went_ahead",
    ],
  },
  { name: "reading", label: "Reading this", what: ["log_read", "log_checked"] },
];

/** Lines that are not there yet; a look that went on is kept in its last state. */
export function joined(known: readonly LogLine[], more: readonly LogLine[]): LogLine[] {
  const ids = new Set(known.map((line) => line.id ?? `n${line.n}`));
  return [...known, ...more.filter((line) => !ids.has(line.id ?? `n${line.n}`))];
}

const TOGETHER_MS = 10_000;

/** Looks that somebody took at several cameras at once, such as a wall that opens, belong together. */
export function together(lines: readonly LogLine[]): LogLine[][] {
  const groups: LogLine[][] = [];
  for (const line of lines) {
    const group = groups.at(-1);
    const first = group?.[0];
    if (group && first && alike(first, line)) group.push(line);
    else groups.push([line]);
  }
  return groups;
}

function alike(first: LogLine, line: LogLine): boolean {
  const plain = (each: LogLine) => each.what === "looked" && each.by !== null && !each.unmasked;
  return plain(first) && plain(line) && first.by === line.by && first.how === line.how && first.at_ms - line.at_ms < TOGETHER_MS;
}
