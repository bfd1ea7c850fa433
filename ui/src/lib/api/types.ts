/**
 * What the recorder says. Times (`*_ms`) are integer milliseconds UTC.
 *
 * Written by hand until `npm run api` makes `schema.ts` from the OpenAPI document.
 */

export type StreamName = "main" | "sub";

export interface Setup {
  needed: boolean;
}

export interface StreamFacts {
  name: StreamName;
  codec: string;
  width: number;
  height: number;
  mime: string;
}

export type NowState = "recording" | "gap" | "paused";

export interface CameraNow {
  state: NowState;
  cause: string | null;
  since_ms: number;
  sentence: string;
}

export interface Camera {
  id: string;
  name: string;
  state: string;
  streams: StreamFacts[];
  now: CameraNow;
  sound: boolean;
}

export type SpanKind = "media" | "gap" | "pending";

export interface Span {
  from_ms: number;
  to_ms: number;
  kind: SpanKind;
  cause: string | null;
}

export interface StreamTimeline {
  name: StreamName;
  spans: Span[];
}

export interface CameraTimeline {
  camera: string;
  streams: StreamTimeline[];
}

export interface Timeline {
  now_ms: number;
  cameras: CameraTimeline[];
  sentence: string;
}

export interface Segment {
  url: string;
  from_ms: number;
  to_ms: number;
}

/** A part of one file. `offset_ms` is where the file's own time 0 lies, in UTC. */
export interface MediaPiece {
  kind: "media";
  run: string;
  sequence: number;
  mime: string;
  init_url: string;
  offset_ms: number;
  from_ms: number;
  to_ms: number;
  segments: Segment[];
}

export interface GapPiece {
  kind: "gap";
  from_ms: number;
  to_ms: number;
  cause: string;
}

export type Piece = MediaPiece | GapPiece;

export interface Playback {
  pieces: Piece[];
}

/** The first message of a live stream. */
export interface LiveHello {
  mime: string;
  width: number;
  height: number;
}

export interface Problem {
  type?: string;
  title?: string;
  status?: number;
  code?: string;
  detail?: string;
}
