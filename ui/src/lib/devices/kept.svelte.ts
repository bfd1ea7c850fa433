/** What was chosen in the list, so that it is there again after a look at one device. */

import { ALL, type Wanted } from "./list";

class Kept {
  wanted = $state<Wanted>({ ...ALL });
  scrolled_px = 0;
}

export const kept = new Kept();
