//go:build !wasm

#include "textflag.h"

TEXT ·resourceDropError(SB), NOSPLIT, $0
	JMP ·outside(SB)

TEXT ·wasm_import_method_error_to_debug_string(SB), NOSPLIT, $0
	JMP ·outside(SB)
