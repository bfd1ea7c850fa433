import { describe, expect, it } from "vitest";
import type { Camera } from "../api/types";
import { clock, clockOf, hours, minuteOf, overall, rate, size, spanWords, standing } from "./words";

const T0 = Date.UTC(2026, 6, 6, 12);

function camera(name: string, state: "recording" | "gap" | "paused", cause: string | null = null, until_ms: number | null = null): Camera {
  return {
    id: name, name, state: "enabled", sound: false, added_ms: 0, streams: [],
    now: { state, cause, since_ms: T0 - 60_000, until_ms, sentence: "" },
  } as unknown as Camera;
}

describe("what is said of cameras", () => {
  it("says how one stands", () => {
    expect(standing(camera("A", "recording"), "UTC", T0)).toBe("records since 11:59");
    expect(standing(camera("A", "gap", "stalled"), "UTC", T0)).toBe("no picture since 11:59");
    expect(standing(camera("A", "paused", "paused", T0 + 3_600_000), "UTC", T0)).toBe("paused until 13:00");
    expect(standing(camera("A", "paused", "disabled"), "UTC", T0)).toBe("switched off since 11:59");
  });

  it("says it of all, the lost one first", () => {
    const good = camera("A", "recording");
    expect(overall([good], "UTC", T0)).toBe("The camera is recorded.");
    expect(overall([good, good], "UTC", T0)).toBe("All 2 cameras are recorded.");
    expect(overall([good, camera("B", "paused", "paused")], "UTC", T0)).toBe("2 cameras: 1 recorded, 1 paused or off.");
    expect(overall([good, camera("B", "gap", "auth_failed"), camera("C", "gap", "stalled")], "UTC", T0)).toBe(
      "B: no picture since 11:59. The camera refused the user name or the password. 1 more is not recorded.",
    );
  });

  it("says spans, rates and sizes", () => {
    expect(spanWords({ days: [0, 1, 2, 3, 4], from_min: 420, to_min: 960 })).toBe("Mon–Fri 07:00–16:00");
    expect(spanWords({ days: [6, 5], from_min: 1320, to_min: 360 })).toBe("Sat, Sun 22:00–06:00 the next day");
    expect(spanWords({ days: [0, 1, 2, 3, 4, 5, 6], from_min: 0, to_min: 1440 })).toBe("Every day 00:00–24:00");
    expect(rate(2_140_000)).toBe("2.1 Mb/s");
    expect(rate(99_600)).toBe("100 kb/s");
    expect(size(3_200_000_000)).toBe("3.2 GB");
    expect([hours(72), hours(336), hours(100)]).toEqual(["72 h", "14 days", "100 h"]);
  });

  it("says how right a camera's clock is", () => {
    expect([clock(null), clock(0.4), clock(-125), clock(3)]).toEqual(["it does not say", "right to a second", "2 min 5 s behind", "3 s ahead"]);
  });

  it("reads times of the day and nothing else", () => {
    expect([minuteOf("07:30"), minuteOf("7:05"), minuteOf("24:00")]).toEqual([450, 425, 1440]);
    for (const wrong of ["24:01", "7", "25:00", "07:60", "", "7:5"]) expect(minuteOf(wrong)).toBeNull();
    for (const right of [0, 61, 1439]) expect(minuteOf(clockOf(right))).toBe(right);
  });
});
