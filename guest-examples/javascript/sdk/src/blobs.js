/** @import { Blob as HostBlob, FormLimits, SendOptions } from "innkeeper:storage/blob-upload@0.1.0" */
/** @import { Reader, Writer } from "innkeeper:storage/blob-upload@0.1.0" */

import * as host from "innkeeper:storage/blob-upload@0.1.0";

import { calling } from "./errors.js";
import { Instant } from "./instant.js";
import { unsigned } from "./numbers.js";

const MIB = 1024 * 1024;
const LISTED = 1000;

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
export function receiveForm(limits) {
  const received = calling("blob-upload", () => host.receiveForm(toLimits(limits)));
  return {
    fields: received.fields,
    files: received.files.map(({ field, blob }) => ({ field, blob: toBlob(blob) })),
  };
}

/**
 * Receives the whole body of the request as one staged blob.
 *
 * @param {string} [name]
 * @param {Limits} [limits]
 */
export function receiveBody(name, limits) {
  return calling("blob-upload", () => toBlob(host.receiveBody(name, toLimits(limits))));
}

/**
 * Begins a blob of bytes that the app makes.
 *
 * @param {string} contentType
 * @param {string} [name]
 */
export function create(contentType, name) {
  return new BlobWriter(calling("blob-upload", () => host.create(name, contentType)));
}

/**
 * Opens a blob for reading, all of it or from byte `first` to byte `last`, included.
 *
 * @param {string} id
 * @param {{ first: number, last?: number }} [range]
 */
export function open(id, range) {
  const bytes = range && {
    first: BigInt(range.first),
    last: range.last === undefined ? undefined : BigInt(range.last),
  };
  return new BlobReader(calling("blob-upload", () => host.open(id, bytes)));
}

/**
 * What is known about a blob, staged or kept.
 *
 * @param {string} id
 */
export function stat(id) {
  return calling("blob-upload", () => toBlob(host.stat(id)));
}

/**
 * All kept blobs in the order of their ids, behind the id `after`.
 *
 * @param {string} [after]
 * @returns {Generator<Blob, void, undefined>}
 */
export function* list(after) {
  for (;;) {
    const blobs = calling("blob-upload", () => host.listBlobs(after, LISTED));
    yield* blobs.map(toBlob);
    if (blobs.length < LISTED) {
      return;
    }
    after = blobs.at(-1)?.id;
  }
}

/**
 * Makes a staged blob stay, together with what else the request writes.
 *
 * @param {string} id
 */
export function keep(id) {
  calling("blob-upload", () => host.keep(id));
}

/**
 * Deletes a blob.
 *
 * @param {string} id
 */
function remove(id) {
  calling("blob-upload", () => host.delete(id));
}
export { remove as delete };

/**
 * The answer with a blob: the host sends it, with conditions and ranges. For another file name, or
 * to offer the file for saving, redirect to the path of `signDownload`.
 *
 * @param {string} id
 * @param {{ maxAge?: number, status?: number, headers?: HeadersInit }} [options] `maxAge`: how many
 *   seconds the browser may use its copy without asking; by default it asks each time
 */
export function sendBlob(id, { maxAge, status = 200, headers } = {}) {
  const all = new Headers(headers);
  all.set("innkeeper-send-blob", id);
  if (maxAge !== undefined) {
    all.set("cache-control", `private, max-age=${unsigned("maxAge", maxAge)}`);
  }
  return new Response(null, { status, headers: all });
}

/**
 * A path from which whoever holds it can fetch a blob for some seconds.
 *
 * @param {string} id
 * @param {number} seconds
 * @param {SignedOptions} [options]
 */
export function signDownload(id, seconds, options) {
  return calling("blob-upload", () => host.signDownload(id, toOptions(options), unsigned("seconds", seconds)));
}

/**
 * Leave for whoever holds it to upload one blob by the tus protocol: the id that it will have, and
 * the path.
 *
 * @param {number} seconds
 * @param {Limits} [limits]
 */
export function signUpload(seconds, limits) {
  return calling("blob-upload", () => host.signUpload(toLimits(limits), unsigned("seconds", seconds)));
}

/** Takes the bytes of a blob that the app makes. */
export class BlobWriter {
  #writer;

  /** @param {Writer} writer */
  constructor(writer) {
    this.#writer = writer;
  }

  /**
   * Appends bytes, or a text as UTF-8.
   *
   * @param {Uint8Array | string} data
   */
  write(data) {
    const bytes = typeof data === "string" ? new TextEncoder().encode(data) : data;
    for (let at = 0; at < bytes.length; at += MIB) {
      calling("blob-upload", () => this.#writer.write(bytes.subarray(at, at + MIB)));
    }
    return this;
  }

  /** Stages the blob. */
  finish() {
    return calling("blob-upload", () => toBlob(this.#writer.finish()));
  }

  /** Leaves nothing of a blob that was not finished. */
  [Symbol.dispose]() {
    this.#writer[Symbol.dispose]();
  }
}

/** Reads a blob from one end to the other. */
export class BlobReader {
  #reader;

  /** @param {Reader} reader */
  constructor(reader) {
    this.#reader = reader;
    /** What is being read. */
    this.blob = toBlob(reader.getBlob());
  }

  /**
   * The next bytes; none at the end.
   *
   * @param {number} [maxBytes] at most 1 MiB
   */
  read(maxBytes = MIB) {
    return calling("blob-upload", () => this.#reader.read(unsigned("maxBytes", maxBytes)));
  }

  /** The bytes piece by piece. */
  *[Symbol.iterator]() {
    for (let piece = this.read(); piece.length > 0; piece = this.read()) {
      yield piece;
    }
  }

  /** Ends reading. */
  [Symbol.dispose]() {
    this.#reader[Symbol.dispose]();
  }
}

/** @param {HostBlob} blob @returns {Blob} */
function toBlob({ size, created, ...blob }) {
  return { ...blob, name: blob.name, size: Number(size), created: new Instant(created) };
}

/** @param {Limits} [limits] @returns {FormLimits | undefined} */
function toLimits(limits) {
  return (
    limits && {
      maxFile: unsigned("maxFile", limits.maxFile),
      maxTotal: unsigned("maxTotal", limits.maxTotal),
      maxFiles: unsigned("maxFiles", limits.maxFiles),
      accept: limits.accept ?? [],
    }
  );
}

/** @param {SignedOptions} [options] @returns {SendOptions | undefined} */
function toOptions(options) {
  return (
    options && {
      name: options.name,
      download: options.download ?? false,
      maxAge: unsigned("maxAge", options.maxAge),
    }
  );
}
