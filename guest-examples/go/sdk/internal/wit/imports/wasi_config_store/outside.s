//go:build !wasm

#include "textflag.h"

TEXT ·wasm_import_get(SB), NOSPLIT, $0
	JMP ·outside(SB)

TEXT ·wasm_import_get_all(SB), NOSPLIT, $0
	JMP ·outside(SB)
