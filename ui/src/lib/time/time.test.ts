import { describe, expect, it } from "vitest";
import { stepFor, ticks } from "./ticks";
import { typedTime } from "./typed";
import { DAY, HOUR, LONGEST, MINUTE, SECOND, SHORTEST, between, everything, hold, reveal, span, toPixel, toTime, untilNow, zoomAbout } from "./view";
import { clock, length, shown, since } from "./words";
import { fromCivil, offset_ms, offsetWords } from "./zone";

const BERLIN = "Europe/Berlin";
const at = (text: string) => Date.parse(text);

describe("the view", () => {
  const view = { from_ms: at("2026-11-22T00:00:00Z"), to_ms: at("2026-11-23T00:00:00Z") };

  it("turns pixels into times and back", () => {
    for (const x of [0, 1, 333.5, 1000]) expect(toPixel(view, toTime(view, x, 1000), 1000)).toBeCloseTo(x, 6);
  });

  it("keeps the moment under the cursor where it is", () => {
    const about = toTime(view, 700, 1000);
    let zoomed = view;
    for (let n = 0; n < 40; n++) zoomed = zoomAbout(zoomed, about, 0.8);
    expect(toPixel(zoomed, about, 1000)).toBeCloseTo(700, 3);
    for (let n = 0; n < 80; n++) zoomed = zoomAbout(zoomed, about, 1.3);
    expect(toPixel(zoomed, about, 1000)).toBeCloseTo(700, 3);
  });

  it("zooms from ninety days to a second and no further", () => {
    expect(span(zoomAbout(view, view.from_ms, 1e9))).toBe(LONGEST);
    expect(span(zoomAbout(view, view.from_ms, 1e-9))).toBe(SHORTEST);
  });

  it("never leaves now altogether", () => {
    const now = view.to_ms;
    const ahead = hold({ from_ms: now + 5 * DAY, to_ms: now + 6 * DAY }, now);
    expect(ahead.from_ms).toBeLessThan(now);
    expect(span(ahead)).toBe(DAY);
    expect(toPixel(untilNow(HOUR, now), now, 100)).toBeCloseTo(94, 5);
  });

  it("shows all of a young recording, and holds still while that grows", () => {
    const began = view.from_ms;
    for (const age of [0, SECOND, 4 * MINUTE, 20 * MINUTE, 7 * HOUR, 3 * DAY, 80 * DAY]) {
      const fits = everything(began, began + age);
      expect(span(fits)).toBeGreaterThanOrEqual(5 * MINUTE);
      expect(toPixel(fits, began, 100)).toBeCloseTo(2, 5);
      expect(toPixel(fits, began + age, 100)).toBeLessThanOrEqual(94.1);
      if (age > 5 * MINUTE) expect(toPixel(fits, began + age, 100)).toBeGreaterThan(60);
    }
    expect(everything(began, began + 60 * SECOND)).toEqual(everything(began, began + 200 * SECOND));
    expect(span(everything(began, began + 200 * DAY))).toBe(LONGEST);
  });

  it("goes from one view to another and holds what both hold", () => {
    const near = { from_ms: view.from_ms + 2 * HOUR, to_ms: view.from_ms + 3 * HOUR };
    for (const [one, other] of [[view, near], [near, view], [view, { from_ms: view.from_ms + HOUR, to_ms: view.to_ms + HOUR }]] as const) {
      expect(between(one, other, 0)).toEqual(one);
      expect(between(one, other, 1).from_ms).toBeCloseTo(other.from_ms, 3);
      expect(between(one, other, 1).to_ms).toBeCloseTo(other.to_ms, 3);
      const half = between(one, other, 0.5);
      expect(half.from_ms).toBeGreaterThanOrEqual(Math.min(one.from_ms, other.from_ms));
      expect(half.to_ms).toBeLessThanOrEqual(Math.max(one.to_ms, other.to_ms));
    }
  });

  it("says what it shows", () => {
    const now = at("2026-11-22T12:00:00Z");
    expect(shown(untilNow(DAY, now), "UTC", now)).toBe("The last 1 day");
    expect(shown(untilNow(6 * HOUR, now), "UTC", now)).toBe("The last 6 h");
    expect(shown({ from_ms: now - 30 * HOUR, to_ms: now - 28 * HOUR }, "UTC", now)).toBe("yesterday 06:00 – 08:00");
    expect(shown({ from_ms: now - 14 * HOUR, to_ms: now - 11 * HOUR }, "UTC", now)).toBe("yesterday 22:00 – today 01:00");
    expect(shown({ from_ms: now - HOUR, to_ms: now + HOUR }, "UTC", now)).toBe("today 11:00 – now");
    expect(shown({ from_ms: now - 3000, to_ms: now - 2000 }, "UTC", now)).toBe("today 11:59:57.000 – 11:59:58.000");
  });

  it("moves only when what it shows walks out", () => {
    expect(reveal(view, (view.from_ms + view.to_ms) / 2)).toBe(view);
    const moved = reveal(view, view.to_ms + HOUR);
    expect(moved.to_ms).toBeGreaterThan(view.to_ms + HOUR);
    expect(span(moved)).toBe(span(view));
  });
});

describe("time zones", () => {
  it("knows both sides of a change", () => {
    expect(offset_ms(at("2026-03-29T00:59:59Z"), BERLIN)).toBe(HOUR);
    expect(offset_ms(at("2026-03-29T01:00:00Z"), BERLIN)).toBe(2 * HOUR);
    expect(offsetWords(at("2026-07-01T00:00:00Z"), "Asia/Kolkata")).toBe("+5:30");
    expect(offsetWords(at("2026-07-01T00:00:00Z"), "America/New_York")).toBe("−4");
  });

  it("finds the moment that clocks show", () => {
    const civil = { year: 2026, month: 10, day: 25, hour: 2, minute: 30, second: 0 };
    expect(fromCivil(civil, BERLIN)).toBe(at("2026-10-25T00:30:00Z"));
    expect(fromCivil({ ...civil, hour: 3 }, BERLIN)).toBe(at("2026-10-25T02:30:00Z"));
    expect(fromCivil({ ...civil, month: 3, day: 29, hour: 2 }, BERLIN)).toBe(at("2026-03-29T01:30:00Z"));
  });
});

describe("the ruler", () => {
  const night = (day: string) => ({ from_ms: at(`${day}T22:00:00Z`) - DAY, to_ms: at(`${day}T05:00:00Z`) });

  it("shows the hour that is repeated twice, and says which", () => {
    const labels = ticks(night("2026-10-25"), 600, BERLIN).map((tick) => tick.label);
    expect(labels).toEqual(["Sun 25", "01:00", "02:00", "02:00 +1", "03:00", "04:00", "05:00", "06:00"]);
  });

  it("leaves out the hour that is not", () => {
    const view = { from_ms: at("2026-03-28T23:00:00Z"), to_ms: at("2026-03-29T05:00:00Z") };
    const labels = ticks(view, 600, BERLIN).map((tick) => tick.label);
    expect(labels).toEqual(["Sun 29", "01:00", "03:00", "04:00", "05:00", "06:00", "07:00"]);
    expect(labels.some((label) => label.startsWith("02:"))).toBe(false);
  });

  it("puts days on local midnights, of 23 and 25 hours too", () => {
    const found = ticks({ from_ms: at("2026-10-23T12:00:00Z"), to_ms: at("2026-10-28T12:00:00Z") }, 500, BERLIN);
    expect(found.map((tick) => clock(tick.at_ms, BERLIN))).toEqual(found.map(() => "00:00:00"));
    expect(found[2]!.at_ms - found[1]!.at_ms).toBe(25 * HOUR);
  });

  it("aligns minutes in zones that are half an hour off", () => {
    const found = ticks({ from_ms: at("2026-11-22T10:07:00Z"), to_ms: at("2026-11-22T12:07:00Z") }, 600, "Asia/Kolkata");
    expect(found.map((tick) => tick.label)).toEqual(["16:00", "16:30", "17:00", "17:30"]);
  });

  it("has neither too many marks nor none, at every zoom", () => {
    for (let length_ms = SECOND; length_ms <= LONGEST; length_ms *= 1.7) {
      const view = { from_ms: at("2026-10-20T11:22:33Z"), to_ms: at("2026-10-20T11:22:33Z") + length_ms };
      const found = ticks(view, 1100, BERLIN);
      expect(found.length).toBeGreaterThan(1);
      expect(found.length).toBeLessThan(16);
      for (let n = 1; n < found.length; n++) expect(found[n]!.at_ms).toBeGreaterThan(found[n - 1]!.at_ms);
    }
  });

  it("goes down to tenths of a second", () => {
    expect(stepFor({ from_ms: 0, to_ms: SECOND }, 1000, 90)).toBe(100);
    expect(ticks({ from_ms: 0, to_ms: SECOND }, 500, "UTC")[1]?.label).toBe("00.2");
  });
});

describe("words", () => {
  const now = at("2026-11-22T14:32:07.466Z");

  it("says lengths in two units", () => {
    expect([400, 1000, 38_000, 200_000, 125 * MINUTE, 4 * DAY + 3 * HOUR].map(length)).toEqual(
      ["0.4 s", "1 s", "38 s", "3 min 20 s", "2 h 5 min", "4 days 3 h"]);
  });

  it("says since when, as near as people do", () => {
    expect(since(now - HOUR, "UTC", now)).toBe("13:32");
    expect(since(now - DAY, "UTC", now)).toBe("yesterday 14:32");
    expect(since(now - 3 * DAY, "UTC", now)).toBe("Thursday 14:32");
    expect(since(now - 20 * DAY, "UTC", now)).toBe("Mon 2 Nov 14:32");
    expect(clock(now, "UTC", 3)).toBe("14:32:07.466");
  });
});

describe("a typed time", () => {
  const now = at("2026-11-22T14:32:00Z"); // a Sunday
  const read = (text: string) => {
    const found = typedTime(text, "UTC", now);
    return found === null ? null : new Date(found).toISOString().slice(0, 19);
  };

  it("is the last one that has been", () => {
    expect(read("14:00")).toBe("2026-11-22T14:00:00");
    expect(read("15:00")).toBe("2026-11-21T15:00:00");
    expect(read("yesterday 9:05")).toBe("2026-11-21T09:05:00");
    expect(read("mon 9:05:07")).toBe("2026-11-16T09:05:07");
    expect(read("-10m")).toBe("2026-11-22T14:22:00");
  });

  it("takes dates as people write them", () => {
    for (const text of ["2026-11-20 08:00", "20 Nov 8:00", "20.11. 8:00", "2026-11-20T08:00", "fri 20 nov, 8:00"]) {
      expect(read(text)).toBe("2026-11-20T08:00:00");
    }
  });

  it("is nothing where it says nothing", () => {
    for (const text of ["", "soon", "25:00", "12:61", "31 Feb 10:00", "12"]) expect(read(text)).toBeNull();
  });
});
