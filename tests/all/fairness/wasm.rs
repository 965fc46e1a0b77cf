//! Components that nobody would write: a sound guest with one more function in it.
//!
//! WebAssembly binary format, sections of a module; a component has the same outer form.

use std::path::PathBuf;

use support::paths;
use tempfile::TempDir;

const MODULE: u8 = 1;
const COMPONENT: u8 = 4;
const TYPES: u8 = 1;
const IMPORTS: u8 = 2;
const FUNCTIONS: u8 = 3;
const EXPORTS: u8 = 7;
const START: u8 = 8;
const CODE: u8 = 10;
/// Bytes before the first section, of a module and of a component.
const HEAD: usize = 8;
const LOCALS: usize = 64;
const RESULTS: usize = 1000;
const I32: u8 = 0x7f;

/// A function without parameters.
pub(crate) enum Function {
    /// It never returns, and is called when the guest is started.
    Spins,
    /// It traps, and is called when the guest is started.
    Traps,
    /// It has as many steps, each of which the compiler has to look at together with all others.
    /// Nobody calls it.
    Steps(usize),
    /// It returns a thousand numbers, and has so many branches each of which would return them:
    /// whoever validates it looks at each of them for each branch. Nobody calls it.
    Branches(usize),
}

/// Components within each other, as a file in a folder of its own.
pub(crate) fn nested(depth: usize) -> (TempDir, PathBuf) {
    let head = b"\0asm\x0d\0\x01\0";
    let component = (0..depth).fold(head.to_vec(), |inner, _| joined(head, &[(COMPONENT, inner)]));
    file_of(&component)
}

/// The guest `hello` with a function more, as a file in a folder of its own.
pub(crate) fn hello_with(function: &Function) -> (TempDir, PathBuf) {
    let component = std::fs::read(paths::guest("hello")).expect("the guest is built");
    file_of(&patched(&component, function))
}

fn file_of(component: &[u8]) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("guest.wasm");
    std::fs::write(&file, component).expect("a file in a folder of our own");
    (folder, file)
}

fn patched(component: &[u8], function: &Function) -> Vec<u8> {
    let mut parts = sections(component);
    // The first one is the guest itself, those after it adapt it.
    let main = parts.iter_mut().find(|(kind, _)| *kind == MODULE).expect("a component has a module");
    main.1 = with_function(&main.1, function);
    joined(&component[..HEAD], &parts)
}

fn with_function(module: &[u8], function: &Function) -> Vec<u8> {
    let body = body(function);
    let is_called = matches!(function, Function::Spins | Function::Traps);
    let (mut imported, mut its_type, mut its_index) = (0, 0, 0);
    let mut parts = Vec::new();
    for (kind, data) in sections(module) {
        let grown = |more: &[u8]| {
            let (count, rest) = number(&data);
            (count, [leb(count + 1), rest.to_vec(), more.to_vec()].concat())
        };
        let (count, data) = match kind {
            TYPES => grown(&type_of(function)),
            FUNCTIONS => grown(&leb(its_type)),
            CODE => grown(&[leb(body.len()), body.clone()].concat()),
            _ => (0, data.clone()),
        };
        match kind {
            TYPES => its_type = count,
            IMPORTS => imported = imported_functions(&data),
            FUNCTIONS => its_index = imported + count,
            _ => {}
        }
        parts.push((kind, data));
        if kind == EXPORTS && is_called {
            parts.push((START, leb(its_index)));
        }
    }
    joined(&module[..HEAD], &parts)
}

/// The guests' modules import functions only.
fn imported_functions(imports: &[u8]) -> usize {
    number(imports).0
}

fn type_of(function: &Function) -> Vec<u8> {
    let results = if matches!(function, Function::Branches(_)) { RESULTS } else { 0 };
    [vec![0x60, 0], leb(results), vec![I32; results]].concat()
}

fn body(function: &Function) -> Vec<u8> {
    match function {
        Function::Spins => vec![0, 0x03, 0x40, 0x0c, 0, 0x0b, 0x0b],
        Function::Traps => vec![0, 0x00, 0x0b],
        Function::Steps(steps) => {
            let locals = [vec![1], leb(LOCALS), vec![I32]].concat();
            [locals, (0..*steps).flat_map(step).collect(), vec![0x0b]].concat()
        }
        // `unreachable br_table 0 0 .. 0 end`
        Function::Branches(branches) => {
            [vec![0, 0x00, 0x0e], leb(*branches), vec![0; branches + 1], vec![0x0b]].concat()
        }
    }
}

/// `block local.get a br_if 0 (local.set d (i32.add (local.get b) (local.get c))) end`.
fn step(number: usize) -> Vec<u8> {
    let local = |factor: usize, more: usize| leb((number * factor + more) % LOCALS);
    let [a, b, c, d] = [local(1, 0), local(7, 1), local(3, 2), local(13, 5)];
    [vec![0x02, 0x40, 0x20], a, vec![0x0d, 0, 0x20], b, vec![0x20], c, vec![0x6a, 0x21], d, vec![0x0b]].concat()
}

fn sections(binary: &[u8]) -> Vec<(u8, Vec<u8>)> {
    let mut rest = &binary[HEAD..];
    let mut found = Vec::new();
    while let Some((kind, after)) = rest.split_first() {
        let (size, after) = number(after);
        let (data, after) = after.split_at(size);
        found.push((*kind, data.to_vec()));
        rest = after;
    }
    found
}

fn joined(head: &[u8], parts: &[(u8, Vec<u8>)]) -> Vec<u8> {
    let parts = parts.iter().map(|(kind, data)| [vec![*kind], leb(data.len()), data.clone()].concat());
    [head.to_vec(), parts.collect::<Vec<_>>().concat()].concat()
}

/// An unsigned number in LEB128, and what comes after it.
fn number(bytes: &[u8]) -> (usize, &[u8]) {
    let length = bytes.iter().position(|byte| byte & 0x80 == 0).expect("a number ends") + 1;
    let (digits, rest) = bytes.split_at(length);
    (digits.iter().rev().fold(0, |number, digit| number << 7 | usize::from(digit & 0x7f)), rest)
}

fn leb(mut number: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let digit = u8::try_from(number & 0x7f).expect("seven bits");
        number >>= 7;
        if number == 0 {
            bytes.push(digit);
            return bytes;
        }
        bytes.push(digit | 0x80);
    }
}
