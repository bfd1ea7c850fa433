import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { GapPiece } from "../api/pieces";
import type { Follower } from "./follower";
import type { PlaybackReport } from "./playback";
import { InStep } from "./step";

const NOW = 1_000_000_000;

class Camera implements Follower {
  ready = true;
  gap: GapPiece | null = null;
  at_ms = 0;
  moves = false;
  stopped = false;

  follow(at_ms: number, _: number, moves: boolean): void {
    this.at_ms = at_ms;
    this.moves = moves;
  }

  neighbour(way: 1 | -1): number | null {
    return this.at_ms + way * 40;
  }

  stop(): void {
    this.stopped = true;
  }
}

describe("several cameras in step", () => {
  let told: PlaybackReport[];
  let step: InStep;
  let [one, other]: Camera[] = [];

  beforeEach(() => {
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval", "performance"] });
    vi.stubGlobal("window", globalThis);
    told = [];
    step = new InStep(NOW - 60_000, () => NOW, (report) => told.push(report), () => "one");
    [one, other] = [new Camera(), new Camera()];
    step.add("one", one);
    step.add("other", other);
  });

  afterEach(() => {
    step.stop();
    vi.useRealTimers();
    vi.unstubAllGlobals();
  });

  it("has one clock, which runs at the speed that was asked for", () => {
    vi.advanceTimersByTime(100);
    const from = step.at_ms;
    vi.advanceTimersByTime(1000);
    expect(step.at_ms - from).toBeCloseTo(1000, -1);
    step.setSpeed(4);
    const then = step.at_ms;
    vi.advanceTimersByTime(1000);
    expect(step.at_ms - then).toBeCloseTo(4000, -1);
    expect(one!.at_ms).toBe(other!.at_ms);
    step.shuttle(-1);
    const back = step.at_ms;
    vi.advanceTimersByTime(1000);
    expect(step.at_ms - back).toBeCloseTo(-1000, -1);
  });

  it("waits for one that loads, and goes on without one that never comes", () => {
    other!.ready = false;
    vi.advanceTimersByTime(1000);
    expect(step.at_ms).toBe(NOW - 60_000);
    expect(one!.moves).toBe(false);
    expect(told.at(-1)!.state).toBe("loading");
    vi.advanceTimersByTime(5000);
    expect(step.at_ms).toBeGreaterThan(NOW - 60_000);
  });

  it("goes over one camera's gap, and jumps where nobody has a picture", () => {
    const gap = (to_ms: number): GapPiece => ({ kind: "gap", from_ms: NOW - 60_000, to_ms, cause: null, sentence: "" }) as unknown as GapPiece;
    one!.gap = gap(NOW - 30_000);
    vi.advanceTimersByTime(1000);
    expect(step.at_ms).toBeGreaterThan(NOW - 60_000);
    other!.gap = gap(NOW - 20_000);
    vi.advanceTimersByTime(200);
    expect(told.at(-1)!.state).toBe("gap");
    vi.advanceTimersByTime(2600);
    expect(step.at_ms).toBeGreaterThanOrEqual(NOW - 30_000);
  });

  it("steps by the leading camera's pictures, both ways", () => {
    vi.advanceTimersByTime(200);
    step.pause();
    const at = step.at_ms;
    step.step(1);
    expect(step.at_ms).toBeCloseTo(at + 40, 0);
    step.step(-1);
    expect(step.at_ms).toBeCloseTo(at, 0);
    expect(other!.at_ms).toBe(one!.at_ms);
  });

  it("stops at what is recorded so far", () => {
    step.seek(NOW - 4500);
    vi.advanceTimersByTime(3000);
    expect(told.at(-1)!.state).toBe("edge");
    expect(step.at_ms).toBeLessThanOrEqual(NOW);
  });
});
