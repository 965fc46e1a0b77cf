//! Which language and toolchain a component comes from, as it says itself (WebAssembly tool
//! conventions, "Producers Section"). For people only: nothing depends on it.

use wasmparser::{KnownCustom, Parser, Payload};

/// Characters of the answer.
const LONGEST: usize = 80;
/// Tools that name the language better than the field for it, which speaks of the engine's own
/// source.
const TOOLS: [(&str, &str); 4] =
    [("componentize-py", "Python"), ("ComponentizeJS", "JavaScript"), ("TinyGo", "Go"), ("componentize-go", "Go")];

/// The language, with the toolchain where one is named; none where the component says nothing.
pub fn of(component: &[u8]) -> Option<String> {
    let (mut languages, mut tools) = (Vec::new(), Vec::new());
    for payload in Parser::new(0).parse_all(component) {
        let Ok(Payload::CustomSection(section)) = payload else { continue };
        let KnownCustom::Producers(fields) = section.as_known() else { continue };
        for field in fields.into_iter().flatten() {
            let list = match field.name {
                "language" => &mut languages,
                "processed-by" | "sdk" => &mut tools,
                _ => continue,
            };
            list.extend(field.values.into_iter().flatten().map(|value| (value.name, value.version)));
        }
    }
    let by_tool = TOOLS.iter().find_map(|(tool, language)| {
        let found = tools.iter().find(|(name, _)| name.eq_ignore_ascii_case(tool))?;
        Some(format!("{language} ({} {})", found.0, found.1))
    });
    let by_field = || {
        let (language, version) = languages.first().or(tools.first())?;
        Some(format!("{language} {version}"))
    };
    let text = by_tool.or_else(by_field)?;
    let clean: String = text.chars().filter(|c| !c.is_control()).take(LONGEST).collect();
    let clean = clean.trim();
    (!clean.is_empty()).then(|| clean.to_owned())
}
