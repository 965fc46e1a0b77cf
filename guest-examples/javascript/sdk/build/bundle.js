// One file of the app, of everything that it imports, and of the SDK.

import { builtinModules } from "node:module";
import { fileURLToPath } from "node:url";

import { BuildError } from "./error.js";
import { lineTable } from "./lines.js";

/** The name of the bundle in stack traces. */
export const BUNDLE = "app.js";

const SDK = fileURLToPath(new URL("../src/index.js", import.meta.url));

const TEXT = [".css", ".html", ".txt", ".svg", ".md", ".sql"];
const BINARY = [".png", ".jpg", ".gif", ".webp", ".ico", ".woff2"];

/** The code of the bundle, and the table that leads from its lines to the files of the app. */
export async function bundle(esbuild, entry, folder = process.cwd()) {
  const result = await run(esbuild, {
    absWorkingDir: folder,
    entryPoints: [entry],
    alias: { "innkeeper-sdk": SDK },
    bundle: true,
    write: false,
    outfile: BUNDLE,
    format: "esm",
    platform: "neutral",
    mainFields: ["module", "main"],
    conditions: ["worker"],
    external: ["innkeeper:*", "wasi:*"],
    plugins: [withoutNode],
    target: "es2023",
    supported: { "top-level-await": true },
    sourcemap: "external",
    logLevel: "warning",
    loader: {
      ...Object.fromEntries(TEXT.map((extension) => [extension, "text"])),
      ...Object.fromEntries(BINARY.map((extension) => [extension, "binary"])),
    },
  });
  const [map, code] = ["app.js.map", BUNDLE].map(
    (name) => result.outputFiles.find((file) => file.path.endsWith(name)).text,
  );
  if (!/\baddEventListener\(\s*["']fetch["']/.test(code)) {
    throw new BuildError(`${entry} answers no request: call serve(handler) of innkeeper-sdk in it.`);
  }
  const table = lineTable(JSON.parse(map));
  table.sources = table.sources.map(shown);
  return { code: `${code}\nglobalThis.innkeeperLines = ${JSON.stringify(table)};\n`, table };
}

/** Says what is wrong with an import of Node's own modules. */
const withoutNode = {
  name: "without-node",
  setup(build) {
    const names = builtinModules.map((name) => name.replace("/", "\\/")).join("|");
    build.onResolve({ filter: new RegExp(`^(node:.*|${names})$`) }, async ({ path, pluginData, ...options }) => {
      if (pluginData === withoutNode) {
        return undefined;
      }
      // A package of the same name, for example `buffer` or `events`, is as good as any other.
      const { errors, ...found } = await build.resolve(path, { ...options, pluginData: withoutNode });
      const text = `${path} is a module of Node.js, which is not there when the app runs`;
      return errors.length === 0 ? found : { errors: [{ text }] };
    });
  },
};

async function run(esbuild, options) {
  try {
    return await esbuild.build(options);
  } catch (error) {
    if (error.errors) {
      // esbuild has said what is wrong, with the lines in question.
      throw new BuildError("The app cannot be bundled: see above.");
    }
    throw error;
  }
}

/**
 * How a source file, seen from the project's folder, is called in stack traces: packages and the
 * SDK by their names.
 */
function shown(source) {
  const packaged = source.lastIndexOf("node_modules/");
  if (packaged >= 0) {
    return source.slice(packaged + "node_modules/".length);
  }
  const [, inSdk] = /^(?:.*\/)?sdk\/src\/(.*)$/.exec(source) ?? [];
  return inSdk === undefined ? source : `innkeeper-sdk/src/${inSdk}`;
}
