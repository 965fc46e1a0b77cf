//go:build !wasm

#include "textflag.h"

TEXT ·wasm_import_now(SB), NOSPLIT, $0
	JMP ·outside(SB)

TEXT ·wasm_import_resolution(SB), NOSPLIT, $0
	JMP ·outside(SB)
