//! A run: values with the operators between them that bind more tightly than comparisons.

use super::edits::Edits;
use super::operators::Operator;
use std::ops::Range;

/// A run that has been read so far.
#[derive(Debug, Default)]
pub(super) struct Run {
    pieces: Vec<Piece>,
    /// The operators between two pieces.
    between: Vec<Operator>,
    /// The next value begins a piece.
    begins: bool,
    /// Tokens that are part of it.
    tokens: usize,
}

/// Values that arithmetic joins.
#[derive(Debug)]
struct Piece {
    place: Range<usize>,
    /// Arithmetic joins the whole of it.
    is_joined: bool,
    /// Behind the first `~` in it.
    behind_not: Option<usize>,
    /// Arithmetic follows the first `~`.
    is_joined_behind_not: bool,
}

impl Run {
    /// Where it ends.
    pub(super) fn end(&self) -> Option<usize> {
        self.pieces.last().map(|piece| piece.place.end)
    }

    /// Whether it is one token, which ends there.
    pub(super) fn is_one_token(&self) -> bool {
        self.tokens == 1
    }

    /// Takes a token that is part of a value.
    pub(super) fn take_value(&mut self, place: Range<usize>) {
        self.take(place);
    }

    /// Takes an operator in front of a value.
    pub(super) fn take_prefix(&mut self, operator: Operator, place: Range<usize>) {
        let end = place.end;
        self.take(place);
        if let Some(piece) = self.pieces.last_mut().filter(|_| operator == Operator::Not) {
            piece.behind_not.get_or_insert(end);
        }
    }

    /// Takes an operator between two values.
    pub(super) fn take_operator(&mut self, operator: Operator) {
        match (operator, self.pieces.last_mut()) {
            (Operator::Arithmetic, Some(piece)) => {
                piece.is_joined |= piece.behind_not.is_none();
                piece.is_joined_behind_not |= piece.behind_not.is_some();
            }
            _ => {
                self.between.push(operator);
                self.begins = true;
            }
        }
        self.tokens += 1;
    }

    fn take(&mut self, place: Range<usize>) {
        self.tokens += 1;
        let begins = std::mem::take(&mut self.begins);
        match self.pieces.last_mut().filter(|_| !begins) {
            Some(piece) => piece.place.end = place.end,
            None => {
                self.pieces.push(Piece { place, is_joined: false, behind_not: None, is_joined_behind_not: false })
            }
        }
    }

    /// Puts brackets in where SQLite would bind otherwise than Postgres.
    pub(super) fn put_brackets(&self, edits: &mut Edits) {
        let concatenates = self.between.contains(&Operator::Concatenation);
        for (at, piece) in self.pieces.iter().enumerate() {
            // `data ->> 'n' + 1` is an error on Postgres, so there is nothing to follow.
            let before = at.checked_sub(1).and_then(|before| self.between.get(before));
            let has_part = [before, self.between.get(at)].contains(&Some(&Operator::Part));
            if let Some(behind) = piece.behind_not.filter(|_| piece.is_joined_behind_not) {
                bracket(edits, behind..piece.place.end);
            }
            if concatenates && piece.is_joined && !has_part {
                bracket(edits, piece.place.clone());
            }
        }
        let Some(start) = self.pieces.first().map(|piece| piece.place.start) else { return };
        let mut after_bits = false;
        for (operator, piece) in self.between.iter().zip(&self.pieces) {
            if *operator == Operator::Concatenation && std::mem::take(&mut after_bits) {
                bracket(edits, start..piece.place.end);
            }
            after_bits |= *operator == Operator::Bits;
        }
    }
}

fn bracket(edits: &mut Edits, place: Range<usize>) {
    edits.insert(place.start, "(");
    edits.insert(place.end, ")");
}
