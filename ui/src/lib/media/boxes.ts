/** What stepping from picture to picture needs of a fragmented MP4: when each picture is shown. */

interface Box {
  kind: string;
  start: number;
  end: number;
}

function* boxes(data: DataView, start: number, end: number): Generator<Box> {
  while (start + 8 <= end) {
    const size = data.getUint32(start);
    if (size < 8 || start + size > end) return;
    const kind = String.fromCharCode(
      data.getUint8(start + 4), data.getUint8(start + 5), data.getUint8(start + 6), data.getUint8(start + 7),
    );
    yield { kind, start: start + 8, end: start + size };
    start += size;
  }
}

function inside(data: DataView, box: Box, kind: string): Box | undefined {
  for (const found of boxes(data, box.start, box.end)) if (found.kind === kind) return found;
  return undefined;
}

export interface VideoTrack {
  id: number;
  timescale: number;
}

/** The video track of a header (`ftyp`, `moov`). */
export function videoTrack(header: ArrayBuffer): VideoTrack | null {
  const data = new DataView(header);
  for (const top of boxes(data, 0, data.byteLength)) {
    if (top.kind !== "moov") continue;
    for (const trak of boxes(data, top.start, top.end)) {
      if (trak.kind !== "trak") continue;
      const tkhd = inside(data, trak, "tkhd");
      const mdia = inside(data, trak, "mdia");
      const mdhd = mdia && inside(data, mdia, "mdhd");
      const hdlr = mdia && inside(data, mdia, "hdlr");
      if (!tkhd || !mdhd || !hdlr || data.getUint32(hdlr.start + 8) !== 0x76696465) continue;
      const wide = (box: Box) => data.getUint8(box.start) === 1;
      return {
        id: data.getUint32(tkhd.start + (wide(tkhd) ? 20 : 12)),
        timescale: data.getUint32(mdhd.start + (wide(mdhd) ? 20 : 12)),
      };
    }
  }
  return null;
}

/** When each picture of some fragments is shown, in seconds of the file, in order. */
export function pictureTimes(fragments: ArrayBuffer, track: VideoTrack): number[] {
  const data = new DataView(fragments);
  const found: number[] = [];
  for (const moof of boxes(data, 0, data.byteLength)) {
    if (moof.kind !== "moof") continue;
    for (const traf of boxes(data, moof.start, moof.end)) {
      if (traf.kind === "traf") readTraf(data, traf, track, found);
    }
  }
  return found.sort((a, b) => a - b);
}

function readTraf(data: DataView, traf: Box, track: VideoTrack, found: number[]): void {
  const tfhd = inside(data, traf, "tfhd");
  const tfdt = inside(data, traf, "tfdt");
  const trun = inside(data, traf, "trun");
  if (!tfhd || !tfdt || !trun || data.getUint32(tfhd.start + 4) !== track.id) return;
  let decode = data.getUint8(tfdt.start) === 1 ? Number(data.getBigUint64(tfdt.start + 4)) : data.getUint32(tfdt.start + 4);
  const flags = data.getUint32(trun.start) & 0xffffff;
  const count = data.getUint32(trun.start + 4);
  let at = trun.start + 8 + (flags & 0x1 ? 4 : 0) + (flags & 0x4 ? 4 : 0);
  const width = [0x100, 0x200, 0x400, 0x800].filter((flag) => flags & flag).length * 4;
  if (!(flags & 0x100) || at + count * width > trun.end) return;
  for (let index = 0; index < count; index++, at += width) {
    const shift = flags & 0x800 ? data.getInt32(at + width - 4) : 0;
    found.push((decode + shift) / track.timescale);
    decode += data.getUint32(at);
  }
}
