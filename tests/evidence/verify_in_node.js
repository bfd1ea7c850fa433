/* node verify_in_node.js VERIFY_JS BUNDLE… [--fingerprint HEX] [--no-tool] [--anchor FILE] [--authority HEX]: the verdict, as JSON. */
const fs = require("fs"), path = require("path");
const [script, ...rest] = process.argv.slice(2);
const { Check, Statement, folderSource, zipSource, hex, signatures, LINES } = require(path.resolve(script));

const opened = (name) => ({
  size: fs.statSync(name).size,
  async read(from, to) {
    const fd = fs.openSync(name, "r");
    try {
      const out = Buffer.alloc(Math.max(0, to - from));
      return new Uint8Array(out.subarray(0, fs.readSync(fd, out, 0, out.length, from)));
    } finally { fs.closeSync(fd); }
  },
});
function walk(folder, prefix = "") {
  return fs.readdirSync(folder, { withFileTypes: true }).flatMap((each) => {
    const name = prefix + each.name, whole = path.join(folder, each.name);
    if (each.isDirectory()) return walk(whole, name + "/");
    return [[name, each.isFile() ? opened(whole) : null]];
  });
}

function told(check) {
  return { verdict: check.verdict(), codes: [...new Set(check.findings.map((each) => `${each.line} ${each.code}`))].sort(), findings: check.findings.slice(0, 5) };
}

async function verdictOf(bundle, fingerprint, anchors, authorities) {
  try {
    if (bundle.endsWith(".json")) return told(await new Statement(new Uint8Array(fs.readFileSync(bundle)), fingerprint).run());
    const source = fs.statSync(bundle).isDirectory() ? folderSource(walk(bundle)) : await zipSource(opened(bundle));
    if (!source.files.has("manifest.json") && !source.odd.length) return { error: "no manifest" };
    return told(await new Check(source, fingerprint, anchors, authorities).run());
  } catch (error) { return { error: String(error.stack) }; }
}

(async () => {
  const anchors = [], authorities = [], bundles = [];
  let fingerprint = "";
  for (let i = 0; i < rest.length; i++) {
    if (rest[i] === "--no-tool") signatures.tool = "";
    else if (rest[i] === "--anchor") anchors.push(new Uint8Array(fs.readFileSync(rest[++i])));
    else if (rest[i] === "--authority") authorities.push(rest[++i]);
    else if (rest[i] === "--fingerprint") fingerprint = rest[++i];
    else bundles.push(rest[i]);
  }
  for (const each of bundles) console.log(JSON.stringify(await verdictOf(each, fingerprint, anchors, authorities)));
})();
