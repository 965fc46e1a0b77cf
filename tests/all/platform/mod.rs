//! The platform's checklist, T1 to T20: each test or its doc line has its number.

mod room;
