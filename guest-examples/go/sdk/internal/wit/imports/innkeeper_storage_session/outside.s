//go:build !wasm

#include "textflag.h"

TEXT ·wasm_import_get(SB), NOSPLIT, $0
	JMP ·outside(SB)

TEXT ·wasm_import_set(SB), NOSPLIT, $0
	JMP ·outside(SB)

TEXT ·wasm_import_remove(SB), NOSPLIT, $0
	JMP ·outside(SB)

TEXT ·wasm_import_get_keys(SB), NOSPLIT, $0
	JMP ·outside(SB)

TEXT ·wasm_import_increment(SB), NOSPLIT, $0
	JMP ·outside(SB)

TEXT ·wasm_import_compare_and_set(SB), NOSPLIT, $0
	JMP ·outside(SB)

TEXT ·wasm_import_flash(SB), NOSPLIT, $0
	JMP ·outside(SB)

TEXT ·wasm_import_take_flash(SB), NOSPLIT, $0
	JMP ·outside(SB)

TEXT ·wasm_import_get_user(SB), NOSPLIT, $0
	JMP ·outside(SB)

TEXT ·wasm_import_renew(SB), NOSPLIT, $0
	JMP ·outside(SB)

TEXT ·wasm_import_set_expiry(SB), NOSPLIT, $0
	JMP ·outside(SB)

TEXT ·wasm_import_destroy(SB), NOSPLIT, $0
	JMP ·outside(SB)

TEXT ·wasm_import_destroy_all(SB), NOSPLIT, $0
	JMP ·outside(SB)

TEXT ·wasm_import_csrf_token(SB), NOSPLIT, $0
	JMP ·outside(SB)

TEXT ·wasm_import_csrf_check(SB), NOSPLIT, $0
	JMP ·outside(SB)
