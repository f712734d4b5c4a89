//! What a notebook imports: `use lazuli::prelude::*;`

pub use crate::array::{Array, from_ndarray, full, normal, ones, random, zeros};
pub use crate::bag::{self, Bag, TextOptions, from_sequence, read_text, read_text_with};
pub use crate::compute;
pub use crate::delayed::{Delayed, call, call_local, delayed, try_call};
pub use crate::display::{Dashboard, Drawing, Profile, clear_output, dashboard, display, profile};
pub use crate::frame::{CsvOptions, DataFrame, Table, from_polars, read_csv, read_csv_with};
pub use crate::schedule::{Config, Scheduler, config, last_run, set_config, with_config};
pub use crate::visualize;
// What expressions of frames are made of.
pub use polars::prelude::{DataType, Expr, col, len, lit};
// `#[derive(Serialize, Deserialize)]` makes a type of the user's an element of a bag.
pub use serde::{Deserialize, Serialize};
