/** What gets a name on this recorder, as it says it itself. */

import { api } from "../api/client";
import type { NamingInfo } from "../api/types";

class Naming {
  /** Null until it is known: nothing is said on a guess. */
  info = $state.raw<NamingInfo | null>(null);

  async load(): Promise<void> {
    await api.naming().then((found) => (this.info = found), () => undefined);
  }
}

export const naming = new Naming();
