//go:build !wasm

#include "textflag.h"

TEXT ·wasm_import_get_stderr(SB), NOSPLIT, $0
	JMP ·outside(SB)
