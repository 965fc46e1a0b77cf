//go:build !wasm

package wasi_http_types

func outside() {
	panic("this function needs Innkeeper: run the app with `innkeeper dev` or test it with `innkeeper test`")
}
