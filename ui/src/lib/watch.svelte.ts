/** What is being looked at: which camera is large, live or the past, and how it plays. */

import { prefs } from "./prefs.svelte";
import { site } from "./site.svelte";
import type { Camera } from "./api/types";
import type { Player, PlaybackReport } from "./media/playback";

const NOTHING: PlaybackReport = {
  state: "loading", at_ms: 0, exact: false, gap: null, leaves_in_s: null, speed: 1, problem: "", barred: null,
  refused: "", sound: "none",
};

class Watch {
  selected = $state<string | null>(null);
  /** Asked-for moment of the past; null is live. The number makes each request a new one. */
  asked = $state<{ at_ms: number; number: number } | null>(null);
  grid = $state(false);
  report = $state<PlaybackReport>(NOTHING);
  player: Player | null = null;
  private number = 0;

  /** The cameras as the wall shows them, the large one first. */
  readonly order = $derived.by((): Camera[] => {
    const ids = [...new Set([...prefs.order, ...site.cameras.map((camera) => camera.id)])];
    return ids.map((id) => site.camera(id)).filter((camera) => camera !== undefined);
  });
  readonly large = $derived(this.grid ? null : (site.camera(this.selected) ?? this.order[0] ?? null));
  readonly live = $derived(this.asked === null);

  select(id: string): void {
    const ids = this.order.map((camera) => camera.id);
    const from = ids.indexOf(id);
    const to = ids.indexOf(this.large?.id ?? ids[0] ?? id);
    // The two change places, so that every other picture stays where it is.
    if (from >= 0 && to >= 0 && !this.grid) [ids[from], ids[to]] = [ids[to]!, ids[from]!];
    prefs.setOrder(ids);
    this.selected = id;
    this.grid = false;
    if (this.asked) this.playAt(this.report.at_ms || this.asked.at_ms, id);
    else this.remember();
  }

  /** Two cameras change places; one of them may be the large one. */
  exchange(one: string, other: string): void {
    if (one === this.large?.id) return this.select(other);
    if (other === this.large?.id) return this.select(one);
    const swap = new Map([[one, other], [other, one]]);
    prefs.setOrder(this.order.map(({ id }) => swap.get(id) ?? id));
  }

  playAt(at_ms: number, camera = this.large?.id): void {
    if (camera && camera !== this.large?.id) {
      this.asked = null;
      this.select(camera);
    }
    this.grid = false;
    if (at_ms >= site.now() - 1500) return this.toLive();
    at_ms = Math.max(at_ms, this.large?.added_ms ?? 0);
    this.selected ??= this.large?.id ?? null;
    if (this.player && this.asked) this.player.seek(at_ms, true);
    else this.report = { ...NOTHING, at_ms };
    this.asked = { at_ms, number: ++this.number };
    this.remember();
  }

  toLive(): void {
    this.asked = null;
    this.player = null;
    this.remember();
  }

  /** The address names what is shown, so that it can be sent to somebody. */
  remember(): void {
    const values = new URLSearchParams();
    if (this.large) values.set("camera", this.large.id);
    if (this.asked) values.set("at", new Date(this.asked.at_ms).toISOString());
    history.replaceState(null, "", `${location.pathname}#${values.toString()}`);
  }

  recall(): void {
    const values = new URLSearchParams(location.hash.slice(1));
    const camera = values.get("camera");
    const at_ms = Date.parse(values.get("at") ?? "");
    if (camera) this.selected = camera;
    if (!Number.isNaN(at_ms)) this.asked = { at_ms, number: ++this.number };
  }
}

export const watch = new Watch();
