// The entries of the book: all SQL of this app.

import { db, type Instant, now } from "innkeeper-sdk";

const LARGEST = 2n ** 63n - 1n;

/** One entry, as it stands in the book. */
export interface Entry {
  /** Grows with every entry, so that a larger id means a newer entry. */
  id: number;
  author: string;
  message: string;
  /** The id of the photo's blob. */
  photo: string | null;
  /** Who was signed in while writing: the one who may delete the entry. */
  owner: string | null;
  created: Instant;
}

/** Some entries, newest first, and where the next listing begins. */
export interface Listing {
  listed: Entry[];
  next: number | null;
}

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

/** At most `limit` entries that are older than the entry `before`, or the newest. */
export function list(before: bigint = LARGEST, limit: number): Listing {
  const sql = "select id, author, message, photo, owner, created from entries where id < $1 order by id desc limit $2";
  // One more than asked for shows whether there are older ones.
  const found = db.query<Entry>(sql, before, limit + 1);
  const listed = found.slice(0, limit);
  return { listed, next: found.length > limit ? listed.at(-1)!.id : null };
}

/** Writes an entry, dated now. */
export function insert({ author, message, photo, owner }: Omit<Entry, "id" | "created">) {
  const sql = "insert into entries (author, message, photo, owner, created) values ($1, $2, $3, $4, $5)";
  db.execute(sql, author, message, photo, owner, now());
}

/** Whether there is such an entry. */
export function exists(id: bigint) {
  return db.queryOne("select id from entries where id = $1", id) !== undefined;
}

/** Whether an entry shows this photo. */
export function hasPhoto(blob: string) {
  return db.queryOne("select id from entries where photo = $1", blob) !== undefined;
}

/**
 * Deletes the entry if it belongs to `owner`, and returns its photo. One statement decides and
 * deletes, so that of two parallel requests only one gets the photo to delete.
 */
export function remove(id: bigint, owner: string | null) {
  const sql = "delete from entries where id = $1 and owner = $2 returning photo";
  return db.queryOne<Pick<Entry, "photo">>(sql, id, owner);
}
