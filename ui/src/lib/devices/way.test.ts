import { describe, expect, it } from "vitest";
import { cents, money, points, stepAfter, stepWords } from "./way";

describe("the way out", () => {
  it("names each step and what follows", () => {
    expect(stepWords("chosen")).toBe("Replacement chosen");
    expect(stepAfter("judged")).toBe("contained");
    expect(stepAfter("filed")).toBeNull();
  });
  it("reads sums and refuses what is none", () => {
    expect([cents("219.90"), cents("219,9"), cents(""), cents("much")]).toEqual([21990, 21990, 0, null]);
    expect(money(21990, "EUR")).toBe("219.90 EUR");
  });
  it("draws a line from the bottom left", () => {
    expect(points([0, 5], 10, 100, 50)).toBe("0.0,50.0 100.0,25.0");
  });
});
