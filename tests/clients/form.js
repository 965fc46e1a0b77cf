// Sends a form by Node's fetch to an address, with steps for the probe, and prints the answer. The
// third argument is the form: a list of [field, text] and [field, text, file name].
const [url, steps, entries] = process.argv.slice(2);
const form = new FormData();
for (const [field, text, name] of JSON.parse(entries)) {
  if (name === undefined) form.append(field, text);
  else form.append(field, new Blob([text], { type: "text/csv" }), name);
}
const answer = await fetch(url, { method: "POST", headers: { "probe-steps": steps }, body: form });
console.log(await answer.text());
