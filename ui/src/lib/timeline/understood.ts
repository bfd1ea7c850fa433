/** How the footage on the screen was understood: looked at, quiet, or not looked at and why; how much moved; what was found. */

import type { Understood, UnderstoodSpan } from "../api/types";
import { length } from "../time/words";

const CAUSES: Record<NonNullable<UnderstoodSpan["cause"]>, string> = {
  overload: "more was to be seen than this machine can", no_analyst: "the process that looks was not there", unreadable: "its pictures could not be decoded",
  off: "it is switched off", not_told: "nobody said anything of it",
};

/** 'rules found something; something moved', 'not looked at: it is switched off'; empty where it was looked at and nothing was there. */
export function understoodWords(of: Understood | null | undefined, at_ms: number, slack_ms: number): string {
  const near = (each: { from_ms: number; to_ms: number }) => at_ms >= each.from_ms - slack_ms && at_ms < each.to_ms + slack_ms;
  const found = of?.events.filter(near).reduce((sum, each) => sum + each.count, 0) ?? 0;
  const said = found ? `rules found something${found > 1 ? ` ${found} times` : ""}` : "";
  const skipped = of?.spans.find((each) => each.state === "skipped" && near(each));
  if (skipped) return [said, `not looked at for ${length(skipped.skipped_ms)}${skipped.cause ? `: ${CAUSES[skipped.cause]}` : ""}`].filter(Boolean).join("; ");
  const moves = of?.density.some((each) => at_ms >= each.from_ms && at_ms < each.from_ms + of.bucket_ms);
  return said || (moves ? "something moved" : "");
}
