/** Rules, zones and what they find, in plain words. */

import type { AreaInfo, AreaKind, Direction, ObjectClass, RuleInfo, RuleKind } from "../api/types";
import { spanWords } from "../cameras/words";
import { length } from "../time/words";

type Needs = "line" | "zone" | "zone or none" | "line or zone";

export const KINDS: Record<RuleKind, { called: string; about: string; needs: Needs }> = {
  crossing: { called: "A line is crossed", about: "Each time something crosses the line, in the direction you choose.", needs: "line" },
  enter: { called: "Something comes in", about: "When something comes into the zone from outside of it.", needs: "zone" },
  leave: { called: "Something goes out", about: "When something is seen leaving the zone. What is lost from sight did not leave.", needs: "zone" },
  motion: { called: "Something moves", about: "Whenever something moves in the zone, or anywhere in the picture.", needs: "zone or none" },
  counting: { called: "Count in and out", about: "Counts, and tells nobody: for charts and tables.", needs: "line or zone" },
  loitering: { called: "One thing stays", about: "When one thing stays longer than you say. It watches how people behave, so it needs a written purpose.", needs: "zone or none" },
  crowding: { called: "Many at once", about: "When so many are there at once. It watches how people behave, so it needs a written purpose.", needs: "zone or none" },
};

/** One of a kind, and many. */
export const THINGS: Record<ObjectClass, [string, string]> = {
  person: ["a person", "people"], bicycle: ["a bicycle", "bicycles"], motorcycle: ["a motorcycle", "motorcycles"],
  car: ["a car", "cars"], bus: ["a bus", "buses"], truck: ["a truck", "trucks"], train: ["a train", "trains"], boat: ["a boat", "boats"],
  bird: ["a bird", "birds"], cat: ["a cat", "cats"], dog: ["a dog", "dogs"], horse: ["a horse", "horses"], animal: ["an animal", "animals"],
  bag: ["a bag", "bags"], moving: ["something that moves", "what moves and has no name"],
};

export const AREAS: Record<AreaKind, { called: string; about: string }> = {
  zone: { called: "Zone", about: "A part of the picture that rules can be about." },
  line: { called: "Line", about: "Something crosses it forward along the arrow, or backward against it." },
  ignore: { called: "Ignored", about: "Nothing is looked at in it: a tree, a road behind the fence. It lasts until the day you say." },
};

const WAYS: Record<Direction, string> = { forward: " along the arrow", backward: " against the arrow", both: "" };

export function fits(rule: RuleKind, area: AreaKind): boolean {
  return area !== "ignore" && KINDS[rule].needs.includes(area);
}

export function listed(words: readonly string[], last = "and"): string {
  return words.length < 2 ? (words[0] ?? "") : `${words.slice(0, -1).join(", ")} ${last} ${words.at(-1)}`;
}

/** 'People and cars crossing “Gate” along the arrow, Mon–Fri 22:00–06:00 the next day'. */
export function ruleWords(rule: Omit<RuleInfo, "id" | "off_why">, areas: readonly AreaInfo[]): string {
  const area = areas.find((each) => each.id === rule.area);
  const where = area ? ` “${area.name}”` : "";
  const things = rule.kinds?.length ? listed(rule.kinds.map((kind) => THINGS[kind][1])) : "anything";
  const stay = length((rule.dwell_s ?? 0) * 1000);
  const what: Record<RuleKind, string> = {
    crossing: `${things} crossing${where}${WAYS[rule.direction ?? "both"]}`,
    enter: `${things} coming into${where}`,
    leave: `${things} leaving${where}`,
    motion: `${things} moving${where ? ` in${where}` : ""}`,
    counting: `${things} counted ${area?.kind === "zone" ? "in" : "at"}${where}`,
    loitering: `${things} staying${where ? ` in${where}` : ""} for ${stay} and longer`,
    crowding: `${rule.count} ${things === "anything" ? "things" : things} or more at once${where ? ` in${where}` : ""}${rule.dwell_s ? ` for ${stay}` : ""}`,
  };
  const when = rule.spans?.length ? `, ${rule.spans.map(spanWords).join("; ")}` : "";
  const text = what[rule.kind] + when;
  return text.charAt(0).toUpperCase() + text.slice(1);
}
