/* Files: forms, blobs, and sending them. */
#include <string.h>

#include "internal.h"

typedef innkeeper_storage_blob_upload_blob_error_t blob_error;
typedef innkeeper_storage_blob_upload_form_limits_t host_limits;

/* The most that one call of a writer takes and a reader gives. */
#define PIECE_BYTES (1024 * 1024)

static ik_blob blob_of_host(const innkeeper_storage_blob_upload_blob_t *blob)
{
    return (ik_blob){
        .id = ik_text_of_host(blob->id),
        .size = blob->size,
        .sha256 = ik_text_of_host(blob->sha256),
        .content_type = ik_text_of_host(blob->content_type),
        .name = ik_text_of_option(blob->name),
        .created = blob->created,
        .kept = blob->kept,
    };
}

/* NULL where there are none. */
static host_limits *limits_of(const ik_form_limits *limits, host_limits *room)
{
    if (!limits) return NULL;
    *room = (host_limits){
        .max_file = ik_option_of_number(limits->max_file),
        .max_total = ik_option_of_number(limits->max_total),
        .max_files = {limits->no_files || limits->max_files, limits->no_files ? 0 : limits->max_files},
        .accept = ik_split_names(limits->accept),
    };
    return room;
}

static void form_of_host(ik_form *form, const innkeeper_storage_blob_upload_form_t *host)
{
    form->field_count = host->fields.len;
    form->fields = ik_alloc(form->field_count * sizeof *form->fields);
    for (size_t i = 0; i < form->field_count; i++) {
        web_app_string_t value = host->fields.ptr[i].value;
        form->fields[i] = (ik_field){ik_text_of_host(host->fields.ptr[i].name), ik_text_of_host(value), value.len};
    }
    form->file_count = host->files.len;
    form->files = ik_alloc(form->file_count * sizeof *form->files);
    for (size_t i = 0; i < form->file_count; i++) {
        form->files[i].field = ik_text_of_host(host->files.ptr[i].field);
        form->files[i].blob = blob_of_host(&host->files.ptr[i].blob);
    }
}

bool ik_form_receive(ik_form *form, const char *csrf_form, const ik_form_limits *limits)
{
    host_limits room;
    innkeeper_storage_blob_upload_form_t received;
    blob_error error;
    *form = (ik_form){0};
    if (!innkeeper_storage_blob_upload_receive_form(limits_of(limits, &room), &received, &error)) {
        return ik_fail_blob(&error);
    }
    form_of_host(form, &received);
    bool good = true;
    if (csrf_form && !ik_session_csrf_check(csrf_form, ik_form_value(form, "csrf"), &good)) return false;
    return good || ik_fail_csrf();
}

const ik_field *ik_form_field(const ik_form *form, const char *name)
{
    for (size_t i = 0; i < form->field_count; i++) {
        if (strcmp(form->fields[i].name, name) == 0) return &form->fields[i];
    }
    return NULL;
}

const char *ik_form_value(const ik_form *form, const char *name)
{
    const ik_field *field = ik_form_field(form, name);
    return field ? field->value : "";
}

const ik_file *ik_form_file(const ik_form *form, const char *field)
{
    for (size_t i = 0; i < form->file_count; i++) {
        if (strcmp(form->files[i].field, field) == 0) return &form->files[i];
    }
    return NULL;
}

bool ik_body_receive(ik_blob *blob, const char *name, const ik_form_limits *limits)
{
    host_limits room;
    web_app_string_t text = ik_string_of(name);
    innkeeper_storage_blob_upload_blob_t received;
    blob_error error;
    if (!innkeeper_storage_blob_upload_receive_body(name ? &text : NULL, limits_of(limits, &room), &received, &error)) {
        return ik_fail_blob(&error);
    }
    *blob = blob_of_host(&received);
    return true;
}

bool ik_blob_keep(const char *id)
{
    web_app_string_t text = ik_string_of(id);
    blob_error error;
    return innkeeper_storage_blob_upload_keep(&text, &error) || ik_fail_blob(&error);
}

bool ik_blob_delete(const char *id)
{
    web_app_string_t text = ik_string_of(id);
    blob_error error;
    return innkeeper_storage_blob_upload_delete(&text, &error) || ik_fail_blob(&error);
}

bool ik_blob_stat(const char *id, ik_blob *blob)
{
    web_app_string_t text = ik_string_of(id);
    innkeeper_storage_blob_upload_blob_t found;
    blob_error error;
    if (!innkeeper_storage_blob_upload_stat(&text, &found, &error)) return ik_fail_blob(&error);
    *blob = blob_of_host(&found);
    return true;
}

bool ik_blob_list(const char *after, uint32_t limit, ik_blob **blobs, size_t *count)
{
    web_app_string_t text = ik_string_of(after);
    innkeeper_storage_blob_upload_list_blob_t list;
    blob_error error;
    if (!innkeeper_storage_blob_upload_list_blobs(after ? &text : NULL, limit, &list, &error)) {
        return ik_fail_blob(&error);
    }
    *count = list.len;
    *blobs = ik_alloc(list.len * sizeof **blobs);
    for (size_t i = 0; i < list.len; i++) (*blobs)[i] = blob_of_host(&list.ptr[i]);
    return true;
}

static innkeeper_storage_blob_upload_send_options_t send_options_of(const ik_send_options *options)
{
    if (!options) return (innkeeper_storage_blob_upload_send_options_t){0};
    return (innkeeper_storage_blob_upload_send_options_t){
        .name = ik_option_of(options->name),
        .download = options->download,
        .max_age = ik_option_of_number(options->max_age),
    };
}

bool ik_blob_send(ik_response *response, const char *id, const ik_send_options *options)
{
    web_app_string_t text = ik_string_of(id);
    innkeeper_storage_blob_upload_send_options_t chosen = send_options_of(options);
    blob_error error;
    response->is_sent = innkeeper_storage_blob_upload_send(&text, &chosen, &error);
    return response->is_sent || ik_fail_blob(&error);
}

bool ik_blob_sign_download(const char *id, const ik_send_options *options, uint32_t seconds, const char **path)
{
    web_app_string_t text = ik_string_of(id), signed_path;
    innkeeper_storage_blob_upload_send_options_t chosen = send_options_of(options);
    blob_error error;
    if (!innkeeper_storage_blob_upload_sign_download(&text, &chosen, seconds, &signed_path, &error)) {
        return ik_fail_blob(&error);
    }
    *path = ik_text_of_host(signed_path);
    return true;
}

bool ik_blob_sign_upload(const ik_form_limits *limits, uint32_t seconds, const char **id, const char **path)
{
    host_limits room;
    innkeeper_storage_blob_upload_upload_ticket_t ticket;
    blob_error error;
    if (!innkeeper_storage_blob_upload_sign_upload(limits_of(limits, &room), seconds, &ticket, &error)) {
        return ik_fail_blob(&error);
    }
    *id = ik_text_of_host(ticket.id);
    *path = ik_text_of_host(ticket.path);
    return true;
}

bool ik_blob_create(ik_blob_writer *writer, const char *name, const char *content_type)
{
    web_app_string_t text = ik_string_of(name), type = ik_string_of(content_type);
    blob_error error;
    return innkeeper_storage_blob_upload_create(name ? &text : NULL, &type, writer, &error) || ik_fail_blob(&error);
}

bool ik_blob_write(ik_blob_writer *writer, const void *data, size_t size)
{
    const uint8_t *at = data;
    while (size) {
        size_t piece = size < PIECE_BYTES ? size : PIECE_BYTES;
        web_app_list_u8_t bytes = {IK_UNCONST(uint8_t, at), piece};
        blob_error error;
        if (!innkeeper_storage_blob_upload_method_writer_write(innkeeper_storage_blob_upload_borrow_writer(*writer),
                                                               &bytes, &error)) {
            return ik_fail_blob(&error);
        }
        at += piece;
        size -= piece;
    }
    return true;
}

bool ik_blob_finish(ik_blob_writer *writer, ik_blob *blob)
{
    innkeeper_storage_blob_upload_blob_t staged;
    blob_error error;
    bool done = innkeeper_storage_blob_upload_method_writer_finish(
        innkeeper_storage_blob_upload_borrow_writer(*writer), &staged, &error);
    innkeeper_storage_blob_upload_writer_drop_own(*writer);
    if (!done) return ik_fail_blob(&error);
    *blob = blob_of_host(&staged);
    return true;
}

bool ik_blob_open(ik_blob_reader *reader, const char *id, uint64_t first, uint64_t last)
{
    web_app_string_t text = ik_string_of(id);
    innkeeper_storage_blob_upload_byte_range_t range = {first, {last != UINT64_MAX, last}};
    blob_error error;
    bool is_whole = first == 0 && last == UINT64_MAX;
    return innkeeper_storage_blob_upload_open(&text, is_whole ? NULL : &range, reader, &error) || ik_fail_blob(&error);
}

ik_blob ik_blob_of_reader(const ik_blob_reader *reader)
{
    innkeeper_storage_blob_upload_blob_t blob;
    innkeeper_storage_blob_upload_method_reader_get_blob(innkeeper_storage_blob_upload_borrow_reader(*reader), &blob);
    return blob_of_host(&blob);
}

bool ik_blob_read(ik_blob_reader *reader, void *data, size_t capacity, size_t *size)
{
    web_app_list_u8_t bytes;
    blob_error error;
    uint32_t wanted = capacity < PIECE_BYTES ? (uint32_t)capacity : PIECE_BYTES;
    if (!innkeeper_storage_blob_upload_method_reader_read(innkeeper_storage_blob_upload_borrow_reader(*reader), wanted,
                                                          &bytes, &error)) {
        return ik_fail_blob(&error);
    }
    if (bytes.len) memcpy(data, bytes.ptr, bytes.len);
    *size = bytes.len;
    web_app_list_u8_free(&bytes);
    return true;
}

void ik_blob_close(ik_blob_reader *reader)
{
    if (reader->__handle) innkeeper_storage_blob_upload_reader_drop_own(*reader);
    reader->__handle = 0;
}
