// The npm packages that the build uses, found from the project's folder upward.

import { spawnSync } from "node:child_process";
import { existsSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";

import { BuildError } from "./error.js";

const NEEDED = ["esbuild", "@bytecodealliance/componentize-js", "@bytecodealliance/wizer"];

/** Runs `npm ci` where packages are missing, or older than the lock file. */
export function install(folder = process.cwd()) {
  const lock = join(folder, "package-lock.json");
  const installed = join(folder, "node_modules", ".package-lock.json");
  const older = existsSync(lock) && existsSync(installed) && statSync(lock).mtimeMs > statSync(installed).mtimeMs;
  if (!older && NEEDED.every((name) => find(name, folder))) {
    return;
  }
  console.error("npm ci: installing the packages that package-lock.json names");
  const flags = ["--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"];
  const { error, status } = spawnSync("npm", ["ci", ...flags], { cwd: folder, stdio: ["ignore", 2, 2] });
  if (error) {
    throw new BuildError(`npm cannot be started (${error.message}): install Node.js 20 or later with npm.`);
  }
  if (status !== 0) {
    throw new BuildError(`npm ci in ${folder} failed: see above.`);
  }
}

/** The folder of an installed package, or undefined. */
export function find(name, folder = process.cwd()) {
  for (let at = folder; ; at = dirname(at)) {
    const found = join(at, "node_modules", name);
    if (existsSync(join(found, "package.json"))) {
      return found;
    }
    if (at === dirname(at)) {
      return undefined;
    }
  }
}

/** Imports an installed package. */
export async function load(name, folder = process.cwd()) {
  const require = createRequire(join(folder, "package.json"));
  const module = await import(pathToFileURL(require.resolve(name)).href);
  return module.default ?? module;
}
