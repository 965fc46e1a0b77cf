/*
 * Innkeeper SDK for C: HTTP, rows, files and sessions for a web app that Innkeeper runs.
 *
 * An app defines `ik_handle`; everything else here is called by it. Four rules hold throughout:
 *
 * - A function that can fail returns bool. On false, `ik_last_error` tells why. A handler passes it
 *   on with `return false`, and the visitor gets the error's status.
 * - Texts are UTF-8 and end with NUL. NULL stands for "none", and for SQL NULL.
 * - An instance of the app lives for one request, so memory that the SDK returns is never freed.
 *   What reads much data piece by piece (cursors, blob readers) reuses its own memory.
 * - A mistake of the program, such as a column that does not exist, ends the request: the message
 *   goes to stderr, the visitor gets 500, and nothing of the request is kept.
 */
#ifndef INNKEEPER_H
#define INNKEEPER_H

#include "blobs.h"
#include "http.h"
#include "rows.h"
#include "session.h"
#include "tables.h"
#include "text.h"
#include "value.h"

#endif
