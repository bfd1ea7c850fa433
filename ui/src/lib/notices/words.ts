/** What kinds of notices are called, and what a way was chosen for. */

import type { WayInfo } from "../api/types";
import { clockOf } from "../cameras/words";

export const KINDS = [
  ["camera_offline", "A camera is not recorded"], ["gap_limit", "Much of a camera is missing"], ["disk_filling", "A disk holds too little"],
  ["disk_failed", "A disk fails, or is gone"], ["keeper_down", "The keeper says nothing"], ["recorder_restarted", "Something was started again"],
  ["backup_due", "A backup is due"], ["certificate_ends", "The page's certificate ends"], ["camera_contact", "A camera talks to somebody new"], ["request_due", "A person’s request is to be answered"], ["export_unreviewed", "An emergency export is not reviewed"], ["review", "A rule found something"],
] as const;

export const kindName = (kind: string) => KINDS.find(([key]) => key === kind)?.[1] ?? kind.replaceAll("_", " ");

export function chosen(way: WayInfo): string {
  const kinds = way.kinds.length ? way.kinds.map(kindName).join("; ") : "Every kind of notice";
  const picture = way.picture ? ", with pictures" : "";
  const spans = way.quiet.spans.length;
  const quiet = spans ? `; quiet hours ${way.quiet.spans.map((each) => `${clockOf(each.from_min)}–${clockOf(each.to_min)}`).join(", ")} (${way.quiet.zone})` : "";
  return `${kinds}${picture}${quiet}.`;
}
