/** The newest picture of a camera as an image, taken once there is one. */

import { ApiError, sentenceOf, still } from "../api/client";
import type { StreamName } from "../api/types";

export const AGAIN_MS = 1200;
/** Not there, or not now: a camera that was just added has no picture for some seconds. */
const NOT_YET: readonly number[] = [0, 404, 503];

/** `take` hears the address of the picture, once; `lacks`, until then, the recorder's sentence of why there is none. What is answered ends it, and takes the picture away. */
export function newestPicture(camera: string, stream: StreamName, width: number, take: (url: string) => void, lacks: (why: string) => void = () => {}): () => void {
  const work = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let url = "";

  async function ask(): Promise<void> {
    try {
      const { jpeg } = await still(camera, stream, null, width, work.signal);
      if (!work.signal.aborted) take((url = URL.createObjectURL(jpeg)));
    } catch (error) {
      if (work.signal.aborted) return;
      lacks(sentenceOf(error));
      if (error instanceof ApiError && NOT_YET.includes(error.status)) timer = setTimeout(() => void ask(), AGAIN_MS);
    }
  }

  void ask();
  return () => {
    work.abort();
    clearTimeout(timer);
    URL.revokeObjectURL(url);
  };
}
