// Generated from src/blobs.js by TypeScript 6.0.3.
/**
 * What is known about a blob: immutable bytes with an id.
 *
 * @typedef {object} Blob
 * @property {string} id 32 hexadecimal digits
 * @property {number} size in bytes
 * @property {string} sha256
 * @property {string} contentType
 * @property {string | undefined} name the file name that the sender gave
 * @property {Instant} created when it was received
 * @property {boolean} kept whether it stays
 */
/**
 * What a form or an upload may contain. What is left out is not limited, but for the app's own
 * limits.
 *
 * @typedef {object} Limits
 * @property {number} [maxFile] bytes of the largest file
 * @property {number} [maxTotal] bytes of all files together
 * @property {number} [maxFiles] number of files
 * @property {string[]} [accept] media types, for example `image/*`
 */
/**
 * How a blob is sent.
 *
 * @typedef {object} SignedOptions
 * @property {string} [name] the file name that the visitor is shown
 * @property {boolean} [download] whether the file is offered for saving
 * @property {number} [maxAge] how many seconds the browser may use its copy without asking
 */
/**
 * Receives the form in the body of the request, and stages its files. `form` does it with the proof
 * that the form is the app's own.
 *
 * @param {Limits} [limits]
 */
export function receiveForm(limits?: Limits): {
    fields: host.FormField[];
    files: {
        field: string;
        blob: Blob;
    }[];
};
/**
 * Receives the whole body of the request as one staged blob.
 *
 * @param {string} [name]
 * @param {Limits} [limits]
 */
export function receiveBody(name?: string, limits?: Limits): Blob;
/**
 * Begins a blob of bytes that the app makes.
 *
 * @param {string} contentType
 * @param {string} [name]
 */
export function create(contentType: string, name?: string): BlobWriter;
/**
 * Opens a blob for reading, all of it or from byte `first` to byte `last`, included.
 *
 * @param {string} id
 * @param {{ first: number, last?: number }} [range]
 */
export function open(id: string, range?: {
    first: number;
    last?: number;
}): BlobReader;
/**
 * What is known about a blob, staged or kept.
 *
 * @param {string} id
 */
export function stat(id: string): Blob;
/**
 * All kept blobs in the order of their ids, behind the id `after`.
 *
 * @param {string} [after]
 * @returns {Generator<Blob, void, undefined>}
 */
export function list(after?: string): Generator<Blob, void, undefined>;
/**
 * Makes a staged blob stay, together with what else the request writes.
 *
 * @param {string} id
 */
export function keep(id: string): void;
/**
 * The answer with a blob: the host sends it, with conditions and ranges. For another file name, or
 * to offer the file for saving, redirect to the path of `signDownload`.
 *
 * @param {string} id
 * @param {{ maxAge?: number, status?: number, headers?: HeadersInit }} [options] `maxAge`: how many
 *   seconds the browser may use its copy without asking; by default it asks each time
 */
export function sendBlob(id: string, { maxAge, status, headers }?: {
    maxAge?: number;
    status?: number;
    headers?: HeadersInit;
}): Response;
/**
 * A path from which whoever holds it can fetch a blob for some seconds.
 *
 * @param {string} id
 * @param {number} seconds
 * @param {SignedOptions} [options]
 */
export function signDownload(id: string, seconds: number, options?: SignedOptions): string;
/**
 * Leave for whoever holds it to upload one blob by the tus protocol: the id that it will have, and
 * the path.
 *
 * @param {number} seconds
 * @param {Limits} [limits]
 */
export function signUpload(seconds: number, limits?: Limits): host.UploadTicket;
/** Takes the bytes of a blob that the app makes. */
export class BlobWriter {
    /** @param {Writer} writer */
    constructor(writer: host.Writer);
    /**
     * Appends bytes, or a text as UTF-8.
     *
     * @param {Uint8Array | string} data
     */
    write(data: Uint8Array | string): this;
    /** Stages the blob. */
    finish(): Blob;
    /** Leaves nothing of a blob that was not finished. */
    [Symbol.dispose](): void;
    #private;
}
/** Reads a blob from one end to the other. */
export class BlobReader {
    /** @param {Reader} reader */
    constructor(reader: host.Reader);
    /** What is being read. */
    blob: Blob;
    /**
     * The next bytes; none at the end.
     *
     * @param {number} [maxBytes] at most 1 MiB
     */
    read(maxBytes?: number): Uint8Array<ArrayBufferLike>;
    /** The bytes piece by piece. */
    [Symbol.iterator](): Generator<Uint8Array<ArrayBufferLike>, void, unknown>;
    /** Ends reading. */
    [Symbol.dispose](): void;
    #private;
}
/**
 * What is known about a blob: immutable bytes with an id.
 */
export type Blob = {
    /**
     * 32 hexadecimal digits
     */
    id: string;
    /**
     * in bytes
     */
    size: number;
    sha256: string;
    contentType: string;
    /**
     * the file name that the sender gave
     */
    name: string | undefined;
    /**
     * when it was received
     */
    created: Instant;
    /**
     * whether it stays
     */
    kept: boolean;
};
/**
 * What a form or an upload may contain. What is left out is not limited, but for the app's own
 * limits.
 */
export type Limits = {
    /**
     * bytes of the largest file
     */
    maxFile?: number | undefined;
    /**
     * bytes of all files together
     */
    maxTotal?: number | undefined;
    /**
     * number of files
     */
    maxFiles?: number | undefined;
    /**
     * media types, for example `image/*`
     */
    accept?: string[] | undefined;
};
/**
 * How a blob is sent.
 */
export type SignedOptions = {
    /**
     * the file name that the visitor is shown
     */
    name?: string | undefined;
    /**
     * whether the file is offered for saving
     */
    download?: boolean | undefined;
    /**
     * how many seconds the browser may use its copy without asking
     */
    maxAge?: number | undefined;
};
import * as host from "innkeeper:storage/blob-upload@0.1.0";
/**
 * Deletes a blob.
 *
 * @param {string} id
 */
declare function remove(id: string): void;
import { Instant } from "./instant.js";
export { remove as delete, _delete as delete };
