/** @import { Column, ColumnType, OnDelete, Table } from "innkeeper:storage/db@0.1.0" */
/** @import { Param } from "./values.js" */

import { unsigned } from "./numbers.js";
import { toValue } from "./values.js";

/** A default: the time at which the transaction began. */
export const NOW = Symbol("now");

/** A default: a random uuid. */
export const RANDOM_UUID = Symbol("random uuid");

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
export function describe(name, columns, { indexes = [], unique = [], checks = {} } = {}) {
  const described = Object.entries(columns).map(([column, options]) => ({
    column,
    options: typeof options === "string" ? { type: options } : options,
  }));
  /** @param {(options: ColumnOptions) => boolean | undefined} has */
  const those = (has) => described.filter(({ options }) => has(options)).map(({ column }) => column);
  return {
    name,
    columns: described.map(({ column, options }) => toColumn(column, options)),
    primaryKey: those(({ primaryKey, identity }) => primaryKey || identity),
    indexes: [
      ...those(({ index }) => index).map((column) => ({ columns: [column], unique: false })),
      ...those(({ unique }) => unique).map((column) => ({ columns: [column], unique: true })),
      ...indexes.map((columns) => ({ columns, unique: false })),
      ...unique.map((columns) => ({ columns, unique: true })),
    ],
    checks: Object.entries(checks).map(([name, condition]) => ({ name, condition })),
  };
}

/** @param {string} name @param {ColumnOptions} options @returns {Column} */
function toColumn(name, options) {
  return {
    name,
    columnType: options.type,
    nullable: options.nullable ?? false,
    identity: options.identity ?? false,
    maxLength: unsigned("maxLength", options.maxLength),
    initial: initial(options.default),
    references: options.references && { onDelete: "restrict", ...options.references },
  };
}

/** @param {ColumnOptions["default"]} value @returns {Column["initial"]} */
function initial(value) {
  if (value === undefined) {
    return undefined;
  }
  if (value === NOW) {
    return { tag: "now" };
  }
  if (value === RANDOM_UUID) {
    return { tag: "random-uuid" };
  }
  return { tag: "constant", val: toValue(/** @type {Param} */ (value)) };
}
