import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";

import { bundle } from "../build/bundle.js";
import { assemble } from "../build/component.js";
import { cacheFolder, prepareEngine } from "../build/engine.js";
import { lineTable } from "../build/lines.js";
import { find, load } from "../build/packages.js";
import { snapshot } from "../build/snapshot.js";
import { custom, module, sections } from "../build/wasm.js";
import { sourceLines } from "../src/lines.js";

/** A folder with an app, for as long as the test runs. */
async function withApp(code, run) {
  const folder = mkdtempSync(join(tmpdir(), "innkeeper-test-"));
  try {
    writeFileSync(join(folder, "app.js"), code);
    return await run(folder, await bundle(await load("esbuild"), join(folder, "app.js"), folder));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test("a module comes out of its sections as it went in", () => {
  const bytes = module([
    { id: 1, content: Buffer.alloc(300, 7) },
    custom("producers", { language: { JavaScript: "" } }),
  ]);
  assert.deepEqual(module(sections(bytes)), bytes);
  assert.deepEqual(
    sections(bytes).map(({ id, name }) => [id, name]),
    [
      [1, undefined],
      [0, "producers"],
    ],
  );
  assert.ok(WebAssembly.validate(module([custom("producers", { language: { JavaScript: "" } })])));
  assert.throws(() => sections(Buffer.from("no module")), TypeError);
});

test("lines of a source map that follow each other are one run", () => {
  // Line 1: source 0, line 1; line 2: line 2; line 4: source 1, line 6.
  const table = lineTable({ sources: ["a.js", "b.js"], mappings: "AAAA,CAAC;AACA;;ACIA" });
  assert.deepEqual(table, { sources: ["a.js", "b.js"], runs: [1, 0, 1, 4, 1, 6] });
});

test("an app that answers nothing is refused", async () => {
  await assert.rejects(
    withApp("export const x = 1;", () => {}),
    /answers no request/,
  );
});

test("an error while the app starts is told in its own lines", async () => {
  const code = `addEventListener("fetch", () => {});\n\nfunction fails() {\n  throw new Error("too early");\n}\nfails();\n`;
  const started = withApp(code, async (folder, bundled) => snapshot(await prepareEngine(), bundled, folder));
  await assert.rejects(started, (error) => /too early/.test(error.message) && /\bapp\.js:4\b/.test(error.message));
});

test("a call to the host while the app starts is told by its name", async () => {
  for (const [code, name] of [
    [`import { query } from "innkeeper:storage/db@0.1.0";\nquery("select 1", []);\n`, /query of innkeeper:storage\/db/],
    [`Math.random();\n`, /get-random-u64 of wasi:random/],
  ]) {
    const app = `${code}addEventListener("fetch", () => {});\n`;
    const started = withApp(app, async (folder, bundled) => snapshot(await prepareEngine(), bundled, folder));
    await assert.rejects(started, (error) => name.test(error.message) && !error.message.includes("backtrace"));
  }
});

test("an engine of which a part is missing is prepared anew", async () => {
  const home = process.env.XDG_CACHE_HOME;
  const folder = mkdtempSync(join(tmpdir(), "innkeeper-test-"));
  process.env.XDG_CACHE_HOME = folder;
  try {
    const { core, spliced } = await prepareEngine();
    const length = statSync(core).size;
    rmSync(core);
    writeFileSync(spliced, "");
    // Two at once: one of them is faster.
    await Promise.all([prepareEngine(), prepareEngine()]);
    assert.equal(statSync(core).size, length);
    assert.ok(statSync(spliced).size > length / 2);
    assert.equal(readdirSync(join(folder, "innkeeper-sdk")).length, 1);
  } finally {
    home === undefined ? delete process.env.XDG_CACHE_HOME : (process.env.XDG_CACHE_HOME = home);
    rmSync(folder, { recursive: true });
  }
});

test("the component's module is the one that the engine's own tool makes", async () => {
  const home = find("@bytecodealliance/componentize-js");
  const { splicer } = await import(pathToFileURL(join(home, "lib/spidermonkey-embedding-splicer.js")).href);
  const engine = await prepareEngine();
  await withApp(`addEventListener("fetch", () => {});\n`, async (folder, bundled) => {
    const taken = await snapshot(engine, bundled, folder);
    const wit = new URL("../wit", import.meta.url).pathname;
    const features = ["stdio", "random", "clocks", "http", "fetch-event"];
    assert.ok(!taken.includes(cacheFolder()), "the component names a folder of this machine");
    const expected = Buffer.from(splicer.stubWasi(taken, features, undefined, wit, "web-app"));
    const without = (bytes) => sections(bytes).filter(({ name }) => name !== "producers");
    assert.deepEqual(without(assemble(engine, taken)), without(expected));
    assert.ok(readFileSync(engine.core).length > 0);
  });
});

test("a stack trace of the bundle leads to the app", async () => {
  await withApp(
    `import { html } from "innkeeper-sdk";\naddEventListener("fetch", () => {\n  html\`x\`;\n});\n`,
    (_, { code, table }) => {
      const line = code.split("\n").findIndex((text) => text.includes("addEventListener(")) + 1;
      assert.equal(sourceLines(`f@app.js:${line}:1`, table), "f@app.js:2");
      const sdk = code.split("\n").findIndex((text) => text.includes("String.raw(")) + 1;
      assert.match(sourceLines(`f@app.js:${sdk}:1`, table), /^f@innkeeper-sdk\/src\/html\.js:\d+$/);
    },
  );
});
