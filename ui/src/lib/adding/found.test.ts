import { describe, expect, it } from "vitest";
import type { DeviceRow } from "../api/types";
import { channelRows, chosenFrom, nameFor, split, told } from "./found";
import { countries, lasting } from "./keeping";

const ROW: DeviceRow = {
  id: "a", name: "10.0.0.9", address: "10.0.0.9", place: "", label: "LTS", origin: "hikvision", origin_name: "Hikvision",
  certainty: "certain", making: "relabel", imitates: "", hint: "", kind: "camera", model: "CMIP7422", listed: true, applies: [], may_apply: [],
  next: [], affected: [], possibly: [], first: null, rank: 10, seen_ms: 1, here: true, camera: null, talks: "", step: null, owner: "", wave: 0, due: "",
};
const PRINTER: DeviceRow = { ...ROW, id: "p", address: "10.0.0.10", label: "", origin: "", origin_name: "", certainty: "unknown", making: "unknown", kind: "unknown", model: "", listed: false };

describe("what was found", () => {
  it("is cameras and the rest, by address, without what a collector saw", () => {
    const far = { ...ROW, id: "f", here: false };
    const [cameras, others] = chosenFrom([PRINTER, { ...ROW, id: "b", address: "10.0.0.11" }, ROW, far]);
    expect(cameras.map((row) => row.id)).toEqual(["a", "b"]);
    expect(others.map((row) => row.id)).toEqual(["p"]);
  });
  it("knows what is behind a recorder, in order", () => {
    const at = (address: string, id: string) => ({ ...PRINTER, id, address, here: false });
    const rows = [at("10.0.0.9 channel 10", "j"), at("10.0.0.9 channel 2", "b"), at("10.0.0.90 channel 1", "x"), ROW];
    expect(channelRows(rows, ROW).map((row) => row.id)).toEqual(["b", "j"]);
  });
  it("has a name that tells it from its like", () => {
    expect(nameFor({ ...ROW, name: "Gym" })).toBe("Gym");
    expect(nameFor(ROW)).toBe("CMIP7422 9");
    expect(nameFor({ ...PRINTER, name: PRINTER.address })).toBe("Camera 10");
    expect(nameFor({ ...PRINTER, name: "10.0.0.9 channel 3", address: "10.0.0.9 channel 3" })).toBe("Camera 9-3");
  });
  it("says who made it, and never more than is known", () => {
    expect(told(ROW)).toBe("Sold as LTS, made by Hikvision, on a list");
    expect(told({ ...ROW, label: "Hikvision", certainty: "suspected", listed: false })).toBe("Made by Hikvision, suspected");
    expect(told(PRINTER)).toBe("Who made it is not known");
    expect(told({ ...PRINTER, hint: "Axis" })).toBe("Perhaps made by Axis");
  });
});

describe("an address that was pasted", () => {
  it("loses its login to the fields for it", () => {
    expect(split(" rtsp://admin:a%40b:c@10.0.0.9:8554/x?y=1 ")).toEqual({ url: "rtsp://10.0.0.9:8554/x?y=1", user: "admin", password: "a@b:c" });
    expect(split("rtsps://10.0.0.9/x@y")).toEqual({ url: "rtsps://10.0.0.9/x@y", user: "", password: "" });
    expect(split("rtsp://a:%zz@h/")).toEqual({ url: "rtsp://h/", user: "a", password: "%zz" });
    expect(split("10.0.0.9")).toEqual({ url: "10.0.0.9", user: "", password: "" });
  });
});

describe("how long is kept", () => {
  it("is said in hours or days", () => {
    expect([1, 72, 336, 100].map(lasting)).toEqual(["1 hour", "72 hours", "14 days", "100 hours"]);
  });
  it("knows the countries by name", () => {
    const names = new Map(countries());
    expect(names.get("DE")).toBe("Germany");
    expect(names.size).toBeGreaterThan(200);
  });
});
