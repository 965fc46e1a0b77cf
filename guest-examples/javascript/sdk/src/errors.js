/** @typedef {"db" | "blob-upload" | "session"} InterfaceName */

/**
 * What the WIT knows of a failure.
 *
 * @typedef {object} Failure
 * @property {string} code
 * @property {string} message
 * @property {boolean} retryable
 * @property {string} [sqlstate]
 * @property {string} [constraint]
 * @property {string} [field]
 */

/** What a refused upload is answered with; the codes are those of `blob-upload`. */
const UPLOAD_STATUS = new Map([
  ["not-found", 404],
  ["too-large", 413],
  ["unsupported-type", 415],
  ["bad-form", 400],
  ["interrupted", 400],
  ["quota-exceeded", 507],
]);

/** A call to the host that failed. */
export class InnkeeperError extends Error {
  /**
   * @param {InterfaceName} interfaceName
   * @param {Failure} failure
   */
  constructor(interfaceName, failure) {
    super(failure.message);
    this.name = "InnkeeperError";
    /** The interface that was called. */
    this.interface = interfaceName;
    /** The code of the WIT, for example `unique-violation`. */
    this.code = failure.code;
    /** Whether the same request may well succeed if it is made again. */
    this.retryable = failure.retryable;
    /** The five characters of SQLSTATE where the database gave one, else undefined. */
    this.sqlstate = failure.sqlstate || undefined;
    /** The constraint or column that was violated, where it is known. */
    this.constraint = failure.constraint;
    /** The form field to blame, where there is one. */
    this.field = failure.field;
  }

  /** The status to answer with where the app has nothing better to say. */
  get status() {
    if (this.retryable) {
      return 503;
    }
    return (this.interface === "blob-upload" && UPLOAD_STATUS.get(this.code)) || 500;
  }
}

/** Ends a request with a status, and a message for the visitor. */
export class HttpError extends Error {
  /**
   * @param {number} status from 400 to 599
   * @param {string} message for the visitor to read
   * @param {{ headers?: Record<string, string>, cause?: unknown }} [options]
   */
  constructor(status, message, { headers = {}, cause } = {}) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = "HttpError";
    /** The status of the answer. */
    this.status = status;
    /** Headers of the answer. */
    this.headers = headers;
  }
}

/** A form that was not accepted: 403, 413, 415, 400 or 507. */
export class FormError extends HttpError {
  /**
   * @param {number} status
   * @param {string} message
   * @param {string} code
   * @param {{ form?: import("./form.js").Form, cause?: unknown }} [options]
   */
  constructor(status, message, code, { form, cause } = {}) {
    super(status, message, { cause });
    this.name = "FormError";
    /** `csrf`, or the code of `blob-upload`. */
    this.code = code;
    /** What has arrived: known only where the token was wrong. */
    this.form = form;
  }
}

/**
 * Calls the host and gives its errors their type.
 *
 * @template T
 * @param {InterfaceName} interfaceName
 * @param {() => T} call
 * @returns {T}
 */
export function calling(interfaceName, call) {
  try {
    return call();
  } catch (error) {
    const failure = /** @type {any} */ (error)?.payload;
    throw failure?.code === undefined ? error : new InnkeeperError(interfaceName, failure);
  }
}
