//! Inputs for tests: sound ones that were changed here and there, the same at every run.

/// A source of changes.
pub(super) struct Mutations(u64);

impl Mutations {
    /// The same seed gives the same changes.
    pub(super) fn new(seed: u64) -> Self {
        Self(seed.max(1))
    }

    /// One of the samples after one to six changes: bytes replaced, left out or repeated, pieces
    /// moved, and words put in that mean something.
    pub(super) fn of(&mut self, samples: &[&[u8]], words: &[&[u8]]) -> Vec<u8> {
        let mut input = self.one_of(samples).to_vec();
        for _ in 0..=self.below(6) {
            let (from, to) = self.range(input.len());
            match self.below(7) {
                0 => drop(input.splice(from..to, [])),
                1 => drop(input.splice(from..from, self.one_of(words).iter().copied())),
                2 => drop(input.splice(from..to, self.one_of(words).iter().copied())),
                3 => input.insert(from, self.byte()),
                4 if from < input.len() => input[from] = self.byte(),
                5 => {
                    let piece = input[from..to].to_vec();
                    let place = self.below(input.len() + 1);
                    drop(input.splice(place..place, piece));
                }
                _ => {
                    let other = self.one_of(samples);
                    let (first, last) = self.range(other.len());
                    drop(input.splice(from..to, other[first..last].iter().copied()));
                }
            }
        }
        input
    }

    /// A number below `most`, which is not 0.
    pub(super) fn below(&mut self, most: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(most).expect("a number")).expect("a number")
    }

    fn one_of<'a>(&mut self, of: &[&'a [u8]]) -> &'a [u8] {
        of[self.below(of.len())]
    }

    /// Short ranges are likelier than long ones.
    fn range(&mut self, length: usize) -> (usize, usize) {
        let from = self.below(length + 1);
        let most = if self.below(4) == 0 { length } else { 8 };
        (from, (from + self.below(most + 1)).min(length))
    }

    fn byte(&mut self) -> u8 {
        self.next().to_le_bytes()[0]
    }

    /// xorshift64* (Marsaglia 2003, Vigna 2016).
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }
}
