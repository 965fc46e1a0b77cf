//! The only generated code: traits and types from `wit/`. Everyone else calls its names `wit::...`.

wasmtime::component::bindgen!({
    path: "../wit",
    inline: "
        package innkeeper:host;
        world host {
            import innkeeper:storage/db@0.1.0;
            import innkeeper:storage/blob-upload@0.1.0;
            import innkeeper:storage/session@0.1.0;
        }
    ",
    world: "innkeeper:host/host",
    imports: { default: async | trappable },
    with: {
        "innkeeper:storage/db.transaction": super::db::Transaction,
        "innkeeper:storage/db.cursor": crate::storage::Cursor,
        "innkeeper:storage/blob-upload.writer": super::blob_upload::Upload,
        "innkeeper:storage/blob-upload.reader": super::blob_upload::Reader,
    },
    trappable_error_type: {
        "innkeeper:storage/db.db-error" => super::db::Fault,
        "innkeeper:storage/blob-upload.blob-error" => super::blob_upload::Fault,
        "innkeeper:storage/session.session-error" => super::session::Fault,
    },
});
