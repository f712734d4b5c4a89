//! A stream that a program prints to, on its way to the notebook: text as it comes, contents that crates written for evcxr print
//! between markers as what they are. Imports: system, markers, interpreter.

use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::os::fd::{AsFd, OwnedFd};
use std::sync::{Mutex, PoisonError};

use super::markers::{Markers, Piece};
use super::system;
use crate::interpreter::{MimeBundle, Output, Stream};

/// Our end of a stream. One thread pumps it for as long as somebody holds the other end; any thread may drain it, to be sure that
/// all that was printed before is out.
pub struct Pipe {
    stream: Stream,
    source: File,
    text: Mutex<Text>,
}

#[derive(Default)]
struct Text {
    /// The first bytes of a character whose last ones are still to come.
    partial: Vec<u8>,
    markers: Markers,
}

impl Pipe {
    /// Reads from `source`, the end of a pipe or a socket.
    pub fn new(source: OwnedFd, stream: Stream) -> io::Result<Pipe> {
        system::never_wait(source.as_fd())?;
        Ok(Pipe { stream, source: source.into(), text: Mutex::default() })
    }

    /// Hands over what comes, until the stream's end.
    pub fn pump(&self, emit: impl Fn(Output)) {
        loop {
            system::wait_until_readable(self.source.as_fd());
            if !self.drain(&emit) {
                return self.finish(&emit);
            }
        }
    }

    /// Hands over all that was printed; false at the stream's end.
    pub fn drain(&self, emit: &dyn Fn(Output)) -> bool {
        let mut text = self.text.lock().unwrap_or_else(PoisonError::into_inner);
        let mut buffer = [0; 1 << 16];
        // What is there now and no more: a thread that prints without pause must not keep a cell from its end.
        let mut left = system::unread(self.source.as_fd());
        loop {
            match (&self.source).read(&mut buffer) {
                Ok(0) => return false,
                Ok(count) => {
                    left = left.saturating_sub(count);
                    text.take(&buffer[..count]).into_iter().for_each(|piece| emit(self.output(piece)));
                    if left == 0 {
                        return true;
                    }
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return error.kind() == ErrorKind::WouldBlock,
            }
        }
    }

    /// A cell is over: what looked like the beginning of something was all of it.
    pub fn finish(&self, emit: &dyn Fn(Output)) {
        let mut text = self.text.lock().unwrap_or_else(PoisonError::into_inner);
        let partial = std::mem::take(&mut text.partial);
        let rest = text.markers.finish() + &String::from_utf8_lossy(&partial);
        if !rest.is_empty() {
            emit(self.output(Piece::Text(rest)));
        }
    }

    fn output(&self, piece: Piece) -> Output {
        match piece {
            Piece::Text(text) => Output::Stream { stream: self.stream, text },
            Piece::Content { mime, content } => {
                Output::Display { bundle: MimeBundle::default().with(mime, content), display_id: None }
            }
        }
    }
}

impl Text {
    fn take(&mut self, bytes: &[u8]) -> Vec<Piece> {
        let mut whole = std::mem::take(&mut self.partial);
        whole.extend_from_slice(bytes);
        let (text, partial) = split_text(whole);
        self.partial = partial;
        self.markers.feed(&text)
    }
}

/// Text, and the bytes of a character that is not complete yet. Bytes that are no text become `�`.
fn split_text(bytes: Vec<u8>) -> (String, Vec<u8>) {
    let complete = match std::str::from_utf8(&bytes) {
        Err(error) if error.error_len().is_none() => error.valid_up_to(),
        _ => bytes.len(),
    };
    (String::from_utf8_lossy(&bytes[..complete]).into_owned(), bytes[complete..].to_vec())
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::mpsc::channel;

    use super::*;

    #[test]
    fn a_character_cut_in_two_waits_for_its_rest() {
        let snow = "a❄".as_bytes();
        let (text, partial) = split_text(snow[..2].to_vec());
        assert_eq!((&*text, partial.len()), ("a", 1));
        assert_eq!(split_text(b"\xff!".to_vec()), ("\u{fffd}!".to_owned(), vec![]));
    }

    #[test]
    fn draining_hands_over_what_is_there_and_waits_for_nothing() {
        let (source, mut printer) = io::pipe().expect("a pipe");
        let pipe = Pipe::new(source.into(), Stream::Stdout).expect("it can be read");
        let (sender, printed) = channel();
        let emit = |output| sender.send(output).expect("the test listens");
        let told = |text: &str| Output::Stream { stream: Stream::Stdout, text: text.to_owned() };
        assert!(pipe.drain(&emit), "it is open");
        printer.write_all("now ❄".as_bytes()).expect("there is room");
        assert!(pipe.drain(&emit), "it is open");
        assert_eq!(printed.try_iter().collect::<Vec<_>>(), [told("now ❄")]);
        printer.write_all(&"❄".as_bytes()[..1]).expect("there is room");
        drop(printer);
        pipe.pump(emit);
        assert_eq!(printed.try_iter().collect::<Vec<_>>(), [told("\u{fffd}")], "the end leaves nothing behind");
    }
}
