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

/** A stream that was found not to play at the moment that is shown, and what it is then. */
export interface Barred {
  stream: StreamName;
  mime: string;
}

const NAMES: Record<string, string> = { h264: "H.264", h265: "H.265", mjpeg: "Motion JPEG" };
/** How codecs begin in a MIME type. */
const SAMPLE_ENTRIES: Record<string, string> = { avc1: "h264", avc3: "h264", hvc1: "h265", hev1: "h265", mp4v: "mjpeg" };

export function choose(streams: readonly StreamInfo[], large: boolean, barred: readonly Barred[] = []): Choice | null {
  const order: StreamName[] = large ? ["main", "sub"] : ["sub", "main"];
  const there = order.flatMap((name) => streams.find((one) => one.name === name) ?? []);
  const first = there[0];
  if (!first) return null;
  // A stream of which nothing is known yet may well play; what comes says more.
  const bar = (name: StreamName) => barred.find(({ stream }) => stream === name);
  const found = there.find(({ name, mime }) => !bar(name) && (!mime || playable(mime)));
  const lacks = found === first ? null : nameOf(bar(first.name)?.mime ?? null, first.codec);
  return { stream: (found ?? first).name, stills: !found, lacks };
}

/** By what it was at that moment, and where that is not known by what it is now. */
function nameOf(mime: string | null, codec: string | null): string {
  const entry = mime === null ? null : /codecs="?(\w{4})/.exec(mime)?.[1];
  const found = (entry ? SAMPLE_ENTRIES[entry] : null) ?? codec ?? "";
  return NAMES[found] ?? (found || "this codec");
}

export function sentence({ stills, lacks }: Choice): string {
  if (lacks === null) return "";
  return stills ? `Still pictures: this browser cannot play ${lacks}` : `Small picture: this browser cannot play ${lacks}`;
}
