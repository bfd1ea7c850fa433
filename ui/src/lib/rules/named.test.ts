import { describe, expect, it } from "vitest";
import type { NamingInfo } from "../api/types";
import { isMute, nameless, namelessWords } from "./named";

const none: NamingInfo = { state: "no_model", kinds: [] };
const some: NamingInfo = { state: "model", kinds: ["person", "car"] };
const off: NamingInfo = { state: "off", kinds: [] };
const unknown: NamingInfo = { state: "unknown", kinds: [] };

describe("what gets no name", () => {
  it("is everything but movement without a model, and what a model does not know", () => {
    expect(nameless(["person", "moving"], none)).toEqual(["person"]);
    expect(nameless(["person", "horse"], some)).toEqual(["horse"]);
    expect([isMute(["person"], none), isMute(["person", "moving"], none), isMute([], none), isMute(["car", "horse"], some)]).toEqual([true, false, false, false]);
  });

  it("is said of a rule and of a search, with what there is to do", () => {
    const rule = namelessWords(["person", "car"], none, "rule");
    expect(rule?.means).toBe("There is no model here, and without one nothing that is seen has a name: this rule never fires.");
    expect(rule?.instead).toContain("whatever moves");
    expect(namelessWords(["person", "moving"], none, "rule")?.means).toContain("never fires for people");
    expect(namelessWords(["person", "car"], none, "search")?.means).toContain("nothing is found but what was named earlier");
    expect(namelessWords(["horse", "person"], some, "search")?.means).toBe("The model here has no name for horses: horses are not found, but those that were named earlier.");
    expect(namelessWords(["horse", "cat"], some, "rules")?.means).toBe("The model here has no name for horses or cats: a rule about horses or cats alone never fires.");
  });

  it("is said only where it is known and asked for", () => {
    expect([namelessWords([], none, "rule"), namelessWords(["moving"], none, "search"), namelessWords(["person"], some, "rule")]).toEqual([null, null, null]);
    expect([namelessWords(["person"], unknown, "rule"), namelessWords(["person"], null, "rule"), isMute(["person"], unknown)]).toEqual([null, null, false]);
    expect(namelessWords([], off, "rule")?.means).toContain("WATCHGLASS_ANALYSIS");
    expect(isMute([], off)).toBe(true);
  });
});
