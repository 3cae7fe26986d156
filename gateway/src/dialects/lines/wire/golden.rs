//! The samples of the published documentation.
