/** What a camera's page says of its gate; the numbers come from the recorder. */

import type { Gate } from "../api/types";

export const PRIORITIES = ["Looked at as others", "A little longer than others", "Longer than others", "Longest of all"] as const;

const STATES: Record<Gate["state"], string> = {
  quiet: "Quiet", open: "Looked at", blind: "Probed", learning: "Learning", apart: "Set apart", off: "Not looked at", unknown: "Not known",
};

export const gateState = (gate: Gate) => STATES[gate.state];

/** What the state means, in a sentence. */
export function gateMeaning(gate: Gate): string {
  switch (gate.state) {
    case "quiet": return "The sizes of its packets tell that nothing moves; nothing is decoded.";
    case "open": return "Something may be moving: each picture of its small stream is decoded.";
    case "blind": return "The sizes of its packets tell nothing, as at a constant bit rate: its key frames are looked at, and everything while something moves.";
    case "learning": return "What is usual here is not known yet: everything is looked at for a while.";
    case "off": return "Somebody switched it off. It is recorded as before, and its timeline says so.";
    case "apart": return "Its pictures made the process that understands pictures crash: they are left alone for a while, and recorded all the same.";
    case "unknown": return "It is not recorded now, or nothing is looked at on this machine.";
  }
}

/** '2.4 %'; below a tenth of one, 'under 0.1 %'. */
export function share(of: number | null): string {
  if (of === null) return "none";
  const percent = of * 100;
  if (percent === 0) return "0 %";
  if (percent < 0.1) return "under 0.1 %";
  return `${percent < 10 ? percent.toFixed(1) : Math.round(percent)} %`;
}

/** What it missed by its own measure. */
export function missed(gate: Gate): string {
  if (!gate.checks) return "not measured yet: a quiet camera is looked at all the same some times an hour";
  const times = gate.checks === 1 ? "1 look" : `${gate.checks} looks`;
  const recall = gate.own_recall === null ? "" : `; ${share(gate.own_recall)} of all movement came through`;
  return `${gate.misses || "nothing"} in ${times} while it was quiet${recall}`;
}
