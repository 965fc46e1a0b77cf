//! Gives memory back that a crowd has left behind.
//!
//! The pool keeps what the instances of a crowd have touched, so that the next one finds its pages
//! there, and it has no call that gives them back. But a slot that another module takes over loses
//! its pages. So a component that does nothing takes over the slots that have been idle longest,
//! and leaves. The engine has no compiler: somebody else compiles it once it is needed. What the
//! host itself had for the crowd is given back by the allocator.

use crate::config::allocator;
use bytes::Bytes;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};
use wasmtime::component::{Component, Linker};
use wasmtime::{Engine, Store};

/// How long as many guests as there were at most are expected to come again.
const MEMORY_OF_CROWDS: Duration = Duration::from_secs(3);
/// The pool takes warm slots first when there are more.
pub(in crate::guests) const WARM_SLOTS: u32 = 16;
/// Slots that stay warm beside those of the guests of late.
const SPARE_SLOTS: u32 = 4;
/// When so many guests more have been at work before than of late, what the host had for them is
/// given back.
const CROWD: u64 = 4;
/// The pool has no more parts than this.
const MOST_THREADS: usize = 16;
const ROUNDS: usize = 4;
/// Less in each is not worth the work.
const LEAST_KEPT: usize = 4 << 10;
const PAGE: u64 = 64 << 10;
/// The initial memory of the module that takes over: it takes the place of the pages that most
/// guests have touched.
const IMAGE_BYTES: u64 = 20 * PAGE;

/// The component that takes over slots.
pub struct Filler {
    bytes: Bytes,
    compiled: OnceLock<Component>,
    wanted: AtomicBool,
}

impl std::fmt::Debug for Filler {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Filler").field("wanted", &self.wanted).finish_non_exhaustive()
    }
}

impl Filler {
    /// None where instances have too little memory for it.
    pub fn new(memory_bytes: u64) -> Option<Arc<Self>> {
        let fits = memory_bytes >= IMAGE_BYTES;
        fits.then(|| {
            let bytes = component(&module(memory_bytes / PAGE, IMAGE_BYTES)).into();
            Arc::new(Self { bytes, compiled: OnceLock::new(), wanted: AtomicBool::new(false) })
        })
    }

    /// What is to be compiled now; none as long as nobody needs it, and once it is there.
    pub fn take_wanted(&self) -> Option<Bytes> {
        let is_wanted = self.wanted.swap(false, Ordering::Relaxed) && self.compiled.get().is_none();
        is_wanted.then(|| self.bytes.clone())
    }

    /// Takes it compiled.
    pub fn put(&self, component: Component) {
        // Two are the same.
        let _ = self.compiled.set(component);
    }

    fn get(&self) -> Option<&Component> {
        let compiled = self.compiled.get();
        self.wanted.store(compiled.is_none(), Ordering::Relaxed);
        compiled
    }
}

/// See the module.
pub struct Trimmer {
    engine: Engine,
    filler: Option<Arc<Filler>>,
    since: Instant,
    /// Most guests at once of late, and in the time before that.
    peak: u64,
    peak_before: u64,
}

impl std::fmt::Debug for Trimmer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Trimmer").field("peak", &self.peak).finish_non_exhaustive()
    }
}

impl Trimmer {
    /// For an engine; without a filler it does nothing.
    pub fn new(engine: Engine, filler: Option<Arc<Filler>>) -> Self {
        Self { engine, filler, since: Instant::now(), peak: 0, peak_before: 0 }
    }

    /// To be told now and then how many guests are at work.
    pub(super) fn look(&mut self, instances: u64) {
        self.peak = self.peak.max(instances);
        if self.since.elapsed() < MEMORY_OF_CROWDS {
            return;
        }
        if self.peak_before >= self.peak.saturating_add(CROWD) {
            allocator::give_back();
        }
        let expected = self.peak.max(self.peak_before);
        (self.since, self.peak_before, self.peak) = (Instant::now(), self.peak, instances);
        let (warm, kept) = self.idle();
        let spare = warm.saturating_sub(u32::try_from(expected).unwrap_or(u32::MAX).saturating_add(SPARE_SLOTS));
        // What each warm slot is expected to keep is no reason.
        if spare > 0 && kept / usize::try_from(spare).unwrap_or(usize::MAX) >= LEAST_KEPT {
            self.trim(spare);
        }
    }

    /// Idle slots that have been used, and the bytes that they keep.
    fn idle(&self) -> (u32, usize) {
        let metrics = self.engine.pooling_allocator_metrics();
        metrics.map_or((0, 0), |metrics| (metrics.unused_warm_memories(), metrics.unused_memory_bytes_resident()))
    }

    /// Takes over so many slots at once, since each that is given back would be the first to be
    /// taken again. The pool is divided into parts, and each new thread is assigned the next one;
    /// where others have begun threads meanwhile, another round helps.
    fn trim(&self, spare: u32) {
        let Some(component) = self.filler.as_ref().and_then(|filler| filler.get()) else { return };
        let parts = std::thread::available_parallelism().map_or(1, std::num::NonZero::get).min(MOST_THREADS);
        let least = self.idle().0.saturating_sub(spare);
        let mut taken = Vec::new();
        for _ in 0..ROUNDS * parts {
            if self.idle().0 <= least {
                break;
            }
            let part = std::thread::scope(|scope| scope.spawn(|| self.take_over(component, least)).join());
            taken.extend(part.unwrap_or_default());
        }
    }

    /// Takes over slots of one part of the pool.
    fn take_over(&self, component: &Component, least: u32) -> Vec<Store<()>> {
        let mut taken = Vec::new();
        loop {
            let (warm, _) = self.idle();
            let mut store = Store::new(&self.engine, ());
            // None are left where guests have come meanwhile.
            if warm <= least || Linker::new(&self.engine).instantiate(&mut store, component).is_err() {
                return taken;
            }
            taken.push(store);
            // That was one that nobody has used yet: this part has hardly any others.
            if self.idle().0 >= warm {
                return taken;
            }
        }
    }
}

/// A component that instantiates a core module and does nothing else (component model, "Binary
/// Format").
fn component(module: &[u8]) -> Vec<u8> {
    let instances = [1, 0, 0, 0];
    let section = |id: u8, content: &[u8]| {
        let length = number(u64::try_from(content.len()).unwrap_or(u64::MAX));
        [&[id], length.as_slice(), content].concat()
    };
    [b"\0asm\x0d\0\x01\0".to_vec(), section(1, module), section(2, &instances)].concat()
}

/// A module with a memory of so many pages, whose first and last byte of `image` are set.
fn module(pages: u64, image: u64) -> Vec<u8> {
    let memory = [vec![1, 0], number(pages)].concat();
    let byte_at = |offset: u64| [vec![0, 0x41], number(offset), vec![0x0b, 1, 1]].concat();
    let data = [vec![2], byte_at(0), byte_at(image - 1)].concat();
    let section = |id: u8, content: Vec<u8>| {
        let length = number(u64::try_from(content.len()).unwrap_or(u64::MAX));
        [vec![id], length, content].concat()
    };
    [b"\0asm\x01\0\0\0".to_vec(), section(5, memory), section(11, data)].concat()
}

/// LEB128. It reads the same with a sign and without, as an offset has one.
fn number(mut number: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let byte = u8::try_from(number & 0x7f).unwrap_or(u8::MAX);
        number >>= 7;
        if number == 0 && byte & 0x40 == 0 {
            bytes.push(byte);
            return bytes;
        }
        bytes.push(byte | 0x80);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::own_process::alone;
    use crate::guests::engine::{self, EngineSettings};
    use wasmtime::{Instance, Module};

    /// Anonymous memory of this process.
    fn own_kib() -> i64 {
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).unwrap();
        line.trim().trim_end_matches(" kB").parse().unwrap()
    }

    #[test]
    fn what_a_crowd_has_touched_is_given_back() {
        alone("guests::admission::trim::tests::what_a_crowd_has_touched_is_given_back", give_back_a_crowd);
    }

    fn give_back_a_crowd() {
        const GUESTS: u32 = 300;
        let settings = EngineSettings { instances: 400, memory_bytes: 4 << 20 };
        let engine = engine::build_compiler(settings, None).unwrap().engine;
        let text = b"\0asm\x01\0\0\0".to_vec();
        // (module (memory 32) (func $start (memory.fill (i32.const 0) (i32.const 1) (i32.const
        // 200000))) (start $start))
        let filling = [
            text,
            vec![1, 4, 1, 0x60, 0, 0, 3, 2, 1, 0, 5, 3, 1, 0, 32, 8, 1, 0],
            vec![10, 15, 1, 13, 0, 0x41, 0, 0x41, 1, 0x41, 0xc0, 0x9a, 0x0c, 0xfc, 0x0b, 0, 0x0b],
        ]
        .concat();
        let filling = Module::new(&engine, filling).unwrap();
        let before = own_kib();
        let crowd: Vec<_> = (0..GUESTS)
            .map(|_| {
                let mut store = Store::new(&engine, ());
                store.set_epoch_deadline(1_000_000);
                Instance::new(&mut store, &filling, &[]).unwrap();
                store
            })
            .collect();
        drop(crowd);
        let kept = own_kib() - before;
        assert!(kept > 40 << 10, "the pool keeps what was touched: {kept} KiB");
        let filler = Filler::new(4 << 20).unwrap();
        let trimmer = Trimmer::new(engine.clone(), Some(Arc::clone(&filler)));
        trimmer.trim(GUESTS - SPARE_SLOTS);
        let bytes = filler.take_wanted().unwrap();
        filler.put(Component::from_binary(&engine, &bytes).unwrap());
        assert_eq!(filler.take_wanted(), None);
        trimmer.trim(GUESTS - SPARE_SLOTS);
        let left = own_kib() - before;
        assert!(left < kept / 3, "{left} of {kept} KiB are still there");
    }

    #[test]
    fn numbers_are_written_as_the_format_wants_them() {
        assert_eq!((number(0), number(63), number(64)), (vec![0], vec![63], vec![0xc0, 0]));
        assert_eq!(number(2_048), [0x80, 0x10]);
    }
}
