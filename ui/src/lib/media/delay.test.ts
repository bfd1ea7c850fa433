import { describe, expect, it } from "vitest";
import { Delay } from "./delay";

/** Fifteen pictures a second for five seconds, each sent on by `when` (ms after it was taken). */
function watched(when: (index: number) => number): { delay: Delay; now_ms: number } {
  const delay = new Delay();
  delay.begin(0);
  for (let index = 0; index < 75; index++) delay.came(index * (1000 / 15) + when(index), index / 15);
  return { delay, now_ms: 5000 };
}

describe("how far behind to play", () => {
  it("is a tenth of a second where pictures come one by one", () => {
    const { delay, now_ms } = watched(() => 30);
    expect(now_ms / 1000 - delay.aim_s(now_ms)).toBeCloseTo(0.09, 2);
  });

  it("is a burst where they come in bursts", () => {
    const { delay, now_ms } = watched((index) => (5 - (index % 6)) * (1000 / 15));
    expect(now_ms / 1000 - delay.aim_s(now_ms)).toBeCloseTo(5 / 15 + 0.06, 2);
  });

  it("grows when the player starves, and shrinks again", () => {
    const { delay, now_ms } = watched(() => 30);
    delay.starved(now_ms);
    delay.starved(now_ms);
    expect(now_ms / 1000 - delay.aim_s(now_ms)).toBeCloseTo(0.19, 2);
    for (let index = 75; index < 75 + 60 * 15; index++) delay.came(index * (1000 / 15) + 30, index / 15);
    expect(65 - delay.aim_s(65_000)).toBeCloseTo(0.09, 2);
  });

  it("does not count what was waiting at the beginning", () => {
    const delay = new Delay();
    delay.begin(10_000);
    for (let index = 0; index < 30; index++) delay.came(10_010, index / 15);
    expect(delay.aim_s(10_020)).toBeCloseTo(29 / 15 - 0.15, 5);
  });
});
