import { expect, test } from "vitest";
import { allOrNone, spanned, toggled } from "./chosen";

const rows = ["a", "b", "c", "d"].map((id) => ({ id }));

test("one is chosen, and let go", () => {
  expect([...toggled(new Set(["a"]), "b")]).toEqual(["a", "b"]);
  expect([...toggled(new Set(["a"]), "a")]).toEqual([]);
});

test("a span goes either way, and keeps what was chosen elsewhere", () => {
  expect([...spanned(new Set(["x"]), rows, "b", "d")]).toEqual(["x", "b", "c", "d"]);
  expect([...spanned(new Set(), rows, "d", "c")]).toEqual(["c", "d"]);
  expect([...spanned(new Set(), rows, "gone", "c")]).toEqual(["c"]);
});

test("all of a list, or none where all were; others stay", () => {
  expect([...allOrNone(new Set(["x", "b"]), rows)].sort()).toEqual(["a", "b", "c", "d", "x"]);
  expect([...allOrNone(new Set(["x", "a", "b", "c", "d"]), rows)]).toEqual(["x"]);
});
