import { describe, expect, it } from "vitest";
import { addressOf, corners, gone, queryOf, wishOf, zoneOf } from "./ask";

const now = 1_700_000_000_000;

describe("what is searched for", () => {
  it("is the last day's events unless the address says otherwise", () => {
    const wish = wishOf({}, now);
    expect([wish.what, wish.from_ms, wish.cameras]).toEqual(["events", now - 86_400_000, []]);
    expect(queryOf(wish, "", 50)).toEqual({ from_ms: now - 86_400_000, to_ms: 2 ** 53 - 1, most: 50, before: "", job: "" });
  });

  it("comes back from the address as it went in", () => {
    const wish = wishOf({ what: "tracks", camera: "a b", kind: "person car", region: "0.1,0.2 0.5,0.2 0.5,0.9", then: "0,0 1,0 1,1", from: "5", to: "9" }, now);
    expect(wishOf(addressOf(wish), now)).toEqual(wish);
    expect(queryOf(wish, "7-x", 10)).toMatchObject({ camera: ["a", "b"], kind: ["person", "car"], region: "0.1,0.2 0.5,0.2 0.5,0.9", then: "0,0 1,0 1,1", before: "7-x" });
  });

  it("is by rule and by zone for what rules found, and by neither for all that was seen", () => {
    const [rule, area] = ["a".repeat(32), "b".repeat(32)];
    const wish = wishOf({ rule, area }, now);
    expect(wishOf(addressOf(wish), now)).toEqual(wish);
    expect(queryOf(wish, "", 10)).toMatchObject({ rule: [rule], area });
    const seen = queryOf({ ...wish, what: "tracks" }, "", 10);
    expect([seen["rule"], seen["area"]]).toEqual([undefined, undefined]);
    expect(wishOf({ rule: "x", area: "../y" }, now)).toMatchObject({ rule: "", area: "" });
  });

  it("offers rules that are gone, and knows a zone by its corners", () => {
    const met = new Map([["a", "Gate"], ["b", "Yard"]]);
    expect(gone([{ id: "a" }], met, "")).toEqual([["b", "Yard"]]);
    expect(gone([], new Map(), "c")).toEqual([["c", "A rule"]]);
    expect(gone([{ id: "c" }], met, "c")).toEqual([["a", "Gate"], ["b", "Yard"]]);
    const zones = [{ id: "z", points: [[0, 0], [1, 0], [1, 1]] }];
    expect([zoneOf(zones, [[0, 0], [1, 0], [1, 1]]), zoneOf(zones, [[0, 0], [1, 0], [0, 1]]), zoneOf(zones, [])]).toEqual(["z", "", ""]);
  });

  it("takes nothing that is none", () => {
    expect(wishOf({ kind: "person ghost", from: "x", region: "2,0 0.5 0.1,0.1" }, now)).toMatchObject({ kinds: ["person"], from_ms: now - 86_400_000, region: [[0.1, 0.1]] });
    expect(corners(undefined)).toEqual([]);
    expect(queryOf(wishOf({ region: "0.1,0.1 0.2,0.2" }, now), "", 1)).not.toHaveProperty("region");
  });
});
