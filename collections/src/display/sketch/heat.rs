//! The tasks of a layer in the order of their partitions, or in the grid of their chunks, a few to a cell.
//! Imports: nothing.

/// A row of cells is no longer than this, a grid no larger than that on either side.
const LONGEST_ROW: usize = 32;
const LARGEST_GRID: usize = 8;

/// Values of the tasks of one layer, as rows of cells.
#[derive(Debug)]
pub(in crate::display) struct Heat {
    /// The mean of the tasks in each cell; none where no task of it ran.
    pub cells: Vec<Option<f64>>,
    pub columns: usize,
    /// Whether the cells are those of a grid of chunks, seen along its last two axes.
    pub grid: bool,
}

impl Heat {
    /// The `values` of partitions of a layer that has `partitions` of them, in a grid if it is not empty.
    pub(super) fn of(partitions: usize, grid: &[usize], values: impl Iterator<Item = (usize, f64)>) -> Option<Heat> {
        if partitions < 2 {
            return None;
        }
        let plane = match *grid {
            [.., rows, columns] if rows > 1 && grid.iter().product::<usize>() == partitions => Some((rows, columns)),
            _ => None,
        };
        let (rows, columns) = plane.unwrap_or((1, partitions));
        let most = if plane.is_some() { LARGEST_GRID } else { LONGEST_ROW };
        let (shown_rows, shown_columns) = (rows.min(LARGEST_GRID), columns.min(most));
        let mut sums = vec![(0.0, 0_u32); shown_rows * shown_columns];
        for (partition, value) in values {
            let (row, column) = (partition / columns % rows, partition % columns);
            let cell = row * shown_rows / rows * shown_columns + column * shown_columns / columns;
            sums[cell].0 += value;
            sums[cell].1 += 1;
        }
        let mean = |(sum, tasks): (f64, u32)| (tasks > 0).then(|| sum / f64::from(tasks));
        Some(Heat { cells: sums.into_iter().map(mean).collect(), columns: shown_columns, grid: plane.is_some() })
    }

    /// The hottest cell.
    pub(in crate::display) fn most(&self) -> f64 {
        self.cells.iter().flatten().copied().fold(0.0, f64::max)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_hold_the_mean_of_neighbours() {
        let heat = Heat::of(64, &[], (0..64).map(|n| (n, n as f64))).unwrap();
        assert_eq!((heat.columns, heat.cells[0], heat.cells[31], heat.most()), (32, Some(0.5), Some(62.5), 62.5));
        let sparse = Heat::of(4, &[], [(2, 7.0)].into_iter()).unwrap();
        assert_eq!(sparse.cells, [None, None, Some(7.0), None]);
        assert!(Heat::of(1, &[1, 1], [(0, 1.0)].into_iter()).is_none());
    }

    #[test]
    fn a_grid_is_seen_along_its_last_two_axes() {
        let heat = Heat::of(12, &[2, 3, 2], (0..12).map(|n| (n, n as f64))).unwrap();
        assert_eq!((heat.columns, heat.grid), (2, true));
        assert_eq!(heat.cells, [3.0, 4.0, 5.0, 6.0, 7.0, 8.0].map(Some), "the mean of both planes");
        let large = Heat::of(10_000, &[100, 100], (0..10_000).map(|n| (n, 1.0))).unwrap();
        assert_eq!((large.cells.len(), large.columns), (64, 8));
    }
}
