import { expect, test } from "vitest";
import type { Export } from "../api/types";
import { consentWords, share, stateWords } from "./words";

const one = { state: "running", consent: "not_needed", decision: null, review: null, overdue: false, done_bytes: 5, whole_bytes: 10, url: "" } as unknown as Export;

test("a bundle whose bytes are all copied is not ready yet", () => {
  expect(stateWords(one)).toBe("is being made");
  expect(stateWords({ ...one, done_bytes: 12 })).toContain("signed");
  expect(share({ ...one, done_bytes: 12 })).toBe(1);
  expect(share({ ...one, whole_bytes: 0 })).toBe(0);
});

test("an emergency says what came of its review", () => {
  const asked = { ...one, consent: "emergency" } as Export;
  expect(consentWords(asked)).toContain("has to review");
  expect(consentWords({ ...asked, overdue: true })).toContain("overdue");
  expect(consentWords({ ...asked, review: { agreed: false, by: "bob", at_ms: 1, reason: "no hurry" } })).toBe("Emergency; bob reviewed it and objected: no hurry.");
  expect(consentWords(one)).toBe("");
});
