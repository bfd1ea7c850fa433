/** Which stream a browser is shown, by what it can play and never by what it is called. */

import type { StreamInfo, StreamName } from "../api/types";
import { playable } from "./source";

export interface Choice {
  stream: StreamName;
  /** Key frames one by one, as nothing at hand can be played. */
  stills: boolean;
  /** The first choice has a codec that the browser lacks: its name for people. */
  lacks: string | null;
}

const NAMES: Record<string, string> = { h264: "H.264", h265: "H.265", mjpeg: "Motion JPEG" };

/** `barred`: streams that were found not to play at the moment that is shown. */
export function choose(streams: readonly StreamInfo[], large: boolean, barred: readonly StreamName[] = []): Choice | null {
  const order: StreamName[] = large ? ["main", "sub"] : ["sub", "main"];
  const there = order.flatMap((name) => streams.find((one) => one.name === name) ?? []);
  const first = there[0];
  if (!first) return null;
  // A stream of which nothing is known yet may well play; what comes says more.
  const found = there.find(({ name, mime }) => !barred.includes(name) && (!mime || playable(mime)));
  const lacks = found === first ? null : (NAMES[first.codec ?? ""] ?? first.codec ?? "this codec");
  return { stream: (found ?? first).name, stills: !found, lacks };
}

export function sentence({ stills, lacks }: Choice): string {
  if (lacks === null) return "";
  return stills ? `Still pictures: this browser cannot play ${lacks}` : `Small picture: this browser cannot play ${lacks}`;
}
