//go:build !wasm

package wasi_random_random

func outside() {
	panic("this function needs Innkeeper: run the app with `innkeeper dev` or test it with `innkeeper test`")
}
