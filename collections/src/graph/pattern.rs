//! Which partitions of an input a task reads.

use std::fmt;
use std::sync::Arc;

/// How the tasks of a layer read the partitions of one of its inputs.
#[derive(Clone)]
pub enum Pattern {
    /// Task i reads partition i.
    OneToOne,
    /// Every task reads every partition, in order.
    All,
    /// Task i reads partitions i·n to (i+1)·n: one level of a tree.
    Tree(usize),
    /// Task i reads the one partition `partitions[i]`.
    Pick(Arc<[usize]>),
    /// Task i reads what the function pushes: block arithmetic of arrays.
    /// The parameters of the operation must determine the function.
    Blocks(Arc<Reads>),
}

/// Pushes the partitions that a task reads.
type Reads = dyn Fn(usize, &mut Vec<usize>) + Send + Sync;

impl Pattern {
    /// Pushes the partitions that task `task` reads of an input with `partitions` partitions.
    pub fn reads(&self, task: usize, partitions: usize, out: &mut Vec<usize>) {
        match self {
            Pattern::OneToOne => out.push(task),
            Pattern::All => out.extend(0..partitions),
            Pattern::Tree(n) => out.extend(task * n..((task + 1) * n).min(partitions)),
            Pattern::Pick(which) => out.push(which[task]),
            Pattern::Blocks(reads) => reads(task, out),
        }
    }

    /// How many partitions task `task` reads of an input with `partitions` partitions.
    #[inline]
    pub fn count(&self, task: usize, partitions: usize) -> usize {
        match self {
            Pattern::OneToOne | Pattern::Pick(_) => 1,
            Pattern::All => partitions,
            Pattern::Tree(n) => ((task + 1) * n).min(partitions) - (task * n).min(partitions),
            Pattern::Blocks(reads) => {
                let mut out = Vec::new();
                reads(task, &mut out);
                out.len()
            }
        }
    }

    /// A partition that `tasks` tasks would read and that an input with `partitions` partitions does not have.
    /// A tree may have tasks that read nothing; what a function reads is known only when it is called.
    pub(super) fn reads_beyond(&self, tasks: usize, partitions: usize) -> Option<usize> {
        let last = match self {
            Pattern::OneToOne => tasks.checked_sub(1)?,
            Pattern::Pick(which) => *which.iter().max()?,
            Pattern::All | Pattern::Tree(_) | Pattern::Blocks(_) => return None,
        };
        (last >= partitions).then_some(last)
    }

    /// The word on the edge of a picture.
    pub fn label(&self) -> &'static str {
        match self {
            Pattern::OneToOne => "1:1",
            Pattern::All => "all to all",
            Pattern::Tree(_) => "tree",
            Pattern::Pick(_) => "pick",
            Pattern::Blocks(_) => "blocks",
        }
    }
}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.label())
    }
}
