// Generated from the WIT by jco 1.35.0.
declare module 'innkeeper:storage/db@0.1.0' {
  /**
   * Runs a statement and returns all its rows. For SELECT, and for INSERT, UPDATE, DELETE with RETURNING.
   */
  export function query(sql: string, params: Array<Value>): Rows;
  /**
   * Runs a statement and returns the number of rows that it inserted, updated or deleted: 0 for a
   * query, and for a definition.
   */
  export function execute(sql: string, params: Array<Value>): number;
  /**
   * Runs a query whose rows are fetched piece by piece: only SELECT, VALUES or WITH that change nothing. The rows are those of the moment of
   * this call, whatever is written later. Opened while the request has nothing written and no transaction open, it lives until it
   * is dropped or the request ends, also after `commit` or the response head; else it ends with the unit of work. 8 may be open at once.
   */
  export function openCursor(sql: string, params: Array<Value>): Cursor;
  /**
   * Runs up to 1,000 statements one after the other, all or none: the first that fails undoes those before it.
   */
  export function batch(statements: Array<Statement>): Array<Outcome>;
  /**
   * Begins a transaction inside the unit of work.
   */
  export function begin(options: TransactionOptions | undefined): Transaction;
  /**
   * Keeps everything that this request has written so far, and begins a new unit of work. Ends all
   * open transactions. Use it before work that must not undo what came before it. What it kept
   * stays, whatever happens later. After an error nothing was kept (after `commit-unknown` nobody
   * knows), and nothing goes on before `rollback`.
   */
  export function commit(): void;
  /**
   * Undoes everything that this request has written since it began or since the last `commit`, in all three interfaces. Ends all
   * open transactions. The request goes on.
   */
  export function rollback(): void;
  /**
   * Brings the app's tables up to date: runs those of `migrations` that this app has not run yet, in the order given, all or
   * none, while every other request that migrates the same app waits. Returns the names that were run now.
   * 
   * Call it at the start of every request: once a list has been applied, calling it again with the
   * same list asks the database nothing. Migrations are kept by themselves, whatever becomes of
   * the request. A migration whose text differs from the one that was run under its name in more
   * than line ends and blanks at the ends of lines is refused with `conflict`, until the operator
   * accepts it (`innkeeper migrate accept`), and so is a call while the request has something
   * written or a transaction open in `db` or `blob-upload`, and one that finds something to do
   * while a cursor is open.
   */
  export function migrate(migrations: Array<Migration>): Array<string>;
  /**
   * Creates a table as described, with what it lacks of columns, indexes and checks where it exists already. Never removes or
   * rewrites anything: a difference that cannot be added (another type, a column that may not be NULL and has no default) is
   * refused with `conflict`, with all differences in the message, and changed by `migrate`. Columns that the description
   * does not name are left alone. Locked, kept and remembered like `migrate`. Returns whether anything was changed.
   */
  export function defineTable(table: Table): boolean;
  /**
   * A day of the proleptic Gregorian calendar. Year 0 is 1 BC.
   */
  export interface Date {
    year: number,
    /**
     * 1 to 12.
     */
    month: number,
    /**
     * 1 to 31.
     */
    day: number,
  }
  /**
   * A time of day, without a zone.
   */
  export interface Time {
    /**
     * 0 to 24; 24 only as 24:00:00, the end of the day.
     */
    hour: number,
    /**
     * 0 to 59.
     */
    minute: number,
    /**
     * 0 to 59.
     */
    second: number,
    /**
     * 0 to 999,999.
     */
    microsecond: number,
  }
  /**
   * A date and a time of day without a zone: what a clock on the wall shows. 24:00:00 is kept as 00:00:00 of the next day.
   */
  export interface Datetime {
    date: Date,
    time: Time,
  }
  /**
   * A value of a type that has no case of its own.
   */
  export interface OtherValue {
    /**
     * The database's name of the type, for example `inet` or `interval`.
     */
    typeName: string,
    /**
     * The value as the database writes it.
     */
    text: string,
  }
  /**
   * One value, as a parameter or in a row.
   * 
   * A parameter takes on the type that the statement wants at its place where that loses nothing (an `integer` for a
   * `double precision` column, a `text` for a `uuid` one); otherwise the call fails with `bad-parameter`.
   */
  export type Value = ValueNull | ValueBoolean | ValueInteger | ValueFloat | ValueDecimal | ValueText | ValueBytes | ValueUuid | ValueDate | ValueTime | ValueDatetime | ValueInstant | ValueJson | ValueOther;
  /**
   * SQL NULL, of any type.
   */
  export interface ValueNull {
    tag: 'null',
  }
  export interface ValueBoolean {
    tag: 'boolean',
    val: boolean,
  }
  /**
   * Any integer type up to 64 bits.
   */
  export interface ValueInteger {
    tag: 'integer',
    val: bigint,
  }
  /**
   * A 64-bit IEEE 754 number. SQLite keeps NaN as NULL and -0.0 as 0.0.
   */
  export interface ValueFloat {
    tag: 'float',
    val: number,
  }
  /**
   * An exact decimal number in plain digits, for example `-12.50`; `NaN`, `Infinity` and `-Infinity` on Postgres.
   */
  export interface ValueDecimal {
    tag: 'decimal',
    val: string,
  }
  export interface ValueText {
    tag: 'text',
    val: string,
  }
  export interface ValueBytes {
    tag: 'bytes',
    val: Uint8Array,
  }
  /**
   * In lower case with hyphens: `f81d4fae-7dec-11d0-a765-00a0c91e6bf6`.
   */
  export interface ValueUuid {
    tag: 'uuid',
    val: string,
  }
  export interface ValueDate {
    tag: 'date',
    val: Date,
  }
  export interface ValueTime {
    tag: 'time',
    val: Time,
  }
  export interface ValueDatetime {
    tag: 'datetime',
    val: Datetime,
  }
  /**
   * A point in time: microseconds since 1970-01-01T00:00:00Z.
   */
  export interface ValueInstant {
    tag: 'instant',
    val: bigint,
  }
  /**
   * A JSON document as text.
   */
  export interface ValueJson {
    tag: 'json',
    val: string,
  }
  export interface ValueOther {
    tag: 'other',
    val: OtherValue,
  }
  /**
   * What a query answers with. There may be no rows; the columns are known all the same.
   */
  export interface Rows {
    /**
     * Names of the columns from left to right. The same name may stand twice.
     */
    columns: Array<string>,
    /**
     * One list of values per row, as long as `columns`.
     */
    rows: Array<Array<Value>>,
  }
  /**
   * Why a call failed. The same codes on both databases.
   * # Variants
   * 
   * ## `"unavailable"`
   * 
   * The database cannot be reached. Try again later.
   * ## `"busy"`
   * 
   * Every connection or the write lock stayed taken for too long. Try again later.
   * ## `"timeout"`
   * 
   * The statement ran out of time and was cancelled.
   * ## `"syntax"`
   * 
   * The text is no SQL, or names a table, column or function that does not exist.
   * ## `"unique-violation"`
   * 
   * ## `"foreign-key-violation"`
   * 
   * ## `"not-null-violation"`
   * 
   * ## `"check-violation"`
   * 
   * ## `"serialization"`
   * 
   * Another request got in between. Try the whole request again.
   * ## `"read-only"`
   * 
   * The database takes no writes at the moment, its disk is full, or the transaction was begun
   * read-only.
   * ## `"denied"`
   * 
   * The statement is not allowed to an app.
   * ## `"bad-parameter"`
   * 
   * The number or the type of a parameter does not fit, or a value cannot be converted.
   * ## `"not-found"`
   * 
   * ## `"too-large"`
   * 
   * Text, parameters, a value or the result exceed a limit, or the rows of the app do.
   * ## `"conflict"`
   * 
   * The call contradicts what was done before, for example a migration whose text has changed.
   * ## `"closed"`
   * 
   * The transaction or cursor has ended.
   * ## `"commit-unknown"`
   * 
   * The connection was lost while a commit was under way: it may have been kept or not.
   * ## `"other"`
   */
  export type DbErrorCode = 'unavailable' | 'busy' | 'timeout' | 'syntax' | 'unique-violation' | 'foreign-key-violation' | 'not-null-violation' | 'check-violation' | 'serialization' | 'read-only' | 'denied' | 'bad-parameter' | 'not-found' | 'too-large' | 'conflict' | 'closed' | 'commit-unknown' | 'other';
  /**
   * Everything known about a failure.
   */
  export interface DbError {
    code: DbErrorCode,
    /**
     * The five characters of SQLSTATE where the database gave one, else the empty string.
     */
    sqlstate: string,
    /**
     * For the app's author to read: it may quote the statement or a value, so do not show it to visitors.
     */
    message: string,
    /**
     * The constraint or column that was violated, where it is known.
     */
    constraint?: string,
    /**
     * Whether the same request may well succeed if it is made again.
     */
    retryable: boolean,
  }
  /**
   * A statement with its parameters, for `batch`.
   */
  export interface Statement {
    sql: string,
    params: Array<Value>,
  }
  /**
   * What one statement of a batch did.
   */
  export interface Outcome {
    /**
     * Rows inserted, updated or deleted; at most 4,294,967,295 is reported.
     */
    affected: number,
    /**
     * Rows of a query or of a RETURNING clause; otherwise without columns.
     */
    rows: Rows,
  }
  /**
   * How far a transaction is kept apart from those of other requests. SQLite runs every one as `serializable`.
   * # Variants
   * 
   * ## `"read-committed"`
   * 
   * ## `"repeatable-read"`
   * 
   * ## `"serializable"`
   */
  export type Isolation = 'read-committed' | 'repeatable-read' | 'serializable';
  /**
   * How to begin a transaction.
   */
  export interface TransactionOptions {
    /**
     * None: the database's default. Takes effect only where nothing of this request has been written or read in a
     * transaction yet; otherwise `conflict`.
     */
    isolation?: Isolation,
    /**
     * Refuse writes through this transaction with `read-only`. The operator may let a follower of
     * the database answer such a transaction, a few seconds behind at most, where nothing of this
     * request has been written before it: then other visitors' latest writes may be missing. A
     * write of this request while it is open, through another call, is seen by it as usual; only
     * with `repeatable-read` it ends the transaction (`closed`) where a follower has answered.
     */
    readOnly: boolean,
    /**
     * Roll back and answer `timeout` when the transaction is still open after this many milliseconds. None: no limit but the
     * request's own.
     */
    timeoutMs?: number,
  }
  /**
   * A step in the history of the app's tables.
   */
  export interface Migration {
    /**
     * Unique in the app, for example `0001-entries`; at most 200 bytes.
     */
    name: string,
    /**
     * Statements that are run one after the other on both databases.
     */
    statements: Array<string>,
    /**
     * Statements to run instead where the database is SQLite.
     */
    sqliteStatements?: Array<string>,
    /**
     * What the statements may destroy, by name: `entries` for a table that is dropped or emptied,
     * or whose rows may be replaced (`REPLACE`, `OR REPLACE`), `entries.note` for a column that is
     * dropped or gets another type, `*` for what TRUNCATE ... CASCADE may empty besides, and for a
     * statement in a form of SQLite's that only SQLite itself reads. A step that destroys what it
     * does not name here is refused with `denied`.
     */
    destroys: Array<string>,
  }
  /**
   * Types of columns that mean the same on both databases. A value that is none of the type is refused with `bad-parameter`, so that what is
   * read is always of the column's case; `null` where the column is nullable.
   * # Variants
   * 
   * ## `"boolean"`
   * 
   * ## `"integer"`
   * 
   * 64 bits.
   * ## `"float"`
   * 
   * 64 bits. NaN becomes NULL on SQLite.
   * ## `"decimal"`
   * 
   * Every digit is kept; ordered, compared and unique as numbers; neither NaN nor infinity. SQLite calculates with them as with floats, and reads
   * numbers that stand in a statement as floats: give them as parameters.
   * ## `"text"`
   * 
   * Ordered and compared by code points, case counts, also for LIKE. Without NUL.
   * ## `"bytes"`
   * 
   * ## `"uuid"`
   * 
   * ## `"date"`
   * 
   * From 4714-11-24 BC to the year 5874897.
   * ## `"time"`
   * 
   * To the microsecond.
   * ## `"datetime"`
   * 
   * From 4714-11-24 BC to the year 294276, to the microsecond.
   * ## `"instant"`
   * 
   * From 4714-11-24 BC.
   * ## `"json"`
   * 
   * Kept as it was written. It cannot be compared, so it is in no key and no index.
   */
  export type ColumnType = 'boolean' | 'integer' | 'float' | 'decimal' | 'text' | 'bytes' | 'uuid' | 'date' | 'time' | 'datetime' | 'instant' | 'json';
  /**
   * What becomes of a row when the row that it refers to is deleted.
   * # Variants
   * 
   * ## `"restrict"`
   * 
   * The other row cannot be deleted.
   * ## `"cascade"`
   * 
   * It is deleted too.
   * ## `"set-null"`
   * 
   * The column becomes NULL.
   */
  export type OnDelete = 'restrict' | 'cascade' | 'set-null';
  /**
   * A row of another table, or of the same one, to which a column refers.
   */
  export interface Reference {
    table: string,
    /**
     * Of the primary key, or unique.
     */
    column: string,
    onDelete: OnDelete,
  }
  /**
   * What a new row gets in a column that the statement does not name.
   */
  export type ColumnDefault = ColumnDefaultConstant | ColumnDefaultNow | ColumnDefaultRandomUuid;
  export interface ColumnDefaultConstant {
    tag: 'constant',
    val: Value,
  }
  /**
   * The time at which the transaction (on SQLite the statement, to the millisecond) began; for `instant`, `datetime`, `date` and `time`, in
   * UTC. Not for a column that is added to a table that is there.
   */
  export interface ColumnDefaultNow {
    tag: 'now',
  }
  /**
   * A random (version 4) one, for `uuid`. Not for a column that is added to a table that is there.
   */
  export interface ColumnDefaultRandomUuid {
    tag: 'random-uuid',
  }
  export interface Column {
    name: string,
    columnType: ColumnType,
    nullable: boolean,
    /**
     * The database gives each new row the next number. Only for `integer` as the whole primary key.
     */
    identity: boolean,
    /**
     * Text longer than this many characters is refused with `check-violation`.
     */
    maxLength?: number,
    initial?: ColumnDefault,
    references?: Reference,
  }
  export interface Index {
    columns: Array<string>,
    unique: boolean,
  }
  /**
   * A condition that every row must meet.
   */
  export interface Check {
    /**
     * Unique in the table; `constraint` of the error where a row does not meet it.
     */
    name: string,
    /**
     * An expression over the columns of the row, for example `price >= 0`. It has to mean the same on both databases. A check that is added to a
     * table with rows that do not meet it fails with `check-violation`.
     */
    condition: string,
  }
  /**
   * A table by its portable description.
   */
  export interface Table {
    /**
     * Names of tables, columns and checks: a lower-case letter, then lower-case letters, digits and `_`; at most 48 bytes.
     */
    name: string,
    columns: Array<Column>,
    /**
     * Names of the columns of the primary key.
     */
    primaryKey: Array<string>,
    indexes: Array<Index>,
    checks: Array<Check>,
  }
  
  export class Cursor implements Disposable {
    /**
     * This type does not have a public constructor.
     */
    private constructor();
    /**
    * Names of the columns from left to right.
    */
    columns(): Array<string>;
    /**
    * At most `max-rows` (1 or more) further rows and about 8 MiB of them, at least one unless the end is reached: there the list is empty. `closed` once
    * the transaction in which the cursor was opened has ended. An error ends the cursor.
    */
    next(maxRows: number): Array<Array<Value>>;
    [Symbol.dispose](): void;
  }
  
  export class Transaction implements Disposable {
    /**
     * This type does not have a public constructor.
     */
    private constructor();
    /**
    * Like `query` of the interface, inside this transaction. `closed` once it has ended.
    */
    query(sql: string, params: Array<Value>): Rows;
    /**
    * Like `execute` of the interface, inside this transaction. `closed` once it has ended.
    */
    execute(sql: string, params: Array<Value>): number;
    /**
    * Makes the changes part of the unit of work, with which they are kept or not.
    */
    commit(): void;
    /**
    * Undoes everything since `begin`.
    */
    rollback(): void;
    [Symbol.dispose](): void;
  }
}
