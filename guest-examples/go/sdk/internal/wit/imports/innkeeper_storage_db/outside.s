//go:build !wasm

#include "textflag.h"

TEXT ·resourceDropTransaction(SB), NOSPLIT, $0
	JMP ·outside(SB)

TEXT ·resourceDropCursor(SB), NOSPLIT, $0
	JMP ·outside(SB)

TEXT ·wasm_import_method_transaction_query(SB), NOSPLIT, $0
	JMP ·outside(SB)

TEXT ·wasm_import_method_transaction_execute(SB), NOSPLIT, $0
	JMP ·outside(SB)

TEXT ·wasm_import_method_transaction_commit(SB), NOSPLIT, $0
	JMP ·outside(SB)

TEXT ·wasm_import_method_transaction_rollback(SB), NOSPLIT, $0
	JMP ·outside(SB)

TEXT ·wasm_import_method_cursor_columns(SB), NOSPLIT, $0
	JMP ·outside(SB)

TEXT ·wasm_import_method_cursor_next(SB), NOSPLIT, $0
	JMP ·outside(SB)

TEXT ·wasm_import_query(SB), NOSPLIT, $0
	JMP ·outside(SB)

TEXT ·wasm_import_execute(SB), NOSPLIT, $0
	JMP ·outside(SB)

TEXT ·wasm_import_open_cursor(SB), NOSPLIT, $0
	JMP ·outside(SB)

TEXT ·wasm_import_batch(SB), NOSPLIT, $0
	JMP ·outside(SB)

TEXT ·wasm_import_begin(SB), NOSPLIT, $0
	JMP ·outside(SB)

TEXT ·wasm_import_commit(SB), NOSPLIT, $0
	JMP ·outside(SB)

TEXT ·wasm_import_rollback(SB), NOSPLIT, $0
	JMP ·outside(SB)

TEXT ·wasm_import_migrate(SB), NOSPLIT, $0
	JMP ·outside(SB)

TEXT ·wasm_import_define_table(SB), NOSPLIT, $0
	JMP ·outside(SB)
