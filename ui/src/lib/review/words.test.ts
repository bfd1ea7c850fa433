import { describe, expect, it } from "vitest";
import type { EventInfo, ReviewInfo } from "../api/types";
import { eventWords, reviewWords, waitingWords } from "./words";

const event = { rule_name: "Gate", rule_kind: "crossing", kind: "person", direction: "forward" } as EventInfo;
const review = { events: [event, event, { ...event, rule_name: "Yard" }], kinds: ["person", "car"], tampers: [] } as unknown as ReviewInfo;

describe("what was found, in words", () => {
  it("says what, by which rule, and which way", () => {
    expect(eventWords(event)).toBe("a person crossing, along the arrow");
    expect(eventWords({ ...event, rule_kind: "motion", direction: null, kind: "moving" })).toBe("something that moves");
    expect(reviewWords(review)).toBe("Gate and Yard: a person and a car");
    const tampered = { ...review, tampers: [{ kind: "covered" }] } as unknown as ReviewInfo;
    expect(reviewWords(tampered)).toBe("Gate and Yard: a person and a car; its view is covered");
    expect(reviewWords({ ...tampered, events: [] })).toBe("Its view is covered");
  });

  it("says how much waits", () => {
    expect([waitingWords(0, 0), waitingWords(1, 0), waitingWords(7, 0), waitingWords(7, 1), waitingWords(7, 2)]).toEqual([
      "Nothing waits for you.", "One thing to look at.", "7 things to look at.", "One alarm waits for somebody.", "2 alarms wait for somebody.",
    ]);
  });
});
