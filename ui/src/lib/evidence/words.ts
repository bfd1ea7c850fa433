/** What is said of evidence bundles: how each stands, and who agreed. */

import type { Export } from "../api/types";

const STATES: Record<Export["state"], string> = {
  asked: "waits for a second person",
  refused: "refused",
  waiting: "begins soon",
  running: "is being made",
  stopped: "stopped",
  failed: "failed",
  done: "ready",
};

export function stateWords(one: Export): string {
  if (one.state === "running" && one.whole_bytes > 0 && one.done_bytes >= one.whole_bytes) return "is being signed, packed and checked";
  if (one.state === "done" && !one.url) return "written elsewhere, by a command";
  return STATES[one.state];
}

/** A sentence on the second person; empty where none was demanded. */
export function consentWords(one: Export): string {
  const second = one.decision;
  const why = second?.reason ? `: ${second.reason}` : "";
  switch (one.consent) {
    case "needed":
      return "It takes a second person's consent.";
    case "given":
      return `${second?.by || "Somebody"} agreed${why}.`;
    case "refused":
      return `${second?.by || "Somebody"} refused${why}.`;
    case "emergency":
      return reviewWords(one);
    case "not_needed":
      return "";
  }
}

function reviewWords(one: Export): string {
  const review = one.review;
  const why = review?.reason ? `: ${review.reason}` : "";
  if (!review) return one.overdue ? "Emergency, without consent. The review is overdue." : "Emergency, without consent. A second person has to review it.";
  return review.agreed ? `Emergency; ${review.by || "somebody"} reviewed and accepted it${why}.` : `Emergency; ${review.by || "somebody"} reviewed it and objected${why}.`;
}

/** From 0 to 1. */
export function share(one: Export): number {
  return one.whole_bytes > 0 ? Math.min(1, one.done_bytes / one.whole_bytes) : 0;
}
