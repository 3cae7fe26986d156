//! What must stay fast however much there is. Run on demand, each alone:
//!
//! ```text
//! cargo test -p linha-tests --test benchmarks -- --ignored --nocapture billing_run
//! cargo test -p linha-tests --test benchmarks -- --ignored --nocapture search
//! cargo test -p linha-tests --test benchmarks -- --ignored --nocapture enterprises
//! cargo test -p linha-tests --test benchmarks -- --ignored --nocapture schools
//! cargo test -p linha-tests --test benchmarks -- --ignored --nocapture workspaces
//! ```

mod billing_run;
mod calls;
mod enterprises;
mod schools;
mod search;
mod workspaces;
