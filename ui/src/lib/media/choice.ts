/** Which stream a browser is shown, by what it can play and never by what it is called. */

import type { Moving, StreamInfo, StreamName } from "../api/types";
import { playable } from "./source";

/** `stills`: key frames one by one, as nothing at hand can be played. */
export type Form = Moving | "stills";

export interface Choice {
  stream: StreamName;
  form: Form;
  /** The first choice has a codec that the browser lacks: its name for people. */
  lacks: string | null;
  /** Why the recorder does not convert it, where it said so. */
  refused: string;
  /** Parts of it are hidden. */
  masked: boolean;
}

/** A stream that was found not to play at the moment that is shown, and what it is then. */
export interface Barred {
  stream: StreamName;
  mime: string;
}

const NAMES: Record<string, string> = { h264: "H.264", h265: "H.265", mjpeg: "Motion JPEG" };
/** How codecs begin in a MIME type. */
const SAMPLE_ENTRIES: Record<string, string> = { avc1: "h264", avc3: "h264", hvc1: "h265", hev1: "h265", mp4v: "mjpeg" };

export interface Wish {
  /** It is shown large. */
  large: boolean;
  barred?: readonly Barred[];
  /** Why the recorder does not convert just now. */
  refused?: string;
  /** Parts of the camera's picture are hidden from us: it comes converted, or not at all. */
  masked?: boolean;
}

export function choose(streams: readonly StreamInfo[], { large, barred = [], refused = "", masked = false }: Wish): Choice | null {
  const order: StreamName[] = large ? ["main", "sub"] : ["sub", "main"];
  const there = order.flatMap((name) => streams.find((one) => one.name === name) ?? []);
  const first = there[0];
  if (!first) return null;
  if (masked) return { stream: first.name, form: refused ? "stills" : "converted", lacks: null, refused, masked };
  // A stream of which nothing is known yet may well play; what comes says more.
  const bar = (name: StreamName) => barred.find(({ stream }) => stream === name);
  const found = there.find(({ name, mime }) => !bar(name) && (!mime || playable(mime)));
  if (found === first) return { stream: first.name, form: "plain", lacks: null, refused: "", masked };
  const lacks = nameOf(bar(first.name)?.mime ?? null, first.codec);
  // A small picture is as good from the other stream, and that costs nobody anything.
  if (!refused && (large || !found)) return { stream: first.name, form: "converted", lacks, refused, masked };
  return { stream: (found ?? first).name, form: found ? "plain" : "stills", lacks, refused, masked };
}

/** By what it was at that moment, and where that is not known by what it is now. */
function nameOf(mime: string | null, codec: string | null): string {
  const entry = mime === null ? null : /codecs="?(\w{4})/.exec(mime)?.[1];
  const found = (entry ? SAMPLE_ENTRIES[entry] : null) ?? codec ?? "";
  return NAMES[found] ?? (found || "this codec");
}

export function sentence({ form, lacks, refused, masked }: Choice): string {
  if (masked) return `Masked: parts of this picture are hidden${refused ? `. Still pictures: ${refused}` : ""}`;
  if (lacks === null) return "";
  const cannot = `this browser cannot play ${lacks}`;
  if (form === "converted") return `Converted picture: ${cannot}. The recording is the original`;
  return `${form === "stills" ? "Still pictures" : "Small picture"}: ${cannot}${refused ? `. ${refused}` : ""}`;
}
