package runtime

import _ "innkeeper-sdk/internal/memory" // exports cabi_realloc
