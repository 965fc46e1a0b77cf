//go:build !wasm

#include "textflag.h"

TEXT ·resourceDropFields(SB), NOSPLIT, $0
	JMP ·outside(SB)

TEXT ·resourceDropIncomingRequest(SB), NOSPLIT, $0
	JMP ·outside(SB)

TEXT ·resourceDropOutgoingRequest(SB), NOSPLIT, $0
	JMP ·outside(SB)

TEXT ·resourceDropRequestOptions(SB), NOSPLIT, $0
	JMP ·outside(SB)

TEXT ·resourceDropResponseOutparam(SB), NOSPLIT, $0
	JMP ·outside(SB)

TEXT ·resourceDropIncomingResponse(SB), NOSPLIT, $0
	JMP ·outside(SB)

TEXT ·resourceDropIncomingBody(SB), NOSPLIT, $0
	JMP ·outside(SB)

TEXT ·resourceDropFutureTrailers(SB), NOSPLIT, $0
	JMP ·outside(SB)

TEXT ·resourceDropOutgoingResponse(SB), NOSPLIT, $0
	JMP ·outside(SB)

TEXT ·resourceDropOutgoingBody(SB), NOSPLIT, $0
	JMP ·outside(SB)

TEXT ·resourceDropFutureIncomingResponse(SB), NOSPLIT, $0
	JMP ·outside(SB)

TEXT ·wasm_import_constructor_fields(SB), NOSPLIT, $0
	JMP ·outside(SB)

TEXT ·wasm_import_static_fields_from_list(SB), NOSPLIT, $0
	JMP ·outside(SB)

TEXT ·wasm_import_method_fields_get(SB), NOSPLIT, $0
	JMP ·outside(SB)

TEXT ·wasm_import_method_fields_has(SB), NOSPLIT, $0
	JMP ·outside(SB)

TEXT ·wasm_import_method_fields_set(SB), NOSPLIT, $0
	JMP ·outside(SB)

TEXT ·wasm_import_method_fields_delete(SB), NOSPLIT, $0
	JMP ·outside(SB)

TEXT ·wasm_import_method_fields_append(SB), NOSPLIT, $0
	JMP ·outside(SB)

TEXT ·wasm_import_method_fields_entries(SB), NOSPLIT, $0
	JMP ·outside(SB)

TEXT ·wasm_import_method_fields_clone(SB), NOSPLIT, $0
	JMP ·outside(SB)

TEXT ·wasm_import_method_incoming_request_method(SB), NOSPLIT, $0
	JMP ·outside(SB)

TEXT ·wasm_import_method_incoming_request_path_with_query(SB), NOSPLIT, $0
	JMP ·outside(SB)

TEXT ·wasm_import_method_incoming_request_scheme(SB), NOSPLIT, $0
	JMP ·outside(SB)

TEXT ·wasm_import_method_incoming_request_authority(SB), NOSPLIT, $0
	JMP ·outside(SB)

TEXT ·wasm_import_method_incoming_request_headers(SB), NOSPLIT, $0
	JMP ·outside(SB)

TEXT ·wasm_import_method_incoming_request_consume(SB), NOSPLIT, $0
	JMP ·outside(SB)

TEXT ·wasm_import_constructor_outgoing_request(SB), NOSPLIT, $0
	JMP ·outside(SB)

TEXT ·wasm_import_method_outgoing_request_body(SB), NOSPLIT, $0
	JMP ·outside(SB)

TEXT ·wasm_import_method_outgoing_request_method(SB), NOSPLIT, $0
	JMP ·outside(SB)

TEXT ·wasm_import_method_outgoing_request_set_method(SB), NOSPLIT, $0
	JMP ·outside(SB)

TEXT ·wasm_import_method_outgoing_request_path_with_query(SB), NOSPLIT, $0
	JMP ·outside(SB)

TEXT ·wasm_import_method_outgoing_request_set_path_with_query(SB), NOSPLIT, $0
	JMP ·outside(SB)

TEXT ·wasm_import_method_outgoing_request_scheme(SB), NOSPLIT, $0
	JMP ·outside(SB)

TEXT ·wasm_import_method_outgoing_request_set_scheme(SB), NOSPLIT, $0
	JMP ·outside(SB)

TEXT ·wasm_import_method_outgoing_request_authority(SB), NOSPLIT, $0
	JMP ·outside(SB)

TEXT ·wasm_import_method_outgoing_request_set_authority(SB), NOSPLIT, $0
	JMP ·outside(SB)

TEXT ·wasm_import_method_outgoing_request_headers(SB), NOSPLIT, $0
	JMP ·outside(SB)

TEXT ·wasm_import_constructor_request_options(SB), NOSPLIT, $0
	JMP ·outside(SB)

TEXT ·wasm_import_method_request_options_connect_timeout(SB), NOSPLIT, $0
	JMP ·outside(SB)

TEXT ·wasm_import_method_request_options_set_connect_timeout(SB), NOSPLIT, $0
	JMP ·outside(SB)

TEXT ·wasm_import_method_request_options_first_byte_timeout(SB), NOSPLIT, $0
	JMP ·outside(SB)

TEXT ·wasm_import_method_request_options_set_first_byte_timeout(SB), NOSPLIT, $0
	JMP ·outside(SB)

TEXT ·wasm_import_method_request_options_between_bytes_timeout(SB), NOSPLIT, $0
	JMP ·outside(SB)

TEXT ·wasm_import_method_request_options_set_between_bytes_timeout(SB), NOSPLIT, $0
	JMP ·outside(SB)

TEXT ·wasm_import_static_response_outparam_set(SB), NOSPLIT, $0
	JMP ·outside(SB)

TEXT ·wasm_import_method_incoming_response_status(SB), NOSPLIT, $0
	JMP ·outside(SB)

TEXT ·wasm_import_method_incoming_response_headers(SB), NOSPLIT, $0
	JMP ·outside(SB)

TEXT ·wasm_import_method_incoming_response_consume(SB), NOSPLIT, $0
	JMP ·outside(SB)

TEXT ·wasm_import_method_incoming_body_stream(SB), NOSPLIT, $0
	JMP ·outside(SB)

TEXT ·wasm_import_static_incoming_body_finish(SB), NOSPLIT, $0
	JMP ·outside(SB)

TEXT ·wasm_import_method_future_trailers_subscribe(SB), NOSPLIT, $0
	JMP ·outside(SB)

TEXT ·wasm_import_method_future_trailers_get(SB), NOSPLIT, $0
	JMP ·outside(SB)

TEXT ·wasm_import_constructor_outgoing_response(SB), NOSPLIT, $0
	JMP ·outside(SB)

TEXT ·wasm_import_method_outgoing_response_status_code(SB), NOSPLIT, $0
	JMP ·outside(SB)

TEXT ·wasm_import_method_outgoing_response_set_status_code(SB), NOSPLIT, $0
	JMP ·outside(SB)

TEXT ·wasm_import_method_outgoing_response_headers(SB), NOSPLIT, $0
	JMP ·outside(SB)

TEXT ·wasm_import_method_outgoing_response_body(SB), NOSPLIT, $0
	JMP ·outside(SB)

TEXT ·wasm_import_method_outgoing_body_write(SB), NOSPLIT, $0
	JMP ·outside(SB)

TEXT ·wasm_import_static_outgoing_body_finish(SB), NOSPLIT, $0
	JMP ·outside(SB)

TEXT ·wasm_import_method_future_incoming_response_subscribe(SB), NOSPLIT, $0
	JMP ·outside(SB)

TEXT ·wasm_import_method_future_incoming_response_get(SB), NOSPLIT, $0
	JMP ·outside(SB)

TEXT ·wasm_import_http_error_code(SB), NOSPLIT, $0
	JMP ·outside(SB)
