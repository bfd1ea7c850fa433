/** Calls to the recorder: one function a route, one error shape. */

import type { Problem, Setup, StreamName } from "./types";
import * as wire from "./wire";

const ROOT = "/api/v1";

export class ApiError extends Error {
  readonly status: number;
  readonly code: string;

  constructor(status: number, problem: Problem) {
    super(problem.detail || problem.title || `The recorder answered ${status}.`);
    this.status = status;
    this.code = problem.code ?? "";
  }

  /** No answer at all: the recorder, or the way to it, is down. */
  get unreachable(): boolean {
    return this.status === 0;
  }
}

let onSignedOut: () => void = () => {};

/** Told whenever the recorder no longer knows the session. */
export function whenSignedOut(tell: () => void): void {
  onSignedOut = tell;
}

interface Call {
  method?: "GET" | "POST" | "DELETE";
  body?: unknown;
  signal?: AbortSignal;
  quiet?: boolean;
}

async function send(path: string, call: Call): Promise<Response> {
  const headers: Record<string, string> = {};
  const method = call.method ?? "GET";
  if (method !== "GET") headers["X-Watchglass"] = "1";
  if (call.body !== undefined) headers["Content-Type"] = "application/json";
  const init: RequestInit = { method, headers, credentials: "same-origin" };
  if (call.body !== undefined) init.body = JSON.stringify(call.body);
  if (call.signal) init.signal = call.signal;
  try {
    return await fetch(path, init);
  } catch (error) {
    if (call.signal?.aborted) throw error;
    throw new ApiError(0, { detail: "The recorder does not answer." });
  }
}

async function refuse(answer: Response, quiet: boolean): Promise<never> {
  let problem: Problem = {};
  try {
    problem = (await answer.json()) as Problem;
  } catch {
    // Not a problem document: what stands before the recorder answered.
  }
  if (answer.status === 401 && !quiet) onSignedOut();
  throw new ApiError(answer.status, problem);
}

async function ask<T>(path: string, call: Call = {}): Promise<T> {
  const answer = await send(ROOT + path, call);
  if (!answer.ok) return refuse(answer, call.quiet ?? false);
  if (answer.status === 204) return undefined as T;
  const text = await answer.text();
  return (text ? JSON.parse(text) : undefined) as T;
}

function query(values: Record<string, string | number | undefined>): string {
  const given = Object.entries(values).filter(([, value]) => value !== undefined);
  return new URLSearchParams(given.map(([key, value]) => [key, String(value)])).toString();
}

const part = encodeURIComponent;
const timeZone = () => Intl.DateTimeFormat().resolvedOptions().timeZone;

export const api = {
  setup: () => ask<Setup>("/setup"),
  setUp: (token: string, password: string) =>
    ask<void>("/setup", { method: "POST", body: { token, password }, quiet: true }),
  session: () => ask<unknown>("/session", { quiet: true }),
  signIn: (password: string) =>
    ask<void>("/session", { method: "POST", body: { password }, quiet: true }),
  signOut: () => ask<void>("/session", { method: "DELETE" }),
  cameras: () => ask<wire.SentCameras>("/cameras").then(wire.cameras),
  timeline: (from_ms: number, to_ms: number, pixels: number, signal?: AbortSignal) =>
    ask<wire.SentTimeline>(
      `/timeline?${query({ from_ms: Math.max(0, Math.floor(from_ms)), to_ms: Math.ceil(to_ms), pixels: Math.min(10_000, Math.ceil(pixels)), tz: timeZone() })}`,
      signal ? { signal } : {},
    ).then(wire.timeline),
  playback: (camera: string, stream: StreamName, at_ms: number, span_ms: number, signal?: AbortSignal) =>
    ask<wire.SentPlayback>(
      `/playback/${part(camera)}/${stream}?${query({ at_ms: Math.floor(at_ms), span_ms: Math.ceil(span_ms) })}`,
      signal ? { signal } : {},
    ).then(wire.playback),
  pause: (camera: string, reason: string, until_ms: number | null) =>
    ask<void>(`/cameras/${part(camera)}/pause`, { method: "POST", body: { reason, until_ms } }),
  resume: (camera: string) => ask<void>(`/cameras/${part(camera)}/resume`, { method: "POST", body: {} }),
};

/** Bytes of media, at an address that the recorder gave. */
export async function bytes(url: string, signal: AbortSignal): Promise<ArrayBuffer> {
  const answer = await send(url, { signal });
  if (!answer.ok) return refuse(answer, false);
  return answer.arrayBuffer();
}

export function thumbnailUrl(camera: string, at_ms: number, width: number): string {
  return `${ROOT}/thumbnail/${part(camera)}?${query({ at_ms: Math.floor(at_ms), width })}`;
}

export function liveUrl(camera: string, stream: StreamName): string {
  const scheme = location.protocol === "https:" ? "wss" : "ws";
  return `${scheme}://${location.host}${ROOT}/live/${part(camera)}/${stream}`;
}

/** Server-sent events; `heard` is called for each, `reached` when the connection comes and goes. */
export function listen(heard: () => void, reached: (up: boolean) => void): () => void {
  const source = new EventSource(`${ROOT}/changes`);
  source.onopen = () => reached(true);
  source.onerror = () => reached(false);
  source.onmessage = heard;
  for (const kind of ["camera", "gap_opened", "gap_closed", "again", "timeline"]) source.addEventListener(kind, heard);
  return () => source.close();
}
