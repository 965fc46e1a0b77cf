// Prints a YAML file as JSON. A key that stands twice is an error.
import { readFileSync } from "node:fs";
import { parse } from "yaml";

console.log(JSON.stringify(parse(readFileSync(process.argv[2], "utf8"), { strict: true, uniqueKeys: true })));
