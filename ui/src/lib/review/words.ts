/** What was found, in plain words. */

import type { EventInfo, ReviewInfo, TamperInfo } from "../api/types";
import { listed, THINGS } from "../rules/words";

const TAMPERS: Record<TamperInfo["kind"], string> = {
  covered: "its view is covered", turned: "it was turned away", defocused: "it is out of focus", scene_changed: "it shows another scene",
};

export const tamperWords = (tamper: TamperInfo) => TAMPERS[tamper.kind];

/** 'a person', 'a person, crossing along the arrow': after the name of the rule. */
export function eventWords(event: EventInfo): string {
  const way = event.direction === "forward" ? ", along the arrow" : event.direction === "backward" ? ", against the arrow" : "";
  const does: Partial<Record<EventInfo["rule_kind"], string>> = { crossing: ` crossing${way}`, enter: " coming in", leave: " going out", loitering: " staying", crowding: " among many" };
  return `${THINGS[event.kind][0]}${does[event.rule_kind] ?? ""}`;
}

/** 'Somebody at the gate: a person', or what was done to the view. */
export function reviewWords(review: ReviewInfo): string {
  const rules = [...new Set(review.events.map((event) => event.rule_name))];
  const kinds = listed(review.kinds.map((kind) => THINGS[kind][0]));
  const tampers = review.tampers.map(tamperWords);
  if (!rules.length) return tampers.length ? capital(listed(tampers)) : "Something happened";
  return `${listed(rules)}: ${kinds}${tampers.length ? `; ${listed(tampers)}` : ""}`;
}

export const capital = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);

/** '3 things to look at', 'Nothing waits for you'. */
export function waitingWords(unseen: number, alarms: number): string {
  if (alarms) return `${alarms === 1 ? "One alarm waits" : `${alarms} alarms wait`} for somebody.`;
  if (unseen) return unseen === 1 ? "One thing to look at." : `${unseen} things to look at.`;
  return "Nothing waits for you.";
}
