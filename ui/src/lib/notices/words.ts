/** What kinds of notices are called. */

export const KINDS = [
  ["camera_offline", "A camera is not recorded"], ["gap_limit", "Much of a camera is missing"], ["disk_filling", "A disk holds too little"],
  ["disk_failed", "A disk fails, or is gone"], ["keeper_down", "The keeper says nothing"], ["recorder_restarted", "Something was started again"],
  ["backup_due", "A backup is due"],
] as const;

export const kindName = (kind: string) => KINDS.find(([key]) => key === kind)?.[1] ?? kind.replaceAll("_", " ");
