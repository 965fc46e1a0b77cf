//go:build !wasm

#include "textflag.h"

TEXT ·resourceDropPollable(SB), NOSPLIT, $0
	JMP ·outside(SB)

TEXT ·wasm_import_method_pollable_ready(SB), NOSPLIT, $0
	JMP ·outside(SB)

TEXT ·wasm_import_method_pollable_block(SB), NOSPLIT, $0
	JMP ·outside(SB)

TEXT ·wasm_import_poll(SB), NOSPLIT, $0
	JMP ·outside(SB)
