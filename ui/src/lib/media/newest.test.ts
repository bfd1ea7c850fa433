import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { AGAIN_MS, newestPicture } from "./newest";

const WHY = "There is no picture of this moment, nor of the minute before.";

/** Read in no time: a real answer's body comes when it will, whatever the clock of the test says. */
type Answer = Pick<Response, "ok" | "status" | "headers" | "json" | "blob">;
const answer = (status: number, more: object): Answer => ({
  ok: status === 200, status, headers: new Headers({ "X-Picture-Ms": "1000" }), json: () => Promise.resolve(more), blob: () => Promise.resolve(new Blob()),
});
const none = (status: number) => answer(status, { detail: WHY });
const picture = () => answer(200, {});

let answers: (() => Answer)[];
let asked: string[];
let taken: string[];
let lacked: string[];
let gone: string[];

function begin(...given: (() => Answer)[]): () => void {
  answers = given;
  return newestPicture("yard", "main", 640, (url) => taken.push(url), (why) => lacked.push(why));
}

const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);

beforeEach(() => {
  vi.useFakeTimers();
  [asked, taken, lacked, gone] = [[], [], [], []];
  vi.stubGlobal("fetch", (url: string, { signal }: { signal: AbortSignal }) => {
    asked.push(url);
    const next = answers.shift();
    if (next) return Promise.resolve(next());
    return new Promise((_, refuse) => signal.addEventListener("abort", () => refuse(new Error("ended"))));
  });
  vi.stubGlobal("URL", { createObjectURL: () => "blob:1", revokeObjectURL: (url: string) => url && gone.push(url) });
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe("The newest picture", () => {
  it("is asked for until there is one, and then no more", async () => {
    begin(() => none(404), () => none(503), picture, picture);
    await pass(0);
    expect(lacked).toEqual([WHY]);
    await pass(AGAIN_MS);
    await pass(AGAIN_MS);
    expect(taken).toEqual(["blob:1"]);
    await pass(10 * AGAIN_MS);
    expect(asked).toEqual(Array(3).fill("/api/v1/still/yard/main?width=640"));
  });

  it("is not asked for again where it is refused", async () => {
    begin(() => none(403), picture);
    await pass(10 * AGAIN_MS);
    expect([asked.length, lacked, taken]).toEqual([1, [WHY], []]);
  });

  it.each([["while it waits", () => none(404)], ["while it is asked for", null]])("is left when nobody wants it, %s", async (_, first) => {
    const stop = begin(...(first ? [first] : []));
    await pass(1);
    stop();
    await pass(10 * AGAIN_MS);
    expect([asked.length, taken]).toEqual([1, []]);
    expect(lacked.length).toBe(first ? 1 : 0);
  });

  it("is taken away when nobody wants it any more", async () => {
    const stop = begin(picture);
    await pass(0);
    expect(gone).toEqual([]);
    stop();
    expect(gone).toEqual(["blob:1"]);
  });
});
