/** What is being looked at: which cameras, live or the past, and how they play. */

import { prefs } from "./prefs.svelte";
import { site } from "./site.svelte";
import type { Camera } from "./api/types";
import type { Player, PlaybackReport } from "./media/playback";

const NOTHING: PlaybackReport = {
  state: "loading", at_ms: 0, exact: false, gap: null, leaves_in_s: null, speed: 1, problem: "", barred: null,
  refused: "", sound: "none",
};
const ID = /^[0-9a-f]{32}$/;

class Watch {
  selected = $state<string | null>(null);
  /** Asked-for moment of the past; null is live. The number makes each request a new one. */
  asked = $state<{ at_ms: number; number: number } | null>(null);
  /** No camera is large: the wall as it was laid out, or all alike. */
  grid = $state(false);
  /** The past of all cameras on the wall at once, in step. */
  together = $state(false);
  /** The kept layout that is shown, by its id. */
  layout = $state<string | null>(null);
  /** A wall for another screen, with nothing around it. */
  bare = $state(false);
  report = $state<PlaybackReport>(NOTHING);
  player: Player | null = null;
  private number = 0;

  /** The cameras as the wall shows them, the large one first. */
  readonly order = $derived.by((): Camera[] => {
    const ids = [...new Set([...prefs.order, ...site.cameras.map((camera) => camera.id)])];
    return ids.map((id) => site.camera(id)).filter((camera) => camera !== undefined);
  });
  /** Whose rows, steps and clips are meant, large or not. */
  readonly chosen = $derived(site.camera(this.selected) ?? this.order[0] ?? null);
  readonly large = $derived(this.grid ? null : this.chosen);
  readonly live = $derived(this.asked === null);
  /** Of the moment on the screen, whichever it is. */
  readonly now_ms = $derived(this.asked === null ? site.now_ms : this.report.at_ms || this.asked.at_ms);

  select(id: string): void {
    if (this.together && this.asked) {
      this.selected = id;
      return this.remember();
    }
    const ids = this.order.map((camera) => camera.id);
    const from = ids.indexOf(id);
    const to = ids.indexOf(this.large?.id ?? ids[0] ?? id);
    // The two change places, so that every other picture stays where it is.
    if (from >= 0 && to >= 0 && !this.grid) [ids[from], ids[to]] = [ids[to]!, ids[from]!];
    prefs.setOrder(ids);
    this.showLarge(id);
    if (this.asked) this.playAt(this.report.at_ms || this.asked.at_ms, id);
  }

  /** Large, while every place stays whose it was. */
  showLarge(id: string): void {
    this.selected = id;
    this.grid = false;
    this.remember();
  }

  /** Two cameras change places; one of them may be the large one. */
  exchange(one: string, other: string): void {
    if (one === this.large?.id) return this.select(other);
    if (other === this.large?.id) return this.select(one);
    const swap = new Map([[one, other], [other, one]]);
    prefs.setOrder(this.order.map(({ id }) => swap.get(id) ?? id));
  }

  playAt(at_ms: number, camera = this.chosen?.id): void {
    if (camera && camera !== this.chosen?.id) {
      if (this.together) this.selected = camera;
      else {
        this.asked = null;
        this.select(camera);
      }
    }
    if (!this.together) this.grid = false;
    if (at_ms >= site.now() - 1500) return this.toLive();
    at_ms = Math.max(at_ms, this.chosen?.added_ms ?? 0);
    this.selected ??= this.chosen?.id ?? null;
    if (this.player && this.asked) this.player.seek(at_ms, true);
    else this.report = { ...NOTHING, at_ms };
    this.asked = { at_ms, number: ++this.number };
    this.remember();
  }

  /** All cameras on the wall in step, or the one that is large alone; from the same moment on. */
  setTogether(together: boolean): void {
    const at_ms = this.now_ms;
    if (together === this.together) return;
    this.player = null;
    this.together = together;
    if (!together) this.grid = false;
    const from_ms = this.asked ? at_ms : site.now() - 10_000;
    this.report = { ...NOTHING, at_ms: from_ms };
    this.asked = { at_ms: from_ms, number: ++this.number };
    this.remember();
  }

  toLive(): void {
    this.asked = null;
    this.player = null;
    if (this.together) this.grid = this.grid || this.layout !== null;
    this.remember();
  }

  /** The address of what is shown now, so that it can be sent to somebody. */
  address(at_ms: number | null = this.asked?.at_ms ?? null): string {
    const values = new URLSearchParams();
    if (this.chosen) values.set("camera", this.chosen.id);
    if (this.asked && at_ms !== null) values.set("at", new Date(at_ms).toISOString());
    if (this.layout) values.set("layout", this.layout);
    if (this.grid) values.set("grid", "1");
    if (this.together) values.set("step", "1");
    if (this.bare) values.set("screen", "1");
    return `${location.pathname}#${values.toString()}`;
  }

  remember(): void {
    history.replaceState(null, "", this.address());
  }

  recall(): void {
    const values = new URLSearchParams(location.hash.slice(1));
    const [camera, layout] = [values.get("camera"), values.get("layout")];
    const at_ms = Date.parse(values.get("at") ?? "");
    if (camera && ID.test(camera)) this.selected = camera;
    if (layout && ID.test(layout)) this.layout = layout;
    this.bare = values.get("screen") === "1";
    this.grid = values.get("grid") === "1" || (this.bare && !camera);
    this.together = values.get("step") === "1";
    if (!Number.isNaN(at_ms)) {
      this.report = { ...NOTHING, at_ms };
      this.asked = { at_ms, number: ++this.number };
    }
  }
}

export const watch = new Watch();
