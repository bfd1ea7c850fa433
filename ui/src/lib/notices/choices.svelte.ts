/** What leaves by a way, and when: the part that all ways have in common. */

import type { NoticeKind, QuietBody, WayInfo } from "../api/types";
import { WeekRows } from "../parts/weekrows.svelte";
import { systemZone } from "../time/zone";

export interface Chosen {
  kinds: NoticeKind[];
  picture: boolean;
  quiet: QuietBody;
}

export class Choices {
  kinds = $state<string[]>([]);
  picture = $state(false);
  zone = $state("");
  readonly rows: WeekRows;

  constructor(before: WayInfo | null) {
    this.kinds = [...(before?.kinds ?? [])];
    this.picture = before?.picture ?? false;
    this.rows = new WeekRows(before?.quiet.spans ?? []);
    this.zone = before?.quiet.spans.length ? before.quiet.zone : systemZone();
  }

  /** What is chosen, or what is wrong with it. */
  read(): Chosen | string {
    const spans = this.rows.read();
    if (typeof spans === "string") return spans;
    return { kinds: this.kinds as NoticeKind[], picture: this.picture, quiet: { zone: this.zone.trim(), spans } };
  }
}
