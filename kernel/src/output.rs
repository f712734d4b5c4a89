//! What a cell shows, as messages. Imports: interpreter, outbox, input, event.

use crate::event::Event;
use crate::input::Question;
use crate::interpreter::{InputError, MimeBundle, Output, OutputSink, Stream};
use crate::outbox::Outbox;
use crossbeam_channel::{Sender, bounded};
use jupyter_protocol::{
    ClearOutput, DisplayData, JupyterMessage, JupyterMessageContent, Media, MediaType, Stdio, StreamContent, Transient,
    UpdateDisplayData,
};
use std::sync::Arc;

/// The sink of one cell. Publishes directly: the server's loop is not on the way, and idle comes after on the same channel.
#[derive(Debug)]
pub(crate) struct CellOutput {
    /// The request that runs the cell: what this is given is attached to it, however late.
    pub(crate) cell: Arc<JupyterMessage>,
    pub(crate) outbox: Outbox,
    pub(crate) events: Sender<Event>,
    pub(crate) silent: bool,
    pub(crate) allow_stdin: bool,
}

impl OutputSink for CellOutput {
    fn emit(&self, output: Output) {
        if !self.silent {
            self.outbox.publish(message(output), Some(&self.cell));
        }
    }

    fn input(&self, prompt: &str, password: bool) -> Result<String, InputError> {
        if !self.allow_stdin {
            return Err(InputError::NotAllowed);
        }
        let (answer, answered) = bounded(1);
        let question = Question { cell: Arc::clone(&self.cell), prompt: prompt.to_owned(), password, answer };
        self.events.send(Event::Asked(question)).map_err(|_| InputError::Closed)?;
        answered.recv().unwrap_or(Err(InputError::Closed))
    }
}

fn message(output: Output) -> JupyterMessageContent {
    let transient = |display_id| Transient { display_id };
    match output {
        Output::Stream { stream, text } => StreamContent { name: name(stream), text }.into(),
        Output::Display { bundle: MimeBundle { data, metadata }, display_id } => {
            DisplayData { data: media(data), metadata, transient: display_id.map(|id| transient(Some(id))) }.into()
        }
        Output::UpdateDisplay { bundle: MimeBundle { data, metadata }, display_id } => {
            UpdateDisplayData { data: media(data), metadata, transient: transient(Some(display_id)) }.into()
        }
        Output::ClearOutput { wait } => ClearOutput { wait }.into(),
    }
}

fn name(stream: Stream) -> Stdio {
    match stream {
        Stream::Stdout => Stdio::Stdout,
        Stream::Stderr => Stdio::Stderr,
    }
}

/// The protocol's form of a bundle's data. `Other` carries every type as it is.
pub(crate) fn media(data: serde_json::Map<String, serde_json::Value>) -> Media {
    Media::new(data.into_iter().map(MediaType::Other).collect())
}
