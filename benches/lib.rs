//! Measurements of synfire.
