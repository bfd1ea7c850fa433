import { describe, expect, it } from "vitest";
import { pictureTimes } from "./boxes";

function box(kind: string, ...parts: number[][]): number[] {
  const payload = parts.flat();
  const size = payload.length + 8;
  return [...u32(size), ...[...kind].map((letter) => letter.charCodeAt(0)), ...payload];
}
const u32 = (value: number) => [value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255];

function fragment(decode: number, samples: [number, number][]): ArrayBuffer {
  const trun = box("trun", u32(0x01000f01), u32(samples.length), u32(0), samples.flatMap(([lasts, shift]) => [...u32(lasts), ...u32(9), ...u32(0), ...u32(shift)]));
  const traf = box("traf", box("tfhd", u32(0x020000), u32(1)), box("tfdt", u32(0x01000000), u32(0), u32(decode)), trun);
  return new Uint8Array([...box("uuid", [1, 2, 3]), ...box("moof", box("mfhd", u32(0), u32(1)), traf), ...box("mdat", [0])]).buffer;
}

describe("times of pictures", () => {
  it("are read in the order in which they are shown", () => {
    const data = fragment(90_000, [[6000, 0], [6000, 12_000], [6000, -6000]]);
    expect(pictureTimes(data, { id: 1, timescale: 90_000 })).toEqual([1, 96_000 / 90_000, 108_000 / 90_000].sort((a, b) => a - b));
  });

  it("are none for another track or torn bytes", () => {
    const data = fragment(0, [[6000, 0]]);
    expect(pictureTimes(data, { id: 2, timescale: 90_000 })).toEqual([]);
    for (let cut = 0; cut < data.byteLength; cut++) {
      expect(pictureTimes(data.slice(0, cut), { id: 1, timescale: 90_000 }).length).toBeLessThan(2);
    }
  });
});
