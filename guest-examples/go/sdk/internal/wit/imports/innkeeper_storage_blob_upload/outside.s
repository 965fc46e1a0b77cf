//go:build !wasm

#include "textflag.h"

TEXT ·resourceDropWriter(SB), NOSPLIT, $0
	JMP ·outside(SB)

TEXT ·resourceDropReader(SB), NOSPLIT, $0
	JMP ·outside(SB)

TEXT ·wasm_import_receive_form(SB), NOSPLIT, $0
	JMP ·outside(SB)

TEXT ·wasm_import_receive_body(SB), NOSPLIT, $0
	JMP ·outside(SB)

TEXT ·wasm_import_method_writer_write(SB), NOSPLIT, $0
	JMP ·outside(SB)

TEXT ·wasm_import_method_writer_finish(SB), NOSPLIT, $0
	JMP ·outside(SB)

TEXT ·wasm_import_method_reader_get_blob(SB), NOSPLIT, $0
	JMP ·outside(SB)

TEXT ·wasm_import_method_reader_read(SB), NOSPLIT, $0
	JMP ·outside(SB)

TEXT ·wasm_import_create(SB), NOSPLIT, $0
	JMP ·outside(SB)

TEXT ·wasm_import_open(SB), NOSPLIT, $0
	JMP ·outside(SB)

TEXT ·wasm_import_stat(SB), NOSPLIT, $0
	JMP ·outside(SB)

TEXT ·wasm_import_list_blobs(SB), NOSPLIT, $0
	JMP ·outside(SB)

TEXT ·wasm_import_keep(SB), NOSPLIT, $0
	JMP ·outside(SB)

TEXT ·wasm_import_delete(SB), NOSPLIT, $0
	JMP ·outside(SB)

TEXT ·wasm_import_send(SB), NOSPLIT, $0
	JMP ·outside(SB)

TEXT ·wasm_import_sign_download(SB), NOSPLIT, $0
	JMP ·outside(SB)

TEXT ·wasm_import_sign_upload(SB), NOSPLIT, $0
	JMP ·outside(SB)
