/**
 * From what is sent to what the page works with. The routes say a little more than the page needs,
 * and in other groups; this is the only place that knows. Goes when `schema.ts` is generated.
 */

import type { Camera, GapPiece, LiveHello, MediaPiece, Piece, Playback, Span, StreamFacts, StreamName, Timeline } from "./types";

type SentStream = { [Key in keyof StreamFacts]: StreamFacts[Key] | null };
type SentCamera = Omit<Camera, "streams" | "now"> & {
  streams: SentStream[];
  now: Omit<Camera["now"], "since_ms"> & { since_ms: number | null };
};
export type SentCameras = SentCamera[] | { cameras: SentCamera[]; now_ms: number };

export function cameras(sent: SentCameras): Camera[] {
  const list = Array.isArray(sent) ? sent : sent.cameras;
  const known = (stream: SentStream): stream is StreamFacts => stream.mime !== null && stream.name !== null;
  return list.map((camera) => ({
    ...camera,
    streams: camera.streams.filter(known),
    now: { ...camera.now, since_ms: camera.now.since_ms ?? Date.now() },
  }));
}

type SentSpan = Omit<Span, "kind"> & { kind: string };
type SentRow = { camera: string; streams?: { name: StreamName; spans: SentSpan[] }[]; stream?: StreamName; spans?: SentSpan[] };
export type SentTimeline = { now_ms: number; sentence: string; cameras: SentRow[] };

/** What is neither media nor on its way is missing, whatever the recorder calls it. */
function span(sent: SentSpan): Span {
  return { ...sent, kind: sent.kind === "media" || sent.kind === "pending" ? sent.kind : "gap" };
}

export function timeline(sent: SentTimeline): Timeline {
  const rows = sent.cameras.map(({ camera, streams, stream, spans }) => ({
    camera,
    streams: (streams ?? [{ name: stream ?? "main", spans: spans ?? [] }]).map((one) => ({ ...one, spans: one.spans.map(span) })),
  }));
  return { now_ms: sent.now_ms, sentence: sent.sentence, cameras: rows };
}

type SentPart = Omit<MediaPiece, "kind" | "mime" | "init_url" | "segments"> & {
  video: Pick<MediaPiece, "mime" | "init_url" | "segments">;
};
type SentGap = { from_ms: number; to_ms: number; kind: string; cause: string | null };
export type SentPlayback = { pieces: (Piece | SentPart)[]; gaps?: SentGap[] };

export function playback(sent: SentPlayback): Playback {
  const pieces = sent.pieces.map((piece): Piece => {
    if (!("video" in piece)) return piece;
    const { video, ...rest } = piece;
    return { ...rest, kind: "media", mime: video.mime, init_url: video.init_url, segments: video.segments };
  });
  // What is being written is no gap: it is asked for again in a moment.
  const gaps = (sent.gaps ?? []).filter((gap) => gap.kind !== "pending");
  const missing = gaps.map((gap): GapPiece => ({ kind: "gap", from_ms: gap.from_ms, to_ms: gap.to_ms, cause: gap.cause ?? "" }));
  return { pieces: [...pieces, ...missing].sort((a, b) => a.from_ms - b.from_ms) };
}

/** A text message of a live stream: a hello before each header, or something else. */
export function hello(text: string): LiveHello | null {
  const said = JSON.parse(text) as Partial<LiveHello> & { type?: string };
  return said.mime ? { mime: said.mime, width: said.width ?? 0, height: said.height ?? 0 } : null;
}
