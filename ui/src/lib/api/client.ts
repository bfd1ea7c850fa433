/** Calls to the recorder: one function a route, one error shape. */

import { systemZone } from "../time/zone";
import type { paths } from "./schema";
import type {
  AskBody, ErasureState, HoldBody, RequestOutcome, TakeBody,
  AppriseBody, AreaBody, AuthorityBody, BookmarkBody, Correction, CountBucket, CameraEdit, CameraKeep, GateChange, CameraRemoval, CameraSchedule, CameraStatement, CameraSwap,
  ClipOrder, ConsentRule, ExportBody, KeepingWanted, LayoutBody, LogKeeping, MailBody, Moving, MqttBody, NewCamera, NewMask, NoticeWay, PlanBody, PluginBody, Problem, Profile, RedactionBody, RelayBody,
  ContainForm, ContainedNote, EgressTaken, Needs, Purchase, ReadSettingsBody, RuleBody, ScanOrder, StepBody, StreamName, TableOrder, TakeChannelBody, WebhookBody,
} from "./types";

const ROOT = "/api/v1";

export class ApiError extends Error {
  readonly status: number;
  readonly code: string;
  /** Of the key that a camera showed, where that is not trusted. */
  readonly fingerprint: string;

  constructor(status: number, problem: Partial<Problem>) {
    super(problem.detail || problem.title || `The recorder answered ${status}.`);
    this.status = status;
    this.code = problem.code ?? "";
    this.fingerprint = problem.fingerprint ?? "";
  }

  /** No answer at all: the recorder, or the way to it, is down. */
  get unreachable(): boolean {
    return this.status === 0;
  }
}

/** What went wrong, in a sentence: the recorder's, where it is that. */
export function sentenceOf(error: unknown): string {
  return error instanceof ApiError ? error.message : "That did not work. Try again.";
}

let onSignedOut: () => void = () => {};

/** Told whenever the recorder no longer knows the session. */
export function whenSignedOut(tell: () => void): void {
  onSignedOut = tell;
}

async function send(url: string, method = "GET", signal?: AbortSignal, body?: unknown): Promise<Response> {
  const headers: Record<string, string> = {};
  if (method !== "GET") headers["X-Watchglass"] = "1";
  if (body !== undefined) headers["Content-Type"] = "application/json";
  const init: RequestInit = { method, headers, credentials: "same-origin" };
  if (body !== undefined) init.body = JSON.stringify(body);
  if (signal) init.signal = signal;
  try {
    return await fetch(url, init);
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new ApiError(0, { detail: "The recorder does not answer." });
  }
}

async function refuse(answer: Response, quiet: boolean): Promise<never> {
  let problem: Partial<Problem> = {};
  try {
    problem = (await answer.json()) as Partial<Problem>;
  } catch {
    // Not a problem document: what stands before the recorder answered.
  }
  if (answer.status === 401 && !quiet) onSignedOut();
  throw new ApiError(answer.status, problem);
}

/** A list is its name once for each value. */
export type Query = Record<string, string | number | boolean | readonly string[]>;
type Path = keyof paths;
type Method = "get" | "post" | "put" | "patch" | "delete";
type Answer<P extends Path, M extends Method> = paths[P][M] extends { responses: infer R }
  ? Extract<R[keyof R], { content: { "application/json": unknown } }>["content"]["application/json"]
  : never;
type Body<P extends Path, M extends Method> = paths[P][M] extends { requestBody: { content: { "application/json": infer B } } } ? B : never;

interface Call<P extends Path, M extends Method> {
  /** What stands in the path's braces. */
  at?: Record<string, string>;
  query?: Query;
  body?: Body<P, M>;
  signal?: AbortSignal;
  /** A 401 is the answer to the question, and does not mean that a session has ended. */
  quiet?: boolean;
}

export async function ask<P extends Path, M extends Method>(method: M, path: P, call: Call<P, M> = {}): Promise<Answer<P, M>> {
  const answer = await send(address(path, call.at, call.query), method.toUpperCase(), call.signal, call.body);
  if (!answer.ok) return refuse(answer, call.quiet ?? false);
  return (answer.status === 204 ? undefined : await answer.json()) as Answer<P, M>;
}

function address(path: Path, at: Record<string, string> = {}, query: Query = {}): string {
  const place = path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(at[name] ?? ""));
  const asked = new URLSearchParams(Object.entries(query).flatMap(([name, value]) => [value].flat().map((each) => [name, String(each)])));
  return asked.size ? `${place}?${asked}` : place;
}

export const api = {
  setup: () => ask("get", "/api/v1/setup"),
  setUp: (token: string, password: string) =>
    ask("post", "/api/v1/setup", { body: { token, password, name: "admin" }, quiet: true }),
  session: () => ask("get", "/api/v1/session", { quiet: true }),
  signIn: (name: string, password: string, code = "") =>
    ask("post", "/api/v1/session", { body: { password, name, code }, quiet: true }),
  signOut: () => ask("delete", "/api/v1/session"),
  cameras: () => ask("get", "/api/v1/cameras"),
  timeline: (from_ms: number, to_ms: number, pixels: number, signal?: AbortSignal, camera?: string, understood = false) =>
    ask("get", "/api/v1/timeline", {
      query: {
        from_ms: Math.max(0, Math.floor(from_ms)), to_ms: Math.ceil(to_ms),
        pixels: Math.min(10_000, Math.max(1, Math.ceil(pixels))), tz: systemZone(), ...(camera && { camera }), ...(understood && { understood }),
      },
      ...(signal && { signal }),
    }),
  playback: (camera: string, stream: StreamName, form: Moving, at_ms: number, span_ms: number, signal?: AbortSignal) =>
    ask("get", "/api/v1/playback/{camera}/{stream}", {
      at: { camera, stream }, query: { at_ms: Math.floor(at_ms), span_ms: Math.ceil(span_ms), form },
      ...(signal && { signal }),
    }),
  pause: (camera: string, reason: string, until_ms: number | null) =>
    ask("post", "/api/v1/cameras/{camera}/pause", { at: { camera }, body: { reason, until_ms } }),
  layouts: () => ask("get", "/api/v1/layouts"),
  addLayout: (body: LayoutBody) => ask("post", "/api/v1/layouts", { body }),
  changeLayout: (layout: string, body: LayoutBody) => ask("put", "/api/v1/layouts/{layout}", { at: { layout }, body }),
  removeLayout: (layout: string) => ask("delete", "/api/v1/layouts/{layout}", { at: { layout } }),
  bookmarks: (from_ms: number, to_ms: number) =>
    ask("get", "/api/v1/bookmarks", { query: { from_ms: Math.max(0, Math.floor(from_ms)), to_ms: Math.ceil(to_ms) } }),
  addBookmark: (camera: string, body: BookmarkBody) => ask("post", "/api/v1/bookmarks/{camera}", { at: { camera }, body }),
  removeBookmark: (bookmark: string) => ask("delete", "/api/v1/bookmarks/{bookmark}", { at: { bookmark } }),
  makeClip: (camera: string, body: ClipOrder, signal: AbortSignal) =>
    ask("post", "/api/v1/clips/{camera}", { at: { camera }, body, signal }),
  clip: (camera: string, clip: string) => ask("get", "/api/v1/clips/{camera}/{clip}", { at: { camera, clip } }),
  stopClip: (camera: string, clip: string) => ask("delete", "/api/v1/clips/{camera}/{clip}", { at: { camera, clip } }),
  exports: () => ask("get", "/api/v1/exports"),
  startExport: (body: ExportBody) => ask("post", "/api/v1/exports", { body }),
  authorities: () => ask("get", "/api/v1/anchors"),
  setAuthority: (name: string, body: AuthorityBody) => ask("put", "/api/v1/anchors/{name}", { at: { name }, body }),
  dropAuthority: (name: string) => ask("delete", "/api/v1/anchors/{name}", { at: { name } }),
  stampNow: () => ask("post", "/api/v1/anchors/stamp"),
  setConsentRule: (body: ConsentRule) => ask("put", "/api/v1/exports/rule", { body }),
  decideExport: (id: string, act: "approve" | "refuse" | "accept" | "object", reason: string) =>
    ask("post", `/api/v1/exports/{export}/${act}`, { at: { export: id }, body: { reason } }),
  stopExport: (id: string) => ask("post", "/api/v1/exports/{export}/stop", { at: { export: id } }),
  resumeExport: (id: string) => ask("post", "/api/v1/exports/{export}/resume", { at: { export: id } }),
  deleteExport: (id: string) => ask("delete", "/api/v1/exports/{export}", { at: { export: id } }),
  redactions: () => ask("get", "/api/v1/redactions"),
  startRedaction: (body: RedactionBody) => ask("post", "/api/v1/redactions", { body }),
  redaction: (id: string) => ask("get", "/api/v1/redactions/{redaction}", { at: { redaction: id } }),
  redactionFindings: (id: string) => ask("get", "/api/v1/redactions/{redaction}/findings", { at: { redaction: id } }),
  redactionPictures: (id: string, first: number, last: number) => ask("get", "/api/v1/redactions/{redaction}/pictures", { at: { redaction: id }, query: { first, last } }),
  correctRedaction: (id: string, body: Correction) => ask("post", "/api/v1/redactions/{redaction}/corrections", { at: { redaction: id }, body }),
  reviewRedaction: (id: string) => ask("post", "/api/v1/redactions/{redaction}/review", { at: { redaction: id } }),
  writeRedaction: (id: string) => ask("post", "/api/v1/redactions/{redaction}/write", { at: { redaction: id } }),
  deleteRedaction: (id: string) => ask("delete", "/api/v1/redactions/{redaction}", { at: { redaction: id } }),
  camera: (camera: string) => ask("get", "/api/v1/cameras/{camera}", { at: { camera } }),
  swapCamera: (camera: string, body: CameraSwap) => ask("post", "/api/v1/cameras/{camera}/swap", { at: { camera }, body }),
  editCamera: (camera: string, body: CameraEdit) => ask("patch", "/api/v1/cameras/{camera}", { at: { camera }, body }),
  gate: (camera: string) => ask("get", "/api/v1/cameras/{camera}/gate", { at: { camera } }),
  setGate: (camera: string, body: GateChange) => ask("put", "/api/v1/cameras/{camera}/gate", { at: { camera }, body }),
  disableCamera: (camera: string, reason: string) => ask("post", "/api/v1/cameras/{camera}/disable", { at: { camera }, body: { reason } }),
  keepCamera: (camera: string, body: CameraKeep) => ask("put", "/api/v1/cameras/{camera}/retention", { at: { camera }, body }),
  stateCamera: (camera: string, body: CameraStatement) => ask("put", "/api/v1/cameras/{camera}/statement", { at: { camera }, body }),
  scheduleCamera: (camera: string, body: CameraSchedule) => ask("put", "/api/v1/cameras/{camera}/schedule", { at: { camera }, body }),
  unscheduleCamera: (camera: string) => ask("delete", "/api/v1/cameras/{camera}/schedule", { at: { camera } }),
  removeCamera: (camera: string, body: CameraRemoval) => ask("post", "/api/v1/cameras/{camera}/remove", { at: { camera }, body }),
  notices: () => ask("get", "/api/v1/notices"),
  acknowledge: (notice: string) => ask("post", "/api/v1/notices/{notice}/acknowledge", { at: { notice } }),
  acknowledgeAll: () => ask("post", "/api/v1/notices/acknowledge"),
  noticeWays: () => ask("get", "/api/v1/notice-ways", { quiet: true }),
  setMail: (body: MailBody) => ask("put", "/api/v1/notice-ways/mail", { body }),
  setWebhook: (body: WebhookBody) => ask("put", "/api/v1/notice-ways/webhook", { body }),
  setMqtt: (body: MqttBody) => ask("put", "/api/v1/notice-ways/mqtt", { body }),
  setApprise: (body: AppriseBody) => ask("put", "/api/v1/notice-ways/apprise", { body }),
  setPlugin: (body: PluginBody) => ask("put", "/api/v1/notice-ways/plugin", { body }),
  dropWay: (way: NoticeWay) => ask("delete", "/api/v1/notice-ways/{way}", { at: { way } }),
  tryWay: (way: NoticeWay) => ask("post", "/api/v1/notice-ways/{way}/try", { at: { way } }),
  system: () => ask("get", "/api/v1/system"),
  removed: () => ask("get", "/api/v1/removed"),
  said: (camera: string, from_ms: number, to_ms: number) =>
    ask("get", "/api/v1/cameras/{camera}/said", { at: { camera }, query: { from_ms: Math.max(0, Math.floor(from_ms)), to_ms: Math.max(0, Math.ceil(to_ms)) } }),
  ptz: (camera: string) => ask("get", "/api/v1/cameras/{camera}/ptz", { at: { camera } }),
  stopCamera: (camera: string) => ask("post", "/api/v1/cameras/{camera}/ptz/stop", { at: { camera } }),
  centre: (camera: string, body: { x: number; y: number }) => ask("post", "/api/v1/cameras/{camera}/ptz/centre", { at: { camera }, body }),
  goToPreset: (camera: string, preset: string) => ask("post", "/api/v1/cameras/{camera}/ptz/preset", { at: { camera }, body: { preset } }),
  savePreset: (camera: string, name: string) => ask("post", "/api/v1/cameras/{camera}/ptz/presets", { at: { camera }, body: { name } }),
  addCamera: (body: NewCamera) => ask("post", "/api/v1/cameras", { body }),
  table: (after: number) => ask("get", "/api/v1/camera-table", { query: { after } }),
  startTable: (body: TableOrder) => ask("post", "/api/v1/camera-table", { body }),
  readSettings: (body: ReadSettingsBody) => ask("post", "/api/v1/settings-imports", { body }),
  takeChannel: (read: string, number: number, body: TakeChannelBody) => ask("post", "/api/v1/settings-imports/{read}/channels/{number}", { at: { read, number: String(number) }, body }),
  stopTable: () => ask("post", "/api/v1/camera-table/stop"),
  log: (asked: { before: string; camera: string; by: string; what: readonly string[] }) =>
    ask("get", "/api/v1/log", { query: Object.fromEntries(Object.entries(asked).filter(([, value]) => value.length > 0)) }),
  logState: () => ask("get", "/api/v1/log/state"),
  putLogState: (body: LogKeeping) => ask("put", "/api/v1/log/state", { body }),
  checkLog: () => ask("post", "/api/v1/log/check"),
  streamPaths: () => ask("get", "/api/v1/stream-paths"),
  keeping: () => ask("get", "/api/v1/keeping"),
  putKeeping: (body: KeepingWanted) => ask("put", "/api/v1/keeping", { body }),
  fleet: () => ask("get", "/api/v1/trust/fleet"),
  device: (device: string) => ask("get", "/api/v1/trust/devices/{device}", { at: { device } }),
  putPurchase: (device: string, body: Purchase) => ask("put", "/api/v1/trust/devices/{device}/purchase", { at: { device }, body }),
  needs: () => ask("get", "/api/v1/trust/needs"),
  putNeeds: (body: Needs) => ask("put", "/api/v1/trust/needs", { body }),
  containment: (device: string[], form: ContainForm) => ask("get", "/api/v1/trust/containment", { query: { device, form } }),
  putContained: (body: ContainedNote) => ask("put", "/api/v1/trust/contained", { body }),
  planDevices: (body: PlanBody) => ask("post", "/api/v1/trust/plan", { body }),
  undoPlan: (change: string) => ask("post", "/api/v1/trust/plan/{change}/undo", { at: { change } }),
  noteStep: (device: string, body: StepBody) => ask("post", "/api/v1/trust/devices/{device}/steps", { at: { device }, body }),
  putProfile: (body: Profile) => ask("put", "/api/v1/trust/profile", { body }),
  scans: () => ask("get", "/api/v1/trust/scans"),
  startScan: (body: ScanOrder) => ask("post", "/api/v1/trust/scans", { body }),
  stopScan: (scan: string) => ask("post", "/api/v1/trust/scans/{scan}/stop", { at: { scan } }),
  resumeScan: (scan: string) => ask("post", "/api/v1/trust/scans/{scan}/resume", { at: { scan }, body: {} }),
  holds: () => ask("get", "/api/v1/holds", {}),
  hold: (camera: string, body: HoldBody) => ask("post", "/api/v1/cameras/{camera}/holds", { at: { camera }, body }),
  liftHold: (camera: string, hold: string, reason: string) =>
    ask("post", "/api/v1/cameras/{camera}/holds/{hold}/lift", { at: { camera, hold }, body: { reason } }),
  erasures: () => ask("get", "/api/v1/erasures", {}),
  askErasure: (camera: string, body: AskBody) => ask("post", "/api/v1/cameras/{camera}/erasures", { at: { camera }, body }),
  decideErasure: (camera: string, erasure: string, decision: ErasureState, note: string) =>
    ask("post", "/api/v1/cameras/{camera}/erasures/{erasure}/decide", { at: { camera, erasure }, body: { decision, note } }),
  requests: () => ask("get", "/api/v1/requests", {}),
  takeRequest: (body: TakeBody) => ask("post", "/api/v1/requests", { body }),
  answerRequest: (request_id: string, outcome: RequestOutcome, answer: string) =>
    ask("post", "/api/v1/requests/{request_id}/answer", { at: { request_id }, body: { outcome, answer } }),
  masks: (camera: string) => ask("get", "/api/v1/cameras/{camera}/masks", { at: { camera } }),
  drawMask: (camera: string, body: NewMask) => ask("post", "/api/v1/cameras/{camera}/masks", { at: { camera }, body }),
  endMask: (camera: string, mask: string, until_ms: number | null, reason: string) =>
    ask("post", "/api/v1/cameras/{camera}/masks/{mask}/end", { at: { camera, mask }, body: { until_ms, reason } }),
  egressState: () => ask("get", "/api/v1/trust/egress"),
  imported: (camera: string, after_ms: number) => ask("get", "/api/v1/cameras/{camera}/imported", { at: { camera }, query: { after_ms } }),
  allRelays: () => ask("get", "/api/v1/relays"),
  relays: (camera: string) => ask("get", "/api/v1/cameras/{camera}/relays", { at: { camera } }),
  makeRelay: (camera: string, body: RelayBody) => ask("post", "/api/v1/cameras/{camera}/relays", { at: { camera }, body }),
  endRelay: (camera: string, relay: string, reason: string) =>
    ask("post", "/api/v1/cameras/{camera}/relays/{relay}/end", { at: { camera, relay }, body: { reason } }),
  areas: (camera: string) => ask("get", "/api/v1/cameras/{camera}/areas", { at: { camera } }),
  drawArea: (camera: string, body: AreaBody) => ask("post", "/api/v1/cameras/{camera}/areas", { at: { camera }, body }),
  changeArea: (camera: string, area: string, body: AreaBody) => ask("put", "/api/v1/cameras/{camera}/areas/{area}", { at: { camera, area }, body }),
  dropArea: (camera: string, area: string) => ask("delete", "/api/v1/cameras/{camera}/areas/{area}", { at: { camera, area } }),
  rules: (camera: string) => ask("get", "/api/v1/cameras/{camera}/rules", { at: { camera } }),
  makeRule: (camera: string, body: RuleBody) => ask("post", "/api/v1/cameras/{camera}/rules", { at: { camera }, body }),
  changeRule: (camera: string, rule: string, body: RuleBody) => ask("put", "/api/v1/cameras/{camera}/rules/{rule}", { at: { camera, rule }, body }),
  dropRule: (camera: string, rule: string) => ask("delete", "/api/v1/cameras/{camera}/rules/{rule}", { at: { camera, rule } }),
  naming: () => ask("get", "/api/v1/naming"),
  tryRule: (camera: string, rule: RuleBody, from_ms: number, to_ms: number) =>
    ask("post", "/api/v1/cameras/{camera}/rules/try", { at: { camera }, body: { rule, areas: [], from_ms: Math.floor(from_ms), to_ms: Math.ceil(to_ms) } }),
  events: (query: Query, signal?: AbortSignal) => ask("get", "/api/v1/events", { query: query as never, ...(signal && { signal }) }),
  tracks: (query: Query, signal?: AbortSignal) => ask("get", "/api/v1/tracks", { query: query as never, ...(signal && { signal }) }),
  event: (event: string) => ask("get", "/api/v1/events/{event}", { at: { event } }),
  callWrong: (event: string, body: { points: [number, number][] | null; days: number; shown: string }) =>
    ask("post", "/api/v1/events/{event}/wrong", { at: { event }, body: body.points === null ? { days: body.days, shown: body.shown } : (body as never) }),
  review: (query: Query, signal?: AbortSignal) => ask("get", "/api/v1/review", { query: query as never, ...(signal && { signal }) }),
  markSeen: (review: string) => ask("post", "/api/v1/review/{review}/seen", { at: { review } }),
  markUnseen: (review: string) => ask("delete", "/api/v1/review/{review}/seen", { at: { review } }),
  alarms: (query: Query) => ask("get", "/api/v1/alarms", { query: query as never }),
  waiting: () => ask("get", "/api/v1/alarms/waiting"),
  handOver: (from_ms: number, to_ms: number) => ask("get", "/api/v1/alarms/handover", { query: { from_ms: Math.floor(from_ms), to_ms: Math.ceil(to_ms) } }),
  acknowledgeAlarm: (review: string) => ask("post", "/api/v1/alarms/{review}/acknowledge", { at: { review } }),
  peopleForAlarm: (review: string) => ask("get", "/api/v1/alarms/{review}/people", { at: { review } }),
  assignAlarm: (review: string, to: string, note = "") => ask("put", "/api/v1/alarms/{review}/assignee", { at: { review }, body: { to, note } }),
  noteAlarm: (review: string, text: string) => ask("post", "/api/v1/alarms/{review}/notes", { at: { review }, body: { text } }),
  counts: (from_ms: number, to_ms: number, bucket: CountBucket, tz: string) =>
    ask("get", "/api/v1/counts", { query: { from_ms: Math.floor(from_ms), to_ms: Math.ceil(to_ms), bucket, tz } }),
  startLookBack: (camera: string, from_ms: number, to_ms: number) =>
    ask("post", "/api/v1/analyses", { body: { camera, from_ms: Math.floor(from_ms), to_ms: Math.ceil(to_ms) } }),
  lookBacks: () => ask("get", "/api/v1/analyses"),
  stopLookBack: (analysis: string) => ask("delete", "/api/v1/analyses/{analysis}", { at: { analysis } }),
  unmask: (camera: string, reason: string) => ask("post", "/api/v1/cameras/{camera}/unmask", { at: { camera }, body: { reason } }),
  mask: (camera: string) => ask("delete", "/api/v1/cameras/{camera}/unmask", { at: { camera } }),
  resume: (camera: string) => ask("post", "/api/v1/cameras/{camera}/resume", { at: { camera }, body: { reason: "" } }),
};

/** Bytes of media, at an address that the recorder gave. */
export async function bytes(url: string, signal: AbortSignal): Promise<ArrayBuffer> {
  const answer = await send(url, "GET", signal);
  if (!answer.ok) return refuse(answer, false);
  return answer.arrayBuffer();
}

export interface Picture {
  jpeg: Blob;
  /** When it was taken: up to the time between two key frames before the moment asked for. */
  at_ms: number;
}

/** A small picture of a moment; null where there is none. `exact`: itself, not the key frame before it. */
export async function thumbnail(camera: string, at_ms: number, width: number, signal: AbortSignal, exact = false): Promise<Picture | null> {
  const url = address("/api/v1/thumbnail/{camera}", { camera }, { at_ms: Math.floor(at_ms), width, ...(exact && { exact }) });
  const answer = await send(url, "GET", signal);
  const at = answer.headers.get("X-Picture-Ms");
  return answer.ok && at ? { jpeg: await answer.blob(), at_ms: Number(at) } : null;
}

/** A picture of a moment, null for the newest; refused where there is none. `exact`: itself, not the key frame before it. */
export async function still(camera: string, stream: StreamName, at_ms: number | null, width: number, signal: AbortSignal, exact = false): Promise<Picture> {
  const query = { width, ...(at_ms !== null && { at_ms: Math.floor(at_ms) }), ...(exact && { exact }) };
  const answer = await send(address("/api/v1/still/{camera}/{stream}", { camera, stream }, query), "GET", signal);
  if (!answer.ok) return refuse(answer, false);
  return { jpeg: await answer.blob(), at_ms: Number(answer.headers.get("X-Picture-Ms")) };
}

/** Where a table of what was counted is downloaded. */
export const countsUrl = (from_ms: number, to_ms: number, bucket: CountBucket, tz: string) =>
  address("/api/v1/counts.csv", {}, { from_ms: Math.floor(from_ms), to_ms: Math.ceil(to_ms), bucket, tz });

/** Where the receipt of an erasure is read, and what is held about a request. */
export const erasureUrl = (camera: string, erasure: string) => `${ROOT}/cameras/${camera}/erasures/${erasure}/receipt.html`;
/** What is signed of it, to be checked by 'watchglass verify', verify.py or verify.html. */
export const erasureFileUrl = (camera: string, erasure: string) => `${ROOT}/cameras/${camera}/erasures/${erasure}/receipt`;
export const heldFileUrl = (request: string) => `${ROOT}/requests/${request}/held`;
/** What was signed last of every ledger, for somebody to take away. */
export const headsUrl = () => `${ROOT}/anchors/heads`;
export const heldUrl = (request: string) => `${ROOT}/requests/${request}/held.html`;

/** Where the signed report of now is had. */
export const reportUrl = (kind: "html" | "json") => `${ROOT}/trust/report.${kind}`;

/** Where a copy with what is masked hidden is downloaded. */
export function maskedClipUrl(camera: string, stream: StreamName, from_ms: number, to_ms: number, reason: string): string {
  return address("/api/v1/masked-clips/{camera}/{stream}", { camera, stream }, { from_ms: Math.floor(from_ms), to_ms: Math.ceil(to_ms), reason });
}
const socketRoot = () => `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}${ROOT}`;

/** Where a camera is moved by. */
export const ptzUrl = (camera: string) => `${socketRoot()}/ptz/${encodeURIComponent(camera)}`;

export function liveUrl(camera: string, stream: StreamName, form: Moving): string {
  return `${socketRoot()}/live/${encodeURIComponent(camera)}/${stream}?form=${form}`;
}

/** Server-sent events; `heard` is called for each, `reached` when the connection comes and goes. */
export function listen(heard: () => void, reached: (up: boolean) => void): () => void {
  const source = new EventSource(`${ROOT}/changes`);
  source.onopen = () => reached(true);
  source.onerror = () => reached(false);
  for (const kind of ["camera", "gap_opened", "gap_closed", "again"]) source.addEventListener(kind, heard);
  return () => source.close();
}

/** The signed page of one device, to save. */
export const devicePageUrl = (device: string): string => `${ROOT}/trust/devices/${device}/page.html`;

/** A paper that proves a step, to save. */
export const documentUrl = (sha256: string): string => `${ROOT}/trust/documents/${sha256}`;

/** How far a body has gone, 0 to 1, and a way to stop it. */
interface Sending {
  told?: (share: number) => void;
  signal?: AbortSignal;
}

/** A file as a body. Not by `fetch`, which tells nothing of what it sends. */
function upload<T>(path: string, file: File, { told, signal }: Sending = {}): Promise<T> {
  const request = new XMLHttpRequest();
  request.open("POST", `${ROOT}${path}?${new URLSearchParams({ name: file.name.slice(0, 120) || "document" })}`);
  request.setRequestHeader("X-Watchglass", "1");
  request.setRequestHeader("Content-Type", "application/octet-stream");
  request.upload.onprogress = (event) => told?.(event.total ? event.loaded / event.total : 0);
  signal?.addEventListener("abort", () => request.abort(), { once: true });
  return new Promise((resolve, reject) => {
    request.onload = () => {
      const answer = new Response(request.responseText, { status: request.status });
      if (answer.ok) resolve(JSON.parse(request.responseText) as T);
      else refuse(answer, false).catch(reject);
    };
    request.onerror = () => reject(new ApiError(0, { detail: "The recorder does not answer." }));
    request.onabort = () => reject(new ApiError(0, { detail: "Stopped: nothing was taken in." }));
    request.send(file);
  });
}

/** Have what a firewall, name server, router or capture wrote down taken in. */
export const takeEgress = (file: File, sending: Sending): Promise<EgressTaken> => upload("/trust/egress", file, sending);

/** Keep a paper; by its SHA-256 it is known from then on. */
export const putDocument = (file: File): Promise<{ sha256: string }> => upload("/trust/documents", file);
