//! Files: blobs that stay with the host.

const std = @import("std");
const c = @import("c.zig");
const errors = @import("errors.zig");
const memory = @import("memory.zig");
const time = @import("time.zig");
const Form = @import("Form.zig");
const http = @import("http.zig");

const Error = errors.Error;
const HostError = c.innkeeper_storage_blob_upload_blob_error_t;

/// The most that one call of a writer takes.
const piece_bytes = 1024 * 1024;

/// What is known about a blob.
pub const Blob = struct {
    id: []const u8,
    size: u64,
    sha256: []const u8,
    content_type: []const u8,
    /// The sender's file name.
    name: ?[]const u8,
    created: time.Instant,
    kept: bool,

    pub fn fromHost(blob: c.innkeeper_storage_blob_upload_blob_t) Blob {
        return .{
            .id = memory.textOf(blob.id),
            .size = blob.size,
            .sha256 = memory.textOf(blob.sha256),
            .content_type = memory.textOf(blob.content_type),
            .name = memory.optionOf(blob.name),
            .created = .{ .microseconds = blob.created },
            .kept = blob.kept,
        };
    }
};

/// How a blob is sent.
pub const SendOptions = struct {
    /// The file name that the visitor is shown; null: the blob's own.
    name: ?[]const u8 = null,
    /// Offer to save the file.
    download: bool = false,
    /// Seconds that a browser may use its copy; null: it asks each time.
    max_age: ?u32 = null,

    fn toHost(options: SendOptions) c.innkeeper_storage_blob_upload_send_options_t {
        return .{
            .name = memory.hostOption(options.name),
            .download = options.download,
            .max_age = memory.hostNumber(options.max_age),
        };
    }
};

/// Receives the whole body of the request as one staged blob.
pub fn receiveBody(name: ?[]const u8, limits: Form.Limits) Error!Blob {
    var text = memory.hostString(name orelse "");
    var chosen = limits.toHost();
    var blob: c.innkeeper_storage_blob_upload_blob_t = .{};
    var failure: HostError = .{};
    const maybe = if (name == null) null else &text;
    if (!c.innkeeper_storage_blob_upload_receive_body(maybe, &chosen, &blob, &failure)) return errors.ofBlob(&failure);
    return .fromHost(blob);
}

/// Makes a staged blob stay.
pub fn keep(id: []const u8) Error!void {
    var text = memory.hostString(id);
    var failure: HostError = .{};
    if (!c.innkeeper_storage_blob_upload_keep(&text, &failure)) return errors.ofBlob(&failure);
}

/// Deletes a blob.
pub fn delete(id: []const u8) Error!void {
    var text = memory.hostString(id);
    var failure: HostError = .{};
    if (!c.innkeeper_storage_blob_upload_delete(&text, &failure)) return errors.ofBlob(&failure);
}

/// What is known about a blob. Fails with `NotFound` (404) where there is none.
pub fn stat(id: []const u8) Error!Blob {
    var text = memory.hostString(id);
    var blob: c.innkeeper_storage_blob_upload_blob_t = .{};
    var failure: HostError = .{};
    if (!c.innkeeper_storage_blob_upload_stat(&text, &blob, &failure)) return errors.ofBlob(&failure);
    return .fromHost(blob);
}

/// Kept blobs behind the id `after`, at most `limit`.
pub fn list(after: ?[]const u8, limit: u32) Error![]Blob {
    var text = memory.hostString(after orelse "");
    var found: c.innkeeper_storage_blob_upload_list_blob_t = .{};
    var failure: HostError = .{};
    const maybe = if (after == null) null else &text;
    if (!c.innkeeper_storage_blob_upload_list_blobs(maybe, limit, &found, &failure)) return errors.ofBlob(&failure);
    const blobs = memory.make(Blob, found.len);
    for (blobs, 0..) |*blob, i| blob.* = .fromHost(found.ptr[i]);
    return blobs;
}

/// The response with which the host sends a blob.
pub fn send(id: []const u8, options: SendOptions) Error!http.Response {
    var text = memory.hostString(id);
    var chosen = options.toHost();
    var failure: HostError = .{};
    if (!c.innkeeper_storage_blob_upload_send(&text, &chosen, &failure)) return errors.ofBlob(&failure);
    return .sent;
}

/// A path from which whoever holds it can fetch a blob for a while.
pub fn signDownload(id: []const u8, options: SendOptions, seconds: u32) Error![]const u8 {
    var text = memory.hostString(id);
    var chosen = options.toHost();
    var path: c.web_app_string_t = .{};
    var failure: HostError = .{};
    if (!c.innkeeper_storage_blob_upload_sign_download(&text, &chosen, seconds, &path, &failure)) {
        return errors.ofBlob(&failure);
    }
    return memory.textOf(path);
}

/// A path to which one blob can be uploaded without the app, and the id that the blob will have.
pub const Ticket = struct { id: []const u8, path: []const u8 };

/// A ticket for one blob, good for a while.
pub fn signUpload(limits: Form.Limits, seconds: u32) Error!Ticket {
    var chosen = limits.toHost();
    var ticket: c.innkeeper_storage_blob_upload_upload_ticket_t = .{};
    var failure: HostError = .{};
    if (!c.innkeeper_storage_blob_upload_sign_upload(&chosen, seconds, &ticket, &failure)) {
        return errors.ofBlob(&failure);
    }
    return .{ .id = memory.textOf(ticket.id), .path = memory.textOf(ticket.path) };
}

/// Takes the bytes of a blob that the app makes.
pub const Writer = struct {
    handle: ?c.innkeeper_storage_blob_upload_own_writer_t,

    /// Appends bytes.
    pub fn write(writer: *Writer, data: []const u8) Error!void {
        var rest = data;
        while (rest.len > 0) {
            const size = @min(rest.len, piece_bytes);
            var piece: c.web_app_list_u8_t = .{ .ptr = @constCast(rest.ptr), .len = size };
            var failure: HostError = .{};
            if (!c.innkeeper_storage_blob_upload_method_writer_write(writer.borrow(), &piece, &failure)) {
                return errors.ofBlob(&failure);
            }
            rest = rest[size..];
        }
    }

    /// Stages the blob.
    pub fn finish(writer: *Writer) Error!Blob {
        var blob: c.innkeeper_storage_blob_upload_blob_t = .{};
        var failure: HostError = .{};
        const done = c.innkeeper_storage_blob_upload_method_writer_finish(writer.borrow(), &blob, &failure);
        writer.close();
        return if (done) .fromHost(blob) else errors.ofBlob(&failure);
    }

    /// For `defer`: without `finish`, nothing of the blob is left.
    pub fn close(writer: *Writer) void {
        if (writer.handle) |handle| c.innkeeper_storage_blob_upload_writer_drop_own(handle);
        writer.handle = null;
    }

    fn borrow(writer: *Writer) c.innkeeper_storage_blob_upload_borrow_writer_t {
        return c.innkeeper_storage_blob_upload_borrow_writer(writer.handle orelse @panic("the writer has ended"));
    }
};

/// Begins a blob of bytes that the app makes.
pub fn create(name: ?[]const u8, content_type: []const u8) Error!Writer {
    var text = memory.hostString(name orelse "");
    var media_type = memory.hostString(content_type);
    var handle: c.innkeeper_storage_blob_upload_own_writer_t = .{};
    var failure: HostError = .{};
    const maybe = if (name == null) null else &text;
    if (!c.innkeeper_storage_blob_upload_create(maybe, &media_type, &handle, &failure)) return errors.ofBlob(&failure);
    return .{ .handle = handle };
}

/// Reads a blob.
pub const Reader = struct {
    handle: c.innkeeper_storage_blob_upload_own_reader_t,

    /// What is being read.
    pub fn blob(reader: Reader) Blob {
        var found: c.innkeeper_storage_blob_upload_blob_t = .{};
        const handle = c.innkeeper_storage_blob_upload_borrow_reader(reader.handle);
        c.innkeeper_storage_blob_upload_method_reader_get_blob(handle, &found);
        return .fromHost(found);
    }

    /// Reads into `room`, and returns the part that was filled; it is empty at the end.
    pub fn read(reader: Reader, room: []u8) Error![]u8 {
        var piece: c.web_app_list_u8_t = .{};
        var failure: HostError = .{};
        const handle = c.innkeeper_storage_blob_upload_borrow_reader(reader.handle);
        const wanted: u32 = @min(room.len, piece_bytes);
        if (!c.innkeeper_storage_blob_upload_method_reader_read(handle, wanted, &piece, &failure)) {
            return errors.ofBlob(&failure);
        }
        if (piece.len > 0) @memcpy(room[0..piece.len], piece.ptr);
        const size = piece.len;
        c.web_app_list_u8_free(&piece);
        return room[0..size];
    }

    /// For `defer`.
    pub fn close(reader: Reader) void {
        c.innkeeper_storage_blob_upload_reader_drop_own(reader.handle);
    }
};

/// Part of a blob, from a byte to a byte, which is included; null: to the end.
pub const Range = struct { first: u64, last: ?u64 = null };

/// Opens a blob, or a part of it.
pub fn open(id: []const u8, range: ?Range) Error!Reader {
    var text = memory.hostString(id);
    const part: Range = range orelse .{ .first = 0 };
    var bytes: c.innkeeper_storage_blob_upload_byte_range_t = .{
        .first = part.first,
        .last = .{ .is_some = part.last != null, .val = part.last orelse 0 },
    };
    var handle: c.innkeeper_storage_blob_upload_own_reader_t = .{};
    var failure: HostError = .{};
    const maybe = if (range == null) null else &bytes;
    if (!c.innkeeper_storage_blob_upload_open(&text, maybe, &handle, &failure)) return errors.ofBlob(&failure);
    return .{ .handle = handle };
}
