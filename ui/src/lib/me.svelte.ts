/** Who is signed in, and what of the site that person may do. */

import { api } from "./api/client";
import type { Action, Session } from "./api/types";

class Me {
  session = $state<Session | null>(null);

  /** Nothing is hidden on a guess: until it is known, the recorder says no by itself. */
  may(action: Action): boolean {
    return this.session === null || this.session.site.includes(action);
  }

  async load(): Promise<void> {
    this.session = await api.session().catch(() => null);
  }
}

export const me = new Me();
