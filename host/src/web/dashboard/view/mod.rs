//! What pages are made of: the frame, charts, and values as people read them. Everything here is a
//! pure function from data to HTML.

mod chart;
mod layout;
mod values;

pub(super) use chart::{Bars, Curve, bars, curves, meter, sparkline};
pub(super) use layout::{Frame, Section, Tone, badge, door, frame, note, standing_note};
pub(super) use values::{bytes, clock, count, millis, minutes_ago, percent, shown, when_text};
