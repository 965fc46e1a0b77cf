//go:build !wasm

package wasi_cli_stderr

func outside() {
	panic("this function needs Innkeeper: run the app with `innkeeper dev` or test it with `innkeeper test`")
}
