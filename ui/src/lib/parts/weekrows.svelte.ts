/** Spans of a week while somebody types them. */

import type { ScheduleSpan } from "../api/types";
import { clockOf, DAYS, minuteOf } from "../cameras/words";

export interface WeekRow {
  key: number;
  days: boolean[];
  from: string;
  to: string;
}

export class WeekRows {
  list = $state<WeekRow[]>([]);
  private count = 0;

  constructor(spans: readonly ScheduleSpan[]) {
    this.list = spans.map((span) => this.row(span.days, span.from_min, span.to_min));
  }

  private row(days: readonly number[], from: number, to: number): WeekRow {
    return { key: ++this.count, days: DAYS.map((_, day) => days.includes(day)), from: clockOf(from), to: clockOf(to) };
  }

  add(days: readonly number[], from: number, to: number): void {
    this.list = [...this.list, this.row(days, from, to)];
  }

  drop(key: number): void {
    this.list = this.list.filter((each) => each.key !== key);
  }

  /** What was typed; or the sentence that says what is wrong with it. */
  read(): ScheduleSpan[] | string {
    const spans = this.list.map((each) => ({
      days: each.days.flatMap((on, day) => (on ? [day] : [])), from_min: minuteOf(each.from) ?? -1, to_min: minuteOf(each.to) ?? -1,
    }));
    if (spans.some((span) => span.days.length === 0)) return "Choose a day or more for each.";
    if (spans.some((span) => span.from_min < 0 || span.from_min === 1440 || span.to_min < 0)) return "Times look like 07:30; a whole day is 00:00 to 24:00.";
    if (spans.some((span) => span.from_min === span.to_min)) return "It needs to end at another time than it begins.";
    return spans;
  }
}
