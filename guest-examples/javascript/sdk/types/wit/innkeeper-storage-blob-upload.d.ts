// Generated from the WIT by jco 1.35.0.
declare module 'innkeeper:storage/blob-upload@0.1.0' {
  /**
   * Receives the form in the body of the current request, `multipart/form-data` or `application/x-www-form-urlencoded`, and stages its files
   * while they arrive. Call it instead of reading the body; `conflict` if the body has been read. On an error nothing of the form is
   * staged, and the rest of the body is read and thrown away, so that the visitor sees your answer.
   * A part with a file name is a file, in whatever form clients write the name. Texts are UTF-8
   * unless the part, the field `_charset_` or the content type of the request declares another
   * encoding; `bad-form` names the field whose text is none. Parts in base64 or quoted-printable
   * are decoded.
   */
  export function receiveForm(limits: FormLimits | undefined): Form;
  /**
   * Receives the whole body of the current request as one staged blob (for PUT, or fetch with a file as its body). `name`: the file
   * name to note, if any. Limits as in `receive-form`.
   */
  export function receiveBody(name: string | undefined, limits: FormLimits | undefined): Blob;
  /**
   * Begins a blob of bytes that the app makes. `content-type` is noted where the bytes themselves do not tell. At most 16 writers that
   * are not finished and readers that are not at their end exist at once; one more is `too-large`.
   */
  export function create(name: string | undefined, contentType: string): Writer;
  /**
   * Opens a blob for reading, all of it or a range. `bad-parameter` for a range that begins behind the end; `too-large` as in `create`.
   */
  export function open(id: string, range: ByteRange | undefined): Reader;
  /**
   * What is known about a blob, staged or kept. `not-found` where there is none.
   */
  export function stat(id: string): Blob;
  /**
   * Kept blobs in the order of their ids, at most `limit` (1 to 1,000), beginning behind the id `after`.
   */
  export function listBlobs(after: string | undefined, limit: number): Array<Blob>;
  /**
   * Makes a staged blob stay. Keeping a kept blob changes nothing.
   */
  export function keep(id: string): void;
  /**
   * Deletes a blob. A download that is under way is cut off. Deleting what is not there is `not-found`.
   */
  export { _delete as delete };
  function _delete(id: string): void;
  /**
   * Answers the current request with a blob: the host sends status, headers and bytes. GET has
   * conditions (ETag and date) and up to five ranges; who asks for more, or for ranges that lie
   * over each other, gets the whole. HEAD has conditions; any other method gets the whole. Then
   * return, and drop the response's out-parameter without setting it. No options: shown under its
   * own name, asked for each time. `conflict` if the response has been set. A toolchain that hides
   * the raw response sets the header `innkeeper-send-blob` to the id instead, on a response with
   * status 200 and no body; its other headers are sent along, but for those that the host sets
   * itself. With another status the whole blob is the body of that answer. Where there is no such
   * blob, the visitor gets 404 from the host, and nothing of the request is kept.
   */
  export function send(id: string, options: SendOptions | undefined): void;
  /**
   * A path on this host, with its query, from which whoever holds it can fetch a blob for
   * `seconds` (at most 604,800), as `send` would send it and without waking the app. Ends early
   * when the blob is deleted. Scripts of another origin's pages may read what comes where
   * `trusted-origins` in innkeeper.toml names that origin (CORS, without credentials).
   */
  export function signDownload(id: string, options: SendOptions | undefined, seconds: number): string;
  /**
   * A ticket for one blob, good for `seconds` (at most 604,800). Of the limits `max-files` counts
   * for nothing, since it is one file. An upload that makes no progress is swept like a staged
   * blob; once it is complete it is a staged blob, and its bytes never change under its id. Pages
   * of another origin may use it as they may use `sign-download`.
   */
  export function signUpload(limits: FormLimits | undefined, seconds: number): UploadTicket;
  /**
   * What is known about a blob.
   */
  export interface Blob {
    /**
     * 32 hexadecimal digits, chosen at random. Safe in a URL, impossible to guess.
     */
    id: string,
    /**
     * In bytes.
     */
    size: bigint,
    /**
     * 64 hexadecimal digits: the SHA-256 of the bytes.
     */
    sha256: string,
    /**
     * The media type, found by looking at the bytes where they tell, else as the sender declared it, else
     * `application/octet-stream`.
     */
    contentType: string,
    /**
     * The file name that the sender gave, without directories and control characters. Data, never a path.
     */
    name?: string,
    /**
     * When it was received: microseconds since 1970-01-01T00:00:00Z.
     */
    created: bigint,
    /**
     * Whether it has been kept.
     */
    kept: boolean,
  }
  /**
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
   * ## `"not-found"`
   * 
   * No such blob in this app.
   * ## `"too-large"`
   * 
   * A file, a field or the whole request is larger than allowed, or there are more files or parts. Answer with 413.
   * ## `"unsupported-type"`
   * 
   * A file is not of an accepted type, or the request body is compressed. Answer with 415.
   * ## `"bad-form"`
   * 
   * The request body is no well-formed form, or of another content type. Answer with 400.
   * ## `"interrupted"`
   * 
   * The visitor went away before everything had arrived.
   * ## `"bad-parameter"`
   * 
   * A parameter does not fit, for example a range behind the end of the blob.
   * ## `"conflict"`
   * 
   * The request body has been read already, or the response has been set.
   * ## `"quota-exceeded"`
   * 
   * The app's blobs together are as large as they may become, or the disk is full. Answer with
   * 507. What the request has deleted is free for what it receives afterwards: where there is no
   *      room for both, delete the old file before the new one is received. Where a transaction
   *      is open (as after a deletion), another request may take the last room meanwhile; then
   *      the commit fails, and the visitor gets 507 from the host.
   * ## `"closed"`
   * 
   * The writer or reader has ended.
   * ## `"read-only"`
   * 
   * The database takes no writes at the moment.
   * ## `"other"`
   */
  export type BlobErrorCode = 'unavailable' | 'busy' | 'timeout' | 'not-found' | 'too-large' | 'unsupported-type' | 'bad-form' | 'interrupted' | 'bad-parameter' | 'conflict' | 'quota-exceeded' | 'closed' | 'read-only' | 'other';
  export interface BlobError {
    code: BlobErrorCode,
    /**
     * For a person to read.
     */
    message: string,
    /**
     * The form field to blame, where there is one.
     */
    field?: string,
    /**
     * Whether the same request may well succeed if it is made again. Answer with 503.
     */
    retryable: boolean,
  }
  /**
   * What a form may contain. None: only the app's own limits hold.
   */
  export interface FormLimits {
    /**
     * Bytes of the largest file.
     */
    maxFile?: number,
    /**
     * Bytes of all files together.
     */
    maxTotal?: number,
    /**
     * Number of files; 0 for a form that takes none.
     */
    maxFiles?: number,
    /**
     * Media types of files, for example `image/*` or `application/pdf`, compared with what the bytes show. Empty: any.
     */
    accept: Array<string>,
  }
  /**
   * A field of a form that is no file.
   */
  export interface FormField {
    name: string,
    value: string,
  }
  /**
   * A file of a form, received and staged.
   */
  export interface FormFile {
    /**
     * The name of the form field.
     */
    field: string,
    blob: Blob,
  }
  /**
   * A received form, in the order of the request. File inputs that the visitor left empty are not listed.
   */
  export interface Form {
    fields: Array<FormField>,
    files: Array<FormFile>,
  }
  /**
   * Part of a blob: from its byte number `first`, counted from 0, to byte number `last`, included; none: to the end.
   */
  export interface ByteRange {
    first: bigint,
    last?: bigint,
  }
  /**
   * How a blob is sent.
   */
  export interface SendOptions {
    /**
     * The file name that the visitor is shown, cleaned like one that a visitor gives. None: the name of the blob.
     */
    name?: string,
    /**
     * Offer to save the file rather than to show it. Shown are only PNG, JPEG, GIF, WebP, AVIF, PDF, plain text (as UTF-8), and sound
     * and film that browsers play; all else is always offered for saving, and what could run script in a page, or change how it looks, is sent
     * without its type.
     */
    download: boolean,
    /**
     * How many seconds the visitor's browser may use its copy without asking. None: it asks each time.
     */
    maxAge?: number,
  }
  /**
   * Leave for whoever holds it to upload one blob without the app.
   */
  export interface UploadTicket {
    /**
     * The id that the blob will have: note it, and `keep` the blob in a later request, once it has arrived.
     */
    id: string,
    /**
     * A path on this host, with its query: the endpoint for any client of the tus protocol 1.0. The answer names the upload at the same path,
     * where it can be taken up again after an interruption, also at another dyno and after a restart.
     */
    path: string,
  }
  
  export class Reader implements Disposable {
    /**
     * This type does not have a public constructor.
     */
    private constructor();
    /**
    * What is being read.
    */
    getBlob(): Blob;
    /**
    * The next bytes, at most `max-bytes` and at most 1 MiB; an empty list at the end.
    */
    read(maxBytes: number): Uint8Array;
    [Symbol.dispose](): void;
  }
  
  export class Writer implements Disposable {
    /**
     * This type does not have a public constructor.
     */
    private constructor();
    /**
    * Appends bytes, at most 1 MiB in a call.
    */
    write(data: Uint8Array): void;
    /**
    * Stages the blob and ends the writer.
    */
    finish(): Blob;
    [Symbol.dispose](): void;
  }
}
