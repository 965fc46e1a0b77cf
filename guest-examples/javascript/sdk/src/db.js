/** @import { Transaction as HostTransaction, TransactionOptions } from "innkeeper:storage/db@0.1.0" */
/** @import { Param } from "./values.js" */
/** @import { ColumnOptions, TableOptions } from "./table.js" */

import * as host from "innkeeper:storage/db@0.1.0";

import { calling } from "./errors.js";
import { unsigned } from "./numbers.js";
import { describe } from "./table.js";
import { toObjects, toValue } from "./values.js";

/** How many rows a cursor fetches at a time. */
const FETCH = 200;

/**
 * A row: its values by the names of the columns.
 *
 * @typedef {Record<string, any>} Row
 */

/**
 * The rows of a query; `columns` names the columns also where there are no rows.
 *
 * @template {object} T
 * @typedef {T[] & { readonly columns: string[] }} Rows
 */

/**
 * What `transaction` gives to its function: the same calls, inside the transaction.
 *
 * @typedef {object} Transaction
 * @property {<T extends object = Row>(sql: string, ...params: Param[]) => Rows<T>} query as `db.query`
 * @property {<T extends object = Row>(sql: string, ...params: Param[]) => T | undefined} queryOne as `db.queryOne`
 * @property {(sql: string, ...params: Param[]) => number} execute as `db.execute`
 */

/**
 * A step in the history of the app's tables.
 *
 * @typedef {object} Migration
 * @property {string} name unique in the app, for example `0001-entries`
 * @property {string[]} statements run one after the other
 * @property {string[]} [sqliteStatements] run instead where the database is SQLite
 * @property {string[]} [destroys] what the statements may destroy: `entries`, `entries.note`, `*`
 */

/**
 * Runs a statement and returns its rows.
 *
 * @template {object} [T=Row]
 * @param {string} sql with parameters `$1` to `$n`
 * @param {...Param} params
 * @returns {Rows<T>}
 */
export function query(sql, ...params) {
  return calling("db", () => toRows(host.query(sql, params.map(toValue))));
}

/**
 * Runs a statement and returns its first row, or undefined where there is none.
 *
 * @template {object} [T=Row]
 * @param {string} sql
 * @param {...Param} params
 * @returns {T | undefined}
 */
export function queryOne(sql, ...params) {
  return /** @type {Rows<T>} */ (query(sql, ...params))[0];
}

/**
 * Runs a statement and returns how many rows it inserted, updated or deleted.
 *
 * @param {string} sql
 * @param {...Param} params
 * @returns {number}
 */
export function execute(sql, ...params) {
  return calling("db", () => host.execute(sql, params.map(toValue)));
}

/**
 * The rows of a query one by one, in bounded memory: `for (const row of db.cursor("select ..."))`.
 *
 * @template {object} [T=Row]
 * @param {string} sql only SELECT, VALUES or WITH that change nothing
 * @param {...Param} params
 * @returns {Generator<T, void, undefined>}
 */
export function* cursor(sql, ...params) {
  const open = calling("db", () => host.openCursor(sql, params.map(toValue)));
  try {
    const columns = open.columns();
    for (;;) {
      const rows = calling("db", () => open.next(FETCH));
      if (rows.length === 0) {
        return;
      }
      yield* toObjects(columns, rows);
    }
  } finally {
    open[Symbol.dispose]();
  }
}

/**
 * Runs statements one after the other, all or none.
 *
 * @param {readonly (readonly [sql: string, ...params: Param[]])[]} statements
 * @returns {{ affected: number, rows: Rows<Row> }[]}
 */
export function batch(statements) {
  const list = statements.map(([sql, ...params]) => ({ sql, params: params.map(toValue) }));
  const outcomes = calling("db", () => host.batch(list));
  return outcomes.map(({ affected, rows }) => ({ affected, rows: toRows(rows) }));
}

/**
 * Runs a function inside a transaction: a part of the request that can be undone by itself. What it
 * writes is kept when the function returns, and undone when it throws. The function may be async.
 *
 * @template T
 * @param {(transaction: Transaction) => T} run
 * @param {{ isolation?: TransactionOptions["isolation"], readOnly?: boolean, timeoutMs?: number }} [options]
 * @returns {T}
 */
export function transaction(run, options) {
  unsigned("timeoutMs", options?.timeoutMs);
  const open = calling("db", () => host.begin(options && { readOnly: false, ...options }));
  /** @type {T} */
  let result;
  try {
    result = run(inside(open));
  } catch (error) {
    undo(open);
    throw error;
  }
  if (result instanceof Promise) {
    const ended = result.then(
      (value) => keep(open, value),
      (error) => {
        undo(open);
        throw error;
      },
    );
    return /** @type {T} */ (ended);
  }
  return keep(open, result);
}

/** Keeps everything that this request has written so far, whatever becomes of the rest. */
export function commit() {
  calling("db", () => host.commit());
}

/**
 * Undoes everything that this request has written, files and session included. The request goes on.
 */
export function rollback() {
  calling("db", () => host.rollback());
}

/**
 * Runs those migrations that this app has not run yet and returns their names. Call it at the start
 * of every request: it costs nothing once all have been run.
 *
 * @param {readonly Migration[]} migrations
 * @returns {string[]}
 */
export function migrate(migrations) {
  const list = migrations.map((migration) => ({ sqliteStatements: undefined, destroys: [], ...migration }));
  return calling("db", () => host.migrate(list));
}

/**
 * Creates a table that means the same on both databases, or adds what it lacks. Columns may not be
 * NULL unless they say so. Call it at the start of every request: it costs nothing once it is done.
 *
 * @param {string} name
 * @param {Record<string, ColumnOptions["type"] | ColumnOptions>} columns
 * @param {TableOptions} [options]
 * @returns {boolean} whether anything was changed
 */
export function table(name, columns, options) {
  const described = describe(name, columns, options);
  return calling("db", () => host.defineTable(described));
}

/** @param {HostTransaction} open @returns {Transaction} */
function inside(open) {
  /** @type {Transaction["query"]} */
  const query = (sql, ...params) => calling("db", () => toRows(open.query(sql, params.map(toValue))));
  return {
    query,
    queryOne: (sql, ...params) => /** @type {any} */ (query(sql, ...params)[0]),
    execute: (sql, ...params) => calling("db", () => open.execute(sql, params.map(toValue))),
  };
}

/** @template T @param {HostTransaction} open @param {T} result */
function keep(open, result) {
  try {
    calling("db", () => open.commit());
    return result;
  } finally {
    open[Symbol.dispose]();
  }
}

/** @param {HostTransaction} open */
function undo(open) {
  try {
    open.rollback();
  } catch {
    // It has ended already. Why the function failed matters more.
  } finally {
    open[Symbol.dispose]();
  }
}

/** @param {host.Rows} found @returns {Rows<any>} */
function toRows({ columns, rows }) {
  return Object.defineProperty(/** @type {any} */ (toObjects(columns, rows)), "columns", { value: columns });
}
