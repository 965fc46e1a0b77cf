#!/usr/bin/env node
// innkeeper-build ENTRY -o COMPONENT: makes a component of an app in JavaScript or TypeScript.
//
// The packages that do the work are found from the folder in which the command runs. They are
// installed by `npm ci` first where they are missing or older than package-lock.json.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";

import { BuildError } from "./build/error.js";
import { install, load } from "./build/packages.js";

const USAGE = "usage: innkeeper-build ENTRY -o COMPONENT";

try {
  await main();
} catch (error) {
  if (!(error instanceof BuildError)) {
    throw error;
  }
  console.error(error.message);
  process.exit(1);
}

async function main() {
  const { entry, output } = options();
  install();
  // Imported late: these need the packages.
  const { bundle } = await import("./build/bundle.js");
  const { prepareEngine } = await import("./build/engine.js");
  const { snapshot } = await import("./build/snapshot.js");
  const { assemble, wrap } = await import("./build/component.js");

  const bundled = await bundle(await load("esbuild"), entry);
  const engine = await prepareEngine();
  const scratch = mkdtempSync(join(tmpdir(), "innkeeper-build-"));
  try {
    const core = assemble(engine, await snapshot(engine, bundled, scratch));
    writeFileSync(join(scratch, "core.wasm"), core);
    wrap(join(scratch, "core.wasm"), output);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

function options() {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: { output: { type: "string", short: "o" } },
    });
    if (positionals.length === 1 && values.output) {
      return { entry: positionals[0], output: resolve(values.output) };
    }
  } catch (error) {
    throw new BuildError(`${error.message}\n${USAGE}`);
  }
  throw new BuildError(USAGE);
}
