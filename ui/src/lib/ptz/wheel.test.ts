import { describe, expect, it } from "vitest";
import { pointIn } from "./wheel";

describe("pointIn", () => {
  it("is 0 in the middle and 1 at the edges of the picture", () => {
    const box = { width: 1600, height: 900 };
    expect(pointIn(box, 16 / 9, 800, 450)).toEqual({ x: 0, y: -0 });
    expect(pointIn(box, 16 / 9, 1600, 0)).toEqual({ x: 1, y: 1 });
  });

  it("leaves out what is beside a picture that does not fill its box", () => {
    const box = { width: 1000, height: 1000 };
    expect(pointIn(box, 2, 500, 100)).toBeNull();
    expect(pointIn(box, 2, 1000, 750)).toEqual({ x: 1, y: -1 });
    expect(pointIn(box, 0.5, 100, 500)).toBeNull();
    expect(pointIn(box, 0.5, 250, 0)).toEqual({ x: -1, y: 1 });
  });
});
