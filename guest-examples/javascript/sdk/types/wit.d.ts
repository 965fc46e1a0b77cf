// The interfaces of the host as they are, for apps that import them besides the SDK.
/// <reference path="./wit/innkeeper-storage-blob-upload.d.ts" />
/// <reference path="./wit/innkeeper-storage-db.d.ts" />
/// <reference path="./wit/innkeeper-storage-session.d.ts" />
/// <reference path="./wit/wasi-clocks-wall-clock.d.ts" />
/// <reference path="./wit/wasi-config-store.d.ts" />
