/** Which devices are chosen to be planned at once, as sets of their ids. */

type Row = { readonly id: string };

/** With this row the other way round. */
export function toggled(chosen: ReadonlySet<string>, id: string): Set<string> {
  const found = new Set(chosen);
  if (!found.delete(id)) found.add(id);
  return found;
}

/** With all rows between two of a list, both included; one that is not listed any more counts as the other. */
export function spanned(chosen: ReadonlySet<string>, rows: readonly Row[], from: string, to: string): Set<string> {
  const end = rows.findIndex((row) => row.id === to);
  const start = rows.findIndex((row) => row.id === from);
  const [first, last] = [Math.min(start < 0 ? end : start, end), Math.max(start, end)];
  return new Set([...chosen, ...rows.slice(Math.max(0, first), last + 1).map((row) => row.id)]);
}

/** All that are listed, or none of them where all were. */
export function allOrNone(chosen: ReadonlySet<string>, rows: readonly Row[]): Set<string> {
  const found = new Set(chosen);
  const all = rows.every((row) => chosen.has(row.id));
  for (const row of rows) if (all) found.delete(row.id); else found.add(row.id);
  return found;
}
