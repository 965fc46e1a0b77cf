// From go.bytecodealliance.org/pkg/wit, as wit-bindgen-go 0.63.0 ships it. See LICENSE beside it.

package wit_types

type Unit struct{}
