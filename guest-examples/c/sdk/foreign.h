/*
 * What the SDKs of other languages call besides: errors go to `ik_last_error`, wherever they arise.
 */
#ifndef INNKEEPER_FOREIGN_H
#define INNKEEPER_FOREIGN_H

#include "innkeeper.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Note an error, which keeps the texts. Always false. */
bool ik_note_error(const ik_error *error);
bool ik_fail_db(const innkeeper_storage_db_db_error_t *error);
bool ik_fail_blob(const innkeeper_storage_blob_upload_blob_error_t *error);
bool ik_fail_session(const innkeeper_storage_session_session_error_t *error);
bool ik_fail_csrf(void);

#ifdef __cplusplus
}
#endif
#endif
