// The JavaScript engine with the imports of the WIT spliced in. It depends on the WIT and on the
// engine alone, so it is made once and kept.

import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

import { BuildError } from "./error.js";
import { find } from "./packages.js";

const PACKAGE = "@bytecodealliance/componentize-js";
const WORLD = "web-app";
const FEATURES = ["stdio", "random", "clocks", "http", "fetch-event"];
const FILES = ["spliced.wasm", "core.wasm", "bindings.js", "environment.json"];
const WIT = fileURLToPath(new URL("../wit", import.meta.url));

/** Where what the builds of all projects share is kept. */
export function cacheFolder() {
  return join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "innkeeper-sdk");
}

/**
 * The prepared engine: `spliced` is the path of the core module in which the app is started, `core`
 * the path of the one whose code the component gets, `bindings` the path of the script that
 * provides the imports, `environment` the variables that describe them to the engine.
 */
export async function prepareEngine(wit = WIT) {
  const home = find(PACKAGE);
  const { version } = JSON.parse(readFileSync(join(home, "package.json"), "utf8"));
  const folder = join(cacheFolder(), `engine-${version}-${fingerprint(wit)}`);
  if (!isWhole(folder)) {
    console.error("Preparing the JavaScript engine. This takes a while, and is done once for each version of the SDK.");
    await prepare(home, version, wit, folder);
  }
  return {
    spliced: join(folder, "spliced.wasm"),
    core: join(folder, "core.wasm"),
    bindings: join(folder, "bindings.js"),
    environment: JSON.parse(readFileSync(join(folder, "environment.json"), "utf8")),
    version,
  };
}

/** Whether nothing of a prepared engine is missing, for example because somebody has tidied up. */
function isWhole(folder) {
  return FILES.every((name) => (statSync(join(folder, name), { throwIfNoEntry: false })?.size ?? 0) > 0);
}

/** Of everything besides the engine that the result depends on. */
function fingerprint(wit) {
  const hash = createHash("sha256").update(readFileSync(fileURLToPath(import.meta.url)));
  for (const name of readdirSync(wit, { recursive: true }).sort()) {
    if (name.endsWith(".wit")) {
      hash.update(`\n${name}\n`).update(readFileSync(join(wit, name)));
    }
  }
  return hash.digest("hex").slice(0, 16);
}

async function prepare(home, version, wit, folder) {
  const { splicer } = await import(pathToFileURL(join(home, "lib/spidermonkey-embedding-splicer.js")).href);
  const engine = readFileSync(join(home, "lib/starlingmonkey_embedding.wasm"));
  const path = realpathSync(wit);
  const made = splicer.spliceBindings(engine, FEATURES, undefined, path, WORLD, false);
  // What the engine imports and the world does not have is answered inside the module from then on.
  const core = splicer.stubWasi(made.wasm, FEATURES, undefined, path, WORLD);
  const unfinished = scratch(folder);
  writeFileSync(join(unfinished, "spliced.wasm"), made.wasm);
  writeFileSync(join(unfinished, "core.wasm"), core);
  writeFileSync(join(unfinished, "bindings.js"), made.jsBindings);
  writeFileSync(join(unfinished, "environment.json"), JSON.stringify(environment(made)));
  try {
    keep(unfinished, folder);
  } catch (error) {
    if (!isWhole(folder)) {
      throw new BuildError(`The engine cannot be kept in ${folder}: ${error.message}`);
    }
    // Another build was faster.
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
}

/** Gives a prepared engine its name, in place of one of which a part is missing. */
function keep(unfinished, folder) {
  if (existsSync(folder) && !isWhole(folder)) {
    const broken = scratch(folder);
    renameSync(folder, broken);
    rmSync(broken, { recursive: true, force: true });
  }
  renameSync(unfinished, folder);
}

/** A folder beside the one that it becomes, so that nobody finds half an engine. */
function scratch(folder) {
  try {
    mkdirSync(dirname(folder), { recursive: true });
    return mkdtempSync(`${folder}-`);
  } catch (error) {
    throw new BuildError(`${error.message}: set XDG_CACHE_HOME to a folder that can be written to.`);
  }
}

function environment({ imports, exports }) {
  const variables = {
    DEBUG: "",
    FEATURE_CLOCKS: "1",
    EXPORT_CNT: String(exports.length),
    IMPORT_CNT: String(imports.length),
  };
  imports.forEach(([, name, count], index) => {
    variables[`IMPORT${index}_NAME`] = name;
    variables[`IMPORT${index}_ARGCNT`] = String(count);
  });
  return variables;
}
