/** What is said of redacted copies: how each stands, what is asked, and what was corrected. */

import type { CorrectionInfo, Redaction, RedactionFindings, RedactionQuestion, RedactionTrack, WholeCause } from "../api/types";
import { THINGS } from "../rules/words";
import { length } from "../time/words";

const STATES: Record<Redaction["state"], string> = {
  waiting: "begins soon",
  finding: "each picture is looked at",
  made: "waits for somebody to look at it",
  reviewed: "looked at, not written yet",
  writing: "is being written",
  written: "ready",
  failed: "failed",
};

export const stateWords = (one: Redaction): string => STATES[one.state];

/** Something is being made of it just now. */
export const goesOn = (one: Redaction): boolean => one.state === "waiting" || one.state === "finding" || one.state === "writing";

/** There is something to look at, and to correct. */
export const isFound = (one: Redaction): boolean => one.state === "made" || one.state === "reviewed" || one.state === "written";

/** 'Person 3', by the number that the command tells, too. */
export function trackName(track: Pick<RedactionTrack, "kind" | "number">): string {
  const name = track.kind === "moving" ? "thing" : THINGS[track.kind][0].replace(/^an? /, "");
  return `${name.charAt(0).toUpperCase()}${name.slice(1)} ${track.number}`;
}

const CAUSES: Record<WholeCause, string> = {
  no_model: "There is no model here to find anybody with",
  quiet: "Nothing was looked at here when it was recorded: the sizes of packets alone told that it was quiet",
  not_analysed: "Nothing was looked at here when it was recorded",
  failed: "The model failed here, or took too long",
  too_many: "More was found here than can be told apart",
  lost: "Something was seen before or after, and may be anywhere here",
  person: "Somebody had all of it hidden here",
};

/** Why all of a picture is hidden, in a sentence. */
export const causeWords = (cause: WholeCause): string => `${CAUSES[cause]}: all of it is hidden.`;

/** What somebody should look at, in a sentence or two. */
export function questionWords(asked: RedactionQuestion, track: RedactionTrack | undefined): string {
  if (asked.doubt === "whole") return asked.cause ? causeWords(asked.cause) : "All of it is hidden here.";
  const who = track ? trackName(track) : "A track";
  switch (asked.doubt) {
    case "begins":
      return track?.stays ? `${who} stays visible, and begins here, in the midst of the picture. Is it another before?` : `${who} begins here, in the midst of the picture. If it was there before, draw a box over it.`;
    case "ends":
      return track?.stays ? `${who} stays visible, and ends here, in the midst of the picture. Does it go on as another?` : `${who} ends here, in the midst of the picture. If it is still there, draw a box over it.`;
    case "met":
      return `${who} stays visible and meets another here: what goes on from here is hidden. Which of them is it?`;
    case "unsure":
      return `The model was never sure of ${who.charAt(0).toLowerCase()}${who.slice(1)}. ${track?.stays ? "It stays visible." : "It is hidden, unless you say that it stays."}`;
  }
}

/** So many milliseconds has each picture, on the average. */
export function pictureMs(one: Pick<Redaction, "from_ms" | "to_ms">, pictures: number): number {
  return pictures > 0 ? (one.to_ms - one.from_ms) / pictures : 0;
}

/** So many pictures are hidden as a whole. */
export function wholePictures(questions: readonly RedactionQuestion[]): number {
  return questions.reduce((sum, each) => sum + (each.doubt === "whole" ? each.last - each.first + 1 : 0), 0);
}

/** '2 stay visible, 5 are hidden, 4 s are hidden whole'. */
export function summary(found: RedactionFindings, picture_ms: number): string {
  const stay = found.tracks.filter((each) => each.stays).length;
  const hidden = found.tracks.length - stay;
  const whole = wholePictures(found.questions);
  const tracks = found.tracks.length ? `${stay} ${stay === 1 ? "stays" : "stay"} visible, ${hidden} ${hidden === 1 ? "is" : "are"} hidden` : "Nothing was found";
  const all = whole > 0 && whole === found.pictures ? "all of it is hidden whole" : whole ? `${length(whole * picture_ms)} hidden whole` : "no picture is hidden whole";
  return `${tracks}, ${all}.`;
}

/** Up to which picture something is to be done, from picture `at` on. */
export interface Until {
  label: string;
  last: number;
}

/** What can be chosen, nearest first; `end` is the last picture of what is asked, where that is asked. */
export function untils(at: number, end: number | null, pictures: number, picture_ms: number): Until[] {
  const most = pictures - 1;
  const on = (ms: number) => at + Math.max(1, Math.round(ms / Math.max(1, picture_ms))) - 1;
  const offered: Until[] = [
    { label: "in this picture", last: at },
    ...[1000, 5000, 30_000].map((ms) => ({ label: `for ${length(ms)}`, last: on(ms) })),
    ...(end === null ? [] : [{ label: "to the end of the question", last: end }]),
    { label: "to the end", last: most },
  ];
  const within = offered.filter((each) => each.last >= at && each.last <= most).sort((one, other) => one.last - other.last);
  return within.filter((each, index) => index === 0 || each.last !== within[index - 1]!.last);
}

/** Those that count: not undone, and no undoing; as the recorder reckons it. */
export function counting(corrections: readonly CorrectionInfo[]): CorrectionInfo[] {
  const undone = new Set<number>();
  for (const each of [...corrections].reverse()) if (each.kind === "undo" && !undone.has(each.number)) undone.add(each.of);
  return corrections.filter((each) => each.kind !== "undo" && !undone.has(each.number));
}

/** 'Person 3 stays visible', 'a box over pictures 1 to 20'. Pictures are counted from 1 for people. */
export function correctionWords(each: CorrectionInfo, tracks: readonly RedactionTrack[]): string {
  const track = tracks.find((one) => one.number === each.of);
  const who = track ? trackName(track) : `Track ${each.of}`;
  const where = each.first === each.last ? `picture ${each.first + 1}` : `pictures ${each.first + 1} to ${each.last + 1}`;
  switch (each.kind) {
    case "keep":
      return `${who} stays visible`;
    case "hide":
      return `${who} is hidden`;
    case "lift":
      return `${who} is not hidden in ${where}`;
    case "cover":
      return `A box over ${where}`;
    case "clear":
      return `Not hidden whole: ${where}`;
    case "whole":
      return `Hidden whole: ${where}`;
    case "undo":
      return `Correction ${each.of + 1} undone`;
  }
}

/** The picture to look at for what is asked: where something is seen. */
export const momentOf = (asked: RedactionQuestion): number => (asked.doubt === "begins" ? asked.last : asked.first);

/** Two corners as they were drawn, as left, top, right, bottom; null where nothing is between them. */
export function boxOf(corners: readonly (readonly number[])[]): [number, number, number, number] | null {
  const [[x0 = 0, y0 = 0] = [], [x1 = 0, y1 = 0] = []] = corners;
  const box: [number, number, number, number] = [Math.min(x0, x1), Math.min(y0, y1), Math.max(x0, x1), Math.max(y0, y1)];
  return box[2] - box[0] < 0.002 || box[3] - box[1] < 0.002 ? null : box;
}
