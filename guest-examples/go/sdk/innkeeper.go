// Package innkeeper holds what the packages of this SDK share: the error type with its codes, and
// the settings of the app.
//
// An app begins in package web, which serves any http.Handler. Package db keeps rows, package blobs
// keeps files, package session keeps what belongs to one visitor, and package form receives forms.
// One request is one unit of work: what it writes is kept together when the answer is sent, or not
// at all where the answer has a status of 500 or above.
package innkeeper

import (
	"errors"

	"innkeeper-sdk/internal/host"
	"innkeeper-sdk/internal/wit/imports/wasi_config_store"
	witTypes "innkeeper-sdk/internal/wit/types"
)

type configResult = witTypes.Result[witTypes.Option[string], wasi_config_store.Error]

// Setting returns a setting of the app (`innkeeper config set`), and whether there is one.
func Setting(key string) (value string, found bool, err error) {
	result := host.Call(func() configResult { return wasi_config_store.Get(key) })
	if result.IsErr() {
		return "", false, configError(result.Err())
	}
	value, found = host.Unwrap(result.Ok())
	return value, found, nil
}

func configError(problem wasi_config_store.Error) error {
	text := ""
	switch problem.Tag() {
	case wasi_config_store.Error_Upstream:
		text = problem.Upstream()
	case wasi_config_store.Error_Io:
		text = problem.Io()
	}
	return errors.New("the setting cannot be read: " + text)
}
