/** What was found, as one chooses from it. */

import type { DeviceRow } from "../api/types";

export interface Login {
  user: string;
  password: string;
}

const CHANNEL = / channel (\d+)$/;

/** Whether a device says of itself that it has to do with cameras, or somebody made it who makes them. */
export function looksLikeCamera(row: DeviceRow): boolean {
  return row.kind !== "unknown" || row.origin !== "" || row.hint !== "" || row.label !== "" || row.making === "clone";
}

export const isChannel = (row: DeviceRow) => CHANNEL.test(row.address);

/** Cameras behind a recorder, in the order of its channels. */
export function channelRows(rows: DeviceRow[], recorder: DeviceRow): DeviceRow[] {
  const number = (row: DeviceRow) => Number(CHANNEL.exec(row.address)?.[1] ?? 0);
  return rows
    .filter((row) => isChannel(row) && row.address.replace(CHANNEL, "") === recorder.address)
    .sort((a, b) => number(a) - number(b));
}

const inNumbers = (a: DeviceRow, b: DeviceRow) => a.address.localeCompare(b.address, "en", { numeric: true });

/** Devices that this machine can reach: those that look like cameras, and the others. */
export function chosenFrom(rows: DeviceRow[]): [cameras: DeviceRow[], others: DeviceRow[]] {
  const reached = rows.filter((row) => row.here && !isChannel(row)).sort(inNumbers);
  return [reached.filter(looksLikeCamera), reached.filter((row) => !looksLikeCamera(row))];
}

/** What people call it, else what it is, with what tells it from its like. */
export function nameFor(row: DeviceRow): string {
  if (row.name && row.name !== row.address) return row.name;
  const channel = CHANNEL.exec(row.address)?.[1];
  const last = row.address.replace(CHANNEL, "").split(/[.:]/).at(-1) ?? "";
  const what = row.model || row.label || "Camera";
  return channel ? `${what} ${last}-${channel}` : `${what} ${last}`;
}

/** 'Sold as LTS, made by Hikvision, on a list': what one should know before one records it. */
export function told(row: DeviceRow): string {
  const made = row.making === "clone" ? `looks like ${row.imitates}` : row.origin ? `made by ${row.origin_name}${row.certainty === "certain" ? "" : ", suspected"}` : "";
  const label = row.label && row.label !== row.origin_name ? `sold as ${row.label}` : "";
  const parts = [label, made, row.listed ? "on a list" : ""].filter(Boolean);
  const text = parts.join(", ") || (row.hint ? `perhaps made by ${row.hint}` : "who made it is not known");
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** An address as people paste it: without user and password, which are given back apart. */
export function split(text: string): { url: string; user: string; password: string } {
  const found = /^((?:rtsps?|onvifs?):\/\/)(?:([^/@]*)@)?(.*)$/i.exec(text.trim());
  if (!found) return { url: text.trim(), user: "", password: "" };
  const [, scheme = "", login = "", rest = ""] = found;
  const [user = "", ...password] = login.split(":");
  const plain = (part: string) => {
    try {
      return decodeURIComponent(part);
    } catch {
      return part;
    }
  };
  return { url: `${scheme}${rest}`, user: plain(user), password: plain(password.join(":")) };
}
