/** The part of time that the timeline shows, and whether it goes along with now or the playhead. */

import { between, DAY, everything, hold, pan, reveal, span, untilNow, zoomAbout, type View } from "../time/view";

const TURN_MS = 240;
const still = matchMedia("(prefers-reduced-motion: reduce)");

export class Window {
  view = $state.raw<View>(untilNow(DAY, Date.now()));
  /** Off as soon as somebody moves it by hand. */
  follows = $state(true);
  /** It shows all that has been recorded, and grows with that. */
  all = $state(false);
  private began_ms = 0;
  private turning = 0;

  /** There are recordings since then. The first time, the view is made for them. */
  open(began_ms: number, now_ms: number): void {
    const first = this.began_ms === 0;
    this.began_ms = began_ms;
    if (!first) return;
    this.all = now_ms - began_ms < DAY * 0.9;
    this.view = this.all ? everything(began_ms, now_ms) : untilNow(DAY, now_ms);
  }

  showAll(now_ms: number): void {
    this.all = this.follows = true;
    this.turn(everything(this.began_ms, now_ms));
  }

  /** So long a time until now, or around a moment of the past. */
  show(length_ms: number, now_ms: number, head_ms: number | null): void {
    this.all = false;
    this.follows = true;
    if (head_ms === null) return this.turn(untilNow(length_ms, now_ms));
    this.turn(hold({ from_ms: head_ms - length_ms / 2, to_ms: head_ms + length_ms / 2 }, now_ms));
  }

  zoom(about_ms: number, factor: number, now_ms: number): void {
    this.moveTo(hold(zoomAbout(this.view, about_ms, factor), now_ms));
  }

  move(by_ms: number, now_ms: number): void {
    this.moveTo(hold(pan(this.view, by_ms), now_ms));
  }

  /** Just so far that the moment is inside. */
  bring(at_ms: number, now_ms: number): void {
    const next = reveal(this.view, at_ms);
    if (next !== this.view) this.moveTo(hold(next, now_ms));
  }

  /** Called as time goes by. */
  tick(now_ms: number, head_ms: number | null): void {
    if (!this.follows || this.turning) return;
    if (this.all) {
      const next = everything(this.began_ms, now_ms);
      if (next.from_ms !== this.view.from_ms || next.to_ms !== this.view.to_ms) this.turn(next);
    } else if (head_ms === null) {
      this.view = untilNow(span(this.view), now_ms);
    } else {
      const next = reveal(this.view, head_ms);
      if (next !== this.view) this.turn(hold(next, now_ms));
    }
  }

  private moveTo(view: View): void {
    this.stop();
    this.follows = this.all = false;
    this.view = view;
  }

  private stop(): void {
    cancelAnimationFrame(this.turning);
    this.turning = 0;
  }

  private turn(to: View): void {
    this.stop();
    if (still.matches || document.hidden) {
      this.view = to;
      return;
    }
    const [from, start_ms] = [this.view, performance.now()];
    const frame = (now_ms: number) => {
      const share = Math.min(1, Math.max(0, (now_ms - start_ms) / TURN_MS));
      this.view = share < 1 ? between(from, to, 1 - (1 - share) ** 3) : to;
      this.turning = share < 1 ? requestAnimationFrame(frame) : 0;
    };
    this.turning = requestAnimationFrame(frame);
  }
}
