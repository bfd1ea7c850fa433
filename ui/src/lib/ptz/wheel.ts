/** Moving a camera while a key or a finger is down: see `api/ptzsocket.py`. */

import { ptzUrl } from "../api/client";

export interface WheelReport {
  moving: boolean;
  /** What a person has to know: who took the camera over, or why it does not move. */
  words: string;
}

export interface Speeds {
  pan: number;
  tilt: number;
  zoom: number;
}

/** Less than a third of the silence after which the recorder stops the camera. */
const AGAIN_MS = 250;
const IDLE_MS = 30_000;

type Message =
  | { type: "moving" | "stopped" }
  | { type: "taken"; by: string }
  | { type: "refused"; sentence: string };

export class Wheel {
  private socket: WebSocket | null = null;
  private wanted: Speeds | null = null;
  private again = 0;
  private idle = 0;

  constructor(
    private readonly camera: string,
    private readonly tell: (report: WheelReport) => void,
  ) {}

  /** Until `stop`; said again with other speeds, it changes them. */
  move(speeds: Speeds): void {
    this.wanted = speeds;
    this.send();
    clearInterval(this.again);
    this.again = window.setInterval(() => this.send(), AGAIN_MS);
  }

  stop(): void {
    clearInterval(this.again);
    if (this.wanted === null) return;
    this.wanted = null;
    this.send();
  }

  /** The recorder stops the camera when the socket goes. */
  close(): void {
    clearInterval(this.again);
    clearTimeout(this.idle);
    this.wanted = null;
    const socket = this.socket;
    this.socket = null;
    socket?.close();
  }

  private send(): void {
    const socket = this.socket ?? this.open();
    clearTimeout(this.idle);
    this.idle = window.setTimeout(() => this.close(), IDLE_MS);
    if (socket.readyState !== WebSocket.OPEN) return;
    socket.send(JSON.stringify(this.wanted ? { do: "move", ...this.wanted } : { do: "stop" }));
  }

  private open(): WebSocket {
    const socket = new WebSocket(ptzUrl(this.camera));
    this.socket = socket;
    socket.onopen = () => this.wanted && this.send();
    socket.onmessage = (event) => this.hear(JSON.parse(event.data as string) as Message);
    socket.onclose = () => {
      if (this.socket !== socket) return;
      this.socket = null;
      if (this.wanted) this.end("The recorder does not move the camera: try again.");
    };
    return socket;
  }

  private hear(message: Message): void {
    switch (message.type) {
      case "moving":
        this.tell({ moving: true, words: "" });
        break;
      case "stopped":
        this.tell({ moving: false, words: "" });
        break;
      case "taken":
        this.end(`${message.by} has taken this camera over.`);
        break;
      case "refused":
        this.end(message.sentence);
    }
  }

  private end(words: string): void {
    clearInterval(this.again);
    this.wanted = null;
    this.tell({ moving: false, words });
  }
}

/** Where in a picture a click was: -1 to 1 from its middle, right and up positive; null beside it.
 *
 * The picture lies in a box as `object-fit: contain` lays it, `aspect` being width by height. */
export function pointIn(box: { width: number; height: number }, aspect: number, x: number, y: number): { x: number; y: number } | null {
  const wide = Math.min(box.width, box.height * aspect);
  const high = wide / aspect;
  const right = (x - box.width / 2) / (wide / 2);
  const up = -(y - box.height / 2) / (high / 2);
  return Math.abs(right) <= 1 && Math.abs(up) <= 1 ? { x: right, y: up } : null;
}
