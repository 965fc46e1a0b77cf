// Generated from src/db.js by TypeScript 6.0.3.
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
export function query<T extends object = Record<string, any>>(sql: string, ...params: Param[]): Rows<T>;
/**
 * Runs a statement and returns its first row, or undefined where there is none.
 *
 * @template {object} [T=Row]
 * @param {string} sql
 * @param {...Param} params
 * @returns {T | undefined}
 */
export function queryOne<T extends object = Record<string, any>>(sql: string, ...params: Param[]): T | undefined;
/**
 * Runs a statement and returns how many rows it inserted, updated or deleted.
 *
 * @param {string} sql
 * @param {...Param} params
 * @returns {number}
 */
export function execute(sql: string, ...params: Param[]): number;
/**
 * The rows of a query one by one, in bounded memory: `for (const row of db.cursor("select ..."))`.
 *
 * @template {object} [T=Row]
 * @param {string} sql only SELECT, VALUES or WITH that change nothing
 * @param {...Param} params
 * @returns {Generator<T, void, undefined>}
 */
export function cursor<T extends object = Record<string, any>>(sql: string, ...params: Param[]): Generator<T, void, undefined>;
/**
 * Runs statements one after the other, all or none.
 *
 * @param {readonly (readonly [sql: string, ...params: Param[]])[]} statements
 * @returns {{ affected: number, rows: Rows<Row> }[]}
 */
export function batch(statements: readonly (readonly [sql: string, ...params: Param[]])[]): {
    affected: number;
    rows: Rows<Row>;
}[];
/**
 * Runs a function inside a transaction: a part of the request that can be undone by itself. What it
 * writes is kept when the function returns, and undone when it throws. The function may be async.
 *
 * @template T
 * @param {(transaction: Transaction) => T} run
 * @param {{ isolation?: TransactionOptions["isolation"], readOnly?: boolean, timeoutMs?: number }} [options]
 * @returns {T}
 */
export function transaction<T>(run: (transaction: Transaction) => T, options?: {
    isolation?: host.TransactionOptions["isolation"];
    readOnly?: boolean;
    timeoutMs?: number;
}): T;
/** Keeps everything that this request has written so far, whatever becomes of the rest. */
export function commit(): void;
/**
 * Undoes everything that this request has written, files and session included. The request goes on.
 */
export function rollback(): void;
/**
 * Runs those migrations that this app has not run yet and returns their names. Call it at the start
 * of every request: it costs nothing once all have been run.
 *
 * @param {readonly Migration[]} migrations
 * @returns {string[]}
 */
export function migrate(migrations: readonly Migration[]): string[];
/**
 * Creates a table that means the same on both databases, or adds what it lacks. Columns may not be
 * NULL unless they say so. Call it at the start of every request: it costs nothing once it is done.
 *
 * @param {string} name
 * @param {Record<string, ColumnOptions["type"] | ColumnOptions>} columns
 * @param {TableOptions} [options]
 * @returns {boolean} whether anything was changed
 */
export function table(name: string, columns: Record<string, ColumnOptions["type"] | ColumnOptions>, options?: TableOptions): boolean;
/**
 * A row: its values by the names of the columns.
 */
export type Row = Record<string, any>;
/**
 * The rows of a query; `columns` names the columns also where there are no rows.
 */
export type Rows<T extends object> = T[] & {
    readonly columns: string[];
};
/**
 * What `transaction` gives to its function: the same calls, inside the transaction.
 */
export type Transaction = {
    /**
     * as `db.query`
     */
    query: <T extends object = Row>(sql: string, ...params: Param[]) => Rows<T>;
    /**
     * as `db.queryOne`
     */
    queryOne: <T extends object = Row>(sql: string, ...params: Param[]) => T | undefined;
    /**
     * as `db.execute`
     */
    execute: (sql: string, ...params: Param[]) => number;
};
/**
 * A step in the history of the app's tables.
 */
export type Migration = {
    /**
     * unique in the app, for example `0001-entries`
     */
    name: string;
    /**
     * run one after the other
     */
    statements: string[];
    /**
     * run instead where the database is SQLite
     */
    sqliteStatements?: string[] | undefined;
    /**
     * what the statements may destroy: `entries`, `entries.note`, `*`
     */
    destroys?: string[] | undefined;
};
import type { Param } from "./values.js";
import * as host from "innkeeper:storage/db@0.1.0";
import type { ColumnOptions } from "./table.js";
import type { TableOptions } from "./table.js";
