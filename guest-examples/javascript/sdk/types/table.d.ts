// Generated from src/table.js by TypeScript 6.0.3.
/** @typedef {Param | typeof NOW | typeof RANDOM_UUID} Default */
/**
 * A row of another table; by default it cannot be deleted while a row refers to it.
 *
 * @typedef {{ table: string, column: string, onDelete?: OnDelete }} Reference
 */
/**
 * A column: its type, or its type with more about it.
 *
 * @typedef {object} ColumnOptions
 * @property {ColumnType} type
 * @property {boolean} [nullable] whether it may be NULL
 * @property {boolean} [identity] whether the database numbers the rows; it is the primary key then
 * @property {boolean} [primaryKey] whether it belongs to the primary key
 * @property {boolean} [unique] whether no two rows may have the same value
 * @property {boolean} [index] whether the column has an index
 * @property {number} [maxLength] the most characters of a text
 * @property {Default} [default] what a new row gets where the statement does not name the column
 * @property {Reference} [references] the row to which it refers
 */
/**
 * What does not belong to one column.
 *
 * @typedef {object} TableOptions
 * @property {string[][]} [indexes] columns of further indexes
 * @property {string[][]} [unique] columns of further unique indexes
 * @property {Record<string, string>} [checks] conditions for each row, by their names
 */
/**
 * The description of a table for the host.
 *
 * @param {string} name
 * @param {Record<string, ColumnType | ColumnOptions>} columns
 * @param {TableOptions} [options]
 * @returns {Table}
 */
export function describe(name: string, columns: Record<string, ColumnType | ColumnOptions>, { indexes, unique, checks }?: TableOptions): Table;
/** A default: the time at which the transaction began. */
export const NOW: unique symbol;
/** A default: a random uuid. */
export const RANDOM_UUID: unique symbol;
export type Default = Param | typeof NOW | typeof RANDOM_UUID;
/**
 * A row of another table; by default it cannot be deleted while a row refers to it.
 */
export type Reference = {
    table: string;
    column: string;
    onDelete?: OnDelete;
};
/**
 * A column: its type, or its type with more about it.
 */
export type ColumnOptions = {
    type: ColumnType;
    /**
     * whether it may be NULL
     */
    nullable?: boolean | undefined;
    /**
     * whether the database numbers the rows; it is the primary key then
     */
    identity?: boolean | undefined;
    /**
     * whether it belongs to the primary key
     */
    primaryKey?: boolean | undefined;
    /**
     * whether no two rows may have the same value
     */
    unique?: boolean | undefined;
    /**
     * whether the column has an index
     */
    index?: boolean | undefined;
    /**
     * the most characters of a text
     */
    maxLength?: number | undefined;
    /**
     * what a new row gets where the statement does not name the column
     */
    default?: Default | undefined;
    /**
     * the row to which it refers
     */
    references?: Reference | undefined;
};
/**
 * What does not belong to one column.
 */
export type TableOptions = {
    /**
     * columns of further indexes
     */
    indexes?: string[][] | undefined;
    /**
     * columns of further unique indexes
     */
    unique?: string[][] | undefined;
    /**
     * conditions for each row, by their names
     */
    checks?: Record<string, string> | undefined;
};
import type { ColumnType } from "innkeeper:storage/db@0.1.0";
import type { Table } from "innkeeper:storage/db@0.1.0";
import type { Param } from "./values.js";
import type { OnDelete } from "innkeeper:storage/db@0.1.0";
