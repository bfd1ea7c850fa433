/** What was chosen in the list, so that it is there again after a look at one device. */

import type { PlanDone } from "../api/types";
import { ALL, type Wanted } from "./list";

class Kept {
  wanted = $state<Wanted>({ ...ALL });
  /** Ids of devices that are to be planned at once. */
  chosen = $state.raw<ReadonlySet<string>>(new Set());
  /** What was last planned of several, until somebody has seen it. */
  told = $state.raw<{ words: string; done: PlanDone } | null>(null);
  scrolled_px = 0;
}

export const kept = new Kept();
