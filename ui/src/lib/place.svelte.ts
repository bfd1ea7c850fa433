/** Which place of the page is shown, and what of it, as the address says: '#devices/ID', '#review?show=seen'. */

import { isPlace, type PlaceName } from "./places";
import { watch } from "./watch.svelte";

const ID = /^[0-9a-f]{32}$/;

class Place {
  name = $state<PlaceName>("");
  /** What is looked at there, where that is one thing; null: all of it. */
  id = $state<string | null>(null);
  /** What is asked of it: filters, by their names. */
  asked = $state.raw<Readonly<Record<string, string>>>({});

  recall(): void {
    const [where = "", query = ""] = location.hash.slice(1).split("?");
    const [name = "", id = ""] = where.split("/");
    this.name = isPlace(name) ? name : "";
    this.id = this.name && ID.test(id) ? id : null;
    this.asked = this.name ? Object.fromEntries(new URLSearchParams(query)) : {};
    if (!this.name) watch.recall();
  }

  to(name: PlaceName, id: string | null = null, asked: Readonly<Record<string, string>> = {}): void {
    history.pushState(null, "", this.address(name, id, asked));
    this.name = name;
    this.id = id;
    this.asked = asked;
    // The wall's own address is what is watched there.
    if (!name) watch.remember();
  }

  /** Ask something else of the place that is shown; an empty value is not asked. It is no new step in the browser's history. */
  ask(asked: Readonly<Record<string, string>>): void {
    this.asked = Object.fromEntries(Object.entries({ ...this.asked, ...asked }).filter(([, value]) => value !== ""));
    history.replaceState(null, "", this.address(this.name, this.id, this.asked));
  }

  private address(name: PlaceName, id: string | null, asked: Readonly<Record<string, string>>): string {
    const query = new URLSearchParams(asked).toString();
    const hash = name ? `#${name}${id === null ? "" : `/${id}`}${query ? `?${query}` : ""}` : "";
    return `${location.pathname}${hash}`;
  }
}

export const place = new Place();
