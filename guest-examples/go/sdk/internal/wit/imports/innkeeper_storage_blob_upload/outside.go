//go:build !wasm

package innkeeper_storage_blob_upload

func outside() {
	panic("this function needs Innkeeper: run the app with `innkeeper dev` or test it with `innkeeper test`")
}
