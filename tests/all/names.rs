//! What a piece of Rust names: modules of its own crate, other crates, macros.
//!
//! It reads tokens, so that text in comments and strings counts for nothing.

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};

/// One thing that a file names: a path from the root (`crate::web`, `sqlx`, `std::env`) or a macro
/// (`println!`).
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Named {
    pub(crate) what: String,
    pub(crate) line: usize,
}

/// Everything of interest that some tokens name, inner groups included.
pub(crate) fn named(tokens: TokenStream) -> Vec<Named> {
    let trees: Vec<TokenTree> = tokens.into_iter().collect();
    let mut found = Vec::new();
    for (at, tree) in trees.iter().enumerate() {
        match tree {
            TokenTree::Group(group) => found.extend(named(group.stream())),
            TokenTree::Ident(ident) if !follows_a_path(&trees[..at]) => {
                let paths = names_from(&ident.to_string(), &trees[at + 1..]);
                found.extend(paths.into_iter().map(|what| Named { what, line: ident.span().start().line }));
            }
            TokenTree::Ident(_) | TokenTree::Punct(_) | TokenTree::Literal(_) => {}
        }
    }
    found
}

/// What a name that begins a path stands for, by what comes behind it.
fn names_from(first: &str, behind: &[TokenTree]) -> Vec<String> {
    match (first, behind) {
        ("crate" | "std", [one, two, next, ..]) if is_separator(one, two) => {
            heads(next).into_iter().map(|second| format!("{first}::{second}")).collect()
        }
        (_, [TokenTree::Punct(bang), ..]) if bang.as_char() == '!' => vec![format!("{first}!")],
        (_, [one, two, ..]) if is_separator(one, two) => vec![first.to_owned()],
        _ => Vec::new(),
    }
}

/// The first names of what stands behind `crate::`: one, or several in braces.
fn heads(next: &TokenTree) -> Vec<String> {
    match next {
        TokenTree::Ident(ident) => vec![ident.to_string()],
        TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => heads_of_group(group),
        TokenTree::Group(_) | TokenTree::Punct(_) | TokenTree::Literal(_) => Vec::new(),
    }
}

fn heads_of_group(group: &Group) -> Vec<String> {
    let trees: Vec<TokenTree> = group.stream().into_iter().collect();
    let comma = |tree: &TokenTree| matches!(tree, TokenTree::Punct(punct) if punct.as_char() == ',');
    trees.split(comma).filter_map(|import| import.first()).flat_map(heads).collect()
}

fn is_separator(one: &TokenTree, two: &TokenTree) -> bool {
    let colon = |tree: &TokenTree| matches!(tree, TokenTree::Punct(punct) if punct.as_char() == ':');
    colon(one) && colon(two)
}

/// Whether a name continues a path (`a::name`); a leading `::name` begins one.
fn follows_a_path(before: &[TokenTree]) -> bool {
    let [.., name, one, two] = before else { return false };
    let named = matches!(name, TokenTree::Ident(ident) if *ident != "use" && *ident != "return");
    named && is_separator(one, two)
}
