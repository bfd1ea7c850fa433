/** Layouts of the wall: those that are kept, the one that is shown, and the one that is being made. */

import { api, ApiError } from "../api/client";
import type { LayoutBody, SavedLayout } from "../api/types";
import { prefs } from "../prefs.svelte";
import { site } from "../site.svelte";
import { watch } from "../watch.svelte";
import { filled, TEMPLATES, type Grid } from "./grid";

export interface Draft extends Grid {
  /** Null for one that is not kept yet. */
  id: string | null;
  name: string;
  shared: boolean;
}

class Arrangement {
  saved = $state.raw<SavedLayout[]>([]);
  draft = $state.raw<Draft | null>(null);
  problem = $state("");
  busy = $state(false);

  /** The layout that is shown; null for all cameras, placed by the page. */
  readonly current = $derived(this.saved.find((one) => one.id === watch.layout) ?? null);

  /** The grid on the screen: what is being made, or what is shown. Cameras that are gone leave holes. */
  readonly grid = $derived.by((): Grid | null => {
    const shown = this.draft ?? (watch.grid ? this.current : null);
    if (!shown) return null;
    return { columns: shown.columns, rows: shown.rows, tiles: shown.tiles.filter((tile) => site.camera(tile.camera)) };
  });

  async refresh(): Promise<void> {
    this.saved = (await api.layouts()).layouts;
    // What was shown last comes back, unless the address says what to show.
    if (watch.layout === null && prefs.layout && !location.hash.includes("camera=")) this.show(prefs.layout);
    if (watch.layout !== null && !this.current) this.show(null);
  }

  show(id: string | null): void {
    prefs.setLayout(id);
    watch.grid = id !== null;
    watch.layout = id;
    watch.remember();
  }

  /** Make a new one, from what is shown or from a template. */
  begin(): void {
    const shown = this.current;
    const from: Grid = shown ?? filled(TEMPLATES[2]!, watch.order.map((camera) => camera.id));
    this.problem = "";
    this.draft = { columns: from.columns, rows: from.rows, tiles: [...from.tiles], id: null, name: "", shared: false };
    watch.toLive();
  }

  edit(): void {
    const shown = this.current;
    if (!shown) return this.begin();
    this.problem = "";
    this.draft = { columns: shown.columns, rows: shown.rows, tiles: [...shown.tiles], id: shown.own ? shown.id : null, name: shown.name, shared: shown.own && shown.shared };
    watch.toLive();
  }

  change(grid: Grid): void {
    if (this.draft) this.draft = { ...this.draft, ...grid };
  }

  cancel(): void {
    this.draft = null;
  }

  async save(): Promise<void> {
    const draft = this.draft;
    if (!draft || this.busy) return;
    if (!draft.name.trim()) {
      this.problem = "Give it a name.";
      return;
    }
    if (draft.tiles.length === 0) {
      this.problem = "Put at least one camera on it.";
      return;
    }
    const body: LayoutBody = {
      name: draft.name.trim(), shared: draft.shared, columns: draft.columns, rows: draft.rows, tiles: draft.tiles,
    };
    await this.carryOut(async () => {
      const kept = draft.id === null ? await api.addLayout(body) : await api.changeLayout(draft.id, body);
      await this.refresh();
      this.draft = null;
      this.show(kept.id);
    });
  }

  async remove(): Promise<void> {
    const id = this.draft?.id;
    if (!id) return;
    await this.carryOut(async () => {
      await api.removeLayout(id);
      await this.refresh();
      this.draft = null;
      this.show(null);
    });
  }

  private async carryOut(act: () => Promise<void>): Promise<void> {
    this.problem = "";
    this.busy = true;
    try {
      await act();
    } catch (error) {
      this.problem = error instanceof ApiError ? error.message : "That did not work. Try again.";
    } finally {
      this.busy = false;
    }
  }
}

export const arrangement = new Arrangement();
