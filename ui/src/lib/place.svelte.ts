/** Which place of the page is shown, and what of it, as the address says: '#devices/ID'. */

import { isPlace, type PlaceName } from "./places";
import { watch } from "./watch.svelte";

const ID = /^[0-9a-f]{32}$/;

class Place {
  name = $state<PlaceName>("");
  /** What is looked at there, where that is one thing; null: all of it. */
  id = $state<string | null>(null);

  recall(): void {
    const [name = "", id = ""] = location.hash.slice(1).split("/");
    this.name = isPlace(name) ? name : "";
    this.id = this.name && ID.test(id) ? id : null;
    if (!this.name) watch.recall();
  }

  to(name: PlaceName, id: string | null = null): void {
    const hash = name ? `#${name}${id === null ? "" : `/${id}`}` : "";
    history.pushState(null, "", `${location.pathname}${hash}`);
    this.name = name;
    this.id = id;
    // The wall's own address is what is watched there.
    if (!name) watch.remember();
  }
}

export const place = new Place();
