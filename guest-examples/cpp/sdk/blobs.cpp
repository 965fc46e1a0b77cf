#include "convert.hpp"

namespace innkeeper {

namespace {

Blob blob_of(const ik_blob& blob) {
    return {
        .id = blob.id,
        .size = blob.size,
        .sha256 = blob.sha256,
        .content_type = blob.content_type,
        .name = blob.name ? std::optional<std::string>(blob.name) : std::nullopt,
        .created = Instant(std::chrono::microseconds(blob.created)),
        .kept = blob.kept,
    };
}

const char* text_or_null(const std::optional<std::string>& text) { return text ? text->c_str() : nullptr; }

}  // namespace

std::string_view Form::operator[](std::string_view name) const {
    for (const Field& field : fields) {
        if (field.name == name) return field.value;
    }
    return "";
}

const Form::File* Form::file(std::string_view field) const {
    for (const File& file : files) {
        if (file.field == field) return &file;
    }
    return nullptr;
}

Result<Form> Form::receive_any(const char* csrf_form, const ik_form_limits& limits) {
    ik_form received;
    bool done = ik_form_receive(&received, csrf_form, &limits);
    bool is_foreign = !done && ik_failed_with("csrf");
    if (!done && !is_foreign) return last_error();
    Form form{.is_foreign = is_foreign};
    for (std::size_t i = 0; i < received.field_count; i++) {
        const ik_field& field = received.fields[i];
        form.fields.push_back({field.name, std::string(field.value, field.size)});
    }
    for (std::size_t i = 0; i < received.file_count; i++) {
        form.files.push_back({received.files[i].field, blob_of(received.files[i].blob)});
    }
    return form;
}

Result<Form> Form::receive(const char* csrf_form, const ik_form_limits& limits) {
    Form form = IK_TRY(receive_any(csrf_form, limits));
    if (form.is_foreign) return last_error();
    return form;
}

namespace blobs {

Writer::~Writer() {
    if (handle_.__handle) innkeeper_storage_blob_upload_writer_drop_own(handle_);
}

Result<> Writer::write(std::span<const std::byte> data) {
    return done_or_error(ik_blob_write(&handle_, data.data(), data.size()));
}

Result<Blob> Writer::finish() {
    ik_blob blob;
    bool done = ik_blob_finish(&handle_, &blob);
    handle_ = {};
    if (!done) return last_error();
    return blob_of(blob);
}

Result<Writer> create(std::optional<std::string> name, std::string content_type) {
    Writer writer;
    if (!ik_blob_create(&writer.handle_, text_or_null(name), content_type.c_str())) return last_error();
    return writer;
}

Result<Reader> open(std::string id, std::uint64_t first, std::uint64_t last) {
    Reader reader;
    if (!ik_blob_open(&reader.handle_, id.c_str(), first, last)) return last_error();
    return reader;
}

Blob Reader::blob() const { return blob_of(ik_blob_of_reader(&handle_)); }

Result<std::size_t> Reader::read(std::span<std::byte> room) {
    std::size_t size;
    if (!ik_blob_read(&handle_, room.data(), room.size(), &size)) return last_error();
    return size;
}

Result<Blob> receive_body(std::optional<std::string> name, const ik_form_limits& limits) {
    ik_blob blob;
    if (!ik_body_receive(&blob, text_or_null(name), &limits)) return last_error();
    return blob_of(blob);
}

Result<> keep(const std::string& id) { return done_or_error(ik_blob_keep(id.c_str())); }
Result<> remove(const std::string& id) { return done_or_error(ik_blob_delete(id.c_str())); }

Result<Blob> stat(const std::string& id) {
    ik_blob blob;
    if (!ik_blob_stat(id.c_str(), &blob)) return last_error();
    return blob_of(blob);
}

Result<std::vector<Blob>> list(std::optional<std::string> after, std::uint32_t limit) {
    ik_blob* found;
    std::size_t count;
    if (!ik_blob_list(text_or_null(after), limit, &found, &count)) return last_error();
    std::vector<Blob> blobs;
    for (std::size_t i = 0; i < count; i++) blobs.push_back(blob_of(found[i]));
    return blobs;
}

Result<Response> send(const std::string& id, const ik_send_options& options) {
    ik_response response{};
    if (!ik_blob_send(&response, id.c_str(), &options)) return last_error();
    return Response{.by_host = true};
}

Result<std::string> sign_download(const std::string& id, std::chrono::seconds time, const ik_send_options& options) {
    const char* path;
    if (!ik_blob_sign_download(id.c_str(), &options, static_cast<std::uint32_t>(time.count()), &path)) {
        return last_error();
    }
    return path;
}

Result<Ticket> sign_upload(std::chrono::seconds time, const ik_form_limits& limits) {
    const char *id, *path;
    if (!ik_blob_sign_upload(&limits, static_cast<std::uint32_t>(time.count()), &id, &path)) return last_error();
    return Ticket{id, path};
}

}  // namespace blobs
}  // namespace innkeeper
