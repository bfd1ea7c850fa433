/* The check of an evidence bundle, in a browser or in Node: docs/format.md, sections 2 to 5 and 7.
   It shares nothing with what wrote the bundle. Nothing is fetched and nothing is sent. */
"use strict";

const YES = "yes", NO = "no", CANNOT = "cannot tell";
const LINES = ["intact", "complete", "placed", "from"];
const TITLES = { intact: "Intact", complete: "Complete", placed: "Placed in time", from: "From this recorder and camera" };
const MiB = 1 << 20, BILLION = 1000000000n, JOIN = 1000000000n;
const MOST = { manifest: 64 * MiB, line: 16 * MiB, header: MiB + 4096, moof: 2 * MiB, fragment: 64 * MiB, footer: 64 * MiB, stamp: 256 << 10, document: 4 * MiB, stamps: 100 };
const PATH = /^[A-Za-z0-9_][A-Za-z0-9_.-]*(\/[A-Za-z0-9_][A-Za-z0-9_.-]*){0,5}$/;
const VIEWING = /^viewing\/[0-9a-f]{32}\/(main|sub)\/[0-9a-f]{32}-[0-9]{4,10}\.mp4$/;
const MEDIA = /^media\/([0-9a-f]{32})\/(main|sub)\/([0-9a-f]{32})-([0-9]{4,10})\.mp4$/;
const OF_SYSTEMS = [".DS_Store", "Thumbs.db", "desktop.ini"];
const STAMP = /^(anchors\/[0-9]{8}T[0-9]{6}Z)\.([a-z0-9][a-z0-9-]{0,39})\.tsr$/, LATE = 300n * BILLION;
const UUID = "a1c1d8e29f5b4f0c8a6e77671a5400";

class Wrong extends Error {
  constructor(code, sentence) { super(sentence); this.code = code; }
}
class Unreadable extends Error {}

/* --- SHA-256, piece by piece: a browser's own takes a whole message at once ------------------- */

const K = new Uint32Array(64);
const START = new Uint32Array(8);
{
  const primes = [];
  for (let n = 2; primes.length < 64; n++) if (primes.every((p) => n % p)) primes.push(n);
  const fraction = (x) => Math.floor((x - Math.floor(x)) * 4294967296);
  primes.forEach((p, i) => { K[i] = fraction(Math.cbrt(p)); if (i < 8) START[i] = fraction(Math.sqrt(p)); });
}

class Sha256 {
  constructor() { this.h = START.slice(); this.w = new Uint32Array(64); this.rest = new Uint8Array(64); this.held = 0; this.count = 0; }

  update(data) {
    this.count += data.length;
    let at = 0;
    if (this.held) {
      at = Math.min(64 - this.held, data.length);
      this.rest.set(data.subarray(0, at), this.held);
      this.held += at;
      if (this.held < 64) return this;
      this.block(this.rest, 0);
      this.held = 0;
    }
    for (; at + 64 <= data.length; at += 64) this.block(data, at);
    this.rest.set(data.subarray(at), 0);
    this.held = data.length - at;
    return this;
  }

  block(d, at) {
    const w = this.w, h = this.h;
    for (let i = 0; i < 16; i++, at += 4) w[i] = (d[at] << 24) | (d[at + 1] << 16) | (d[at + 2] << 8) | d[at + 3];
    for (let i = 16; i < 64; i++) {
      const x = w[i - 15], y = w[i - 2];
      const s0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3);
      const s1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10);
      w[i] = (w[i - 16] + s0 + w[i - 7] + s1) | 0;
    }
    let a = h[0], b = h[1], c = h[2], e = h[4], f = h[5], g = h[6], dd = h[3], hh = h[7];
    for (let i = 0; i < 64; i++) {
      const s1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
      const t1 = (hh + s1 + ((e & f) ^ (~e & g)) + K[i] + w[i]) | 0;
      const s0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
      const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
      hh = g; g = f; f = e; e = (dd + t1) | 0; dd = c; c = b; b = a; a = (t1 + t2) | 0;
    }
    h[0] += a; h[1] += b; h[2] += c; h[3] += dd; h[4] += e; h[5] += f; h[6] += g; h[7] += hh;
  }

  digest() {
    const bits = this.count * 8, end = new Uint8Array(this.held < 56 ? 64 - this.held : 128 - this.held);
    end[0] = 0x80;
    const view = new DataView(end.buffer);
    view.setUint32(end.length - 8, Math.floor(bits / 4294967296));
    view.setUint32(end.length - 4, bits >>> 0);
    this.update(end);
    const out = new Uint8Array(32), told = new DataView(out.buffer);
    this.h.forEach((value, i) => told.setUint32(4 * i, value));
    return out;
  }
}

const sha256 = (...parts) => { const s = new Sha256(); for (const each of parts) s.update(each); return s.digest(); };
const hex = (bytes) => { let s = ""; for (const b of bytes) s += (b < 16 ? "0" : "") + b.toString(16); return s; };
const utf8 = (text) => new TextEncoder().encode(text);
const leaf = (...parts) => sha256(Uint8Array.of(0), ...parts);
const node = (left, right) => sha256(Uint8Array.of(1), left, right);
const same = (a, b) => a.length === b.length && a.every((value, i) => value === b[i]);

/* --- fields ---------------------------------------------------------------------------------- */

function bad(what) { throw new RangeError(what); }
const isHex = (value, digits) => typeof value === "string" && value.length === digits && /^[0-9a-f]*$/.test(value);
function hexText(value, digits) { return isHex(value, digits) ? value : bad(`not ${digits} hex digits`); }
function bytesOf(value, digits) {
  hexText(value, digits);
  const out = new Uint8Array(digits / 2);
  for (let i = 0; i < out.length; i++) out[i] = parseInt(value.substr(2 * i, 2), 16);
  return out;
}
function number(value) {
  if (typeof value !== "string" || !/^(0|-?[1-9][0-9]{0,19})$/.test(value)) bad("no decimal string");
  return BigInt(value);
}
const whole = (value) => (Number.isSafeInteger(value) && value >= 0 ? value : bad("no whole number"));
const text = (value, most = 4096) => (typeof value === "string" && [...value].length <= most ? value : bad("no text"));
const list = (value) => (Array.isArray(value) ? value : bad("no list"));
const object = (value) => (value !== null && typeof value === "object" && !Array.isArray(value) ? value : bad("no object"));
function has(value, name) { return Object.prototype.hasOwnProperty.call(value, name); }
function field(value, name) { return has(object(value), name) ? value[name] : bad(`no field '${name}'`); }

function canonical(value) {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (value !== null && typeof value === "object") {
    const names = Object.keys(value).sort();
    return `{${names.map((name) => `${canonical(name)}:${canonical(value[name])}`).join(",")}}`;
  }
  if (typeof value === "number" && !Number.isSafeInteger(value)) bad("a fraction, or too large a number");
  if (typeof value === "string" && /\p{Surrogate}/u.test(value)) bad("no text");
  return JSON.stringify(value);
}

function parsed(raw, code, what) {
  try {
    const read = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(raw);
    const value = object(JSON.parse(read));
    if (canonical(value) !== read) bad("not canonical");
    return value;
  } catch (error) {
    throw new Wrong(code, `${what} is no JSON object in its one canonical form.`);
  }
}

function shown(ns) {
  const ms = ns / 1000000n - (ns % 1000000n < 0n ? 1n : 0n);
  const when = new Date(Number(ms));
  return isNaN(when) ? String(ns) : when.toISOString().replace("T", " ").replace("Z", " UTC");
}
function floor(a, b) { const q = a / b; return a % b !== 0n && (a < 0n) !== (b < 0n) ? q - 1n : q; }

/* --- trees ----------------------------------------------------------------------------------- */

class Grown {
  constructor(count, peaks) { this.count = count; this.peaks = [...peaks]; }
  add(hash) {
    let rest = this.count;
    for (; rest % 2 === 1; rest = (rest - 1) / 2) hash = node(this.peaks.pop(), hash);
    this.peaks.push(hash);
    this.count++;
  }
  root() {
    if (!this.peaks.length) return sha256();
    return this.peaks.slice(0, -1).reduceRight((right, left) => node(left, right), this.peaks[this.peaks.length - 1]);
  }
}

function ones(count) { let n = 0; for (; count; count = Math.floor(count / 2)) n += count % 2; return n; }

function included(hash, index, size, path, root) {
  if (!(index >= 0 && index < size)) return false;
  let at = index, last = size - 1;
  const half = (n) => Math.floor(n / 2);
  for (const each of path) {
    if (last === 0) return false;
    if (at % 2 === 1 || at === last) {
      hash = node(each, hash);
      while (at !== 0 && at % 2 === 0) { at = half(at); last = half(last); }
    } else hash = node(hash, each);
    at = half(at); last = half(last);
  }
  return last === 0 && same(hash, root);
}

/* --- Ed25519 --------------------------------------------------------------------------------- */

const signatures = {
  tool: undefined,
  async ready() {
    if (this.tool !== undefined) return;
    try {
      const key = new Uint8Array(32); key[0] = 1;
      await crypto.subtle.importKey("raw", bytesOf("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", 64), "Ed25519", false, ["verify"]);
      this.tool = "WebCrypto";
    } catch (error) { this.tool = ""; }
  },
  async valid(key, message, signature) {
    if (key.length !== 32 || signature.length !== 64) return false;
    await this.ready();
    if (!this.tool) return null;
    try {
      const made = await crypto.subtle.importKey("raw", key, "Ed25519", false, ["verify"]);
      return await crypto.subtle.verify("Ed25519", made, signature, message);
    } catch (error) { return false; }
  },
};
const NO_TOOL = "Signatures were not checked: this browser has no Ed25519 in its WebCrypto (Chrome 137, Firefox 129, Safari 17 have).";

/* --- time stamps (RFC 3161) ------------------------------------------------------------------- */

const SIGNED_DATA = "1.2.840.113549.1.7.2", TST_INFO = "1.2.840.113549.1.9.16.1.4";
const CONTENT_TYPE = "1.2.840.113549.1.9.3", DIGEST = "1.2.840.113549.1.9.4";
const BOUND = [["1.2.840.113549.1.9.16.2.47", "SHA-256"], ["1.2.840.113549.1.9.16.2.12", "SHA-1"]];
const HASHES = { "2.16.840.1.101.3.4.2.1": "SHA-256", "2.16.840.1.101.3.4.2.2": "SHA-384", "2.16.840.1.101.3.4.2.3": "SHA-512" };
const SIGNED_BY = {
  "1.2.840.113549.1.1.11": ["rsa", "SHA-256"], "1.2.840.113549.1.1.12": ["rsa", "SHA-384"], "1.2.840.113549.1.1.13": ["rsa", "SHA-512"],
  "1.2.840.10045.4.3.2": ["ecdsa", "SHA-256"], "1.2.840.10045.4.3.3": ["ecdsa", "SHA-384"], "1.2.840.10045.4.3.4": ["ecdsa", "SHA-512"],
  "1.3.101.112": ["ed25519", ""],
};
const BARE = { "1.2.840.113549.1.1.1": "rsa", "1.2.840.10045.2.1": "ecdsa" };
const CURVES = { "1.2.840.10045.3.1.7": ["P-256", 32], "1.3.132.0.34": ["P-384", 48], "1.3.132.0.35": ["P-521", 66] };

/* One value of DER: its tag, what is in it, and its bytes as they lie. */
class Der {
  constructor(data, at = 0) {
    if (data.length - at < 2 || (data[at] & 0x1f) === 0x1f) bad("no DER");
    let length = data[at + 1], start = at + 2;
    if (length & 0x80) {
      const count = length & 0x7f;
      if (count < 1 || count > 4 || start + count > data.length || data[start] === 0) bad("no DER");
      length = 0;
      for (let i = 0; i < count; i++) length = length * 256 + data[start + i];
      start += count;
      if (length < 128) bad("no DER");
    }
    if (start + length > data.length) bad("no DER");
    this.tag = data[at]; this.body = data.subarray(start, start + length); this.raw = data.subarray(at, start + length);
  }
  parts() {
    const found = [];
    for (let at = 0; at < this.body.length; ) {
      found.push(new Der(this.body, at));
      at += found[found.length - 1].raw.length;
      if (found.length > 1000) bad("no DER");
    }
    return found;
  }
  of(tag) { return this.tag === tag ? this : bad("another kind of DER"); }
  whole() { return BigInt.asIntN(8 * this.of(2).body.length, BigInt("0x0" + hex(this.body))); }
  named() {
    const found = [];
    let value = 0;
    for (const byte of this.of(6).body.subarray(0, 40)) {
      value = value * 128 + (byte & 0x7f);
      if (!(byte & 0x80)) { found.push(value); value = 0; }
    }
    const first = found.length ? Math.min(Math.floor(found[0] / 40), 2) : 0;
    return found.length ? [first, found[0] - 40 * first, ...found.slice(1)].join(".") : "";
  }
  time() {
    let told = String.fromCharCode(...this.body.subarray(0, 40));
    if (this.tag === 0x17) told = (told.slice(0, 2) >= "50" ? "19" : "20") + told;
    const m = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(?:\.(\d{1,9}))?Z$/.exec(told);
    if ((this.tag !== 0x17 && this.tag !== 0x18) || !m) bad("no time");
    const iso = `${m[1]}-${m[2]}-${m[3]}T${m[4]}:${m[5]}:${m[6]}.000Z`, when = new Date(iso);
    if (isNaN(when) || when.toISOString() !== iso) bad("no time");
    return BigInt(when.getTime()) * 1000000n + BigInt((m[7] || "").padEnd(9, "0"));
  }
}
const part = (found, at) => found[at] || bad("too few parts of DER");
function known(table, name) { return has(table, name) ? table[name] : bad(`an algorithm ${name} that is not known`); }

/* What a stamp's check needs of a certificate (X.509). */
class Certificate {
  constructor(raw) {
    const whole = new Der(raw), parts = whole.of(0x30).parts();
    this.raw = whole.raw; this.fingerprint = hex(sha256(this.raw));
    this.signed = part(parts, 0); this.algorithm = part(parts, 1); this.signature = part(parts, 2).of(3).body.subarray(1);
    let fields = this.signed.of(0x30).parts();
    if (part(fields, 0).tag === 0xa0) fields = fields.slice(1);
    this.serial = part(fields, 0); this.issuer = part(fields, 2); this.subject = part(fields, 4); this.key = part(fields, 5);
    [this.begins, this.ends] = part(fields, 3).parts().slice(0, 2).map((each) => each.time());
    this.extensions = new Map();
    for (const each of fields.slice(6)) if (each.tag === 0xa3) for (const extension of part(each.parts(), 0).parts()) {
      const p = extension.parts();
      this.extensions.set(p[0].named(), { critical: p.length > 2 && hex(p[1].body) === "ff", value: new Der(p[p.length - 1].of(4).body) });
    }
  }
  stamps() {
    const found = this.extensions.get("2.5.29.37");
    return Boolean(found && found.critical) && found.value.parts().map((each) => each.named()).join() === "1.3.6.1.5.5.7.3.8";
  }
  issues() {
    const found = this.extensions.get("2.5.29.19");
    return Boolean(found) && found.value.parts().some((each) => each.tag === 1 && hex(each.body) === "ff");
  }
  name() {
    const found = new Map();
    for (const each of this.subject.parts()) for (const pair of each.parts()) {
      const [kind, value] = pair.parts();
      found.set(kind.named(), [...new TextDecoder(value.tag === 0x1e ? "utf-16be" : "utf-8").decode(value.body.subarray(0, 300))].slice(0, 80).join(""));
    }
    return found.get("2.5.4.3") || found.get("2.5.4.10") || "somebody without a name";
  }
}

function certificatesIn(pem) {
  if (pem[0] === 0x30) return [new Certificate(pem)];
  const told = new TextDecoder().decode(pem), found = [];
  for (const [, body] of told.matchAll(/-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----/g)) {
    found.push(new Certificate(Uint8Array.from(atob(body.replace(/\s/g, "")), (c) => c.charCodeAt(0))));
    if (found.length === 50) break;
  }
  return found;
}

function signedHow(algorithm, hash) {
  const [name, parameters] = algorithm.parts(), told = part([name], 0).named();
  if (has(SIGNED_BY, told)) return SIGNED_BY[told];
  if (has(BARE, told) && hash) return [BARE[told], hash];
  if (told === "1.2.840.113549.1.1.10" && parameters) for (const each of parameters.parts()) if (each.tag === 0xa0) return ["pss", known(HASHES, part(part(each.parts(), 0).parts(), 0).named()), parameters];
  return bad("signed by a way that is not known");
}

/* Whether a key, as certificates have it, signed that; null where this browser cannot tell. */
async function signedBy(key, [kind, hash, parameters], data, signature) {
  await signatures.ready();
  if (!signatures.tool) return null;
  try {
    let importing, checking, sig = signature;
    if (kind === "rsa") importing = checking = { name: "RSASSA-PKCS1-v1_5", hash };
    else if (kind === "pss") {
      let salt = 20;
      for (const each of parameters.parts()) if (each.tag === 0xa2) salt = Number(part(each.parts(), 0).whole());
      importing = { name: "RSA-PSS", hash }; checking = { name: "RSA-PSS", saltLength: salt };
    } else if (kind === "ecdsa") {
      const [namedCurve, width] = known(CURVES, part(part(new Der(key).parts(), 0).parts(), 1).named());
      importing = { name: "ECDSA", namedCurve }; checking = { name: "ECDSA", hash };
      sig = new Uint8Array(2 * width);
      new Der(signature).of(0x30).parts().slice(0, 2).forEach((each, i) => {
        let body = each.of(2).body;
        while (body.length > width && body[0] === 0) body = body.subarray(1);
        sig.set(body, (i + 1) * width - body.length);
      });
    } else importing = checking = "Ed25519";
    return await crypto.subtle.verify(checking, await crypto.subtle.importKey("spki", key, importing, false, ["verify"]), sig, data);
  } catch (error) { return false; }
}

/* A response of an authority: over which digest, when, and by whom. `chain` is checked. */
class Stamp {
  static async read(response, more) {
    const s = new Stamp(), [status, ...rest] = new Der(response).of(0x30).parts();
    const granted = part(part([status], 0).parts(), 0).whole();
    if ((granted !== 0n && granted !== 1n) || rest.length !== 1) bad("the authority refused it");
    const [kind, content] = rest[0].of(0x30).parts();
    if (part([kind], 0).named() !== SIGNED_DATA) bad("no signed data");
    const fields = part(part([content], 0).of(0xa0).parts(), 0).of(0x30).parts(), [what, holder] = part(fields, 2).parts();
    if (part([what], 0).named() !== TST_INFO) bad("no time stamp");
    s.told = part(part([holder], 0).of(0xa0).parts(), 0).of(4).body;
    s.readTold();
    const given = fields.filter((each) => each.tag === 0xa0).flatMap((each) => each.parts()).filter((each) => each.tag === 0x30).map((each) => new Certificate(each.raw));
    const signers = fields[fields.length - 1].of(0x31).parts();
    if (signers.length !== 1) bad("signed by more than one");
    s.toolMissing = false;
    s.chain = [await s.signer(signers[0], given)];
    await s.up([...given, ...more]);
    return s;
  }

  readTold() {
    const [version, , imprint, , time, ...more] = new Der(this.told).of(0x30).parts(), [algorithm, digest] = part([imprint], 0).parts();
    if (version.whole() !== 1n || known(HASHES, part(part([algorithm], 0).parts(), 0).named()) !== "SHA-256") bad("of another hash than SHA-256");
    this.digest = hex(part([digest], 0).of(4).body); this.time = part([time], 0).of(0x18).time(); this.within = null;
    for (const each of more) { const first = each.tag === 0x30 && each.parts()[0]; if (first && first.tag === 2) this.within = first.whole(); }
  }

  async signer(signer, given) {
    const p = signer.of(0x30).parts(), named = part(p, 1), hash = known(HASHES, part(part(p, 2).parts(), 0).named()), attributes = part(p, 3).of(0xa0), found = new Map();
    for (const each of attributes.parts()) { const [name, values] = each.parts(); found.set(name.named(), part(part([values], 0).of(0x31).parts(), 0)); }
    const get = (name) => found.get(name) || bad("lacks what has to be signed");
    if (get(CONTENT_TYPE).named() !== TST_INFO) bad("signed as something else");
    if (hex(get(DIGEST).of(4).body) !== hex(new Uint8Array(await crypto.subtle.digest(hash, this.told)))) bad("what is told was not signed");
    let own = null;
    for (const each of given) if (!own && this.isNamed(named, each) && (await this.isBound(found, each))) own = each;
    if (!own) bad("the certificate of who signed it is missing");
    const signed = attributes.raw.slice();
    signed[0] = 0x31;
    await this.require(own.key, signedHow(part(p, 4), hash), signed, part(p, 5).of(4).body);
    if (!own.stamps()) bad("signed by a certificate that is not for time stamping");
    if (!(own.begins <= this.time && this.time <= own.ends)) bad("signed by a certificate that did not hold then");
    return own;
  }

  isNamed(named, one) {
    if (named.tag !== 0x30) return true; /* by a number of its key: what it is bound to says which it is */
    const [issuer, serial] = named.parts();
    return same(issuer.raw, one.issuer.raw) && same(part([serial], 0).raw, one.serial.raw);
  }

  async isBound(found, own) {
    for (const [name, usual] of BOUND) if (found.has(name)) {
      const first = part(part(found.get(name).parts(), 0).parts(), 0).parts(), told = part(first, 0).tag === 0x30;
      const hash = told ? known(HASHES, part(first[0].parts(), 0).named()) : usual;
      return hex(part(first, told ? 1 : 0).of(4).body) === hex(new Uint8Array(await crypto.subtle.digest(hash, own.raw)));
    }
    return false;
  }

  async require(key, how, data, signature) {
    const valid = await signedBy(key.raw, how, data, signature);
    if (valid === null) this.toolMissing = true;
    if (valid === false) bad("its signature is not valid");
  }

  async up(all) {
    while (this.chain.length < 8) {
      const last = this.chain[this.chain.length - 1];
      let above = null;
      for (const each of all) {
        if (above || !same(each.subject.raw, last.issuer.raw) || this.chain.some((c) => same(c.raw, each.raw))) continue;
        if (!each.issues() || !(each.begins <= this.time && this.time <= each.ends)) continue;
        try { await this.require(each.key, signedHow(last.algorithm, ""), last.signed.raw, last.signature); above = each; } catch (error) { if (!(error instanceof RangeError)) throw error; }
      }
      if (!above) return;
      this.chain.push(above);
    }
  }

  vouched(authorities) { return this.chain.some((each) => authorities.has(each.fingerprint)); }
  words() { return `${shown(this.time)}${this.within === null ? "" : ` (to ${this.within} s)`} by ${this.chain[0].name()}`; }
}

/* --- bytes ------------------------------------------------------------------------------------ */

/* A file is {size, read(from, to) → Promise<Uint8Array>}. */
class Reading {
  constructor(file, name) { this.file = file; this.name = name; this.at = 0; this.digest = new Sha256(); this.buffer = new Uint8Array(0); this.begin = 0; }
  get left() { return this.file.size - this.at; }
  async take(count) {
    if (count > this.left) throw new Wrong("fragment_bad", `${this.name} ends inside a box at ${this.at}.`);
    let offset = this.at - this.begin;
    if (offset + count > this.buffer.length) {
      this.buffer = await this.file.read(this.at, Math.min(this.file.size, this.at + Math.max(count, 4 * MiB)));
      this.begin = this.at; offset = 0;
      if (this.buffer.length < count) throw new Wrong("file_changed", `${this.name} is shorter than it says.`);
    }
    const data = this.buffer.subarray(offset, offset + count);
    this.digest.update(data);
    this.at += count;
    return data;
  }
  async finish() {
    while (this.left) await this.take(Math.min(this.left, MiB));
    return hex(this.digest.digest());
  }
}

async function* rows(file, name) {
  let rest = new Uint8Array(0);
  for (let at = 0; at < file.size; ) {
    const piece = await file.read(at, Math.min(file.size, at + MiB));
    if (!piece.length) break;
    at += piece.length;
    const joined = new Uint8Array(rest.length + piece.length);
    joined.set(rest); joined.set(piece, rest.length);
    let from = 0;
    for (let to = joined.indexOf(10, 0); to >= 0; to = joined.indexOf(10, from)) { yield joined.subarray(from, to); from = to + 1; }
    rest = joined.slice(from);
    if (rest.length > MOST.line) break;
  }
  if (rest.length) throw new Wrong("line_bad", `${name} has a line without an end.`);
}

/* --- media files ----------------------------------------------------------------------------- */

class MediaReader {
  constructor(reading) {
    this.in = reading; this.places = new Map(); this.lastIndex = 0;
    this.found = { fragments: [], count: 0 };
  }
  bad(what, code = "fragment_bad") { return new Wrong(code, `${this.in.name}, at ${this.in.at}: ${what}.`); }

  async read() {
    const header = await this.header();
    this.found.headerLeaf = leaf(header);
    for (;;) {
      const at = this.in.at, start = (await this.in.take(24)).slice(), view = new DataView(start.buffer);
      const size = view.getUint32(0), kind = hex(start.subarray(4, 23));
      if (kind !== "75756964" + UUID) throw this.bad("what lies here is no fragment and no footer");
      if (start[23] === 2 && size === 96) await this.fragment(at, start);
      else if (start[23] === 3) { await this.footer(at, size, start, header.length); return this.found; }
      else throw this.bad("what lies here is no fragment and no footer");
    }
  }

  async header() {
    const parts = [];
    for (const wanted of ["ftyp", "moov"]) {
      const start = (await this.in.take(8)).slice(), size = new DataView(start.buffer).getUint32(0);
      if (String.fromCharCode(...start.subarray(4)) !== wanted || size < 8 || size > MOST.header) throw this.bad("this is no header of a media file", "header_bad");
      parts.push(start, (await this.in.take(size - 8)).slice());
    }
    const box = (await this.in.take(100)).slice(), view = new DataView(box.buffer);
    if (hex(box.subarray(0, 24)) !== "0000006475756964" + UUID + "01") throw this.bad("this is no header of a media file", "header_bad");
    const f = this.found;
    if (box[24] !== 1 || box[25] > 1 || view.getUint32(80) !== 90000) throw this.bad("its header is of an unknown form", "header_bad");
    f.stream = ["main", "sub"][box[25]];
    f.camera = hex(box.subarray(28, 44)); f.run = hex(box.subarray(44, 60));
    f.sequence = view.getUint32(60); f.first = view.getBigUint64(64); f.start = view.getBigUint64(72);
    f.soundScale = view.getUint32(84);
    parts.push(box);
    return joinedBytes(parts);
  }

  async fragment(at, start) {
    const box = joinedBytes([start, await this.in.take(72)]), mo = (await this.in.take(8)).slice();
    const size = new DataView(mo.buffer).getUint32(0);
    if (String.fromCharCode(...mo.subarray(4)) !== "moof" || size < 88 || size > MOST.moof) throw this.bad("a fragment without moof");
    const moof = joinedBytes([mo, await this.in.take(size - 8)]), md = (await this.in.take(8)).slice();
    const length = new DataView(md.buffer).getUint32(0);
    if (String.fromCharCode(...md.subarray(4)) !== "mdat" || length < 8 || length > MOST.fragment) throw this.bad("a fragment without mdat");
    const told = this.told(box, moof, length - 8);
    const digest = new Sha256().update(Uint8Array.of(0)).update(box).update(moof).update(md);
    for (let left = length - 8; left; ) { const count = Math.min(left, MiB); digest.update(await this.in.take(count)); left -= count; }
    const index = Number(told.number - this.found.first) + 1;
    if (index < 1 || index <= this.lastIndex) throw this.bad(`fragment ${told.number} does not stand in its order`);
    this.lastIndex = index;
    this.places.set(index, { ...told, at, length: this.in.at - at, leaf: digest.digest() });
    this.found.fragments.push({ index, track: told.track, media: told.media, duration: told.duration });
  }

  told(box, moof, bytes) {
    const f = this.found, v = new DataView(box.buffer), number_ = v.getBigUint64(60), track = box[26], flags = box[27];
    const own = box[24] === 1 && box[25] <= 1 && track <= 1 && ["main", "sub"][box[25]] === f.stream && hex(box.subarray(28, 44)) === f.camera && hex(box.subarray(44, 60)) === f.run;
    if (!own) throw this.bad(`fragment ${number_} is of another camera, stream or run`);
    const scale = track ? f.soundScale : 90000, media = v.getBigUint64(68);
    if (v.getUint32(76) !== scale || scale === 0) throw this.bad(`fragment ${number_} has another time scale than its track`);
    const s = this.samples(moof, number_, track, media, scale);
    if (s.bytes !== bytes) throw this.bad(`the samples of fragment ${number_} are not as long as its mdat`);
    if (flags !== (track ? 0 : (s.anyKey ? 2 : 0) | (s.firstKey ? 1 : 0))) throw this.bad(`fragment ${number_} tells other key frames than it has`);
    return { number: number_, track, flags, media, duration: s.duration, samples: s.count, wall: v.getBigInt64(80) };
  }

  samples(moof, number_, track, media, scale) {
    const v = new DataView(moof.buffer), size = moof.length, flags = v.getUint32(76), count = v.getUint32(80);
    const width = flags === 0x01000701 ? 12 : flags === 0x01000f01 ? 16 : 0;
    const base = track ? (this.found.start * BigInt(scale)) / 90000n : this.found.start;
    const name = (at) => String.fromCharCode(...moof.subarray(at, at + 4));
    const fits = width && count && size === 88 + width * count && v.getUint32(8) === 16 && name(12) === "mfhd" && v.getUint32(16) === 0 &&
      BigInt(v.getUint32(20)) === (number_ + 1n) % 4294967296n && v.getUint32(24) === size - 24 && name(28) === "traf" && v.getUint32(32) === 16 &&
      name(36) === "tfhd" && v.getUint32(40) === 0x020000 && v.getUint32(44) === track + 1 && v.getUint32(48) === 20 && name(52) === "tfdt" &&
      v.getUint32(56) === 0x01000000 && v.getBigUint64(60) === media - base && v.getUint32(68) === size - 68 && name(72) === "trun" && v.getInt32(84) === size + 8;
    if (!fits) throw this.bad(`the moof of fragment ${number_} is not of the one form`);
    let bytes = 0, duration = 0, anyKey = false, firstKey = false;
    for (let at = 88; at < size; at += width) {
      duration += v.getUint32(at); bytes += v.getUint32(at + 4);
      const key = v.getUint32(at + 8) === 0x02000000;
      anyKey = anyKey || key;
      if (at === 88) firstKey = key;
    }
    return { bytes, duration, count, anyKey, firstKey };
  }

  async footer(at, size, start, headerBytes) {
    if (size < 116 || size > MOST.footer || size - 24 !== this.in.left) throw this.bad("a footer that does not end the file", "footer_bad");
    const body = joinedBytes([start, await this.in.take(size - 24)]), count = new DataView(body.buffer).getUint32(28);
    if (size !== 72 + 80 * count + 44) throw this.bad("a footer of the wrong length", "footer_bad");
    const due = new Uint8Array(size), v = new DataView(due.buffer);
    due.set(body.subarray(0, 24));
    due[24] = 1; v.setUint32(28, count); v.setBigUint64(32, BigInt(headerBytes)); due.set(this.found.headerLeaf, 40);
    const tree = new Grown(0, []);
    tree.add(this.found.headerLeaf);
    for (let index = 1, to = 72; index <= count; index++, to += 80) {
      const place = this.places.get(index);
      this.places.delete(index);
      const own = place ? place.leaf : body.slice(to + 40, to + 72);
      if (place) {
        v.setBigUint64(to, BigInt(place.at)); v.setUint32(to + 8, place.length); due[to + 12] = place.track; due[to + 13] = place.flags;
        v.setBigUint64(to + 16, place.media); v.setUint32(to + 24, place.duration); v.setUint32(to + 28, place.samples); v.setBigInt64(to + 32, place.wall);
      } else due[to + 13] = 0x80;
      due.set(own, to + 40);
      tree.add(own);
    }
    const f = this.found;
    f.root = tree.root(); f.count = count;
    due.set(f.root, size - 44); v.setBigUint64(size - 12, BigInt(at)); due.set(utf8("WGft"), size - 4);
    if (this.places.size) throw this.bad("the footer has fewer fragments than the file", "footer_bad");
    if (!same(due, body)) throw this.bad("the footer tells something else than the fragments", "footer_bad");
  }
}

function joinedBytes(parts) {
  const out = new Uint8Array(parts.reduce((sum, each) => sum + each.length, 0));
  let at = 0;
  for (const each of parts) { out.set(each, at); at += each.length; }
  return out;
}

/* --- what the lines tell ---------------------------------------------------------------------- */

class ToldFile {
  constructor(fields) {
    this.stream = text(fields.stream);
    this.media = this.placedMedia = number(fields.media);
    this.wall = number(fields.wall);
    this.rate = 0n; this.placed = false; this.header = hexText(fields.header, 64);
    this.end = null; this.root = ""; this.count = null; this.deleted = ""; this.lastLine = 0; this.erased = [];
  }
  place(fields) {
    const rate = fields.rate_ppb;
    if (!Number.isSafeInteger(rate) || Math.abs(rate) > 20000000) bad("a rate that no clock has");
    this.placedMedia = number(fields.media); this.wall = number(fields.wall); this.rate = BigInt(rate); this.placed = true;
  }
  utc(media) { return this.wall + floor((media - this.placedMedia) * 100000n * (BILLION + this.rate), 9n * BILLION); }
  /* Whether gaps in its run tell of all that it has of a span: it was erased. */
  tells(inside, at, end) {
    if (!this.erased.length) return false;
    const sorted = [...inside].sort((a, b) => (a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0));
    for (const [begins, ends] of sorted) if (this.utc(begins) <= at && this.utc(ends) > at) at = this.utc(ends);
    return at >= end;
  }
  /* Fragments that the ledger says were erased, of so many; 1 is the file's first. */
  erasedOf(count) {
    const found = [];
    let at = 1;
    for (const [first, last] of [...this.erased].sort((a, b) => a[0] - b[0])) {
      for (let i = Math.max(first, at); i <= Math.min(last, count); i++) found.push(i);
      at = Math.max(at, last + 1);
    }
    return found;
  }
  ends(open) { return this.utc(this.end !== null ? this.end : open.has(this) ? open.get(this) : this.media); }
}

class Told {
  constructor() { this.files = new Map(); this.runs = new Map(); this.gaps = new Map(); this.strange = new Map(); this.strangeGaps = []; this.added = null; this.removed = null; this.epochs = []; this.keys = new Map(); this.vouches = []; this.revoked = new Map(); this.ordered = new Map(); this.inside = new Map(); }

  take(n, f) {
    if (f.v !== 1) return;
    switch (f.type) {
      case "ledger_started": case "restored": this.epochs.push([n, hexText(f.epoch, 32)]); break;
      case "camera_added": if (this.added === null) this.added = number(f.t); break;
      case "camera_removed": this.removed = number(f.t); break;
      case "key": { const key = bytesOf(f.public_key, 64); this.keys.set(hex(sha256(key)).slice(0, 16), { n, key }); this.vouches.push({ n, key, vouch: has(f, "vouch") ? hexText(f.vouch, 128) : "" }); break; }
      case "key_revoked": { const key = hexText(f.key, 16), since = number(f.since), before = this.revoked.get(key); this.revoked.set(key, before !== undefined && before < since ? before : since); break; }
      case "file_opened": {
        const file = new ToldFile(f);
        file.lastLine = n;
        this.files.set(this.id(f), file);
        if (!this.runs.has(f.run)) this.runs.set(f.run, []);
        this.runs.get(f.run).push(f.sequence);
        break;
      }
      case "placed": this.of(n, f).place(f); break;
      case "file_closed": { const file = this.of(n, f); file.end = number(f.media); file.root = hexText(f.root, 64); file.count = whole(f.fragments); break; }
      case "files_deleted":
        for (const [run, sequence] of list(f.files)) { const file = this.files.get(this.id({ run, sequence })); if (file) file.deleted = text(f.cause, 40); }
        break;
      case "files_erased":
        for (const [run, sequence, , ranges] of list(f.files)) {
          const file = this.files.get(this.id({ run, sequence }));
          for (const [first, last] of list(ranges)) { const pair = [whole(first), whole(last)]; if (file) file.erased.push(pair); }
        }
        break;
      case "gap_opened": this.gaps.set(hexText(f.gap, 32), { opened: f, closed: null }); break;
      case "gap_closed": { const gap = this.gaps.get(hexText(f.gap, 32)); if (!gap) { this.strangeGaps.push(f); break; }
        gap.closed = f;
        if (has(gap.opened, "run") && has(gap.opened, "media") && has(f, "media")) {
          const run = hexText(gap.opened.run, 32);
          if (!this.inside.has(run)) this.inside.set(run, []);
          this.inside.get(run).push([number(gap.opened.media), number(f.media)]);
        }
        break;
      }
    }
  }
  id(f) { return `${hexText(f.run, 32)}-${whole(f.sequence)}`; }
  of(n, f) {
    const id = this.id(f);
    let file = this.files.get(id) || this.strange.get(id);
    if (!file) { file = new ToldFile({ media: "0", wall: "0", header: "0".repeat(64), ...f }); this.strange.set(id, file); }
    file.lastLine = n;
    return file;
  }
  /* Asked once all lines are in. */
  ofRun(run) {
    if (!this.ordered.has(run)) this.ordered.set(run, [...(this.runs.get(run) || [])].sort((a, b) => a - b).map((sequence) => this.files.get(`${run}-${sequence}`)));
    return this.ordered.get(run);
  }
  gapEnd(f, begins, open) {
    const own = number(f.wall);
    if (!has(f, "run")) return own;
    const files = this.ofRun(hexText(f.run, 32));
    if (has(f, "media")) {
      const media = number(f.media);
      if (!files.length) return own;
      let low = 0, high = files.length;
      while (low < high) { const middle = (low + high) >> 1; if (files[middle].media <= media) low = middle + 1; else high = middle; }
      return files[Math.max(0, low - 1)].utc(media);
    }
    if (!files.length) return own;
    return begins ? files[files.length - 1].ends(open) : files[0].utc(files[0].media);
  }
}

/* --- the check -------------------------------------------------------------------------------- */

/* What a check has found, of the lines that it answers. */
class Findings {
  constructor(fingerprint) {
    this.fingerprint = fingerprint.toLowerCase().replace(/[^0-9a-f]/g, "");
    this.findings = []; this.notes = []; this.placedBy = []; this.manifest = null; this.key = null;
  }
  say(line, answer, code, sentence) { if (this.findings.length < 200) this.findings.push({ line, answer, code, sentence }); }
  no(line, code, sentence) { this.say(line, NO, code, sentence); }

  async guarded(part, code, what, line = "intact") {
    try { await part(); return true; } catch (error) {
      if (error instanceof Wrong) this.no(line, error.code, error.message);
      else if (error instanceof RangeError || error instanceof TypeError || error instanceof SyntaxError) this.no(line, code, `${what} is not of its form (${error.message}).`);
      else this.no(line, "file_missing", `${what} cannot be read (${error.message}).`);
      return false;
    }
  }

  /* Whether the key in it signed that. */
  async signed(what, message, signature) {
    const valid = await signatures.valid(this.key, message, signature);
    for (const line of ["intact", "from"]) {
      if (valid === null) this.say(line, CANNOT, "no_tool", NO_TOOL);
      else if (!valid) this.no(line, "signature_wrong", `The signature of ${what} is not valid.`);
    }
  }

  verdict() {
    const found = {};
    for (const line of this.lines) {
      const answers = this.findings.filter((each) => each.line === line).map((each) => each.answer);
      found[line] = answers.includes(NO) ? NO : answers.includes(CANNOT) ? CANNOT : YES;
    }
    if (found.intact === NO) for (const line of this.lines.slice(1)) if (found[line] === YES && (line !== "from" || !this.manifest)) found[line] = CANNOT;
    return found;
  }
  reasons(line, answer) {
    const own = this.findings.filter((each) => each.line === line && each.answer === answer).map((each) => each.sentence);
    if (!own.length && line === "placed" && answer === YES && this.placedBy.length) return [...new Set(this.placedBy)];
    return own.length ? own : [answer === YES ? this.good[line] : `It cannot be told of a ${this.what} that was changed.`];
  }
}

class Check extends Findings {
  /* authorities: SHA-256 of certificates whose stamps are trusted.
     source: {files: Map of path → file, odd: [paths that cannot be]}; anchors: bytes of heads */
  constructor(source, fingerprint = "", anchors = [], authorities = []) {
    super(fingerprint);
    this.lines = LINES; this.titles = TITLES; this.good = GOOD; this.what = "bundle";
    this.source = source; this.anchors = anchors; this.authorities = new Set(authorities); this.stamps = []; this.histories = [];
    this.viewing = 0; this.media = new Map();
    this.progress = () => {};
  }

  async run() {
    if (!(await this.guarded(() => this.readManifest(), "manifest_bad", "The manifest"))) return this;
    await this.guarded(() => this.checkFiles(), "manifest_bad", "The manifest's list of files");
    await this.guarded(() => this.readStamps(), "stamp_bad", "The time stamps", "placed");
    for (const camera of this.manifest.cameras) await this.guarded(() => this.camera(camera), "manifest_bad", `Camera ${String(camera.camera).slice(0, 32)}`);
    const known = new Set(this.manifest.cameras.map((each) => String(each.camera)));
    for (const media of this.media.values()) if (!known.has(media.camera)) this.no("intact", "file_strange", `${media.run}-${media.sequence} is of a camera not exported.`);
    this.whose();
    return this;
  }

  file(name, code = "file_missing") {
    const file = this.source.files.get(name);
    if (!file) throw new Wrong(code, `${name} is missing.`);
    return file;
  }

  async readManifest() {
    const file = this.file("manifest.json", "manifest_missing"), sig = this.file("manifest.sig", "signature_wrong");
    if (file.size > MOST.manifest) throw new Wrong("manifest_missing", "manifest.json is larger than any can be.");
    if (sig.size > 64) throw new Wrong("signature_wrong", "manifest.sig is larger than any can be.");
    const raw = await file.read(0, file.size), signature = await sig.read(0, sig.size);
    const m = parsed(raw, "manifest_bad", "The manifest");
    if (field(m, "kind") !== "watchglass evidence bundle" || field(m, "v") !== 1) throw new Wrong("manifest_bad", "The manifest is of another kind, or of a later version.");
    this.key = bytesOf(field(field(m, "key"), "public_key"), 64);
    number(field(m, "from")); number(field(m, "to")); hexText(field(m, "bundle"), 32);
    for (const each of [...list(field(m, "cameras")), ...list(field(m, "files"))]) object(each);
    if (!m.cameras.length || !m.cameras.every((each) => list(field(each, "streams")).length)) bad("no camera, or one without a stream");
    this.manifest = m;
    await this.signed("the manifest", utf8(`watchglass.bundle.v1\n${hex(sha256(raw))}\n`), signature);
  }

  async checkFiles() {
    const seen = new Set(["manifest.json", "manifest.sig"]);
    let done = 0;
    for (const each of this.manifest.files) {
      const name = text(field(each, "path"), 300);
      if (!PATH.test(name) || seen.has(name)) throw new Wrong("manifest_bad", `The manifest names a file ${JSON.stringify(name.slice(0, 80))}.`);
      seen.add(name);
      const length = number(field(each, "length")), due = hexText(field(each, "sha256"), 64);
      await this.guarded(() => this.checkFile(name, length, due), "fragment_bad", name);
      this.progress(++done, this.manifest.files.length);
    }
    if (this.viewing) this.notes.push(`Viewing copies, made for browsers: ${this.viewing}. They are no evidence, and nothing here tells whether they show what was recorded.`);
    for (const name of [...this.source.files.keys()].sort()) if (!seen.has(name)) this.no("intact", "file_extra", `${JSON.stringify(name.slice(0, 200))} is not a part of the bundle.`);
    for (const name of this.source.odd) this.no("intact", "file_odd", `${JSON.stringify(name.slice(0, 200))} cannot be in a bundle.`);
  }

  async readStamps() {
    const found = [...this.source.files.keys()].filter((each) => STAMP.test(each)).sort();
    if (found.length > MOST.stamps) throw new Wrong("stamp_bad", "There are more time stamps than any bundle has.");
    for (const name of found) await this.guarded(() => this.readStamp(name), "stamp_bad", name, "placed");
  }

  async readStamp(name) {
    const [, stem, authority] = STAMP.exec(name);
    const small = async (path, most) => {
      const file = this.file(path, "stamp_bad");
      if (file.size > most) throw new Wrong("stamp_bad", `${path} is larger than any can be.`);
      return file.read(0, file.size);
    };
    const document = await small(`${stem}.jsonl`, MOST.document), response = await small(name, MOST.stamp), pem = `anchors/${authority}.pem`;
    const more = this.source.files.has(pem) ? certificatesIn(await small(pem, MOST.stamp)) : [];
    const stamp = await Stamp.read(response, more);
    if (stamp.digest !== hex(sha256(document))) throw new Wrong("stamp_other", `${name} is a stamp of something else.`);
    if (!this.manifest.cameras.some((each) => [...anchored([document], String(each.camera), true)].length)) throw new Wrong("stamp_foreign", `${name} is a stamp of another recorder's heads.`);
    if (stamp.toolMissing) this.say("placed", CANNOT, "no_tool", NO_TOOL);
    else this.stamps.push({ name, document, stamp });
  }

  async checkFile(name, length, due) {
    const file = this.file(name);
    if (BigInt(file.size) !== length) throw new Wrong("file_changed", `${name} has ${file.size} bytes, and was made with ${length}.`);
    const reading = new Reading(file, name), is = MEDIA.exec(name);
    let found = null, wrong = null;
    if (is) try { found = await new MediaReader(reading).read(); } catch (error) { if (!(error instanceof Wrong)) throw error; wrong = error; }
    if ((await reading.finish()) !== due) throw new Wrong("file_changed", `${name} was changed after the bundle was made.`);
    if (wrong) throw wrong;
    if (VIEWING.test(name)) this.viewing++;
    if (!found) return;
    const own = [found.camera, found.stream, found.run, String(found.sequence).padStart(4, "0")];
    if (own.some((each, i) => each !== is[i + 1])) throw new Wrong("file_named", `${name} is of another camera, stream, run or number.`);
    this.media.set(`${found.camera}/${found.run}-${found.sequence}`, found);
  }

  async camera(told) {
    const due = field(told, "ledger"), name = hexText(field(told, "camera"), 32);
    const l = { name, first: Number(number(field(due, "first"))), size: Number(number(field(due, "size"))), told: new Told(), roots: new Map(), heads: [], firstNs: null };
    const peaks = list(field(due, "left")).map((each) => bytesOf(each, 64));
    if (!(l.first >= 0 && l.first < l.size) || peaks.length !== ones(l.first)) throw new Wrong("lines_bad", "What stands left of the ledger's lines is not of its form.");
    await this.readHeads(l, hexText(field(due, "head"), 64));
    await this.readLines(l, peaks);
    for (const { size, head } of l.heads) {
      if (field(head, "ledger") !== l.name) throw new Wrong("head_other", "A head is of another ledger.");
      if (l.roots.get(size) !== hexText(field(head, "root"), 64)) throw new Wrong("lines_root", `The head of ${shown(number(field(head, "t")))} signs other lines than are here.`);
    }
    await this.readEarlier(l);
    await this.checkHeads(l);
    await this.checkTexts(l);
    this.checkMedia(l);
    const streams = list(field(told, "streams"));
    for (const each of streams) await this.guarded(() => this.span(l, each), "lines_bad", `The account of ${name.slice(0, 8)}`, "complete");
    const known = new Set(streams.map((each) => String(each.stream)));
    for (const media of this.media.values()) if (media.camera === name && !known.has(media.stream)) this.no("intact", "file_strange", `${media.run}-${media.sequence} is of a stream not exported.`);
    this.placing(l);
  }

  async *rows(name) { yield* rows(this.file(name), name); }

  async readHeads(l, due) {
    for await (const raw of this.rows(`ledger/${l.name}.heads.jsonl`)) {
      const head = parsed(raw, "head_bad", `A head of ${l.name.slice(0, 8)}`);
      if (field(head, "v") !== 1) throw new Wrong("head_bad", "A head is of a version that is not known.");
      l.heads.push({ size: Number(number(field(head, "size"))), head, hash: hex(sha256(raw)) });
    }
    const last = l.heads[l.heads.length - 1];
    if (!last || last.hash !== due) throw new Wrong("head_other", "The last head is not the one that the manifest names.");
    l.head = last.head; l.headNs = number(field(l.head, "t"));
    if (last.size !== l.size) throw new Wrong("head_other", "The last head is of another length than the ledger.");
  }

  async readLines(l, peaks) {
    const grown = new Grown(l.first, peaks), wanted = new Set(l.heads.map((each) => each.size)), who = l.name.slice(0, 8);
    for (const each of anchored([...this.anchors, ...this.stamps.map((each) => each.document)], l.name)) wanted.add(each.size);
    if (wanted.has(l.first)) l.roots.set(l.first, hex(grown.root()));
    for await (const raw of this.rows(`ledger/${l.name}.jsonl`)) {
      const f = parsed(raw, "line_bad", `Line ${grown.count} of ${who}`);
      if (number(field(f, "n")) !== BigInt(grown.count)) throw new Wrong("line_number", `Line ${grown.count} of ${who} has the number ${f.n}.`);
      if (l.firstNs === null) l.firstNs = number(field(f, "t"));
      l.told.take(grown.count, f);
      grown.add(leaf(raw));
      if (wanted.has(grown.count)) l.roots.set(grown.count, hex(grown.root()));
    }
    if (grown.count !== l.size) throw new Wrong("lines_missing", `The ledger of ${who} ends at line ${grown.count}, and not at ${l.size}.`);
  }

  async readEarlier(l) {
    const root = bytesOf(l.roots.get(l.size), 64);
    for await (const raw of this.rows(`ledger/${l.name}.earlier.jsonl`)) {
      const entry = parsed(raw, "earlier_bad", "A line from before"), line = utf8(text(field(entry, "line"), MOST.line));
      const f = parsed(line, "earlier_bad", "A line from before"), n = Number(number(field(f, "n")));
      const path = list(field(entry, "path")).map((each) => bytesOf(each, 64));
      if (n >= l.first || !included(leaf(line), n, l.size, path, root)) throw new Wrong("earlier_bad", `Line ${n} from before is not of this ledger.`);
      l.told.take(n, f);
    }
  }

  async checkHeads(l) {
    let before = null;
    for (const each of l.heads) {
      const { size, head } = each, what = `The head of ${shown(number(field(head, "t")))}`;
      await this.checkKey(l, each, what);
      const epochs = l.told.epochs.filter(([n]) => n < size).sort((a, b) => a[0] - b[0]);
      if (epochs.length && field(head, "epoch") !== epochs[epochs.length - 1][1]) throw new Wrong("head_other", `${what} is of another epoch.`);
      if (before) {
        const old = number(before.head.t) < l.headNs - 48n * 3600n * BILLION;
        if (head.prev !== before.hash && !(old && head.hour === before.hash)) throw new Wrong("head_chain", `${what} does not name the head before it.`);
        if (head.epoch === before.head.epoch && size < before.size) throw new Wrong("head_chain", `${what} is of a shorter ledger than the one before it.`);
      }
      before = each;
    }
    await this.checkHistory(l);
  }

  /* The keys one after the other: whether each was vouched for by the one before it. */
  async checkHistory(l) {
    let chain = [];
    const all = [...l.told.vouches].sort((a, b) => a.n - b.n), who = l.name.slice(0, 8);
    for (const { n, key, vouch } of all) {
      let vouched = chain.length > 0 && vouch !== "";
      if (vouched) {
        const valid = await signatures.valid(chain[chain.length - 1], utf8(`watchglass.key.v1\n${l.name}\n${hex(key)}\n`), bytesOf(vouch, 128));
        if (valid === false) throw new Wrong("key_vouch", `Line ${n}: the key before did not sign for this one.`);
        vouched = valid === true;
      }
      chain = vouched ? [...chain, key] : [key];
    }
    const named = chain.map((each) => hex(sha256(each)));
    this.histories.push({ l, chain: named });
    for (const [key, since] of l.told.revoked) if (l.heads.some(({ head }) => head.key === key && number(head.t) >= since && number(head.t) >= number(this.manifest.from))) this.say("from", CANNOT, "key_revoked", `${who}: heads from ${shown(since)} on were signed with a key that was revoked: it may have been in other hands by then.`);
    if (all.length > 1) for (const { n, key } of all) {
      const own = hex(sha256(key)), gone = l.told.revoked.get(own.slice(0, 16));
      this.notes.push(`Key, ${who}: ${own} from line ${n}${gone === undefined ? "" : `, revoked as of ${shown(gone)}`}${named.includes(own) ? "" : ", not vouched for by the next"}`);
    }
  }

  async checkKey(l, { size, head }, what) {
    const due = [...l.told.keys].filter(([, { n }]) => n < size).sort((a, b) => a[1].n - b[1].n).pop();
    if (!due || field(head, "key") !== due[0]) throw new Wrong("head_key", `${what} is signed with a key that the ledger does not name.`);
    if (head === l.head && !same(due[1].key, this.key)) throw new Wrong("head_key", "The manifest is signed with another key than the ledger.");
    const { sig, ...unsigned } = head;
    const valid = await signatures.valid(due[1].key, utf8("watchglass.head.v1\n" + canonical(unsigned)), bytesOf(sig, 128));
    if (valid === false) throw new Wrong("head_signature", `${what} has a signature that is not valid.`);
  }

  async checkTexts(l) {
    for await (const raw of this.rows(`ledger/${l.name}.texts.jsonl`)) {
      const entry = parsed(raw, "text_bad", "A text");
      const own = hex(sha256(Uint8Array.of(2), bytesOf(field(entry, "salt"), 64), utf8(text(field(entry, "text")))));
      if (own !== field(entry, "commitment")) throw new Wrong("text_bad", "A text is not the one that the ledger names.");
    }
  }

  checkMedia(l) {
    const opened = new Map(list(field(l.head, "open")).map((each) => [`${field(each, "run")}-${field(each, "sequence")}`, each]));
    for (const media of this.media.values()) {
      if (media.camera !== l.name) continue;
      const id = `${media.run}-${media.sequence}`, what = `${media.run.slice(0, 8)}-${String(media.sequence).padStart(4, "0")}`;
      const file = l.told.files.get(id);
      if (!file || file.stream !== media.stream) { this.no("intact", "file_strange", `The ledger knows no file ${what}.`); continue; }
      if (file.header !== hex(media.headerLeaf)) this.no("intact", "header_other", `The header of ${what} is another one.`);
      const signed = (file.end === null && opened.get(id)) || {};
      if (hex(media.root) !== (file.root || signed.root) || media.count !== (file.count !== null ? file.count : signed.fragments)) this.no("intact", "root_other", `${what} is not what the ledger says of it.`);
    }
  }

  whose() {
    const own = hex(sha256(this.key));
    if (this.histories.some(({ l }) => l.told.revoked.has(own.slice(0, 16)))) this.no("from", "key_revoked", `It was signed with a key that was revoked: ${own}.`);
    if (this.fingerprint && this.fingerprint !== own) this.fromEarlier(own);
    else if (!this.fingerprint) this.say("from", CANNOT, "no_fingerprint", `No fingerprint was given from outside the bundle: whoever made it could have made the key, too. Ask the operator by another way whether it is ${own}.`);
  }

  /* Whether the key that was given vouched, by way of others, for the one of now. */
  fromEarlier(own) {
    if (this.histories.length !== this.manifest.cameras.length || this.histories.some(({ chain }) => !chain.includes(this.fingerprint) || chain[chain.length - 1] !== own)) {
      this.no("from", "key_other", `It was signed by another recorder: its key is ${own}.`);
      return;
    }
    for (const { l, chain } of this.histories) for (const each of chain.slice(chain.indexOf(this.fingerprint), -1)) if (l.told.revoked.has(each.slice(0, 16))) {
      this.say("from", CANNOT, "key_revoked", `The key ${each} was revoked, and what it signed for since proves nothing: ask the operator by another way whether the key of now is ${own}.`);
      return;
    }
    this.notes.push(`The key that you gave vouched for the one of now, ${own}.`);
  }

  /* --- is anything missing --- */

  span(l, told) {
    const stream = text(field(told, "stream"), 10), sound = field(told, "sound") === true, what = `${l.name.slice(0, 8)} ${stream}`;
    const from = number(this.manifest.from), to = number(this.manifest.to), open = new Map(), spans = [];
    const no = (code, sentence) => this.no("complete", code, `${what}: ${sentence}`);
    if (from >= to) bad("a span that ends before it begins");
    if (l.first && (l.firstNs === null || l.firstNs >= from)) no("begins_late", "the ledger's lines begin after the span does.");
    if (l.headNs < to) no("ends_early", "the recorder signed nothing that late.");
    for (const file of l.told.strange.values()) {
      const ended = file.end !== null && file.placed && file.utc(file.end) <= from;
      if (file.stream === stream && file.end !== null && !ended) no("file_unopened", "a file began before the lines.");
    }
    for (const f of l.told.strangeGaps) if (l.told.gapEnd(f, false, new Map()) > from && f.stream === stream) no("gap_unopened", "a gap began before the lines.");
    for (const each of list(field(l.head, "open"))) if (field(each, "stream") === stream && !l.told.files.has(`${each.run}-${each.sequence}`)) no("file_unopened", "a file that is still open began before the lines.");

    for (const [id, file] of l.told.files) {
      if (file.stream !== stream) continue;
      const media = this.media.get(`${l.name}/${id}`), pictures = media ? media.fragments.filter((each) => each.track === 0) : [];
      if (file.end === null && pictures.length) { const last = pictures[pictures.length - 1]; open.set(file, last.media + BigInt(last.duration)); }
      const start = file.utc(file.media);
      let end = file.ends(open);
      if (!file.deleted && start < to && end > from) {
        const inside = l.told.inside.get(id.slice(0, id.lastIndexOf("-"))) || [];
        const gone = file.tells(inside, start > from ? start : from, end < to ? end : to);
        if (!media) { if (!gone) no("file_left_out", `file ${id} is not here.`); }
        else this.range(file, media, pictures, end, { from, to, sound, no, what, inside, gone });
      }
      const dash = id.lastIndexOf("-"), next = l.told.files.get(`${id.slice(0, dash)}-${Number(id.slice(dash + 1)) + 1}`);
      if (next && !file.deleted && !next.deleted) { const begins = next.utc(next.media); if (end < begins && begins <= end + JOIN) end = begins; }
      spans.push([start, end]);
    }
    for (const { opened, closed } of l.told.gaps.values()) {
      if (field(opened, "stream") !== stream) continue;
      const start = l.told.gapEnd(opened, true, open), end = closed ? l.told.gapEnd(closed, false, open) : l.headNs;
      if ((start > from ? start : from) < (end < to ? end : to)) this.notes.push(`Gap, ${what}: ${shown(start)} to ${shown(end)}, ${String(field(opened, "cause")).slice(0, 40)}`);
      spans.push([start, end]);
    }
    if (l.told.added !== null) spans.push([from, l.told.added]);
    if (l.told.removed !== null) spans.push([l.told.removed, to]);
    let at = from;
    spans.sort((a, b) => (a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0));
    for (const [start, end] of spans) {
      if (start >= to) break;
      if (start > at) no("hole", `nothing tells of ${shown(at)} to ${shown(start)}.`);
      if (end > at) at = end;
    }
    if (at < to) no("hole", `nothing tells of ${shown(at)} to ${shown(to)}.`);
  }

  range(file, media, pictures, end, { from, to, sound, no, what, inside, gone }) {
    const id = `file ${media.run.slice(0, 8)}-${media.sequence}`, strict = sound || !media.soundScale;
    const leftOut = (sentence) => (strict ? no("fragment_left_out", sentence) : this.say("complete", CANNOT, "sound_withheld", `${what}: ${sentence} Sound was withheld, and that could be it.`));
    if (!pictures.length) { if (media.count && !gone) no("fragment_left_out", `${id} has no picture left.`); return; }
    const first = pictures[0], last = pictures[pictures.length - 1], held = new Set(media.fragments.map((each) => each.index));
    for (const each of file.erasedOf(media.count)) held.add(each);
    const begin = () => { for (let i = 1; i < first.index; i++) if (!held.has(i)) return true; return false; };
    if (first.index > 1 && file.utc(first.media) > from && begin()) no("fragment_left_out", `${id} begins later than the span.`);
    /* Whether nothing can lie between two media times, or a gap says that nothing does. */
    const told = (a, b) => a >= b || (!strict && inside.some(([begins, ends]) => begins <= a && b <= ends));
    const missing = (a, b) => { for (let i = a; i <= b; i++) if (!held.has(i)) return true; return false; };
    if (file.utc(last.media + BigInt(last.duration)) < (to < end ? to : end) && missing(last.index, media.count)) {
      if (file.end === null || !told(last.media + BigInt(last.duration), file.end)) leftOut(`${id} ends before the span.`);
    }
    for (let i = 1; i < pictures.length; i++) {
      const one = pictures[i - 1], other = pictures[i];
      if (!missing(one.index + 1, other.index - 1)) continue;
      if (strict) no("fragment_left_out", `${id} lacks a fragment after ${one.index}.`);
      else if (!told(one.media + BigInt(one.duration), other.media)) leftOut(`${id} lacks fragments after ${one.index}.`);
    }
  }

  placing(l) {
    const name = l.name.slice(0, 8);
    let lastLine = 0, compared = 0, reaching = 0;
    for (const [id, file] of l.told.files) {
      if (!this.media.has(`${l.name}/${id}`)) continue;
      lastLine = Math.max(lastLine, file.lastLine);
      if (!file.placed) this.no("placed", "not_placed", `${name}: ${id} has no place.`);
    }
    for (const { size, root } of anchored(this.anchors, l.name)) {
      if (!l.roots.has(size)) continue;
      compared++;
      if (size > lastLine) reaching++;
      if (l.roots.get(size) !== root) this.no("placed", "anchor_differs", `${name}: an anchor says that the ledger was another one at line ${size}.`);
    }
    const { vouched, unknown, older } = this.stamped(l, lastLine);
    if (reaching) this.placedBy.push("The anchors that you gave are of this ledger, and later.");
    if (reaching || vouched) return;
    if (unknown) {
      this.say("placed", CANNOT, "stamp_unknown", `${name}: stamped ${unknown.words()}. Nobody has vouched for that authority: ask it by another way whether a certificate of it is ${unknown.chain[unknown.chain.length - 1].fingerprint}.`);
      return;
    }
    const why = compared || older ? "the anchors are older than the recordings" : this.anchors.length ? "no anchor is of this span" : "no anchor was given";
    this.say("placed", CANNOT, "no_anchor", `${name}: the recorder's own clock is the only witness (${why}).`);
  }

  /* Goes through the stamps: whether one reaches that somebody vouched for, and the earliest that reaches without. */
  stamped(l, lastLine) {
    const name = l.name.slice(0, 8);
    let vouched = false, unknown = null, older = false, first = null;
    for (const { name: path, document, stamp } of [...this.stamps].sort((a, b) => (a.stamp.time < b.stamp.time ? -1 : a.stamp.time > b.stamp.time ? 1 : 0))) {
      for (const { size, root, wall } of anchored([document], l.name, true)) {
        const own = l.roots.get(size);
        if (own === undefined) continue;
        if (size <= lastLine) older = true;
        if (own !== root) this.no("placed", "anchor_differs", `${name}: ${path} says that the ledger was another one at line ${size}.`);
        else if (wall > stamp.time + LATE) this.no("placed", "stamp_early", `${name}: signed ${shown(wall)} by the recorder's clock, and stamped ${stamp.words()}: that clock was wrong.`);
        else if (size > lastLine) {
          if (stamp.vouched(this.authorities)) { vouched = true; first = first || stamp; } else unknown = unknown || stamp;
        }
      }
    }
    if (first) this.placedBy.push(`${name} was recorded before ${first.words()} stamped it.`);
    return { vouched, unknown, older };
  }
}

const GOOD = {
  intact: "Nothing was changed since the key in it signed it.",
  complete: "Every moment is there, or in a gap that is named.",
  placed: "The anchors that you gave are of this ledger, and later than the recordings.",
  from: "The key is the one whose fingerprint you gave, or one that it vouched for.",
};

/* --- receipts and statements (section 6) ------------------------------------------------------ */

const RECEIPT = "watchglass erasure receipt", MOST_STATEMENT = 16 * MiB;
const STATEMENTS = { [RECEIPT]: "erasure", "watchglass statement of what is held": "request", "watchglass redacted copy": "redacted" };

/* A document of the recorder's own about an erasure, a request or a redacted copy. */
class Statement extends Findings {
  constructor(raw, fingerprint = "") {
    super(fingerprint);
    this.lines = ["intact", "from"]; this.titles = { intact: "Intact", from: "From this recorder" }; this.what = "document";
    this.good = { intact: "Nothing was changed since it was signed.", from: "It is signed with the key whose fingerprint you gave." };
    try {
      const told = object(JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(raw)));
      this.document = text(field(told, "statement"), MOST_STATEMENT); this.signature = text(field(told, "signature"));
    } catch (error) { throw new Unreadable("This is no receipt or statement that can be read."); }
  }

  async run() { await this.guarded(() => this.check(), "statement_bad", "The document"); return this; }

  async check() {
    const raw = utf8(this.document), told = parsed(raw, "statement_bad", "The document");
    if (new TextDecoder().decode(raw) !== this.document) throw new Wrong("statement_bad", "The document is no text.");
    const kind = text(field(told, "kind"), 100);
    if (!has(STATEMENTS, kind)) return this.cannot("kind_unknown", "It is of a kind that this check does not know.");
    if (!has(told, "key")) return this.cannot("no_key", "It does not name its key: ask for it to be made again.");
    this.key = bytesOf(told.key, 64); this.manifest = told;
    await this.signed("the document", utf8(`watchglass.statement.v1\n${STATEMENTS[kind]}\n${hex(sha256(raw))}\n`), bytesOf(this.signature, 128));
    const own = hex(sha256(this.key));
    if (!this.fingerprint) this.say("from", CANNOT, "no_fingerprint", `No fingerprint was given: anybody can make a key. Ask the operator by another way whether it is ${own}.`);
    else if (this.fingerprint !== own) this.no("from", "key_other", `It names another key than was expected: ${own}.`);
    if (kind !== RECEIPT) return undefined;
    await this.receipt(told);
    if (!this.findings.some((each) => each.line === "intact")) this.notes.push("What the ledger tells of it is under a signed head.");
    return undefined;
  }
  cannot(code, sentence) { for (const line of this.lines) this.say(line, CANNOT, code, sentence); }

  /* The lines are under a signed head, and say what the receipt says. */
  async receipt(told) {
    const ledger = object(field(told, "ledger")), erasure = hexText(field(told, "erasure"), 32), [from, to, done] = ["from", "to", "done"].map((name) => text(field(told, name)));
    const head = parsed(utf8(text(field(ledger, "head"), MOST.line)), "head_bad", "The head"), sig = bytesOf(field(head, "sig"), 128);
    const unsigned = Object.fromEntries(Object.entries(head).filter(([name]) => name !== "sig"));
    const camera = hexText(field(told, "camera"), 32);
    if ((await signatures.valid(this.key, utf8(`watchglass.head.v1\n${canonical(unsigned)}`), sig)) === false) this.no("intact", "head_signature", "The head is not signed with this key.");
    const size = number(field(head, "size"));
    if (field(head, "ledger") !== camera || number(field(ledger, "size")) !== size) this.no("intact", "head_other", "The head is of another ledger, or of another length.");
    const root = bytesOf(field(head, "root"), 64), seen = [];
    for (const each of list(field(ledger, "lines"))) {
      const line = utf8(text(field(each, "line"), MOST.line)), fields = parsed(line, "line_bad", "A line of the ledger");
      const n = number(field(fields, "n")), path = list(field(each, "path")).map((one) => bytesOf(one, 64));
      if (!included(leaf(line), Number(n), Number(size), path, root)) this.no("intact", "line_other", `Line ${n} is not of this ledger.`);
      if (field(fields, "erasure") !== erasure) this.no("intact", "line_strange", `Line ${n} is of another erasure.`);
      seen.push(fields);
    }
    const types = seen.map((fields) => text(field(fields, "type"))), first = seen[0], last = seen[seen.length - 1];
    let sentence = "";
    if (types[0] !== "erasure_ordered" || types[types.length - 1] !== "erasure_done") sentence = "The lines do not tell that it was ordered and done.";
    else if (field(first, "from") !== from || field(first, "to") !== to) sentence = "The ledger tells of another span.";
    else if (field(last, "t") !== done) sentence = "The ledger tells of another time.";
    if (sentence) this.no("intact", "receipt_differs", sentence);
  }
}

/* Sizes and roots of the heads of a ledger in anchors (bytes); with `timed` those that tell their time, with it. */
function* anchored(anchors, ledger, timed = false) {
  for (const anchor of anchors) for (let from = 0; from < anchor.length; ) {
    const end = anchor.indexOf(10, from), to = end < 0 ? anchor.length : end, raw = anchor.subarray(from, to);
    from = to + 1;
    try {
      const head = parsed(raw, "anchor_bad", "A line of an anchor");
      if (has(head, "ledger") && head.ledger === ledger) yield { size: Number(number(field(head, "size"))), root: hexText(field(head, "root"), 64), wall: timed ? number(field(head, "t")) : null };
    } catch (error) { if (!(error instanceof Wrong || error instanceof RangeError)) throw error; }
  }
}

/* --- where the bytes lie ---------------------------------------------------------------------- */

/* entries: [path below the folder that was chosen, file] */
function folderSource(entries) {
  const files = new Map(), odd = [];
  const tops = new Set(entries.map(([path]) => path.split("/")[0]));
  const skip = !entries.some(([path]) => path === "manifest.json") && tops.size === 1 ? [...tops][0].length + 1 : 0;
  for (const [path, file] of entries) {
    const name = path.slice(skip), base = name.split("/").pop();
    if (OF_SYSTEMS.includes(base) || name.split("/").includes("__pycache__")) continue;
    if (file === null) odd.push(name); else files.set(name, file);
  }
  return { files, odd };
}

async function zipSource(file) {
  if (new TextDecoder().decode(await file.read(0, Math.min(file.size, 22))) === "age-encryption.org/v1\n") throw new Unreadable("This is encrypted with a passphrase. Open it first, with 'age --decrypt -o bundle.zip FILE' or 'watchglass decrypt FILE', and check what comes out.");
  const end = file.size - 22;
  if (end < 0) throw new Unreadable("This is no ZIP that can be read.");
  let view = dv(await file.read(end, file.size));
  if (view.getUint32(0, true) !== 0x06054b50) throw new Unreadable("This is no ZIP that can be read, or it has a comment.");
  let count = view.getUint16(10, true), size = view.getUint32(12, true), start = view.getUint32(16, true), top = end;
  if (count === 0xffff || size === 0xffffffff || start === 0xffffffff) {
    const where = dv(await file.read(end - 20, end));
    if (where.getUint32(0, true) !== 0x07064b50) throw new Unreadable("This is no ZIP that can be read.");
    top = Number(where.getBigUint64(8, true));
    view = dv(await file.read(top, top + 56));
    count = Number(view.getBigUint64(32, true)); size = Number(view.getBigUint64(40, true)); start = Number(view.getBigUint64(48, true));
  }
  if (count > 500000 || size > 256 * MiB || start + size !== top) throw new Unreadable("This is no ZIP that a bundle is.");
  const raw = await file.read(start, start + size), table = dv(raw), found = [], odd = [];
  for (let at = 0, i = 0; i < count; i++) {
    if (at + 46 > size || table.getUint32(at, true) !== 0x02014b50) throw new Unreadable("This is no ZIP that can be read.");
    const n = table.getUint16(at + 28, true), m = table.getUint16(at + 30, true), k = table.getUint16(at + 32, true);
    const each = { packed: table.getUint32(at + 20, true), whole: table.getUint32(at + 24, true), offset: table.getUint32(at + 42, true), flags: table.getUint16(at + 8, true), method: table.getUint16(at + 10, true), kind: table.getUint32(at + 38, true) >>> 28, system: raw[at + 5] };
    each.name = new TextDecoder().decode(raw.subarray(at + 46, at + 46 + n));
    for (let x = at + 46 + n; x + 4 <= at + 46 + n + m; x += 4 + table.getUint16(x + 2, true)) {
      if (table.getUint16(x, true) !== 1) continue;
      let y = x + 4;
      for (const key of ["whole", "packed", "offset"]) if (each[key] === 0xffffffff) { each[key] = Number(table.getBigUint64(y, true)); y += 8; }
    }
    found.push(each);
    at += 46 + n + m + k;
  }
  const tops = new Set(found.map((each) => each.name.split("/")[0])), skip = tops.size === 1 ? [...tops][0].length + 1 : 0, files = new Map();
  let next = 0;
  for (const each of found.sort((a, b) => a.offset - b.offset)) {
    const head = each.offset === next ? await file.read(next, next + 30) : [], name = each.name.slice(skip);
    if (head.length !== 30) { odd.push("what lies between the files of the ZIP"); break; }
    const v = dv(head), data = next + 30 + v.getUint16(26, true) + v.getUint16(28, true);
    next = data + each.packed;
    const local = new TextDecoder().decode(await file.read(each.offset + 30, each.offset + 30 + v.getUint16(26, true)));
    const plain = each.method === 0 && v.getUint16(8, true) === 0 && each.whole === each.packed && !(each.flags & 1) && !files.has(name) && [0, 3].includes(each.system) && [0, 8].includes(each.kind) && local === each.name;
    if (!plain || !PATH.test(name)) { odd.push(name); continue; }
    files.set(name, { size: each.whole, read: (from, to) => file.read(data + from, data + Math.min(to, each.whole)) });
  }
  if (next !== start && !odd.length) odd.push("what lies behind the files of the ZIP");
  return { files, odd };
}
function dv(bytes) { return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength); }

if (typeof module !== "undefined") module.exports = { Check, Statement, certificatesIn, folderSource, zipSource, Sha256, hex, signatures, LINES, TITLES };
