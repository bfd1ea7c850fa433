/** Verdicts as short sentences. What devices say of themselves is set apart from our words by who shows it. */

import type { DeviceRow, DeviceView } from "../api/types";

type Told = Pick<DeviceRow, "origin" | "origin_name" | "certainty" | "making" | "imitates" | "hint">;

/** 'Hikvision, suspected': the origin in the list. */
export function origin(of: Told): string {
  if (of.making === "clone") return `Looks like ${of.imitates}`;
  if (!of.origin) return of.hint ? `Unknown, perhaps ${of.hint}` : "Unknown";
  return of.certainty === "certain" ? of.origin_name : `${of.origin_name}, suspected`;
}

/** The sentence above a device: who made it, and how sure that is. */
export function verdict(of: Told): string {
  if (of.making === "clone") return `It looks like a device of ${of.imitates}, and is not shown to be one.`;
  if (!of.origin) return of.hint ? `Who made it is unknown; a sign points to ${of.hint}.` : "Who made it is unknown.";
  if (of.certainty === "certain") return `Made by ${of.origin_name}, we are nearly sure.`;
  return `Made by ${of.origin_name}: suspected, not certain.`;
}

/** A sentence that stands by itself begins like one. */
export const upper = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);
export const spaced = (text: string) => text.replaceAll("_", " ");

export function kindName(kind: string): string {
  return kind === "unknown" ? "Unknown kind" : spaced(kind).replace(/^./, (first) => first.toUpperCase());
}

const ORGANISATIONS: Record<string, string> = {
  federal_agency: "a federal agency", defence_department: "a defence department", central_government: "a central government body",
  state_or_local: "a state or local body", public_school: "a public school", private_school: "a private school",
  health: "a health provider", company: "a company", home: "a home", other: "another body",
};
export const ORGANISATION_NAMES = Object.entries(ORGANISATIONS).map(([key, name]) => [key, name.replace(/^an? /, "").replace(/^./, (first) => first.toUpperCase())] as const);

/** 'a public school in US-OH with federal grants', or what is missing to say so. */
export function siteWords(profile: DeviceView["profile"]): string {
  const country = profile.country ?? "";
  const kind = ORGANISATIONS[profile.organisation ?? ""];
  if (!kind && !country) return "a site of which nothing is stated";
  const where = country ? ` in ${country}${profile.region ? `-${profile.region}` : ""}` : "";
  const money = [profile.federal_grants && "grants", profile.federal_contracts && "contracts"].filter(Boolean).join(" and ");
  return `${kind ?? "a site"}${where}${money ? ` with federal ${money}` : ""}`;
}
