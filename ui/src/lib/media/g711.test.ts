import { describe, expect, it } from "vitest";
import { soundRecords } from "./g711";

function record(time: number, ...payload: number[]): number[] {
  return [0, 0, 0, 0, 0, 0, time >> 8, time & 255, 0, 0, 0, payload.length, ...payload];
}

const heard = (law: "pcma" | "pcmu", ...bytes: number[]) =>
  soundRecords(new Uint8Array(record(0, ...bytes)).buffer, law).flatMap(({ samples }) => [...samples].map((one) => one * 32_768));

describe("G.711", () => {
  it("is expanded as ITU-T G.711 lists it", () => {
    expect(heard("pcma", 0xd5, 0x55, 0xaa, 0x2a, 0x80)).toEqual([8, -8, 32_256, -32_256, 5504]);
    expect(heard("pcmu", 0xff, 0x7f, 0x80, 0x00, 0xf0)).toEqual([0, -0, 32_124, -32_124, 120]);
  });

  it("comes in records that each say when they begin", () => {
    const data = new Uint8Array([...record(320, 1, 2, 3), ...record(8000, 4)]).buffer;
    expect(soundRecords(data, "pcma").map(({ time, samples }) => [time, samples.length])).toEqual([[320, 3], [8000, 1]]);
    expect(soundRecords(data.slice(0, -1), "pcma")).toHaveLength(1);
  });
});
