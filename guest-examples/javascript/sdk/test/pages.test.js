import assert from "node:assert/strict";
import { test } from "node:test";

import { calling, FormError, HttpError, InnkeeperError } from "../src/errors.js";
import { html, raw } from "../src/html.js";
import { sourceLines } from "../src/lines.js";
import { page, seeOther } from "../src/responses.js";
import { router } from "../src/router.js";
import { failure, report } from "../src/serve.js";
import { describe, NOW, RANDOM_UUID } from "../src/table.js";

const ask = (method, path) => new Request(`http://localhost${path}`, { method });

test("text never becomes markup", () => {
  const text = `"><script>alert('1' & 2)</script>`;
  const shown = "&quot;&gt;&lt;script&gt;alert(&#39;1&#39; &amp; 2)&lt;/script&gt;";
  assert.equal(
    String(html`<p title="${text}">${[text, html`<b>${1}</b>`, raw("<hr>")]}</p>`),
    `<p title="${shown}">${shown}<b>1</b><hr></p>`,
  );
  assert.equal(String(html`${null}${undefined}${false}${0}${""}`), "0");
});

test("a request finds its handler by method and path", async () => {
  const routes = router({
    "GET /": () => new Response("book"),
    "POST /entries": () => new Response("added"),
    "POST /entries/:id/delete": (_, { id }) => new Response(id),
  });
  for (const [method, path, text] of [
    ["GET", "/?x=1", "book"],
    ["HEAD", "/", "book"],
    ["POST", "/entries", "added"],
    ["POST", "/entries/a%20b/delete", "a b"],
    ["POST", "/entries/100%25%zz/delete", "100%25%zz"],
    ["POST", "/%65ntries/a%2Fb/delet%65", "a/b"],
  ]) {
    assert.equal(await (await routes(ask(method, path))).text(), text, path);
  }
  for (const path of ["/entries/", "/entries//delete", "/entries%2F1%2Fdelete"]) {
    assert.throws(() => routes(ask("POST", path)), { status: 404 }, path);
  }
  assert.throws(() => routes(ask("DELETE", "/")), { status: 405, headers: { allow: "GET, HEAD" } });
});

test("an error of the host has its code", () => {
  const payload = {
    code: "unique-violation",
    message: "there is one",
    retryable: false,
    sqlstate: "23505",
    constraint: "email",
  };
  const thrown = Object.assign(new Error("see error.payload"), { payload });
  const fails = () => {
    throw thrown;
  };
  assert.throws(() => calling("db", fails), { name: "InnkeeperError", interface: "db", status: 500, ...payload });
  const other = new TypeError("another");
  const failsOtherwise = () => {
    throw other;
  };
  assert.throws(() => calling("db", failsOtherwise), other);
});

test("an error is answered with its status", async (context) => {
  const written = context.mock.method(console, "error", () => {});
  const host = (code, retryable) => new InnkeeperError("blob-upload", { code, message: "secret", retryable });
  for (const [error, status, text] of [
    [new HttpError(404, "There is nothing here."), 404, "There is nothing here."],
    [new FormError(413, "Too much.", "too-large"), 413, "Too much."],
    [host("not-found", false), 404, "This request cannot be answered."],
    [host("quota-exceeded", false), 507, "Something went wrong. Nothing was changed."],
    [host("busy", true), 503, "This is in use just now. Please try again."],
    [new Error("secret"), 500, "Something went wrong. Nothing was changed."],
    ["a text", 500, "Something went wrong. Nothing was changed."],
  ]) {
    const response = failure(error);
    assert.deepEqual([response.status, await response.text()], [status, text]);
    assert.equal(response.headers.get("retry-after"), status === 503 ? "2" : null);
  }
  assert.equal(written.mock.callCount(), 4);
  assert.match(report(new Error("outer", { cause: new Error("inner") })), /^Error: outer\n[^]*caused by: Error: inner/);
});

test("stack traces lead to the source files", () => {
  const table = { sources: ["src/app.js", "src/b.js"], runs: [3, 0, 1, 10, 1, 5] };
  assert.equal(
    sourceLines("f@app.js:4:9\ng@/app.js:12:1\nh@app.js:1:1", table),
    "f@src/app.js:2\ng@src/b.js:7\nh@app.js:1:1",
  );
  assert.equal(sourceLines("f@app.js:4:9", undefined), "f@app.js:4:9");
});

test("pages are kept by no cache", () => {
  assert.equal(page(html`<p></p>`, { status: 422 }).status, 422);
  assert.equal(page("").headers.get("cache-control"), "no-store");
  const answer = seeOther("/");
  assert.deepEqual([answer.status, answer.headers.get("location")], [303, "/"]);
});

test("a number that the host would get cut off is refused", () => {
  for (const maxLength of [2 ** 32, -1, 1.5, "80"]) {
    assert.throws(() => describe("entries", { email: { type: "text", maxLength } }), RangeError);
  }
});

test("a table is described in full", () => {
  const described = describe(
    "entries",
    {
      id: { type: "integer", identity: true },
      email: { type: "text", unique: true, maxLength: 80 },
      owner: { type: "uuid", nullable: true, default: RANDOM_UUID, references: { table: "users", column: "id" } },
      made: { type: "instant", default: NOW },
      stars: { type: "integer", default: 0 },
      note: "text",
    },
    { indexes: [["owner", "made"]], checks: { stars_positive: "stars >= 0" } },
  );
  const plain = { nullable: false, identity: false, maxLength: undefined, initial: undefined, references: undefined };
  assert.deepEqual(described, {
    name: "entries",
    columns: [
      { ...plain, name: "id", columnType: "integer", identity: true },
      { ...plain, name: "email", columnType: "text", maxLength: 80 },
      {
        ...plain,
        name: "owner",
        columnType: "uuid",
        nullable: true,
        initial: { tag: "random-uuid" },
        references: { table: "users", column: "id", onDelete: "restrict" },
      },
      { ...plain, name: "made", columnType: "instant", initial: { tag: "now" } },
      {
        ...plain,
        name: "stars",
        columnType: "integer",
        initial: { tag: "constant", val: { tag: "integer", val: 0n } },
      },
      { ...plain, name: "note", columnType: "text" },
    ],
    primaryKey: ["id"],
    indexes: [
      { columns: ["email"], unique: true },
      { columns: ["owner", "made"], unique: false },
    ],
    checks: [{ name: "stars_positive", condition: "stars >= 0" }],
  });
});
