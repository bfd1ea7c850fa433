/** The places of the page, in the order of the rail: what is looked at most comes first. */

import type { IconName } from "./parts/Icon.svelte";

export interface PlaceInfo {
  /** What the address says behind '#'; empty for the wall. */
  name: string;
  icon: IconName;
  label: string;
  title: string;
}

export const PLACES = [
  { name: "", icon: "wall", label: "Wall", title: "Wall: live, and the timeline" },
  { name: "cameras", icon: "camera", label: "Cameras", title: "Cameras: how each one does, and what it is for" },
  { name: "devices", icon: "label", label: "Devices", title: "Devices: who made them" },
  { name: "add", icon: "in", label: "Add cameras", title: "Add cameras" },
  { name: "notices", icon: "bell", label: "Notices", title: "Notices: what you should know" },
  { name: "log", icon: "log", label: "Log", title: "Log: who looked, and who changed what" },
  { name: "system", icon: "gauge", label: "System", title: "System: processes, disks, queues, log" },
] as const satisfies readonly PlaceInfo[];

export type PlaceName = (typeof PLACES)[number]["name"];

export function isPlace(name: string): name is PlaceName {
  return PLACES.some((each) => each.name === name);
}
