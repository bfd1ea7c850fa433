import { describe, expect, it } from "vitest";
import type { CorrectionInfo, RedactionFindings, RedactionQuestion, RedactionTrack } from "../api/types";
import { boxOf, correctionWords, counting, momentOf, questionWords, summary, trackName, untils } from "./words";

const track = (number: number, stays = false, kind: RedactionTrack["kind"] = "person") => ({ number, kind, stays }) as RedactionTrack;
const asked = (doubt: RedactionQuestion["doubt"], first: number, last: number, more: Partial<RedactionQuestion> = {}): RedactionQuestion =>
  ({ doubt, first, last, at_ms: 0, track: -1, cause: null, ...more });
const said = (number: number, kind: CorrectionInfo["kind"], of = -1, first = 0, last = 0): CorrectionInfo => ({ number, kind, of, first, last, by: "ada", at_ms: 0 });
const found = (tracks: RedactionTrack[], questions: RedactionQuestion[], pictures = 100) => ({ tracks, questions, pictures, unreadable: 0, width: 640, height: 360 }) as RedactionFindings;

describe("a redacted copy in words", () => {
  it("sums up who stays, who does not, and what is hidden whole", () => {
    const whole = asked("whole", 10, 49, { cause: "lost" });
    expect(summary(found([track(0, true), track(1, true), track(2)], [whole, asked("ends", 0, 99)]), 100)).toBe("2 stay visible, 1 is hidden, 4 s hidden whole.");
    expect(summary(found([], [asked("whole", 0, 99, { cause: "no_model" })]), 100)).toBe("Nothing was found, all of it is hidden whole.");
    expect(summary(found([track(0, true)], []), 100)).toBe("1 stays visible, 0 are hidden, no picture is hidden whole.");
  });

  it("asks by name, and says why all is hidden", () => {
    expect(trackName(track(3, false, "animal"))).toBe("Animal 3");
    expect(trackName(track(3, false, "moving"))).toBe("Thing 3");
    expect(questionWords(asked("ends", 4, 9, { track: 3 }), track(3))).toContain("Person 3 ends here");
    expect(questionWords(asked("ends", 4, 9, { track: 3 }), track(3, true))).toContain("Person 3 stays visible, and ends here");
    expect(questionWords(asked("unsure", 4, 9, { track: 3 }), track(3))).toContain("never sure of person 3");
    expect(questionWords(asked("whole", 4, 9, { cause: "not_analysed" }), undefined)).toBe("Nothing was looked at here when it was recorded: all of it is hidden.");
  });

  it("counts what was not undone, and undoing that was undone", () => {
    const first = [said(0, "keep", 3), said(1, "clear", -1, 4, 9), said(2, "undo", 0)];
    expect(counting(first).map((each) => each.number)).toEqual([1]);
    expect(counting([...first, said(3, "undo", 2)]).map((each) => each.number)).toEqual([0, 1]);
    expect(correctionWords(first[0]!, [track(3)])).toBe("Person 3 stays visible");
    expect(correctionWords(first[1]!, [])).toBe("Not hidden whole: pictures 5 to 10");
    expect(correctionWords(said(4, "cover", -1, 4, 4), [])).toBe("A box over picture 5");
  });

  it("offers ends that lie ahead, each once", () => {
    expect(untils(10, 29, 100, 100).map((each) => each.last)).toEqual([10, 19, 29, 59, 99]);
    expect(untils(10, 4, 100, 100).map((each) => each.last)).toEqual([10, 19, 59, 99]);
    expect(untils(99, null, 100, 100)).toEqual([{ label: "in this picture", last: 99 }]);
    expect(untils(0, 9, 10, 100).at(-1)).toEqual({ label: "for 1 s", last: 9 });
  });

  it("looks at the picture in which something is seen", () => {
    expect(momentOf(asked("begins", 4, 9))).toBe(9);
    expect(momentOf(asked("ends", 4, 9))).toBe(4);
    expect(momentOf(asked("whole", 4, 9))).toBe(4);
  });

  it("takes a box from any two of its corners, and none without a middle", () => {
    expect(boxOf([[0.6, 0.2], [0.3, 0.9]])).toEqual([0.3, 0.2, 0.6, 0.9]);
    expect(boxOf([[0.6, 0.2], [0.6, 0.9]])).toBeNull();
  });
});
