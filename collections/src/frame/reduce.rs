//! Groups of one partition, aggregated on the thread of its task.
//!
//! polars has two ways to group: one gathers the row numbers of each group, then aggregates group by group;
//! the other, several times faster, keeps one state a group and goes through the rows once. The second lives in
//! the streaming engine, which starts threads of its own; here its parts (hash table and states) work in place.

use polars::prelude::{AggExpr, DataFrame as PolarsFrame, Expr, IdxSize, LazyFrame, PlRandomState, PlSmallStr};
use polars::prelude::{PolarsResult, Schema};
use polars_expr::groups::{Grouper, new_hash_grouper};
use polars_expr::hash_keys::HashKeys;
use polars_expr::reduce::{GroupedReduction, into_reduction};
use polars_plan::prelude::{AExpr, Arena, IRAggExpr, Node, is_elementwise_rec};

use super::FrameSchema;
use super::aggregate::input;
use super::step::collect;

/// Rows that go through hash table and states together, few enough to stay in the cache.
const MORSEL: usize = 1 << 14;

/// One row a group of `keys`, in no order.
pub(super) fn aggregate(mut frame: LazyFrame, keys: &[Expr], aggregations: &[Expr]) -> PolarsResult<PolarsFrame> {
    let schema = FrameSchema::new(frame.collect_schema()?);
    let Some(states) = aggregations.iter().map(|expression| State::of(expression, &schema)).collect() else {
        return collect(frame.group_by(keys).agg(aggregations));
    };
    let states: Vec<State> = states;
    let mut inputs: Vec<Expr> = Vec::new();
    for input in states.iter().filter_map(|state| state.input) {
        if !inputs.contains(input) {
            inputs.push(input.clone());
        }
    }
    let named = |number: usize| PlSmallStr::from_string(format!("\u{2}{number}"));
    let columns = inputs.iter().enumerate().map(|(number, input)| input.clone().alias(named(number)));
    let mut rows = collect(frame.select(keys.iter().cloned().chain(columns).collect::<Vec<_>>()))?;
    rows.rechunk_mut();
    let mut reductions = Vec::with_capacity(states.len());
    for state in &states {
        let number = state.input.and_then(|input| inputs.iter().position(|other| other == input));
        let column = number.map_or_else(|| rows.columns()[0].name().clone(), named);
        reductions.push((state.reduction(column.clone(), rows.schema())?, column));
    }
    let names: Vec<PlSmallStr> = rows.schema().iter_names_cloned().take(keys.len()).collect();
    let grouper = reduce(&rows, &names, &mut reductions)?;
    let mut groups = grouper.get_keys_in_group_order(rows.select(names)?.schema());
    for ((mut reduction, _), state) in reductions.into_iter().zip(&states) {
        groups.with_column(reduction.finalize()?.with_name(state.name.clone()).into())?;
    }
    Ok(groups)
}

/// Takes all rows into the states of their groups.
#[expect(unsafe_code, reason = "polars trusts the indices that its hash table and states are given")]
fn reduce(
    rows: &PolarsFrame,
    keys: &[PlSmallStr],
    reductions: &mut [(Box<dyn GroupedReduction>, PlSmallStr)],
) -> PolarsResult<Box<dyn Grouper>> {
    let keys = rows.select(keys.iter().cloned())?;
    let (null_is_a_key, row_encoded) = (true, false);
    let hashed = HashKeys::from_df(&keys, PlRandomState::default(), null_is_a_key, row_encoded);
    let mut grouper = new_hash_grouper(keys.schema().clone());
    let all: Vec<IdxSize> = (0..rows.height() as IdxSize).collect();
    let mut groups = Vec::with_capacity(MORSEL);
    for (morsel, rows_of) in all.chunks(MORSEL).enumerate() {
        groups.clear();
        // SAFETY: the numbers of a morsel are numbers of rows of `keys`.
        unsafe { grouper.insert_keys_subset(&hashed, rows_of, Some(&mut groups)) };
        for (reduction, column) in reductions.iter_mut() {
            let values = rows.column(column)?;
            reduction.resize(grouper.num_groups());
            // Numbers of morsels tell `first` and `last` the order; 0 means that there was none.
            let order = morsel as u64 + 1;
            // SAFETY: `values` is a column of `rows`, of one chunk since these were made contiguous, and has a value for
            // each number in `rows_of`; each of `groups` came from the hash table, so it is below its number of groups,
            // which the states were just resized to.
            unsafe { reduction.update_groups_subset(&[values], rows_of, &groups, order)? };
        }
    }
    Ok(grouper)
}

/// One aggregation of which polars keeps a state a group.
struct State<'a> {
    name: PlSmallStr,
    /// The aggregation over a node; none for the number of rows.
    aggregate: Option<&'a AggExpr>,
    /// What is aggregated; none for the number of rows.
    input: Option<&'a Expr>,
}

impl<'a> State<'a> {
    fn of(expression: &'a Expr, schema: &FrameSchema) -> Option<State<'a>> {
        let Expr::Alias(inner, name) = expression else { return None };
        match &**inner {
            Expr::Len => Some(State { name: name.clone(), aggregate: None, input: None }),
            Expr::Agg(aggregate) => {
                let input = input(aggregate).filter(|input| schema.judge(input, is_elementwise_rec))?;
                Some(State { name: name.clone(), aggregate: Some(aggregate), input: Some(input) })
            }
            _ => None,
        }
    }

    fn reduction(&self, column: PlSmallStr, schema: &Schema) -> PolarsResult<Box<dyn GroupedReduction>> {
        let mut arena = Arena::with_capacity(2);
        let input = arena.add(AExpr::Column(column));
        let aggregate = self.aggregate.and_then(|aggregate| planned(aggregate, input));
        let node = arena.add(aggregate.map_or(AExpr::Len, AExpr::Agg));
        Ok(into_reduction(node, &mut arena, schema, true)?.0)
    }
}

/// `aggregate` over another input; only of those that [`input`] knows.
fn planned(aggregate: &AggExpr, input: Node) -> Option<IRAggExpr> {
    Some(match *aggregate {
        AggExpr::Sum(_) => IRAggExpr::Sum(input),
        AggExpr::Mean(_) => IRAggExpr::Mean(input),
        AggExpr::Min { propagate_nans, .. } => IRAggExpr::Min { input, propagate_nans },
        AggExpr::Max { propagate_nans, .. } => IRAggExpr::Max { input, propagate_nans },
        AggExpr::Count { include_nulls, .. } => IRAggExpr::Count { input, include_nulls },
        AggExpr::First(_) => IRAggExpr::First(input),
        AggExpr::Last(_) => IRAggExpr::Last(input),
        AggExpr::FirstNonNull(_) => IRAggExpr::FirstNonNull(input),
        AggExpr::LastNonNull(_) => IRAggExpr::LastNonNull(input),
        AggExpr::Var(_, ddof) => IRAggExpr::Var(input, ddof),
        AggExpr::Std(_, ddof) => IRAggExpr::Std(input, ddof),
        _ => return None,
    })
}
