//go:build !wasm

package wasi_io_error

func outside() {
	panic("this function needs Innkeeper: run the app with `innkeeper dev` or test it with `innkeeper test`")
}
