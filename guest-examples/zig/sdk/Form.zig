//! A received form, in the order of the request.

const std = @import("std");
const c = @import("c.zig");
const errors = @import("errors.zig");
const memory = @import("memory.zig");
const session = @import("session.zig");
const blobs = @import("blobs.zig");

const Form = @This();

fields: []const Field,
files: []const File,
/// Whether the hidden field `csrf` was not the one of this form.
is_foreign: bool,

/// A field that is no file.
pub const Field = struct { name: []const u8, value: []const u8 };
/// A file, received and staged.
pub const File = struct { field: []const u8, blob: blobs.Blob };

/// What a form may contain; null: only the app's own limits hold.
pub const Limits = struct {
    /// Bytes of the largest file.
    max_file: ?u32 = null,
    /// Bytes of all files together.
    max_total: ?u32 = null,
    /// 0 for a form that takes none.
    max_files: ?u32 = null,
    /// Media types of files, for example `image/*`. Empty: any.
    accept: []const []const u8 = &.{},

    pub fn toHost(limits: Limits) c.innkeeper_storage_blob_upload_form_limits_t {
        return .{
            .max_file = memory.hostNumber(limits.max_file),
            .max_total = memory.hostNumber(limits.max_total),
            .max_files = memory.hostNumber(limits.max_files),
            .accept = memory.hostStrings(limits.accept),
        };
    }
};

/// Receives the form in the body of the request, and checks its hidden field `csrf` against the
/// name of the form. Fails with `Csrf` (403), `TooLarge` (413), `UnsupportedType` (415), `BadForm`
/// or `Interrupted` (400), or `QuotaExceeded` (507).
pub fn receive(csrf_form: []const u8, limits: Limits) errors.Error!Form {
    const form = try receiveAny(csrf_form, limits);
    if (!form.is_foreign) return form;
    _ = c.ik_fail_csrf();
    return errors.lastCode();
}

/// The same, but a form without its token is returned too, with `is_foreign`.
pub fn receiveAny(csrf_form: []const u8, limits: Limits) errors.Error!Form {
    var chosen = limits.toHost();
    var received: c.innkeeper_storage_blob_upload_form_t = .{};
    var failure: c.innkeeper_storage_blob_upload_blob_error_t = .{};
    if (!c.innkeeper_storage_blob_upload_receive_form(&chosen, &received, &failure)) return errors.ofBlob(&failure);
    const fields = memory.make(Field, received.fields.len);
    for (fields, 0..) |*field, i| {
        const found = received.fields.ptr[i];
        field.* = .{ .name = memory.textOf(found.name), .value = memory.textOf(found.value) };
    }
    const files = memory.make(File, received.files.len);
    for (files, 0..) |*item, i| {
        const found = received.files.ptr[i];
        item.* = .{ .field = memory.textOf(found.field), .blob = .fromHost(found.blob) };
    }
    var form: Form = .{ .fields = fields, .files = files, .is_foreign = false };
    form.is_foreign = !try session.csrfCheck(csrf_form, form.value("csrf"));
    return form;
}

/// The value of the first field of this name; empty where there is none.
pub fn value(form: Form, name: []const u8) []const u8 {
    for (form.fields) |field| {
        if (std.mem.eql(u8, field.name, name)) return field.value;
    }
    return "";
}

/// The first file of this field.
pub fn file(form: Form, field: []const u8) ?File {
    for (form.files) |found| {
        if (std.mem.eql(u8, found.field, field)) return found;
    }
    return null;
}
