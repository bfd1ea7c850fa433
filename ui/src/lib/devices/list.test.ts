import { describe, expect, it } from "vitest";
import type { DeviceRow, Fleet } from "../api/types";
import { ALL, concerned, drawn, listed, origins } from "./list";
import { origin, verdict } from "./words";

const ROW: DeviceRow = {
  id: "a", name: "10.0.0.9", address: "10.0.0.9", place: "", label: "LTS", origin: "hikvision", origin_name: "Hikvision",
  certainty: "certain", making: "relabel", imitates: "", hint: "", kind: "camera", model: "", listed: true, applies: [], may_apply: [],
  next: [], affected: [], possibly: [], first: null, rank: 10, seen_ms: 1, here: true, camera: null, talks: "", step: null, owner: "", wave: 0, due: "",
};
const UNKNOWN: DeviceRow = { ...ROW, id: "b", name: "Hall", address: "10.0.0.10", origin: "", origin_name: "", certainty: "unknown", rank: 50, possibly: [0] };
const FLEET = {
  devices: [ROW, UNKNOWN, { ...ROW, id: "c", address: "10.0.0.2", certainty: "suspected", rank: 50, may_apply: [1], seen_ms: 9 }],
  rules: [{ id: "x", jurisdiction: "US", instrument: "A", kind: "" }, { id: "y", jurisdiction: "GB", instrument: "B", kind: "" }],
  holes: [{ cve: "CVE-1", summary: "", exploited: "yes" }],
} as unknown as Fleet;
const ids = (wanted: Partial<typeof ALL>) => listed(FLEET, { ...ALL, ...wanted }).map((row) => row.id).join("");

describe("the list of devices", () => {
  it("is in the order that was asked for, addresses by their numbers", () => {
    expect(ids({})).toBe("cba");
    expect(ids({ order: "address" })).toBe("cab");
    expect(ids({ order: "origin" })).toBe("acb");
    expect(ids({ order: "seen" })).toBe("cab");
  });
  it("holds what was asked for", () => {
    expect(ids({ text: " HALL " })).toBe("b");
    expect(ids({ text: "suspected" })).toBe("c");
    expect(ids({ origin: "unknown" })).toBe("b");
    expect(ids({ rule: 1 })).toBe("c");
    expect(ids({ hole: 0 })).toBe("b");
    expect(ids({ hole: 0, origin: "hikvision" })).toBe("");
  });
  it("says what there is to choose from", () => {
    expect(origins(FLEET)).toEqual([{ key: "hikvision", name: "Hikvision", count: 2 }, { key: "unknown", name: "Unknown", count: 1 }]);
    expect(concerned(FLEET)).toEqual({ rules: [{ key: "1", name: "GB: B", count: 1 }], holes: [{ key: "0", name: "CVE-1, exploited", count: 1 }] });
  });
});

describe("what is drawn of it", () => {
  it("is what can be seen and a little more, wherever one is", () => {
    expect(drawn(700, 50, 0, 500, 5)).toEqual([0, 15]);
    expect(drawn(700, 50, 10_000, 500, 5)).toEqual([195, 215]);
    expect(drawn(700, 50, 34_900, 500, 5)).toEqual([693, 700]);
    expect(drawn(3, 50, 34_900, 500, 5)).toEqual([3, 3]);
    expect(drawn(3, 50, -4000, 500, 5)).toEqual([0, 0]);
  });
});

describe("a verdict in words", () => {
  it("never says more than is known", () => {
    expect(verdict(ROW)).toBe("Made by Hikvision, we are nearly sure.");
    expect(verdict({ ...ROW, certainty: "suspected" })).toBe("Made by Hikvision: suspected, not certain.");
    expect(verdict(UNKNOWN)).toBe("Who made it is unknown.");
    expect(verdict({ ...UNKNOWN, hint: "Dahua" })).toBe("Who made it is unknown; a sign points to Dahua.");
    expect(verdict({ ...ROW, making: "clone", imitates: "Axis" })).toBe("It looks like a device of Axis, and is not shown to be one.");
    expect(origin({ ...ROW, certainty: "suspected" })).toBe("Hikvision, suspected");
  });
});
