/* A fourth check of an evidence bundle, written from docs/format.md alone, in another style: it
   gathers everything first and judges afterwards. node fourth.js FOLDER [FINGERPRINT] [ANCHOR]
   Prints the four answers as JSON. It reads no time stamps: of those it cannot tell. */
"use strict";
const fs = require("fs"), path = require("path"), crypto = require("crypto");
const sha = (...b) => b.reduce((h, x) => h.update(x), crypto.createHash("sha256")).digest();
const hx = (b) => b.toString("hex"), un = (s) => Buffer.from(s, "hex");
const leaf = (...b) => sha(Buffer.of(0), ...b), node = (l, r) => sha(Buffer.of(1), l, r);
const NS = 10n ** 9n, answers = {}, why = [];
function say(line, answer, reason) { if (answer === "no" || !answers[line]) answers[line] = answer; why.push(`${line}: ${reason}`); }
function must(good, reason) { if (!good) throw new Error(reason); }
const isHex = (s, n) => typeof s === "string" && new RegExp(`^[0-9a-f]{${n}}$`).test(s);
const big = (s) => { must(typeof s === "string" && /^(0|-?[1-9][0-9]{0,19})$/.test(s), `no decimal string ${String(s).slice(0, 40)}`); return BigInt(s); };
const floor = (a, b) => { const q = a / b; return a % b !== 0n && a < 0n !== b < 0n ? q - 1n : q; };

/* RFC 8785, of what occurs here: members by name, no fractions. */
function canon(v) {
  if (Array.isArray(v)) return `[${v.map(canon)}]`;
  if (v && typeof v === "object") return `{${Object.keys(v).sort().map((k) => `${JSON.stringify(k)}:${canon(v[k])}`)}}`;
  must(typeof v !== "number" || Number.isSafeInteger(v), "a number that is not whole");
  return JSON.stringify(v);
}
function parse(raw, what) {
  const s = raw.toString("utf8"), v = JSON.parse(s);
  must(Buffer.from(s).equals(raw) && v && typeof v === "object" && !Array.isArray(v) && canon(v) === s, `${what} is not canonical`);
  return v;
}
function signed(pub, message, sig) {
  const key = crypto.createPublicKey({ key: Buffer.concat([un("302a300506032b6570032100"), pub]), format: "der", type: "spki" });
  return sig.length === 64 && crypto.verify(null, message, key, sig);
}
/* RFC 9162, 2.1.1 over a list: the largest power of two splits it. */
function tree(list) {
  if (!list.length) return sha();
  if (list.length === 1) return list[0];
  let k = 1;
  while (2 * k < list.length) k *= 2;
  return node(tree(list.slice(0, k)), tree(list.slice(k)));
}
/* Roots of every size from `first` on, by stacks of (height, hash). */
function* roots(first, left, leaves) {
  let stack = [];
  const digits = first.toString(2);
  for (let i = 0, j = 0; i < digits.length; i++) if (digits[i] === "1") stack.push([digits.length - 1 - i, left[j++]]);
  const fold = () => (stack.length ? stack.map(([, h]) => h).reduceRight((r, l) => node(l, r)) : sha());
  yield [first, fold()];
  let n = first;
  for (const l of leaves) {
    let top = [0, l];
    while (stack.length && stack[stack.length - 1][0] === top[0]) top = [top[0] + 1, node(stack.pop()[1], top[1])];
    stack.push(top);
    yield [++n, fold()];
  }
}
function proven(h, n, size, proof, root) {
  let fn = n, sn = size - 1;
  for (const p of proof) {
    if (sn === 0) return false;
    if (fn % 2 || fn === sn) { h = node(p, h); while (fn % 2 === 0 && fn !== 0) { fn >>>= 1; sn >>>= 1; } } else h = node(h, p);
    fn >>>= 1; sn >>>= 1;
  }
  return sn === 0 && h.equals(root);
}
const rows = (b) => { must(!b.length || b[b.length - 1] === 10, "a line without an end"); const out = []; for (let a = 0, e; a < b.length; a = e + 1) { e = b.indexOf(10, a); out.push(b.subarray(a, e)); } return out; };

/* --- a media file (section 2) --- */
function media(b) {
  let at = 0;
  const take = (n) => { must(at + n <= b.length, "a file that ends inside a box"); at += n; return b.subarray(at - n, at); };
  const box = (kind) => { const start = at, size = take(8).readUInt32BE(0); must(b.toString("latin1", start + 4, start + 8) === kind && size >= 8, `no ${kind}`); at = start; return take(size); };
  const ext = "a1c1d8e29f5b4f0c8a6e77671a5400";
  box("ftyp"); box("moov");
  const head = box("uuid"), h = head.subarray(24);
  must(head.length === 100 && hx(head.subarray(8, 24)) === ext + "01" && h[0] === 1 && h[1] < 2 && h.readUInt32BE(56) === 90000, "no header");
  const m = { header: leaf(b.subarray(0, at)), headerBytes: at, stream: ["main", "sub"][h[1]], camera: hx(h.subarray(4, 20)), run: hx(h.subarray(20, 36)), sequence: h.readUInt32BE(36), first: h.readBigUInt64BE(40), start: h.readBigUInt64BE(48), sound: h.readUInt32BE(60), frags: new Map() };
  for (;;) {
    const offset = at, u = box("uuid"), kind = hx(u.subarray(8, 24)), p = u.subarray(24);
    if (kind === ext + "03") { footer(m, u, p, offset, b.length); return m; }
    must(kind === ext + "02" && u.length === 96, "neither fragment nor footer");
    const moof = box("moof"), mdat = box("mdat"), track = p[2], number = p.readBigUInt64BE(36), time = p.readBigUInt64BE(44), scale = track ? m.sound : 90000;
    must(p[0] === 1 && p[1] === h[1] && track < 2 && hx(p.subarray(4, 20)) === m.camera && hx(p.subarray(20, 36)) === m.run && scale && p.readUInt32BE(52) === scale, "a fragment of something else");
    const flags = moof.readUInt32BE(68 + 8), width = { 0x01000701: 12, 0x01000f01: 16 }[flags], count = moof.readUInt32BE(80);
    must(width && count && moof.length === 88 + width * count, "another moof");
    const w = Buffer.alloc(88), base = track ? (m.start * BigInt(scale)) / 90000n : m.start;
    [moof.length, "moof", 16, "mfhd", 0, Number((number + 1n) % 2n ** 32n), moof.length - 24, "traf", 16, "tfhd", 0x020000, track + 1, 20, "tfdt", 0x01000000].reduce((o, x) => { typeof x === "string" ? w.write(x, o, "latin1") : w.writeUInt32BE(x, o); return o + 4; }, 0);
    w.writeBigInt64BE(time - base, 60); w.writeUInt32BE(moof.length - 68, 68); w.write("trun", 72); w.writeUInt32BE(flags, 76); w.writeUInt32BE(count, 80); w.writeInt32BE(moof.length + 8, 84);
    must(w.equals(moof.subarray(0, 88)), "another moof");
    let bytes = 0, duration = 0, keys = [];
    for (let i = 88; i < moof.length; i += width) { duration += moof.readUInt32BE(i); bytes += moof.readUInt32BE(i + 4); keys.push(moof.readUInt32BE(i + 8) === 0x02000000); }
    must(bytes === mdat.length - 8 && p[3] === (track ? 0 : (keys.includes(true) ? 2 : 0) | (keys[0] ? 1 : 0)), "samples that are told otherwise");
    const index = Number(number - m.first) + 1;
    must(index >= 1 && ![...m.frags.keys()].some((k) => k >= index), "out of order");
    m.frags.set(index, { index, track, time, duration: BigInt(duration), entry: [BigInt(offset), at - offset, track, p[3], time, duration, count, p.readBigInt64BE(56)], leaf: leaf(u, moof, mdat) });
  }
}
function footer(m, u, p, offset, size) {
  m.count = p.readUInt32BE(4);
  must(offset + u.length === size && p.length === 48 + 80 * m.count + 44, "another footer");
  const leaves = [m.header], parts = [];
  for (let i = 1; i <= m.count; i++) {
    const f = m.frags.get(i), e = Buffer.alloc(80), own = f ? f.leaf : p.subarray(48 + 80 * (i - 1) + 40, 48 + 80 * (i - 1) + 72);
    if (f) { const [o, l, t, g, md, d, c, wall] = f.entry; e.writeBigUInt64BE(o, 0); e.writeUInt32BE(l, 8); e[12] = t; e[13] = g; e.writeBigUInt64BE(md, 16); e.writeUInt32BE(d, 24); e.writeUInt32BE(c, 28); e.writeBigInt64BE(wall, 32); } else e[13] = 0x80;
    own.copy(e, 40); leaves.push(own); parts.push(e);
  }
  must([...m.frags.keys()].every((k) => k <= m.count), "fragments that the footer lacks");
  m.root = tree(leaves);
  const top = Buffer.alloc(48), end = Buffer.alloc(44);
  top[0] = 1; top.writeUInt32BE(m.count, 4); top.writeBigUInt64BE(BigInt(m.headerBytes), 8); m.header.copy(top, 16);
  m.root.copy(end, 0); end.writeBigUInt64BE(BigInt(offset), 32); end.write("WGft", 40);
  must(Buffer.concat([top, ...parts, end]).equals(p), "another footer");
}

/* --- the bundle --- */
const [folder, fingerprint = "", anchor = ""] = process.argv.slice(2);
const files = new Map();
(function walk(at, prefix) { for (const e of fs.readdirSync(at, { withFileTypes: true })) { if (e.isDirectory()) walk(path.join(at, e.name), `${prefix}${e.name}/`); else { must(e.isFile(), "a link"); files.set(prefix + e.name, fs.readFileSync(path.join(at, e.name))); } } })(folder, "");
const get = (name) => { must(files.has(name), `${name} is missing`); return files.get(name); };
function attempt(line, part) { try { part(); } catch (error) { say(line, "no", error.message); } }
let manifest = null;
const found = [];

attempt("intact", () => {
  const raw = get("manifest.json"), m = parse(raw, "the manifest"), listed = new Set(["manifest.json", "manifest.sig"]);
  must(m.v === 1 && m.kind === "watchglass evidence bundle" && isHex(m.key.public_key, 64) && m.cameras.length, "another kind of manifest");
  manifest = m;
  if (!signed(un(m.key.public_key), Buffer.from(`watchglass.bundle.v1\n${hx(sha(raw))}\n`), get("manifest.sig"))) { say("intact", "no", "the signature"); say("from", "no", "the signature"); }
  for (const f of m.files) {
    must(typeof f.path === "string" && f.path.length <= 300 && f.path.split("/").length <= 6 && f.path.split("/").every((n) => /^\w[\w.-]*$/.test(n)), "a path of other characters");
    must(!listed.has(f.path), "a file twice");
    listed.add(f.path);
    attempt("intact", () => {
      const b = get(f.path), named = /^media\/([0-9a-f]{32})\/(main|sub)\/([0-9a-f]{32})-([0-9]{4,10})\.mp4$/.exec(f.path);
      must(String(b.length) === f.length && hx(sha(b)) === f.sha256, `${f.path} was changed`);
      if (!named) return;
      const one = media(b);
      must([one.camera, one.stream, one.run, String(one.sequence).padStart(4, "0")].join() === named.slice(1).join(), `${f.path} is named otherwise`);
      found.push(one);
    });
  }
  for (const name of files.keys()) must(listed.has(name), `${name} is not listed`);
});
const mine = manifest ? hx(sha(un(manifest.key.public_key))) : "";
const histories = [];
if (manifest) {
  for (const c of manifest.cameras) attempt("intact", () => camera(c));
  for (const one of found) if (!manifest.cameras.some((c) => c.camera === one.camera)) say("intact", "no", "a file of a camera that is not exported");
  if (!fingerprint) say("from", "cannot tell", "no fingerprint");
  else if (fingerprint !== mine && !(histories.length === manifest.cameras.length && histories.every((h) => h.includes(fingerprint) && h[h.length - 1] === mine))) say("from", "no", "another key");
}

function camera(c) {
  const base = `ledger/${c.camera}`, first = Number(big(c.ledger.first)), size = Number(big(c.ledger.size));
  const raws = rows(get(`${base}.jsonl`)), lines = raws.map((r, i) => [first + i, parse(r, "a line")]);
  must(first + raws.length === size && lines.every(([n, l]) => big(l.n) === BigInt(n)), "lines are missing");
  const at = new Map([...roots(first, c.ledger.left.map(un), raws.map((r) => leaf(r)))]);
  const before = rows(get(`${base}.earlier.jsonl`)).map((r) => {
    const e = parse(r, "an earlier line"), l = parse(Buffer.from(e.line), "an earlier line"), n = Number(big(l.n));
    must(n < first && proven(leaf(Buffer.from(e.line)), n, size, e.path.map(un), at.get(size)), "an earlier line of another ledger");
    return [n, l];
  });
  const all = [...before, ...lines].sort((a, b) => a[0] - b[0]).filter(([, l]) => l.v === 1);
  heads(c, base, at, all, size);
  for (const r of rows(get(`${base}.texts.jsonl`))) { const t = parse(r, "a text"); must(hx(sha(Buffer.of(2), un(t.salt), Buffer.from(t.text))) === t.commitment, "another text"); }
  const head = parse(rows(get(`${base}.heads.jsonl`)).pop(), "a head"), told = gather(all), here = new Map();
  for (const one of found.filter((f) => f.camera === c.camera)) {
    const f = told.files.get(`${one.run}-${one.sequence}`), open = head.open.find((o) => o.run === one.run && o.sequence === one.sequence);
    must(f && f.stream === one.stream && f.header === hx(one.header) && c.streams.some((s) => s.stream === one.stream), "a file that the ledger does not know");
    const due = f.closed ? [f.closed.root, f.closed.fragments] : open ? [open.root, open.fragments] : [];
    must(hx(one.root) === due[0] && one.count === due[1], "a file that the ledger tells otherwise");
    here.set(f, one);
  }
  for (const s of c.streams) attempt("complete", () => account(s, told, here, head, first, lines));
  placed(c, at, here, told);
}

function heads(c, base, at, all, size) {
  const list = rows(get(`${base}.heads.jsonl`)), keys = all.filter(([, l]) => l.type === "key"), revoked = all.filter(([, l]) => l.type === "key_revoked");
  must(list.length && hx(sha(list[list.length - 1])) === c.ledger.head, "another last head");
  let prior = null, chain = [];
  const last = parse(list[list.length - 1], "a head");
  must(big(last.size) === BigInt(size) && last.key === hx(sha(un(manifest.key.public_key))).slice(0, 16), "the last head is of something else");
  for (const raw of list) {
    const h = parse(raw, "a head"), { sig, ...rest } = h, n = Number(big(h.size)), key = keys.filter(([m]) => m < n).pop(), epoch = all.filter(([m, l]) => m < n && (l.type === "ledger_started" || l.type === "restored")).pop();
    must(h.v === 1 && h.ledger === c.camera && key && key[1].key === h.key && (!epoch || epoch[1].epoch === h.epoch), "a head of something else");
    must(at.has(n) && hx(at.get(n)) === h.root, "a head over other lines");
    must(hx(sha(un(key[1].public_key))).slice(0, 16) === h.key && signed(un(key[1].public_key), Buffer.from("watchglass.head.v1\n" + canon(rest)), un(sig)), "a head with another signature");
    if (prior) must(h.prev === hx(sha(prior.raw)) || (h.hour === hx(sha(prior.raw)) && big(prior.h.t) < big(last.t) - 48n * 3600n * NS), "the chain of heads");
    if (prior && prior.h.epoch === h.epoch) must(big(h.size) >= big(prior.h.size), "a ledger that shrank");
    for (const [, r] of revoked) if (r.key === h.key && big(h.t) >= big(r.since) && big(h.t) >= big(manifest.from)) say("from", "cannot tell", "a revoked key");
    prior = { raw, h };
  }
  for (const [, k] of keys) {
    if (k.vouch && chain.length) must(signed(un(chain[chain.length - 1]), Buffer.from(`watchglass.key.v1\n${c.camera}\n${k.public_key}\n`), un(k.vouch)), "a key that was not vouched for");
    chain = k.vouch ? [...chain, k.public_key] : [k.public_key];
  }
  histories.push(chain.map((k) => hx(sha(un(k)))));
  for (const [, r] of revoked) {
    if (mine.startsWith(r.key)) say("from", "no", "a revoked key");
    const known = histories[histories.length - 1], from = known.indexOf(fingerprint);
    if (from >= 0 && known.slice(from, -1).some((k) => k.startsWith(r.key))) say("from", "cannot tell", "a revoked key");
  }
}

/* --- what the lines tell (sections 3 and 5) --- */
function gather(all) {
  const t = { files: new Map(), gaps: new Map(), loose: [], closes: [], added: null, removed: null };
  for (const [n, l] of all) {
    const id = `${l.run}-${l.sequence}`, f = t.files.get(id);
    if (l.type === "camera_added" && t.added === null) t.added = big(l.t);
    else if (l.type === "camera_removed") t.removed = big(l.t);
    else if (l.type === "file_opened") t.files.set(id, { id, run: l.run, sequence: l.sequence, stream: l.stream, start: big(l.media), place: [big(l.media), big(l.wall), 0n], header: l.header, placed: false, n, erased: [] });
    else if (l.type === "placed" && f) { f.place = [big(l.media), big(l.wall), BigInt(l.rate_ppb)]; f.placed = true; f.n = n; }
    else if (l.type === "file_closed" && f) { f.closed = l; f.n = n; }
    else if (l.type === "file_closed" || l.type === "placed") t.loose.push(l);
    else if (l.type === "files_deleted") { for (const [run, sequence] of l.files) if (t.files.has(`${run}-${sequence}`)) t.files.get(`${run}-${sequence}`).deleted = true; }
    else if (l.type === "files_erased") { for (const [run, sequence, , ranges] of l.files) if (t.files.has(`${run}-${sequence}`)) t.files.get(`${run}-${sequence}`).erased.push(...ranges); }
    else if (l.type === "gap_opened") t.gaps.set(l.gap, [l, null]);
    else if (l.type === "gap_closed") { if (t.gaps.has(l.gap)) t.gaps.get(l.gap)[1] = l; else t.closes.push(l); }
  }
  return t;
}
function utc(f, m) { return f.place[1] + floor((m - f.place[0]) * 100000n * (NS + f.place[2]), 9n * NS); }

function account(s, told, here, head, first, lines) {
  const from = big(manifest.from), to = big(manifest.to), no = (reason) => say("complete", "no", `${s.stream}: ${reason}`), spans = [];
  must(from < to, "an empty span");
  if (first && big(lines[0][1].t) >= from) no("lines begin late");
  if (big(head.t) < to) no("nothing so late was signed");
  const ends = (f) => { if (f.closed) return utc(f, big(f.closed.media)); const p = here.has(f) ? pictures(here.get(f)) : []; return utc(f, p.length ? p[p.length - 1].time + p[p.length - 1].duration : f.start); };
  const ofRun = (run) => [...told.files.values()].filter((f) => f.run === run).sort((a, b) => a.sequence - b.sequence);
  const inRun = (run, m) => { const l = ofRun(run); if (!l.length) return null; return utc(l.filter((f) => f.start <= m).pop() || l[0], m); };
  const point = (l, begins) => {
    if (l.run === undefined) return big(l.wall);
    if (l.media !== undefined) { const u = inRun(l.run, big(l.media)); return u === null ? big(l.wall) : u; }
    const list = ofRun(l.run);
    return !list.length ? big(l.wall) : begins ? ends(list[list.length - 1]) : utc(list[0], list[0].start);
  };
  for (const l of told.loose) if (l.type === "file_closed" && l.stream === s.stream) { const p = told.loose.filter((x) => x.type === "placed" && x.run === l.run && x.sequence === l.sequence).pop(); if (!p || utc({ place: [big(p.media), big(p.wall), BigInt(p.rate_ppb)] }, big(l.media)) > from) no("a file that began before the lines"); }
  for (const l of told.closes) if (l.stream === s.stream && point(l, false) > from) no("a gap that began before the lines");
  for (const o of head.open) if (o.stream === s.stream && !told.files.has(`${o.run}-${o.sequence}`)) no("an open file that began before the lines");
  for (const f of [...told.files.values()].filter((x) => x.stream === s.stream)) {
    const begin = utc(f, f.start);
    let end = ends(f);
    if (!f.deleted && begin < to && end > from) { if (here.has(f)) range(f, here.get(f), end, { s, from, to, no, told }); else no(`${f.id} is not here`); }
    const next = told.files.get(`${f.run}-${f.sequence + 1}`);
    if (next && !f.deleted && !next.deleted && utc(next, next.start) > end && utc(next, next.start) <= end + NS) end = utc(next, next.start);
    spans.push([begin, end]);
  }
  for (const [o, c] of told.gaps.values()) if (o.stream === s.stream) spans.push([point(o, true), c ? point(c, false) : big(head.t)]);
  if (told.added !== null) spans.push([from, told.added]);
  if (told.removed !== null) spans.push([told.removed, to]);
  let reached = from;
  for (const [a, b] of spans.sort((x, y) => (x[0] < y[0] ? -1 : 1))) { if (a >= to) break; if (a > reached) no("a hole"); if (b > reached) reached = b; }
  if (reached < to) no("a hole at the end");
}
function pictures(one) { return [...one.frags.values()].filter((x) => x.track === 0); }

function range(f, one, end, { s, from, to, no, told }) {
  const gone = (i) => one.frags.has(i) || f.erased.some(([a, b]) => a <= i && i <= b), none = (a, b) => { for (let i = a; i <= b; i++) if (!gone(i)) return false; return true; };
  const strict = s.sound === true || !one.sound, p = pictures(one), inside = [...told.gaps.values()].filter(([o, c]) => c && o.run === one.run && o.media !== undefined && c.media !== undefined).map(([o, c]) => [big(o.media), big(c.media)]);
  const quiet = (a, b) => a >= b || (!strict && inside.some(([x, y]) => x <= a && b <= y));
  const lack = (reason) => (strict ? no(reason) : say("complete", "cannot tell", `${reason}: it could be sound`));
  if (!p.length) { if (!none(1, one.count)) no(`${f.id} has no picture`); return; }
  const last = p[p.length - 1];
  if (utc(f, p[0].time) > from && !none(1, p[0].index - 1)) no(`${f.id} begins late`);
  if (utc(f, last.time + last.duration) < (to < end ? to : end) && !none(last.index, one.count) && !(f.closed && quiet(last.time + last.duration, big(f.closed.media)))) lack(`${f.id} ends early`);
  for (let i = 1; i < p.length; i++) if (!none(p[i - 1].index + 1, p[i].index - 1) && (strict || !quiet(p[i - 1].time + p[i - 1].duration, p[i].time))) lack(`${f.id} lacks a fragment`);
}

function placed(c, at, here, told) {
  let reach = false;
  const least = Math.max(0, ...[...here.keys()].map((f) => f.n));
  for (const f of here.keys()) if (!f.placed) say("placed", "no", "a file without a place");
  for (const raw of anchor ? fs.readFileSync(anchor).toString("latin1").split("\n") : []) {
    let h = null;
    try { h = parse(Buffer.from(raw, "latin1"), "an anchor"); } catch (error) { continue; }
    if (h.ledger !== c.camera || !at.has(Number(h.size))) continue;
    if (hx(at.get(Number(h.size))) !== h.root) say("placed", "no", "an anchor of another ledger");
    else if (Number(h.size) > least) reach = true;
  }
  if (!reach) say("placed", "cannot tell", "no anchor");
}

const out = {};
for (const line of ["intact", "complete", "placed", "from"]) out[line] = answers[line] || "yes";
if (out.intact === "no") for (const line of manifest ? ["complete", "placed"] : ["complete", "placed", "from"]) if (out[line] === "yes") out[line] = "cannot tell";
console.log(JSON.stringify({ verdict: out, why: why.slice(0, 10) }));
