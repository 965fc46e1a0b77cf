// Prints as JSON what Heroku's own schema finds wrong with an app.json.
import { readFileSync } from "node:fs";
import Ajv from "ajv";

const schema = new URL("node_modules/@heroku/mcp-server/dist/utils/app-json.schema.json", import.meta.url);
// No formats: the only one is "uri", which Ajv alone does not know and nothing here uses.
const check = new Ajv({ strict: false, validateFormats: false, allErrors: true }).compile(JSON.parse(readFileSync(schema)));
const problems = (value, where) => (check(value) ? [] : check.errors.map((error) => `${where}${error.instancePath}: ${error.message}`));

const app = JSON.parse(readFileSync(process.argv[2]));
// The schema looks no further into an environment, whose parts have the forms of the whole.
const parts = Object.entries(app.environments ?? {}).flatMap(([name, { scripts, ...part }]) => problems(part, `/environments/${name}`));
console.log(JSON.stringify([...problems(app, ""), ...parts]));
