// Starts the app inside the engine and takes a snapshot of its memory: a component starts from
// there.

import { spawn } from "node:child_process";
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { BUNDLE } from "./bundle.js";
import { cacheFolder } from "./engine.js";
import { BuildError } from "./error.js";
import { load } from "./packages.js";
import { sourceLines } from "../src/lines.js";

const BINDINGS = "bindings.js";
const START = "componentize.wizer";

/** The core module with the app loaded. */
export async function snapshot(engine, { code, table }, scratch) {
  writeFileSync(join(scratch, BUNDLE), code);
  copyFileSync(engine.bindings, join(scratch, BINDINGS));
  const output = join(scratch, "snapshot.wasm");
  const wizer = await load("@bytecodealliance/wizer");
  const cache = compiled();
  const result = await run(
    wizer,
    [
      "--allow-wasi",
      `--init-func=${START}`,
      `--mapdir=/::${scratch}`,
      "--wasm-bulk-memory=true",
      "--inherit-env=true",
      `-o=${output}`,
      engine.spliced,
    ],
    {
      // The engine finds all of it in its memory, so nothing else of this environment is given.
      env: { ...engine.environment, SOURCE_NAME: BUNDLE, XDG_CACHE_HOME: cache },
      input: `--initializer-script-path /${BINDINGS} --strip-path-prefix / /${BUNDLE}`,
    },
  );
  if (result.status !== 0) {
    throw new BuildError(`The app cannot be started:\n${sourceLines(reason(result.errors), table)}`);
  }
  return without(readFileSync(output), `XDG_CACHE_HOME=${cache}`);
}

/** The same module with a text in its memory blotted out: how this machine calls its folders. */
function without(bytes, text) {
  for (let at = bytes.indexOf(text); at >= 0; at = bytes.indexOf(text, at)) {
    bytes.fill("-", at, at + Buffer.byteLength(text));
  }
  return bytes;
}

/** Where wizer keeps the compiled engine, so that it is compiled once. */
function compiled() {
  const folder = join(cacheFolder(), "compiled");
  mkdirSync(folder, { recursive: true });
  return folder;
}

function run(program, parameters, { env, input }) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, parameters, { env, stdio: ["pipe", 2, "pipe"] });
    let errors = "";
    child.stderr.setEncoding("utf8").on("data", (text) => (errors += text));
    child.on("error", (error) => reject(new BuildError(`${program} cannot be started: ${error.message}`)));
    child.on("close", (status) => resolve({ status, errors }));
    child.stdin.on("error", () => {}).end(input);
  });
}

/** What went wrong, for the app's author: without the backtrace of the engine. */
function reason(errors) {
  const [said] = errors.split(/^Error: the `componentize.wizer` function trapped/m);
  const [, interfaceName, name] = /unknown imported function: '([^']*)' '([^']*)'/.exec(errors) ?? [];
  if (name !== undefined) {
    return `A module calls ${name} of ${interfaceName} while it is loaded, at build time: do that when a request comes.`;
  }
  return said.trim() || errors.trim();
}
