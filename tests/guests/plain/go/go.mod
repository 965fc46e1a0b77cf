// The path lets this guest import the generated bindings, which are internal to the SDK's module.
// It uses nothing else of the SDK.
module innkeeper-sdk/plain

go 1.27.1

require innkeeper-sdk v0.0.0

replace innkeeper-sdk => ../../../../guest-examples/go/sdk
