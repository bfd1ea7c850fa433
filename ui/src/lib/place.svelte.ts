/** Which place of the page is shown, as the address says: the wall, the devices, or one of them. */

import { watch } from "./watch.svelte";

const DEVICES = "devices";
const ID = /^[0-9a-f]{32}$/;

class Place {
  devices = $state(false);
  device = $state<string | null>(null);

  recall(): void {
    const [name = "", id = ""] = location.hash.slice(1).split("/");
    this.devices = name === DEVICES;
    this.device = this.devices && ID.test(id) ? id : null;
    if (!this.devices) watch.recall();
  }

  toWall(): void {
    this.devices = false;
    this.device = null;
    history.pushState(null, "", location.pathname);
    watch.remember();
  }

  toDevices(id: string | null = null): void {
    history.pushState(null, "", `${location.pathname}#${DEVICES}${id === null ? "" : `/${id}`}`);
    this.devices = true;
    this.device = id;
  }
}

export const place = new Place();
