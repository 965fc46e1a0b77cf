/* Files: forms, blobs, and sending them. */
#ifndef INNKEEPER_BLOBS_H
#define INNKEEPER_BLOBS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "http.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What is known about a blob. */
typedef struct ik_blob {
    const char *id;
    uint64_t size;
    const char *sha256;
    const char *content_type;
    /* The sender's file name; NULL where there is none. */
    const char *name;
    int64_t created;
    bool kept;
} ik_blob;

/* What a form may contain; 0 and NULL: only the app's own limits hold. */
typedef struct ik_form_limits {
    /* Bytes of the largest file. */
    uint32_t max_file;
    /* Bytes of all files together. */
    uint32_t max_total;
    uint32_t max_files;
    /* The form takes no files. */
    bool no_files;
    /* Media types with commas between them: "image/png, application/pdf". NULL: any. */
    const char *accept;
} ik_form_limits;

/* A field that is no file. */
typedef struct ik_field {
    const char *name;
    const char *value;
    /* Bytes of the value, which may contain NUL. */
    size_t size;
} ik_field;

/* A file of a form, received and staged. */
typedef struct ik_file {
    const char *field;
    ik_blob blob;
} ik_file;

/* A received form, in the order of the request. */
typedef struct ik_form {
    ik_field *fields;
    size_t field_count;
    ik_file *files;
    size_t file_count;
} ik_form;

/*
 * Receives the form in the body of the request, and checks its hidden field `csrf` against the name
 * of the form, unless that is NULL. Fails with status 403 (code "csrf", and the fields are there
 * all the same), 413, 415, 400 or 507.
 */
bool ik_form_receive(ik_form *form, const char *csrf_form, const ik_form_limits *limits);
/* The first field of this name; NULL where there is none. */
const ik_field *ik_form_field(const ik_form *form, const char *name);
/* The value of the first field of this name; empty where there is none. */
const char *ik_form_value(const ik_form *form, const char *name);
/* The first file of this field; NULL where there is none. */
const ik_file *ik_form_file(const ik_form *form, const char *field);
/* Receives the whole body of the request as one staged blob. */
bool ik_body_receive(ik_blob *blob, const char *name, const ik_form_limits *limits);

/* Makes a staged blob stay. */
bool ik_blob_keep(const char *id);
/* Deletes a blob. */
bool ik_blob_delete(const char *id);
/* What is known about a blob. Fails with 404 where there is none. */
bool ik_blob_stat(const char *id, ik_blob *blob);
/* Kept blobs behind the id `after` (NULL: from the first), at most `limit`. */
bool ik_blob_list(const char *after, uint32_t limit, ik_blob **blobs, size_t *count);

/* How a blob is sent. */
typedef struct ik_send_options {
    /* The file name that the visitor is shown; NULL: the blob's own. */
    const char *name;
    /* Offer to save the file. */
    bool download;
    /* Seconds that a browser may use its copy; 0: it asks each time. */
    uint32_t max_age;
} ik_send_options;

/* Answers the request with a blob: the host sends it. */
bool ik_blob_send(ik_response *response, const char *id, const ik_send_options *options);
/* A path from which whoever holds it can fetch a blob for `seconds`. */
bool ik_blob_sign_download(const char *id, const ik_send_options *options, uint32_t seconds, const char **path);
/* A path to which whoever holds it can upload one blob, and the id that the blob will have. */
bool ik_blob_sign_upload(const ik_form_limits *limits, uint32_t seconds, const char **id, const char **path);

/* Takes the bytes of a blob that the app makes, and reads those of any blob. */
typedef innkeeper_storage_blob_upload_own_writer_t ik_blob_writer;
typedef innkeeper_storage_blob_upload_own_reader_t ik_blob_reader;

/* Begins a blob of bytes that the app makes; `name` may be NULL. */
bool ik_blob_create(ik_blob_writer *writer, const char *name, const char *content_type);
/* Appends bytes. */
bool ik_blob_write(ik_blob_writer *writer, const void *data, size_t size);
/* Stages the blob, and ends the writer. */
bool ik_blob_finish(ik_blob_writer *writer, ik_blob *blob);
/* Opens a blob from the byte `first` to the byte `last`; UINT64_MAX: to the end. */
bool ik_blob_open(ik_blob_reader *reader, const char *id, uint64_t first, uint64_t last);
/* What is being read. */
ik_blob ik_blob_of_reader(const ik_blob_reader *reader);
/* Reads at most `capacity` bytes; `size` is 0 at the end. */
bool ik_blob_read(ik_blob_reader *reader, void *data, size_t capacity, size_t *size);
/* Ends a reader. */
void ik_blob_close(ik_blob_reader *reader);

#ifdef __cplusplus
}
#endif
#endif
