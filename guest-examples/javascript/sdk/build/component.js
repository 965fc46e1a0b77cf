// The component: the engine's code, which is the same in each build, with the memory of the app.

import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";

import { BuildError } from "./error.js";
import { custom, module, sections } from "./wasm.js";

// Sections that a snapshot changes. All others are those of the prepared engine.
const MEMORY = 5;
const GLOBAL = 6;
const EXPORT = 7;
const DATA = 11;
const DATA_COUNT = 12;
const CHANGED = [MEMORY, GLOBAL, EXPORT, DATA, DATA_COUNT];

/** The core module for the component. */
export function assemble(engine, snapshot) {
  const taken = new Map(sections(snapshot).map((section) => [section.id, section]));
  const kept = sections(readFileSync(engine.core));
  const parts = kept
    .filter(({ name }) => name !== "producers")
    .map((section) => (CHANGED.includes(section.id) ? taken.get(section.id) : section));
  return module([...parts, producers(engine.version)]);
}

/** Says what made the component (WebAssembly tool conventions, "Producers Section"). */
function producers(version) {
  return custom("producers", {
    language: { JavaScript: "" },
    "processed-by": { ComponentizeJS: version },
  });
}

/** Makes a component of a core module. */
export function wrap(core, component) {
  const { error, status } = spawnSync("innkeeper", ["wrap", core, "-o", component], { stdio: ["ignore", 2, 2] });
  if (error) {
    throw new BuildError(`innkeeper cannot be started (${error.message}): put it on PATH.`);
  }
  if (status !== 0) {
    throw new BuildError("innkeeper wrap failed: see above.");
  }
}
