// The entries of the book: all SQL of this app.

import { db, now } from "innkeeper-sdk";

const LARGEST = 2n ** 63n - 1n;

/** Makes the table where it is missing. The guestbooks in all languages describe the same one. */
export function define() {
  db.table("entries", {
    id: { type: "integer", identity: true },
    author: "text",
    message: "text",
    photo: { type: "text", nullable: true, index: true },
    owner: { type: "text", nullable: true },
    created: "instant",
  });
}

/**
 * At most `limit` entries that are older than the entry `before`, or the newest; and where the next
 * listing begins.
 */
export function list(before = LARGEST, limit) {
  const sql = "select id, author, message, photo, owner, created from entries where id < $1 order by id desc limit $2";
  // One more than asked for shows whether there are older ones.
  const found = db.query(sql, before, limit + 1);
  const listed = found.slice(0, limit);
  return { listed, next: found.length > limit ? listed.at(-1).id : null };
}

/** Writes an entry, dated now. */
export function insert({ author, message, photo, owner }) {
  const sql = "insert into entries (author, message, photo, owner, created) values ($1, $2, $3, $4, $5)";
  db.execute(sql, author, message, photo, owner, now());
}

/** Whether there is such an entry. */
export function exists(id) {
  return db.queryOne("select id from entries where id = $1", id) !== undefined;
}

/** Whether an entry shows this photo. */
export function hasPhoto(blob) {
  return db.queryOne("select id from entries where photo = $1", blob) !== undefined;
}

/**
 * Deletes the entry if it belongs to `owner`, and returns it. One statement decides and deletes, so
 * that of two parallel requests only one gets the photo to delete.
 */
export function remove(id, owner) {
  return db.queryOne("delete from entries where id = $1 and owner = $2 returning photo", id, owner);
}
