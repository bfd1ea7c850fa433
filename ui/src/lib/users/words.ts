/** Rights in plain words. */

import type { Action, RightBody, Role } from "../api/types";

export const ROLES: Record<Role, { called: string; about: string }> = {
  viewer: { called: "Viewer", about: "Watches, live and recorded. Changes nothing." },
  operator: { called: "Operator", about: "Watches, moves cameras, takes clips; can be given a camera to look after." },
  investigator: { called: "Investigator", about: "Works on cases: exports evidence, and can be given pictures without masks." },
  admin: { called: "Admin", about: "Everything, on all cameras, and who else may come in." },
};

const WORDS: Partial<Record<Action, string>> = {
  live: "watch live",
  playback: "watch recordings",
  sound: "hear sound",
  ptz: "move the camera",
  clip: "take clips",
  export: "export evidence",
  configure: "change and pause the camera",
  unmask: "see without masks",
  hold: "hold recordings",
  erase: "ask for and approve erasures",
  handle_requests: "handle requests of people who were filmed",
  see_fleet: "see devices of the network",
  state_fleet: "state facts of devices",
  scan_network: "look around in the network",
  read_numbers: "read numbers, for monitors",
  read_health: "read the recorder’s health",
  read_log: "read who looked",
  see_system: "see the system",
};

/** The order in which actions are listed and ticked. */
export const ACTIONS: Action[] = ["live", "playback", "sound", "ptz", "clip", "export", "configure", "unmask", "hold", "erase"];

export const actionWords = (action: Action): string => WORDS[action] ?? action.replaceAll("_", " ");

export function listed(words: string[]): string {
  return words.length < 2 ? (words[0] ?? "") : `${words.slice(0, -1).join(", ")} and ${words.at(-1)}`;
}

export function spanWords(seconds: number): string {
  const [count, unit] = seconds % 86400 === 0 ? [seconds / 86400, "day"] : [Math.round(seconds / 360) / 10, "hour"];
  return count === 1 ? `last ${unit}` : `last ${count} ${unit}s`;
}

/** "Watch live and watch recordings: Hall and Gate, the last 24 hours." `when` says a moment. */
export function rightWords(right: RightBody, camera: (id: string) => string, when: (ms: number) => string): string {
  const actions = ACTIONS.filter((each) => right.actions.includes(each)).map(actionWords);
  const places = [...(right.groups ?? []).map((each) => `all of “${each}”`), ...(right.cameras ?? []).map(camera)];
  let text = `${listed(actions)}: ${right.everywhere ? "all cameras" : listed(places)}`;
  if (right.back_s) text += `, the ${spanWords(right.back_s)}`;
  if (right.from_ms) text += `, from ${when(right.from_ms)}`;
  if (right.to_ms) text += `, before ${when(right.to_ms)}`;
  if (right.expires_ms) text += ` (until ${when(right.expires_ms)})`;
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}

/** A moment as an input of type datetime-local has it, in the browser's own time. */
export function typed(ms: number | null | undefined): string {
  if (ms === null || ms === undefined) return "";
  const local = new Date(ms - new Date(ms).getTimezoneOffset() * 60_000);
  return local.toISOString().slice(0, 16);
}

export const untyped = (text: string): number | null => (text ? new Date(text).getTime() : null);
