/** G.711 (ITU-T): a byte of A-law or µ-law is a sample, by a table. */

export type Law = "pcma" | "pcmu";

/** Of one stretch of sound: its samples from `time` on, counted since the file's start. */
export interface SoundRecord {
  time: number;
  samples: Float32Array<ArrayBuffer>;
}

const TABLES: Record<Law, Float32Array> = { pcma: table(alaw), pcmu: table(mulaw) };
const HEAD_BYTES = 12;

function table(expand: (byte: number) => number): Float32Array {
  return Float32Array.from({ length: 256 }, (_, byte) => expand(byte) / 32_768);
}

function alaw(byte: number): number {
  const code = byte ^ 0x55;
  const exponent = (code & 0x70) >> 4;
  const mantissa = ((code & 0x0f) << 4) + 8;
  const level = exponent ? (mantissa + 0x100) << (exponent - 1) : mantissa;
  return code & 0x80 ? level : -level;
}

function mulaw(byte: number): number {
  const code = ~byte & 0xff;
  const level = ((((code & 0x0f) << 3) + 0x84) << ((code & 0x70) >> 4)) - 0x84;
  return code & 0x80 ? -level : level;
}

/** The records of a segment, `time (8) ‖ length (4) ‖ payload`; what is torn at its end is left out. */
export function soundRecords(data: ArrayBuffer, law: Law): SoundRecord[] {
  const view = new DataView(data);
  const found: SoundRecord[] = [];
  for (let at = 0; at + HEAD_BYTES <= data.byteLength; ) {
    const length = view.getUint32(at + 8);
    const begins = at + HEAD_BYTES;
    if (begins + length > data.byteLength) break;
    const levels = TABLES[law];
    found.push({
      time: Number(view.getBigUint64(at)),
      samples: Float32Array.from(new Uint8Array(data, begins, length), (byte) => levels[byte] ?? 0),
    });
    at = begins + length;
  }
  return found;
}
