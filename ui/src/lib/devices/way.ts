/** The way of a device out of the house, in words. */

export const STEPS = ["found", "judged", "contained", "chosen", "installed", "removed", "filed"] as const;
export type StepName = (typeof STEPS)[number];

const WORDS: Record<string, string> = {
  found: "Found", judged: "Judged", contained: "Contained", chosen: "Replacement chosen", installed: "Replacement installed",
  removed: "Removed", filed: "Evidence filed",
};

export const stepWords = (step: string): string => WORDS[step] ?? step;

/** A camera of which nothing is known yet. */
export const NO_ATTRIBUTES = {
  maker: "", model: "", form_factor: "", ip_rating: 0, ik_rating: 0, megapixels: 0, hfov: 0, ir_m: 0, wdr_db: 0, power_w: 0, network: "",
  ports: [] as string[], streaming: [] as string[], security: [] as string[], support_until: "", soc: "", country: "", statement: "", statement_date: "",
};

/** What comes after it; nothing after the last. */
export function stepAfter(step: string): StepName | null {
  return STEPS[STEPS.indexOf(step as StepName) + 1] ?? null;
}

/** '219.90 EUR'. */
export function money(cents: number, currency: string): string {
  return `${(cents / 100).toLocaleString("en", { minimumFractionDigits: 2, maximumFractionDigits: 2 })} ${currency}`.trim();
}

/** '219.90' as hundredths; null for what is no sum. */
export function cents(text: string): number | null {
  if (!text.trim()) return 0;
  return /^\d{1,9}([.,]\d{1,2})?$/.test(text.trim()) ? Math.round(Number(text.trim().replace(",", ".")) * 100) : null;
}

/** Points of a line through counts, as an SVG's `points`. */
export function points(counts: readonly number[], most: number, width: number, height: number): string {
  return counts
    .map((count, at) => `${((at / Math.max(1, counts.length - 1)) * width).toFixed(1)},${(height - (count / Math.max(1, most)) * height).toFixed(1)}`)
    .join(" ");
}
