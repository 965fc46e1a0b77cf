// Calls everything in the SDK that needs a host. Each address runs one check, which throws where
// something is not as it should be.

import {
  blobs,
  config,
  db,
  Decimal,
  failure,
  form,
  HttpError,
  InnkeeperError,
  Instant,
  NOW,
  now,
  PlainDate,
  PlainDateTime,
  PlainTime,
  RANDOM_UUID,
  router,
  sendBlob,
  serve,
  session,
} from "innkeeper-sdk";

const VALUES = {
  flag: ["boolean", true],
  small: ["integer", 42],
  large: ["integer", 2n ** 63n - 1n],
  ratio: ["float", 1.5],
  price: ["decimal", new Decimal("12345678901234567890.10")],
  name: ["text", "Grüße 🦀"],
  photo: ["bytes", new Uint8Array([0, 255])],
  uuid: ["uuid", "f81d4fae-7dec-11d0-a765-00a0c91e6bf6"],
  born: ["date", new PlainDate(2000, 2, 29)],
  opens: ["time", new PlainTime(14, 5, 6, 123)],
  shown: ["datetime", PlainDateTime.from("2026-10-03T14:05:06.000123")],
  made: ["instant", Instant.from("1969-12-31T23:59:59.999999Z")],
  settings: ["json", { list: [1, null, "é"] }],
};

const checks = {
  values() {
    const columns = Object.fromEntries(
      Object.entries(VALUES).map(([name, [type]]) => [name, { type, nullable: true }]),
    );
    db.table("kinds", { id: { type: "integer", identity: true }, ...columns });
    const names = Object.keys(VALUES);
    const plain = Object.values(VALUES).map(([, value]) => value);
    const places = names.map((_, index) => `$${index + 1}`);
    const insert = `insert into kinds (${names}) values (${places}) returning id`;
    const { id } = db.queryOne(insert, ...plain);
    const row = db.queryOne(`select ${names} from kinds where id = $1`, id);
    same(row, Object.fromEntries(names.map((name, index) => [name, plain[index]])));
    same(row.made.microseconds, -1n);
    const nothing = db.queryOne(insert, ...names.map(() => null));
    const empty = db.queryOne(`select ${names} from kinds where id = $1`, nothing.id);
    same(
      Object.values(empty),
      names.map(() => null),
    );
  },

  rows() {
    notes();
    const inserted = db.execute("insert into notes (text) values ($1), ($2)", "one", "two");
    same(inserted, 2);
    same(db.queryOne("select text from notes where text = $1", "none"), undefined);
    const none = db.query("select id, text from notes where text = $1", "none");
    same([none.length, none.columns], [0, ["id", "text"]]);
    const many = Array.from({ length: 450 }, (_, number) => ["insert into notes (text) values ($1)", `n${number}`]);
    same(
      db
        .batch(many)
        .map(({ affected }) => affected)
        .reduce((sum, affected) => sum + affected),
      450,
    );
    same([...db.cursor("select text from notes where text like $1 order by id", "n%")].length, 450);
    for (const { text } of db.cursor("select text from notes order by id")) {
      same(text, "one");
      break;
    }
  },

  async transactions() {
    notes();
    const insert = "insert into notes (text) values ($1)";
    const count = () => db.queryOne("select cast(count(*) as bigint) as n from notes").n;
    const before = count();
    same(
      db.transaction((tx) => tx.execute(insert, "kept")),
      1,
    );
    thrown(() => db.transaction((tx) => (tx.execute(insert, "undone"), tx.query("select nothing"))), "db", "syntax");
    same(await db.transaction(async (tx) => (await 0, tx.queryOne(`${insert} returning text`, "later"))), {
      text: "later",
    });
    await db
      .transaction(async (tx) => (tx.execute(insert, "undone"), Promise.reject(new Error("on purpose"))))
      .catch(() => {});
    same(count(), before + 2);
    thrown(() => db.transaction((tx) => tx.execute(insert, "no"), { readOnly: true }), "db", "read-only");
    db.commit();
    db.execute(insert, "undone");
    db.rollback();
    same(count(), before + 2);
  },

  definitions() {
    const migrations = [{ name: "0001", statements: ["create table plain (n bigint)"] }];
    same(db.migrate(migrations), ["0001"]);
    same(db.migrate(migrations), []);
    const columns = {
      id: { type: "uuid", primaryKey: true, default: RANDOM_UUID },
      email: { type: "text", unique: true, maxLength: 10 },
      stars: { type: "integer", default: 3 },
      made: { type: "instant", default: NOW },
    };
    same(db.table("users", columns, { checks: { few: "stars <= 5" } }), true);
    same(db.table("users", columns, { checks: { few: "stars <= 5" } }), false);
    const insert = "insert into users (email, stars) values ($1, $2)";
    db.execute("insert into users (email) values ($1)", "a@b.c");
    const { stars, made } = db.queryOne("select stars, made from users");
    same([stars, Math.abs(now() - made) < 60_000], [3, true]);
    same(thrown(() => db.execute(insert, "a@b.c", 1), "db", "unique-violation").status, 500);
    same(thrown(() => db.execute(insert, "d@b.c", 6), "db", "check-violation").constraint, "few");
    thrown(() => db.execute(insert, "far.too.long@b.c", 1), "db", "check-violation");
  },

  blobs() {
    const writer = blobs.create("text/plain", "a.txt");
    const { id } = writer
      .write("x".repeat(1_500_000))
      .write(new Uint8Array([33]))
      .finish();
    blobs.keep(id);
    const { size, name, contentType, kept, created } = blobs.stat(id);
    same([size, name, contentType, kept, created instanceof Instant], [1_500_001, "a.txt", "text/plain", true, true]);
    same(
      [...blobs.open(id)].reduce((sum, piece) => sum + piece.length, 0),
      size,
    );
    const part = blobs.open(id, { first: 1_499_999, last: 1_500_000 });
    same([new TextDecoder().decode(part.read()), part.read().length, part.blob.id], ["x!", 0, id]);
    same(
      [...blobs.list()].map((blob) => blob.id),
      [id],
    );
    same(blobs.signDownload(id, 60, { download: true }).startsWith("/"), true);
    same(blobs.signUpload(60, { maxFile: 10 }).id.length, 32);
    blobs.delete(id);
    same(thrown(() => blobs.stat(id), "blob-upload", "not-found").status, 404);
    blobs.create("text/plain")[Symbol.dispose]();
    for (const seconds of [-1, 1.5, 2 ** 32]) {
      thrownRange(() => blobs.signDownload(id, seconds));
      thrownRange(() => blobs.receiveForm({ maxFile: seconds }));
      thrownRange(() => session.setExpiry({ idleSeconds: seconds }));
    }
    thrownRange(() => session.increment("n", 2n ** 63n));
  },

  session() {
    session.set("a", "1");
    same([session.get("a"), session.get("b"), session.keys()], ["1", undefined, ["a"]]);
    same([session.increment("a"), session.increment("a", 2n ** 60n)], [2, 2n ** 60n + 2n]);
    same([session.compareAndSet("b", undefined, "x"), session.compareAndSet("b", "y", "z")], [true, false]);
    session.remove("b");
    session.flash("hello");
    same([session.takeFlash(), session.takeFlash()], [["hello"], []]);
    same(session.user(), undefined);
    session.renew("Ada");
    same(session.user(), "Ada");
    session.setExpiry({ idleSeconds: 60 });
    same([session.csrfCheck(session.csrfToken("f"), "f"), session.csrfCheck("guess", "f")], [true, false]);
    thrown(() => session.set("", "x"), "session", "bad-parameter");
    same(session.destroyAll("Ada"), 1);
    session.destroy();
  },

  clock() {
    const { microseconds } = now();
    same(Math.abs(Number(microseconds / 1000n) - Date.now()) < 1000, true);
    same(config("none"), undefined);
  },
};

const routes = router({
  "GET /checks": () => Response.json(Object.keys(checks)),
  "GET /checks/:name": async (_, { name }) => {
    await checks[name]();
    return new Response("as it should be");
  },
  "POST /form": () => {
    const received = form({ csrf: false, maxFiles: 1, maxFile: 1000, accept: ["image/*"] });
    return Response.json({ all: received.all("a"), text: received.text("a"), file: received.file("f")?.size });
  },
  "PUT /body": () => {
    const { id } = blobs.receiveBody("b.txt");
    blobs.keep(id);
    return sendBlob(id, { maxAge: 60, headers: { "x-own": "sent along" } });
  },
  "POST /undone": () => {
    notes();
    db.execute("insert into notes (text) values ($1)", "undone");
    throw new Error("on purpose");
  },
  "GET /notes": () => {
    notes();
    return Response.json(db.query("select text from notes where text = $1", "undone"));
  },
  "GET /status/:status": (_, { status }) => {
    throw new HttpError(Number(status), `with ${status}`);
  },
  "GET /random": () => Response.json([Math.random(), crypto.randomUUID()]),
  "GET /nothing": () => undefined,
});

serve(routes, { onError: (error, request) => (request.url.endsWith("/nothing") ? broken() : failure(error)) });

function broken() {
  throw new Error("an error page with an error of its own");
}

function notes() {
  db.table("notes", { id: { type: "integer", identity: true }, text: "text" });
}

/** Compares as JSON, which knows all values here but for bigints and bytes. */
function same(found, expected) {
  const text = (value) =>
    JSON.stringify(value, (_, part) => (typeof part === "bigint" ? `${part}n` : part)) ?? String(value);
  if (text(found) !== text(expected)) {
    throw new Error(`${text(found)} instead of ${text(expected)}`);
  }
}

/** The error that a call ends with. */
function thrown(call, interfaceName, code) {
  try {
    call();
  } catch (error) {
    same([error instanceof InnkeeperError, error.interface, error.code], [true, interfaceName, code]);
    return error;
  }
  throw new Error(`no error where ${code} was expected`);
}

function thrownRange(call) {
  try {
    call();
  } catch (error) {
    same(error instanceof RangeError, true);
    return;
  }
  throw new Error("no RangeError");
}
