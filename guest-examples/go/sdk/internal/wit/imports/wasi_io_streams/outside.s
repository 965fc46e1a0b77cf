//go:build !wasm

#include "textflag.h"

TEXT ·resourceDropInputStream(SB), NOSPLIT, $0
	JMP ·outside(SB)

TEXT ·resourceDropOutputStream(SB), NOSPLIT, $0
	JMP ·outside(SB)

TEXT ·wasm_import_method_input_stream_read(SB), NOSPLIT, $0
	JMP ·outside(SB)

TEXT ·wasm_import_method_input_stream_blocking_read(SB), NOSPLIT, $0
	JMP ·outside(SB)

TEXT ·wasm_import_method_input_stream_skip(SB), NOSPLIT, $0
	JMP ·outside(SB)

TEXT ·wasm_import_method_input_stream_blocking_skip(SB), NOSPLIT, $0
	JMP ·outside(SB)

TEXT ·wasm_import_method_input_stream_subscribe(SB), NOSPLIT, $0
	JMP ·outside(SB)

TEXT ·wasm_import_method_output_stream_check_write(SB), NOSPLIT, $0
	JMP ·outside(SB)

TEXT ·wasm_import_method_output_stream_write(SB), NOSPLIT, $0
	JMP ·outside(SB)

TEXT ·wasm_import_method_output_stream_blocking_write_and_flush(SB), NOSPLIT, $0
	JMP ·outside(SB)

TEXT ·wasm_import_method_output_stream_flush(SB), NOSPLIT, $0
	JMP ·outside(SB)

TEXT ·wasm_import_method_output_stream_blocking_flush(SB), NOSPLIT, $0
	JMP ·outside(SB)

TEXT ·wasm_import_method_output_stream_subscribe(SB), NOSPLIT, $0
	JMP ·outside(SB)

TEXT ·wasm_import_method_output_stream_write_zeroes(SB), NOSPLIT, $0
	JMP ·outside(SB)

TEXT ·wasm_import_method_output_stream_blocking_write_zeroes_and_flush(SB), NOSPLIT, $0
	JMP ·outside(SB)

TEXT ·wasm_import_method_output_stream_splice(SB), NOSPLIT, $0
	JMP ·outside(SB)

TEXT ·wasm_import_method_output_stream_blocking_splice(SB), NOSPLIT, $0
	JMP ·outside(SB)
