//! What must hold of the system as a whole.

mod cast;
mod companies;
mod documents;
mod doors;
mod email_domains;
mod employees;
mod enterprises;
mod envelope;
mod fuzz;
mod headers;
mod limits;
mod metrics;
mod openapi;
mod orders;
mod outages;
mod partners;
mod people;
mod plans;
mod portability;
mod races;
mod schools;
mod search;
mod stock;
mod trespass;
mod voice;
mod wire;
