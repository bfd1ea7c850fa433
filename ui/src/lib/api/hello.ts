/** What a live stream says before each header: the one message that the OpenAPI document cannot hold. */

export interface LiveHello {
  mime: string;
  width: number;
  height: number;
}

/** Null for every other text message. */
export function hello(text: string): LiveHello | null {
  const said = JSON.parse(text) as Partial<LiveHello>;
  return said.mime ? { mime: said.mime, width: said.width ?? 0, height: said.height ?? 0 } : null;
}
