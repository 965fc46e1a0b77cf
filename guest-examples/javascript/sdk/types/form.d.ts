// Generated from src/form.js by TypeScript 6.0.3.
/**
 * Receives the form of the request and checks that it is the app's own, by the hidden field of
 * `csrfField`. It takes no files unless `maxFiles` says so. Throws a `FormError` with the status for
 * the visitor otherwise. Do not read the body of the request besides.
 *
 * @param {Limits & { csrf?: string | false }} [options] `csrf`: the name of the form; false: no check
 * @returns {Form}
 */
export function form({ csrf, maxFiles, ...limits }?: Limits & {
    csrf?: string | false;
}): Form;
/** A form that was received, in the order of the request. */
export class Form {
    /**
     * @param {{ name: string, value: string }[]} fields
     * @param {{ field: string, blob: Blob }[]} files
     */
    constructor(fields: {
        name: string;
        value: string;
    }[], files: {
        field: string;
        blob: Blob;
    }[]);
    /** The fields that are no files. */
    fields: {
        name: string;
        value: string;
    }[];
    /** The files, staged so far: `blobs.keep` makes them stay. */
    files: {
        field: string;
        blob: Blob;
    }[];
    /**
     * The first field of this name, or an empty text.
     *
     * @param {string} name
     */
    text(name: string): string;
    /**
     * All fields of this name.
     *
     * @param {string} name
     */
    all(name: string): string[];
    /**
     * The first file of this name, or undefined.
     *
     * @param {string} name
     */
    file(name: string): Blob | undefined;
}
import type { Limits } from "./blobs.js";
import type { Blob } from "./blobs.js";
