//! What must hold of the system as a whole.

mod cast;
mod companies;
mod doors;
mod people;
mod races;
mod search;
