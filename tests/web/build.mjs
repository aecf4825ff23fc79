// Bundles the page as a front end would: `node build.mjs FOLDER` generates clients from the contract and
// writes page.js and index.html into the folder.

import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { build } from "esbuild";

const here = import.meta.dirname;
const cache = join(here, "../.cache");
const generated = join(cache, "web/gen");

// The standard error details, as the Python packages bring them.
function errorDetails() {
  const lib = join(cache, "venv/lib");
  const [python] = readdirSync(lib).filter((name) => name.startsWith("python"));
  const file = "google/rpc/error_details.proto";
  const copy = join(cache, "web/proto", file);
  mkdirSync(dirname(copy), { recursive: true });
  copyFileSync(join(lib, python, "site-packages", file), copy);
  return join(cache, "web/proto");
}

for (const input of [join(here, "../../proto"), errorDetails()]) {
  execFileSync(join(cache, "venv/bin/buf"), ["generate", input], { cwd: here, stdio: "inherit" });
}

const folder = process.argv[2];
mkdirSync(folder, { recursive: true });
copyFileSync(join(here, "index.html"), join(folder, "index.html"));
await build({
  entryPoints: [join(here, "page.js")],
  outfile: join(folder, "page.js"),
  bundle: true,
  minify: true,
  format: "iife",
  alias: { atalaya: join(generated, "atalaya"), google: join(generated, "google") },
  // The generated code is not below this folder, but its imports are.
  nodePaths: [join(here, "node_modules")],
});
