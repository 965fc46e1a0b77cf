//go:build !wasm

#include "textflag.h"

TEXT ·wasm_import_get_random_bytes(SB), NOSPLIT, $0
	JMP ·outside(SB)

TEXT ·wasm_import_get_random_u64(SB), NOSPLIT, $0
	JMP ·outside(SB)
