// Generated from src/errors.js by TypeScript 6.0.3.
/**
 * Calls the host and gives its errors their type.
 *
 * @template T
 * @param {InterfaceName} interfaceName
 * @param {() => T} call
 * @returns {T}
 */
export function calling<T>(interfaceName: InterfaceName, call: () => T): T;
/** A call to the host that failed. */
export class InnkeeperError extends Error {
    /**
     * @param {InterfaceName} interfaceName
     * @param {Failure} failure
     */
    constructor(interfaceName: InterfaceName, failure: Failure);
    /** The interface that was called. */
    interface: InterfaceName;
    /** The code of the WIT, for example `unique-violation`. */
    code: string;
    /** Whether the same request may well succeed if it is made again. */
    retryable: boolean;
    /** The five characters of SQLSTATE where the database gave one, else undefined. */
    sqlstate: string | undefined;
    /** The constraint or column that was violated, where it is known. */
    constraint: string | undefined;
    /** The form field to blame, where there is one. */
    field: string | undefined;
    /** The status to answer with where the app has nothing better to say. */
    get status(): number;
}
/** Ends a request with a status, and a message for the visitor. */
export class HttpError extends Error {
    /**
     * @param {number} status from 400 to 599
     * @param {string} message for the visitor to read
     * @param {{ headers?: Record<string, string>, cause?: unknown }} [options]
     */
    constructor(status: number, message: string, { headers, cause }?: {
        headers?: Record<string, string>;
        cause?: unknown;
    });
    /** The status of the answer. */
    status: number;
    /** Headers of the answer. */
    headers: Record<string, string>;
}
/** A form that was not accepted: 403, 413, 415, 400 or 507. */
export class FormError extends HttpError {
    /**
     * @param {number} status
     * @param {string} message
     * @param {string} code
     * @param {{ form?: import("./form.js").Form, cause?: unknown }} [options]
     */
    constructor(status: number, message: string, code: string, { form, cause }?: {
        form?: import("./form.js").Form;
        cause?: unknown;
    });
    /** `csrf`, or the code of `blob-upload`. */
    code: string;
    /** What has arrived: known only where the token was wrong. */
    form: import("./form.js").Form | undefined;
}
export type InterfaceName = "db" | "blob-upload" | "session";
/**
 * What the WIT knows of a failure.
 */
export type Failure = {
    code: string;
    message: string;
    retryable: boolean;
    sqlstate?: string | undefined;
    constraint?: string | undefined;
    field?: string | undefined;
};
