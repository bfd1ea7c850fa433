/** What somebody has chosen for this browser. */

import { systemZone } from "./time/zone";

export type Theme = "system" | "dark" | "light";

function stored(key: string): string | null {
  try {
    return localStorage.getItem(`watchglass.${key}`);
  } catch {
    return null;
  }
}

function store(key: string, value: string): void {
  try {
    localStorage.setItem(`watchglass.${key}`, value);
  } catch {
    // A browser that keeps nothing forgets the choice with the page.
  }
}

class Preferences {
  theme = $state<Theme>("system");
  utc = $state(false);
  order = $state<string[]>([]);
  /** The layout that was shown last. */
  layout = $state<string | null>(null);
  readonly zone = $derived(this.utc ? "UTC" : systemZone());

  constructor() {
    const theme = stored("theme");
    if (theme === "dark" || theme === "light") this.theme = theme;
    this.utc = stored("utc") === "1";
    this.layout = stored("layout") || null;
    this.order = (stored("order") ?? "").split(",").filter(Boolean);
    this.apply();
  }

  /** Whether the page is dark now, whoever decided it. */
  get dark(): boolean {
    return this.theme === "system" ? matchMedia("(prefers-color-scheme: dark)").matches : this.theme === "dark";
  }

  setTheme(theme: Theme): void {
    this.theme = theme;
    store("theme", theme);
    this.apply();
  }

  setUtc(utc: boolean): void {
    this.utc = utc;
    store("utc", utc ? "1" : "0");
  }

  setOrder(order: string[]): void {
    this.order = order;
    store("order", order.join(","));
  }

  setLayout(layout: string | null): void {
    this.layout = layout;
    store("layout", layout ?? "");
  }

  private apply(): void {
    if (this.theme === "system") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = this.theme;
  }
}

export const prefs = new Preferences();
