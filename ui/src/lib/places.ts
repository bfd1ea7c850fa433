/** The places of the page, in the order of the rail: what is looked at most comes first. */

import type { Action } from "./api/types";
import type { IconName } from "./parts/Icon.svelte";

export interface PlaceInfo {
  /** What the address says behind '#'; empty for the wall. */
  name: string;
  icon: IconName;
  label: string;
  title: string;
  /** Without this right there is nothing to see. */
  needs?: Action;
}

export const PLACES = [
  { name: "", icon: "wall", label: "Wall", title: "Wall: live, and the timeline" },
  { name: "review", icon: "review", label: "Review", title: "Review: what happened, and what waits for somebody" },
  { name: "search", icon: "look", label: "Search", title: "Search: what was seen, by time, place and way" },
  { name: "counts", icon: "chart", label: "Counts", title: "Counts: how many went in and out" },
  { name: "evidence", icon: "seal", label: "Evidence", title: "Evidence: bundles that others can check, who agreed, and redacted copies" },
  { name: "cameras", icon: "camera", label: "Cameras", title: "Cameras: how each one does, and what it is for" },
  { name: "rules", icon: "zone", label: "Rules", title: "Rules: zones, lines, and what you want to be told of" },
  { name: "devices", icon: "label", label: "Devices", title: "Devices: who made them", needs: "see_fleet" },
  { name: "add", icon: "in", label: "Add cameras", title: "Add cameras", needs: "add_camera" },
  { name: "notices", icon: "bell", label: "Notices", title: "Notices: what you should know", needs: "see_system" },
  { name: "requests", icon: "unseen", label: "Requests", title: "Requests: what is held, erased, and asked for by people who were filmed" },
  { name: "log", icon: "log", label: "Log", title: "Log: who looked, and who changed what", needs: "read_log" },
  { name: "system", icon: "gauge", label: "System", title: "System: processes, disks, queues, log", needs: "see_system" },
  { name: "users", icon: "people", label: "Users", title: "Users: who may do what", needs: "manage_users" },
  { name: "account", icon: "person", label: "My account", title: "My account: password, sessions, tokens" },
] as const satisfies readonly PlaceInfo[];

export type PlaceName = (typeof PLACES)[number]["name"];

export function isPlace(name: string): name is PlaceName {
  return PLACES.some((each) => each.name === name);
}
