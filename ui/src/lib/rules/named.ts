/** Which things get no name on this recorder, and what that means, in plain words. */

import type { NamingInfo, ObjectClass } from "../api/types";
import { listed, THINGS } from "./words";

/** In a rule that is written, in those of a camera, in a search. */
export type Asker = "rule" | "rules" | "search";

/** Those of the kinds that nothing names here now. That something moves needs no name. */
export function nameless(kinds: readonly ObjectClass[], info: NamingInfo | null): ObjectClass[] {
  if (!info || info.state === "unknown" || info.state === "off") return [];
  return kinds.filter((kind) => kind !== "moving" && !info.kinds.includes(kind));
}

/** Whether a rule about these kinds can tell of nothing at all. */
export function isMute(kinds: readonly ObjectClass[], info: NamingInfo | null): boolean {
  return info?.state === "off" || (kinds.length > 0 && nameless(kinds, info).length === kinds.length);
}

/** What it means, and what there is to do at once; null where there is nothing to say. */
export function namelessWords(kinds: readonly ObjectClass[], info: NamingInfo | null, asker: Asker): { means: string; instead: string } | null {
  if (info?.state === "off") {
    const means = "Nothing is looked at on this recorder: it was started with WATCHGLASS_ANALYSIS=false.";
    return { means, instead: asker === "search" ? "Only what was found before is here." : "No rule tells of anything until that is taken away." };
  }
  const missing = nameless(kinds, info);
  if (!missing.length) return null;
  const all = missing.length === kinds.length;
  const [things, either] = [listed(missing.map((kind) => THINGS[kind][1])), listed(missing.map((kind) => THINGS[kind][1]), "or")];
  const why = info?.state === "no_model" ? "There is no model here, and without one nothing that is seen has a name" : `The model here has no name for ${either}`;
  const means: Record<Asker, string> = {
    rule: all ? `${why}: this rule never fires.` : `${why}: this rule never fires for ${things}.`,
    rules: `${why}: a rule about ${either} alone never fires.`,
    search: all ? `${why}: nothing is found but what was named earlier.` : `${why}: ${things} are not found, but those that were named earlier.`,
  };
  const instead: Record<Asker, string> = {
    rule: all ? "Untick all kinds, and it fires for whatever moves." : "",
    rules: "One about no kind in particular fires for whatever moves.",
    search: "",
  };
  return { means: means[asker], instead: instead[asker] };
}
