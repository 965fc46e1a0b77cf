// From go.bytecodealliance.org/pkg/wit, as wit-bindgen-go 0.63.0 ships it. See LICENSE beside it.

// This file exists for testing this package without WebAssembly,
// allowing empty function bodies with a //go:wasmimport directive.
// See https://pkg.go.dev/cmd/compile for more information.
