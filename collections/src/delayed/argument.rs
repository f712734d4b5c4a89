//! What can stand in the arguments of a call: plain values, delayed ones, vectors of them.
//!
//! The types of a function's parameters decide how each argument is received. Until then an argument is what is kept
//! of it: a plain value itself, of a delayed one nothing, of a vector its length. These are the parameters of the
//! operation, so that calls with equal arguments are equal, and travel.

use std::fmt;

use smallvec::SmallVec;

use super::Delayed;
use crate::error::Result;
use crate::graph::{Node, Value, WrongType};

/// A function of any number of parameters, whose types are the tuple `P`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a function of the parameters `{P}`",
    note = "`call` takes functions of up to 8 parameters; give a closure's parameters their types: `|a: f64, b: f64| a + b`"
)]
pub trait Function<P>: Send + Sync + 'static {
    /// What it returns.
    type Output;

    /// Calls it.
    fn apply(&self, parameters: P) -> Self::Output;
}

/// A tuple of [`Argument`]s for a function whose parameters are the tuple `P`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` are not arguments for the parameters `{P}`",
    note = "arguments are a tuple, also when there is but one: `call(f, (x,))`"
)]
pub trait Arguments<P> {
    /// What is kept of each.
    #[doc(hidden)]
    type Kept: Send + Sync + 'static;

    /// Notes what is read, and keeps the rest.
    #[doc(hidden)]
    fn place(self, reads: &mut Reads) -> Self::Kept;

    /// The parameters, of what was kept and what is read.
    #[doc(hidden)]
    fn receive(kept: &Self::Kept, received: &mut Received) -> Result<P, WrongType>;
}

/// What can be given for a parameter of type `P`: a `P`, or something that will be one.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be given for a parameter of type `{P}`",
    note = "an argument is a `{P}`, a `&Delayed<{P}>`, or for a vector a `&Vec<Delayed<_>>`"
)]
pub trait Argument<P> {
    /// What is kept of it.
    #[doc(hidden)]
    type Kept: Send + Sync + 'static;

    /// Notes what is read, and keeps the rest.
    #[doc(hidden)]
    fn place(self, reads: &mut Reads) -> Self::Kept;

    /// The parameter, of what was kept and what is read.
    #[doc(hidden)]
    fn receive(kept: &Self::Kept, received: &mut Received) -> Result<P, WrongType>;
}

/// What a call reads, in the order in which its arguments are placed.
#[doc(hidden)]
#[derive(Debug)]
pub struct Reads(pub(super) SmallVec<[Node; 2]>);

/// The values of what a call reads, handed out in that order.
#[doc(hidden)]
pub struct Received<'a>(pub(super) &'a mut dyn Iterator<Item = Value>);

impl fmt::Debug for Received<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Received")
    }
}

impl Reads {
    pub(super) fn nothing() -> Self {
        Reads(SmallVec::new())
    }

    fn one(&mut self, node: &Node) {
        self.0.push(node.clone());
    }

    fn all<T>(&mut self, list: &[Delayed<T>]) -> usize {
        list.iter().for_each(|delayed| self.one(&delayed.node));
        list.len()
    }
}

impl Received<'_> {
    fn one<P: Clone + Send + Sync + 'static>(&mut self) -> Result<P, WrongType> {
        self.0.next().expect("every delayed argument was noted").take()
    }

    fn all<P: Clone + Send + Sync + 'static>(&mut self, length: usize) -> Result<Vec<P>, WrongType> {
        (0..length).map(|_| self.one()).collect()
    }
}

impl<P: Clone + Send + Sync + 'static> Argument<P> for P {
    type Kept = P;

    fn place(self, _: &mut Reads) -> P {
        self
    }

    fn receive(kept: &P, _: &mut Received) -> Result<P, WrongType> {
        Ok(kept.clone())
    }
}

macro_rules! delayed {
    ($($argument:ty),+) => { $(
        impl<P: Clone + Send + Sync + 'static> Argument<P> for $argument {
            type Kept = ();

            fn place(self, reads: &mut Reads) {
                reads.one(&self.node);
            }

            fn receive((): &(), received: &mut Received) -> Result<P, WrongType> {
                received.one()
            }
        }
    )+ };
}

macro_rules! vector {
    ($($argument:ty),+) => { $(
        impl<P: Clone + Send + Sync + 'static> Argument<Vec<P>> for $argument {
            type Kept = usize;

            fn place(self, reads: &mut Reads) -> usize {
                reads.all(&self)
            }

            fn receive(length: &usize, received: &mut Received) -> Result<Vec<P>, WrongType> {
                received.all(*length)
            }
        }
    )+ };
}

delayed!(Delayed<P>, &Delayed<P>);
vector!(Vec<Delayed<P>>, &Vec<Delayed<P>>, &[Delayed<P>]);

impl<Code, Output> Function<()> for Code
where
    Code: Fn() -> Output + Send + Sync + 'static,
{
    type Output = Output;

    fn apply(&self, (): ()) -> Output {
        self()
    }
}

impl Arguments<()> for () {
    type Kept = ();

    fn place(self, _: &mut Reads) {}

    fn receive((): &(), _: &mut Received) -> Result<(), WrongType> {
        Ok(())
    }
}

macro_rules! arity {
    ($($argument:ident $parameter:ident $place:ident),*) => {
        impl<Code, Output, $($parameter),*> Function<($($parameter,)*)> for Code
        where
            Code: Fn($($parameter),*) -> Output + Send + Sync + 'static,
        {
            type Output = Output;

            fn apply(&self, ($($place,)*): ($($parameter,)*)) -> Output {
                self($($place),*)
            }
        }

        impl<$($argument: Argument<$parameter>, $parameter),*> Arguments<($($parameter,)*)> for ($($argument,)*) {
            type Kept = ($($argument::Kept,)*);

            fn place(self, reads: &mut Reads) -> Self::Kept {
                let ($($place,)*) = self;
                ($($place.place(reads),)*)
            }

            fn receive(($($place,)*): &Self::Kept, received: &mut Received) -> Result<($($parameter,)*), WrongType> {
                Ok(($($argument::receive($place, received)?,)*))
            }
        }
    };
}

arity!(A PA a);
arity!(A PA a, B PB b);
arity!(A PA a, B PB b, C PC c);
arity!(A PA a, B PB b, C PC c, D PD d);
arity!(A PA a, B PB b, C PC c, D PD d, E PE e);
arity!(A PA a, B PB b, C PC c, D PD d, E PE e, F PF f);
arity!(A PA a, B PB b, C PC c, D PD d, E PE e, F PF f, G PG g);
arity!(A PA a, B PB b, C PC c, D PD d, E PE e, F PF f, G PG g, H PH h);
