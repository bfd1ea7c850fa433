/** What there is to play and what is missing, as one row in time: the shape that a player walks along. */

import type { components } from "./schema";

type Schemas = components["schemas"];
type Video = Pick<Schemas["VideoPart"], "mime" | "init_url" | "segments">;

/** A part of one file. `offset_ms` is where the file's own time 0 lies, in UTC. */
export type MediaPiece = Schemas["PlaybackPiece"] & Video & { kind: "media" };
export type GapPiece = Omit<Schemas["PlaybackGap"], "kind"> & { kind: "gap" };
export type Piece = MediaPiece | GapPiece;

export function inOrder({ pieces, gaps }: Schemas["Playback"]): Piece[] {
  const media = pieces.map((piece): MediaPiece => ({ ...piece, ...piece.video, kind: "media" }));
  // What is being written just now is no gap: it is asked for again in a moment.
  const missing = gaps.filter(({ kind }) => kind !== "pending").map((gap): GapPiece => ({ ...gap, kind: "gap" }));
  return [...media, ...missing].sort((a, b) => a.from_ms - b.from_ms);
}
