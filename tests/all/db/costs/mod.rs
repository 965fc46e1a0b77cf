//! What statements cost at most: every function and operator that an app may call, with the largest inputs.

mod sqlite;
