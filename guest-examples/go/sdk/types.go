package innkeeper

import (
	"innkeeper-sdk/internal/wit/imports/wasi_config_store"
	witTypes "innkeeper-sdk/internal/wit/types"
)

type configResult = witTypes.Result[witTypes.Option[string], wasi_config_store.Error]
