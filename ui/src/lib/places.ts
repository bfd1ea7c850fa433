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
  { name: "devices", icon: "label", label: "Devices", title: "Devices: who made them" },
  { name: "add", icon: "in", label: "Add cameras", title: "Add cameras" },
  { name: "log", icon: "log", label: "Log", title: "Log: who looked, and who changed what" },
] as const satisfies readonly PlaceInfo[];

export type PlaceName = (typeof PLACES)[number]["name"];

export function isPlace(name: string): name is PlaceName {
  return PLACES.some((each) => each.name === name);
}
