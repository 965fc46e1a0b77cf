// Makes one script for a browser of a script here and the packages that it imports. Prints it as
// JSON.
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const entry = fileURLToPath(new URL(process.argv[2], import.meta.url));
const { outputFiles } = await build({ entryPoints: [entry], bundle: true, write: false, minify: true, format: "iife" });
console.log(JSON.stringify({ code: outputFiles[0].text }));
