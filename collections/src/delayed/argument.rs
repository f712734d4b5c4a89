//! What can stand in the arguments of a call: plain values, delayed ones, vectors of them.
//!
//! The types of a function's parameters decide how each argument is received. How to receive is a
//! closure that captures plain values only, so a call without any keeps a type of size zero.

use std::fmt;

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
    /// Notes what is read.
    #[doc(hidden)]
    fn note(&self, reads: &mut Reads);

    /// How the parameters are received from what was noted.
    #[doc(hidden)]
    fn receive(self) -> impl Fn(&mut Received) -> Result<P, WrongType> + Send + Sync + 'static;
}

/// What can be given for a parameter of type `P`: a `P`, or something that will be one.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be given for a parameter of type `{P}`",
    note = "an argument is a `{P}`, a `&Delayed<{P}>`, or for a vector a `&Vec<Delayed<_>>`"
)]
pub trait Argument<P> {
    /// Notes what is read.
    #[doc(hidden)]
    fn note(&self, reads: &mut Reads);

    /// How the parameter is received from what was noted.
    #[doc(hidden)]
    fn receive(self) -> impl Fn(&mut Received) -> Result<P, WrongType> + Send + Sync + 'static;
}

/// What a call reads, gathered while its arguments are placed.
#[doc(hidden)]
#[derive(Debug, Default)]
pub struct Reads {
    pub(super) nodes: Vec<Node>,
    /// Length of each argument that is a vector.
    pub(super) lengths: Vec<usize>,
}

/// The values of what a call reads, handed out in the order in which the arguments were placed.
#[doc(hidden)]
pub struct Received<'a> {
    pub(super) values: &'a mut dyn Iterator<Item = Value>,
    pub(super) lengths: &'a mut dyn Iterator<Item = usize>,
}

impl fmt::Debug for Received<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Received")
    }
}

impl Reads {
    fn note_length(&mut self, length: usize) {
        self.lengths.push(length);
    }

    fn note_all<T>(&mut self, list: &[Delayed<T>]) {
        for delayed in list {
            self.nodes.push(delayed.node.clone());
        }
        self.note_length(list.len());
    }
}

fn receive_one<P: Clone + Send + Sync + 'static>(received: &mut Received) -> Result<P, WrongType> {
    received.values.next().expect("every delayed argument was noted").take()
}

fn receive_all<P: Clone + Send + Sync + 'static>(received: &mut Received) -> Result<Vec<P>, WrongType> {
    let length = received.lengths.next().expect("every vector was noted");
    (0..length).map(|_| receive_one(received)).collect()
}

impl<P: Clone + Send + Sync + 'static> Argument<P> for P {
    fn note(&self, _: &mut Reads) {}

    fn receive(self) -> impl Fn(&mut Received) -> Result<P, WrongType> + Send + Sync + 'static {
        move |_: &mut Received| Ok(self.clone())
    }
}

impl<P: Clone + Send + Sync + 'static> Argument<P> for Delayed<P> {
    fn note(&self, reads: &mut Reads) {
        reads.nodes.push(self.node.clone());
    }

    fn receive(self) -> impl Fn(&mut Received) -> Result<P, WrongType> + Send + Sync + 'static {
        receive_one
    }
}

impl<P: Clone + Send + Sync + 'static> Argument<P> for &Delayed<P> {
    fn note(&self, reads: &mut Reads) {
        reads.nodes.push(self.node.clone());
    }

    fn receive(self) -> impl Fn(&mut Received) -> Result<P, WrongType> + Send + Sync + 'static {
        receive_one
    }
}

impl<P: Clone + Send + Sync + 'static> Argument<Vec<P>> for Vec<Delayed<P>> {
    fn note(&self, reads: &mut Reads) {
        reads.note_all(self);
    }

    fn receive(self) -> impl Fn(&mut Received) -> Result<Vec<P>, WrongType> + Send + Sync + 'static {
        receive_all
    }
}

impl<P: Clone + Send + Sync + 'static> Argument<Vec<P>> for &Vec<Delayed<P>> {
    fn note(&self, reads: &mut Reads) {
        reads.note_all(self);
    }

    fn receive(self) -> impl Fn(&mut Received) -> Result<Vec<P>, WrongType> + Send + Sync + 'static {
        receive_all
    }
}

impl<P: Clone + Send + Sync + 'static> Argument<Vec<P>> for &[Delayed<P>] {
    fn note(&self, reads: &mut Reads) {
        reads.note_all(self);
    }

    fn receive(self) -> impl Fn(&mut Received) -> Result<Vec<P>, WrongType> + Send + Sync + 'static {
        receive_all
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
            fn note(&self, _reads: &mut Reads) {
                let ($($place,)*) = self;
                $($place.note(_reads);)*
            }

            fn receive(self) -> impl Fn(&mut Received) -> Result<($($parameter,)*), WrongType> + Send + Sync + 'static {
                let ($($place,)*) = self;
                $(let $place = $place.receive();)*
                move |_received: &mut Received| Ok(($($place(_received)?,)*))
            }
        }
    };
}

arity!();
arity!(A PA a);
arity!(A PA a, B PB b);
arity!(A PA a, B PB b, C PC c);
arity!(A PA a, B PB b, C PC c, D PD d);
arity!(A PA a, B PB b, C PC c, D PD d, E PE e);
arity!(A PA a, B PB b, C PC c, D PD d, E PE e, F PF f);
arity!(A PA a, B PB b, C PC c, D PD d, E PE e, F PF f, G PG g);
arity!(A PA a, B PB b, C PC c, D PD d, E PE e, F PF f, G PG g, H PH h);
