//! Which features of WebAssembly a file uses that the engine does not have.

use crate::guests::advice::{FEATURES, Feature};
use crate::guests::engine;
use wasmparser::{Parser, Validator, WasmFeatures};

/// How much of a file is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Depth {
    /// Types, memories and the like: what a feature brings with it nearly always.
    Types,
    /// Each function as well.
    Functions,
}

/// What a file uses and the engine does not have, beside what `is_told` knows already; an error
/// where it is not sound, whatever it may use.
pub(super) fn missing(
    bytes: &[u8],
    depth: Depth,
    is_told: impl Fn(&Feature) -> bool,
) -> Result<Vec<&'static Feature>, String> {
    let told = FEATURES.iter().filter(|feature| is_told(feature)).map(|feature| feature.flags);
    let known = told.fold(engine::FEATURES, WasmFeatures::union);
    if is_sound(bytes, depth, known).is_ok() {
        return Ok(Vec::new());
    }
    // By now it is certain that something is the matter, and may take its time.
    let is_sound_with = |features: WasmFeatures| is_sound(bytes, Depth::Functions, features);
    is_sound_with(WasmFeatures::all())?;
    let is_needed = |feature: &&Feature| is_sound_with(WasmFeatures::all().difference(feature.flags)).is_err();
    Ok(FEATURES.iter().filter(|feature| !is_told(feature)).filter(is_needed).collect())
}

fn is_sound(bytes: &[u8], depth: Depth, features: WasmFeatures) -> Result<(), String> {
    let mut validator = Validator::new_with_features(features);
    let checked = match depth {
        Depth::Functions => validator.validate_all(bytes).map(drop),
        Depth::Types => {
            Parser::new(0).parse_all(bytes).try_for_each(|payload| validator.payload(&payload?).map(drop))
        }
    };
    checked.map_err(|error| error.to_string())
}
