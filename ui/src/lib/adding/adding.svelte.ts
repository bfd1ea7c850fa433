/** Cameras that somebody wants to record: which, how far each has come, and what stood in the way. */

import { api, ApiError, sentenceOf } from "../api/client";
import type { DeviceRow } from "../api/types";
import { around } from "../devices/around.svelte";
import { place } from "../place.svelte";
import { site } from "../site.svelte";
import { channelRows, nameFor, type Login } from "./found";

export type Phase = "waiting" | "looking" | "opening" | "recorded" | "already" | "opened" | "refused";

export interface Progress {
  phase: Phase;
  sentence: string;
  /** Another user or password may help. */
  login: boolean;
  /** Of the key that it showed, where somebody has to say whether that is the camera's. */
  fingerprint: string;
  camera: string | null;
  /** Other pictures of the same device. */
  sources: string[];
}

export interface Wanted {
  /** A device's id, or the address that somebody wrote. */
  key: string;
  name: string;
  urls: string[];
  /** Which of a device's pictures; the first, where it is not said. */
  source?: string;
}

const TOGETHER = 2;
const LOOK_MS = 400;
const OPENED_AT_ONCE = 32;

class Adding {
  ticked = $state<string[]>([]);
  written = $state<Wanted[]>([]);
  progress = $state<Record<string, Progress>>({});
  busy = $state(false);
  stopping = $state(false);

  private queue: { wanted: Wanted; login: Login; fingerprint: string }[] = [];
  private running: Promise<void>[] = [];
  private readonly devices = new Map<string, { name: string; url: string }>();

  tick(key: string, wanted: boolean): void {
    this.ticked = wanted ? [...this.ticked, key] : this.ticked.filter((each) => each !== key);
  }

  /** Who has begun stays here, although the wall is not empty any more. */
  stay(): void {
    if (place.name !== "add") place.to("add");
  }

  leave(): void {
    if (this.busy) return;
    this.ticked = [];
    this.written = [];
    this.progress = {};
  }

  /** Those that are looked at now come to their end; the others stay as they were. */
  stop(): void {
    this.stopping = true;
    this.queue = [];
    for (const [key, each] of Object.entries(this.progress)) if (each.phase === "waiting") delete this.progress[key];
  }

  /** Record all that is ticked, with one login: cameras first, then what is behind recorders. */
  async record(rows: DeviceRow[], login: Login): Promise<void> {
    if (this.busy) return;
    this.busy = true;
    try {
      const wanted = rows.filter((row) => this.ticked.includes(row.id));
      const recorders = wanted.filter((row) => row.kind === "recorder");
      for (const row of wanted) this.tell(row.id, "waiting");
      const written = this.written.filter((each) => !this.progress[each.key]);
      for (const each of written) this.tell(each.key, "waiting");
      for (const row of wanted) if (row.kind !== "recorder" && !this.stopping) await this.take(row, login);
      for (const each of written) this.put(each, login);
      await this.drained();
      if (!this.stopping) await this.open(recorders, wanted, login);
    } finally {
      this.busy = this.stopping = false;
      // What was refused is tried again by itself alone: many cameras lock out who is refused twice.
      this.ticked = [];
    }
  }

  /** One of them once more, with another password, or the key that it showed. */
  async again(wanted: Wanted, row: DeviceRow | null, login: Login): Promise<void> {
    const shown = this.progress[wanted.key]?.fingerprint ?? "";
    if (this.busy) return;
    this.busy = true;
    try {
      if (row?.kind === "recorder") await this.open([row], [row], login);
      else if (row) await this.take(row, login, shown);
      else this.put(wanted, login, shown);
      await this.drained();
    } finally {
      this.busy = this.stopping = false;
    }
  }

  /** All other pictures of a device of which one is recorded. */
  async others(key: string, login: Login): Promise<void> {
    const device = this.devices.get(key);
    const sources = this.progress[key]?.sources ?? [];
    if (this.busy || !device) return;
    this.busy = true;
    try {
      this.tell(key, "recorded", { ...this.progress[key], sources: [] });
      const wanted = sources.map((source) => ({ key: `${key} ${source}`, name: `${device.name} ${source}`, urls: [device.url], source }));
      this.written = [...this.written, ...wanted];
      for (const each of wanted) this.put(each, login);
      await this.drained();
    } finally {
      this.busy = this.stopping = false;
    }
  }

  private tell(key: string, phase: Phase, more: Partial<Progress> = {}): void {
    this.progress[key] = { phase, sentence: "", login: false, fingerprint: "", camera: null, sources: [], ...more };
  }

  private async take(row: DeviceRow, login: Login, fingerprint = ""): Promise<void> {
    try {
      const { streams } = await api.device(row.id);
      if (streams.length) this.put({ key: row.id, name: nameFor(row), urls: streams }, login, fingerprint);
      else this.tell(row.id, "refused", { sentence: "Where its stream is, is not known: write its address below." });
    } catch (error) {
      this.tell(row.id, "refused", { sentence: sentenceOf(error) });
    }
  }

  private put(wanted: Wanted, login: Login, fingerprint = ""): void {
    this.tell(wanted.key, "waiting");
    this.queue.push({ wanted, login, fingerprint });
    if (this.running.length < TOGETHER) {
      const work = this.work().finally(() => (this.running = this.running.filter((each) => each !== work)));
      this.running.push(work);
    }
  }

  private async work(): Promise<void> {
    for (let next = this.queue.shift(); next; next = this.queue.shift()) await this.add(next.wanted, next.login, next.fingerprint);
  }

  private async drained(): Promise<void> {
    while (this.running.length) await Promise.all(this.running);
  }

  private async add({ key, name, urls, source = "" }: Wanted, login: Login, fingerprint: string): Promise<void> {
    this.tell(key, "looking");
    const [url = "", ...others] = urls;
    try {
      const added = await api.addCamera({ url, others, name, ...login, allow: false, source, fingerprint });
      const sources = source ? [] : added.sources;
      this.tell(key, added.already ? "already" : "recorded", { camera: added.id, sources });
      if (sources.length) this.devices.set(key, { name, url: urls.find((each) => each.startsWith("onvif")) ?? url });
      await site.refresh();
    } catch (error) {
      const shown = error instanceof ApiError ? error.fingerprint : "";
      const sentence = shown ? "The camera has made its own certificate, which proves nothing by itself." : sentenceOf(error);
      this.tell(key, "refused", { sentence, fingerprint: shown, login: error instanceof ApiError && error.code === "auth_failed" });
    }
  }

  /** Log in where the password was right, or a recorder needs it: a camera then tells its model, a recorder its channels. */
  private async open(recorders: DeviceRow[], wanted: DeviceRow[], login: Login): Promise<void> {
    const nameless = wanted.filter((row) => !row.model && this.progress[row.id]?.phase === "recorded");
    const asked = [...recorders, ...nameless].slice(0, OPENED_AT_ONCE);
    if (!asked.length || !login.user) {
      for (const row of recorders) this.tell(row.id, "refused", { sentence: "A recorder is opened with its user and password.", login: true });
      return;
    }
    for (const row of recorders) this.tell(row.id, "opening");
    try {
      await this.look(asked.map((row) => row.address), login);
    } catch (error) {
      for (const row of recorders) this.tell(row.id, "refused", { sentence: sentenceOf(error) });
      return;
    }
    for (const row of recorders) if (!this.stopping) await this.behind(row, login);
    await this.drained();
  }

  private async look(addresses: string[], login: Login): Promise<void> {
    while (around.running) await around.soon(LOOK_MS);
    await around.start({
      networks: addresses.map((address) => ({ cidr: `${address}/32`, place: "" })), mine: false,
      login: { ...login, addresses },
    });
    do await around.soon(LOOK_MS);
    while (around.running);
    await around.judge();
  }

  private async behind(recorder: DeviceRow, login: Login): Promise<void> {
    const channels = channelRows(around.fleet?.devices ?? [], recorder);
    if (channels.length === 0) {
      this.tell(recorder.id, "refused", {
        sentence: "It told of no camera behind it: is the password right, and may this user see its cameras?", login: true,
      });
      return;
    }
    this.tell(recorder.id, "opened", { sentence: `${channels.length} ${channels.length === 1 ? "camera is" : "cameras are"} behind it.` });
    for (const row of channels) {
      if (this.stopping) return;
      if (row.camera) this.tell(row.id, "already", { camera: row.camera });
      else await this.take(row, login);
    }
  }
}

export const adding = new Adding();
