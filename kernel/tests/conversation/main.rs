//! What the kernel says, message by message: transcripts over the memory transport and the scripted interpreter.
//! `sockets` has the little that only real sockets can show.

mod sockets;

use jupyter_protocol::{
    CommInfoRequest, CommOpen, CompleteRequest, ExecuteRequest, HistoryEntry, HistoryRequest, InputReply,
    InspectRequest, InterruptRequest, IsCompleteRequest, JupyterMessage, JupyterMessageContent as Content,
    KernelInfoRequest, ShutdownRequest, UnknownMessage,
};
use lazuli_kernel::interpreter::{Failure, Launch, scripted::Script};
use lazuli_kernel::transport::memory::{self, Frontend};
use lazuli_kernel::transport::{Incoming, Outgoing};
use lazuli_kernel::{Error, serve};
use std::collections::HashMap;
use std::thread::JoinHandle;
use std::time::Duration;

/// A message that takes longer than this will not come.
const PATIENCE: Duration = Duration::from_secs(20);

/// A kernel, the script it plays, and a frontend that talks to it.
struct Conversation {
    script: Script,
    frontend: Frontend,
    kernel: JoinHandle<Result<(), Error>>,
    /// Names of the requests sent so far, by message id.
    names: HashMap<String, String>,
    /// Headers of the questions the kernel asked, the latest last.
    questions: Vec<JupyterMessage>,
}

impl Conversation {
    fn start() -> Self {
        Conversation::with(Script::launch)
    }

    fn with(launch: impl FnOnce(&Script) -> Launch) -> Self {
        let script = Script::new();
        let (connection, frontend) = memory::pair();
        let launch = launch(&script);
        let kernel = std::thread::spawn(move || serve(launch, connection));
        let mut conversation = Conversation { script, frontend, kernel, names: HashMap::new(), questions: Vec::new() };
        assert_eq!(conversation.hear(), "starting");
        assert_eq!(conversation.hear(), "idle");
        conversation
    }

    /// Sends a request under a name; what it causes is heard with that name before it.
    fn send(&mut self, name: &str, wrap: fn(JupyterMessage) -> Incoming, content: impl Into<Content>) {
        let message = JupyterMessage::new(content, None);
        self.names.insert(message.header.msg_id.clone(), name.to_owned());
        self.frontend.requests.send(wrap(message)).expect("the kernel listens");
    }

    fn shell(&mut self, name: &str, content: impl Into<Content>) {
        self.send(name, Incoming::Shell, content);
    }

    fn control(&mut self, name: &str, content: impl Into<Content>) {
        self.send(name, Incoming::Control, content);
    }

    /// Runs a cell as a notebook does.
    fn run(&mut self, name: &str, code: &str) {
        self.shell(name, ExecuteRequest { allow_stdin: true, ..ExecuteRequest::new(code.to_owned()) });
    }

    /// The user answers, to the question with that index or to whatever is before them.
    fn answer(&mut self, question: Option<usize>, value: &str) {
        let reply = InputReply { value: value.to_owned(), ..InputReply::default() };
        let parent = question.map(|index| &self.questions[index]);
        self.frontend.requests.send(Incoming::Stdin(JupyterMessage::new(reply, parent))).expect("the kernel listens");
    }

    fn receive(&mut self) -> Outgoing {
        self.frontend.messages.recv_timeout(PATIENCE).expect("the kernel sends another message")
    }

    /// The next message, in a line.
    fn hear(&mut self) -> String {
        let (channel, message) = match self.receive() {
            Outgoing::Shell(message) => ("reply: ", message),
            Outgoing::Control(message) => ("control reply: ", message),
            Outgoing::Iopub(message) => ("", message),
            Outgoing::Stdin(message) => {
                self.questions.push(message.clone());
                ("", message)
            }
            Outgoing::Close => return "closed".to_owned(),
        };
        let parent = match &message.parent_header {
            Some(parent) => format!("{} ", self.names[&parent.msg_id]),
            None => String::new(),
        };
        format!("{parent}{channel}{}", line(&message.content))
    }

    /// Asserts what the kernel says next.
    fn expect(&mut self, lines: &[&str]) {
        let heard: Vec<String> = lines.iter().map(|_| self.hear()).collect();
        assert_eq!(heard, lines);
    }

    /// Shuts down, and asserts that nothing else was said.
    fn end(mut self) {
        self.control("end", ShutdownRequest { restart: false });
        self.expect(&[
            "end busy",
            "end shutdown_reply ok",
            "end control reply: shutdown_reply ok",
            "end idle",
            "closed",
        ]);
        self.kernel.join().expect("the kernel does not panic").expect("the kernel ends well");
    }
}

/// A message's content, as far as tests care.
fn line(content: &Content) -> String {
    let text =
        |data: &jupyter_protocol::Media| serde_json::to_value(data).expect("media is JSON")["text/plain"].to_string();
    let status = |status| format!("{status:?}").to_lowercase();
    match content {
        Content::Status(message) => message.execution_state.as_str().to_owned(),
        Content::StreamContent(message) => format!("{:?} {:?}", message.name, message.text).to_lowercase(),
        Content::ExecuteInput(message) => format!("input [{}]", message.execution_count.0),
        Content::ExecuteResult(message) => format!("result [{}] {}", message.execution_count.0, text(&message.data)),
        Content::DisplayData(message) => format!("display {}", text(&message.data)),
        Content::UpdateDisplayData(message) => format!("update {}", text(&message.data)),
        Content::ClearOutput(_) => "clear".to_owned(),
        Content::ErrorOutput(message) => format!("error {}: {}", message.ename, message.evalue),
        Content::InputRequest(message) => format!("asks {:?}", message.prompt),
        Content::ExecuteReply(message) => {
            let error = message.error.as_ref().map_or(String::new(), |error| format!(" {}", error.ename));
            format!("{} [{}]{error}", status(&message.status), message.execution_count.0)
        }
        Content::CompleteReply(message) => {
            format!("{:?} at {}..{}", message.matches, message.cursor_start, message.cursor_end)
        }
        Content::InspectReply(message) => format!("found {} {}", message.found, text(&message.data)),
        Content::IsCompleteReply(message) => format!("{:?}", message.status).to_lowercase(),
        Content::HistoryReply(message) => {
            let inputs = message.history.iter().map(|entry| match entry {
                HistoryEntry::Input(_, number, input) => format!("[{number}] {input}"),
                HistoryEntry::InputOutput(_, number, (input, output)) => format!("[{number}] {input} = {output}"),
            });
            inputs.collect::<Vec<_>>().join(", ")
        }
        Content::KernelInfoReply(message) => {
            format!(
                "{} {} protocol {}",
                message.language_info.name, message.language_info.version, message.protocol_version
            )
        }
        Content::ShutdownReply(message) => format!("shutdown_reply {}", status(&message.status)),
        Content::InterruptReply(message) => format!("interrupt_reply {}", status(&message.status)),
        Content::CommInfoReply(message) => format!("{} comms", message.comms.len()),
        Content::UnknownMessage(message) => {
            let field = |name: &str| message.content[name].as_str().unwrap_or_default().to_owned();
            format!("{} {} {}", message.msg_type, field("status"), field("ename"))
        }
        other => other.message_type().to_owned(),
    }
}

#[test]
fn the_first_cell_is_number_one_and_idle_comes_last() {
    let mut talk = Conversation::start();
    talk.run("a", "print hello\nwarn careful\ngive 2");
    talk.expect(&[
        "a busy",
        "a input [1]",
        "a stdout \"hello\\n\"",
        "a stderr \"careful\\n\"",
        "a result [1] \"2\"",
        "a reply: ok [1]",
        "a idle",
    ]);
    talk.run("b", "print no result");
    talk.expect(&["b busy", "b input [2]", "b stdout \"no result\\n\"", "b reply: ok [2]", "b idle"]);
    talk.end();
}

#[test]
fn displays_are_shown_updated_and_cleared() {
    let mut talk = Conversation::start();
    talk.run("a", "show bar 10 %\nupdate bar 20 %\nclear");
    talk.expect(&[
        "a busy",
        "a input [1]",
        "a display \"10 %\"",
        "a update \"20 %\"",
        "a clear",
        "a reply: ok [1]",
        "a idle",
    ]);
    talk.end();
}

#[test]
fn a_reply_says_when_its_cell_began() {
    let mut talk = Conversation::start();
    talk.run("a", "print x");
    let reply = loop {
        if let Outgoing::Shell(reply) = talk.receive() {
            break reply;
        }
    };
    let started = reply.metadata["started"].as_str().expect("a time as text");
    assert!(started.starts_with("20") && started.ends_with('Z'), "{started}");
    talk.expect(&["a idle"]);
    talk.end();
}

#[test]
fn an_error_aborts_the_cells_that_wait() {
    let mut talk = Conversation::start();
    talk.run("a", "wait gate\nfail Panic boom");
    talk.script.await_arrival("gate");
    talk.run("b", "give 1");
    talk.run("c", "give 1");
    talk.shell("info", KernelInfoRequest {});
    talk.expect(&["a busy", "a input [1]", "info busy", "info reply: rust 1.95.0 protocol 5.4", "info idle"]);
    talk.script.open("gate");
    talk.expect(&["a error Panic: boom", "a reply: error [1] Panic", "a idle"]);
    talk.expect(&["b busy", "b reply: aborted [1]", "b idle", "c busy", "c reply: aborted [1]", "c idle"]);
    talk.run("d", "give 4");
    talk.expect(&["d busy", "d input [2]", "d result [2] \"4\"", "d reply: ok [2]", "d idle"]);
    talk.end();
}

#[test]
fn an_error_aborts_nothing_when_its_cell_says_so() {
    let mut talk = Conversation::start();
    let code = "wait gate\nfail Panic boom".to_owned();
    talk.shell("a", ExecuteRequest { stop_on_error: false, ..ExecuteRequest::new(code) });
    talk.script.await_arrival("gate");
    talk.run("b", "give 1");
    talk.script.open("gate");
    talk.expect(&["a busy", "a input [1]", "a error Panic: boom", "a reply: error [1] Panic", "a idle"]);
    talk.expect(&["b busy", "b input [2]", "b result [2] \"1\"", "b reply: ok [2]", "b idle"]);
    talk.end();
}

#[test]
fn a_silent_cell_shows_nothing_and_is_not_counted() {
    let mut talk = Conversation::start();
    talk.shell("a", ExecuteRequest { silent: true, ..ExecuteRequest::new("print x\ngive 2".to_owned()) });
    talk.expect(&["a busy", "a reply: ok [0]", "a idle"]);
    talk.shell("b", ExecuteRequest { silent: true, ..ExecuteRequest::new("fail Panic x".to_owned()) });
    talk.expect(&["b busy", "b reply: error [0] Panic", "b idle"]);
    talk.run("c", "give 3");
    talk.expect(&["c busy", "c input [1]", "c result [1] \"3\"", "c reply: ok [1]", "c idle"]);
    talk.end();
}

#[test]
fn a_cell_that_is_not_stored_is_shown_but_not_counted() {
    let mut talk = Conversation::start();
    talk.run("a", "give 1");
    talk.expect(&["a busy", "a input [1]", "a result [1] \"1\"", "a reply: ok [1]", "a idle"]);
    talk.shell("b", ExecuteRequest { store_history: false, ..ExecuteRequest::new("give 2".to_owned()) });
    talk.expect(&["b busy", "b input [1]", "b result [1] \"2\"", "b reply: ok [1]", "b idle"]);
    talk.shell("history", HistoryRequest::Tail { n: 5, output: true, raw: true });
    talk.expect(&["history busy", "history reply: [1] give 1 = 1", "history idle"]);
    talk.end();
}

#[test]
fn user_expressions_are_evaluated_after_the_cell() {
    let mut talk = Conversation::start();
    let expressions =
        HashMap::from([("sum".to_owned(), "give 7".to_owned()), ("bad".to_owned(), "fail E no".to_owned())]);
    talk.shell(
        "a",
        ExecuteRequest { user_expressions: Some(expressions), ..ExecuteRequest::new("print x".to_owned()) },
    );
    let reply = loop {
        if let Outgoing::Shell(reply) = talk.receive() {
            break serde_json::to_value(&reply.content).expect("a reply is JSON");
        }
    };
    assert_eq!(reply["status"], "ok");
    assert_eq!(reply["user_expressions"]["sum"]["data"]["text/plain"], "7");
    assert_eq!(reply["user_expressions"]["bad"]["status"], "error");
    talk.expect(&["a idle"]);
    talk.end();
}

#[test]
fn what_needs_no_interpreter_is_answered_while_a_cell_runs() {
    let mut talk = Conversation::start();
    talk.run("a", "wait gate");
    talk.expect(&["a busy", "a input [1]"]);
    talk.control("info", KernelInfoRequest {});
    talk.expect(&["info busy", "info control reply: rust 1.95.0 protocol 5.4", "info idle"]);
    talk.shell("comms", CommInfoRequest::default());
    talk.expect(&["comms busy", "comms reply: 0 comms", "comms idle"]);
    talk.shell("typed", IsCompleteRequest { code: "let x = vec![".to_owned() });
    talk.expect(&["typed busy", "typed reply: incomplete", "typed idle"]);
    talk.shell("history", HistoryRequest::Tail { n: 1, output: false, raw: true });
    talk.expect(&["history busy", "history reply: [1] wait gate", "history idle"]);
    talk.script.open("gate");
    talk.expect(&["a reply: ok [1]", "a idle"]);
    talk.end();
}

#[test]
fn completions_go_before_the_cells_that_wait_and_count_characters() {
    let mut talk = Conversation::start();
    talk.run("a", "wait gate");
    talk.script.await_arrival("gate");
    talk.run("b", "give 2");
    talk.shell("tab", CompleteRequest { code: "\u{1f980}; \u{3c0}x".to_owned(), cursor_pos: 5 });
    talk.shell("hover", InspectRequest { code: "abc".to_owned(), cursor_pos: 3, detail_level: None });
    // Its answer says that the kernel has read all before it.
    talk.shell("info", KernelInfoRequest {});
    talk.expect(&["a busy", "a input [1]", "info busy", "info reply: rust 1.95.0 protocol 5.4", "info idle"]);
    talk.script.open("gate");
    talk.expect(&["a reply: ok [1]", "a idle"]);
    talk.expect(&["tab busy", "tab reply: [\"\u{3c0}x_completed\"] at 3..5", "tab idle"]);
    talk.expect(&["hover busy", "hover reply: found true \"about abc\"", "hover idle"]);
    talk.expect(&["b busy", "b input [2]", "b result [2] \"2\"", "b reply: ok [2]", "b idle"]);
    talk.end();
}

#[test]
fn an_interrupt_ends_the_running_cell_and_aborts_the_others() {
    let mut talk = Conversation::start();
    talk.run("a", "wait never");
    talk.script.await_arrival("never");
    talk.run("b", "give 1");
    talk.control("stop", InterruptRequest {});
    talk.expect(&["a busy", "a input [1]", "stop busy", "stop control reply: interrupt_reply ok", "stop idle"]);
    talk.expect(&["a error Interrupted: the cell was interrupted", "a reply: error [1] Interrupted", "a idle"]);
    talk.expect(&["b busy", "b reply: aborted [1]", "b idle"]);
    talk.end();
}

#[test]
fn a_late_interrupt_does_nothing() {
    let mut talk = Conversation::start();
    talk.control("stop", InterruptRequest {});
    talk.expect(&["stop busy", "stop control reply: interrupt_reply ok", "stop idle"]);
    talk.script.open("gate");
    talk.run("a", "wait gate\ngive 1");
    talk.expect(&["a busy", "a input [1]", "a result [1] \"1\"", "a reply: ok [1]", "a idle"]);
    talk.end();
}

#[test]
fn a_cell_interrupted_during_a_slow_start_does_not_run() {
    let mut talk = Conversation::with(|script| script.launch_after("warm"));
    talk.shell("info", KernelInfoRequest {});
    talk.expect(&["info busy", "info reply: rust 1.95.0 protocol 5.4", "info idle"]);
    talk.run("a", "print x");
    talk.control("stop", InterruptRequest {});
    talk.expect(&["a busy", "a input [1]", "stop busy", "stop control reply: interrupt_reply ok", "stop idle"]);
    talk.script.open("warm");
    talk.expect(&["a error Interrupted: the cell was interrupted", "a reply: error [1] Interrupted", "a idle"]);
    talk.run("b", "give 2");
    talk.expect(&["b busy", "b input [2]", "b result [2] \"2\"", "b reply: ok [2]", "b idle"]);
    talk.end();
}

#[test]
fn a_cell_asks_and_gets_the_answer() {
    let mut talk = Conversation::start();
    talk.run("a", "ask name?\nask age?");
    talk.expect(&["a busy", "a input [1]", "a asks \"name?\""]);
    talk.answer(Some(0), "Ada");
    talk.expect(&["a stdout \"ada\\n\"", "a asks \"age?\""]);
    talk.answer(Some(0), "too late");
    talk.answer(None, "36");
    talk.expect(&["a stdout \"36\\n\"", "a reply: ok [1]", "a idle"]);
    talk.end();
}

#[test]
fn a_frontend_without_stdin_is_not_asked() {
    let mut talk = Conversation::start();
    talk.shell("a", ExecuteRequest::new("ask name?".to_owned()));
    talk.expect(&["a busy", "a input [1]"]);
    assert!(talk.hear().starts_with("a error Input: this frontend does not take input"));
    talk.expect(&["a reply: error [1] Input", "a idle"]);
    talk.end();
}

#[test]
fn an_interrupt_ends_a_question() {
    let mut talk = Conversation::start();
    talk.run("a", "ask name?");
    talk.expect(&["a busy", "a input [1]", "a asks \"name?\""]);
    talk.control("stop", InterruptRequest {});
    talk.expect(&["stop busy", "stop control reply: interrupt_reply ok", "stop idle"]);
    talk.expect(&[
        "a error Input: the cell was interrupted while it waited for input",
        "a reply: error [1] Input",
        "a idle",
    ]);
    talk.end();
}

#[test]
fn what_a_sink_is_given_late_goes_to_its_cell() {
    let mut talk = Conversation::start();
    talk.run("a", "later gate from behind");
    talk.expect(&["a busy", "a input [1]", "a reply: ok [1]", "a idle"]);
    talk.run("b", "give 2");
    talk.expect(&["b busy", "b input [2]", "b result [2] \"2\"", "b reply: ok [2]", "b idle"]);
    talk.script.open("gate");
    talk.expect(&["a stdout \"from behind\\n\""]);
    talk.end();
}

#[test]
fn a_panic_of_the_interpreter_is_named_a_fault_of_the_kernel() {
    let mut talk = Conversation::start();
    talk.run("a", "panic oh no");
    talk.expect(&["a busy", "a input [1]"]);
    let error = talk.hear();
    assert!(error.starts_with("a error KernelFault: a fault of the kernel") && error.ends_with("oh no"), "{error}");
    talk.expect(&["a reply: error [1] KernelFault", "a idle"]);
    talk.run("b", "give 2");
    talk.expect(&["b busy", "b input [2]", "b result [2] \"2\"", "b reply: ok [2]", "b idle"]);
    talk.end();
}

#[test]
fn a_kernel_whose_interpreter_did_not_start_tells_every_cell_why() {
    let mut talk = Conversation::with(|script| script.launch_broken(Failure::new("NoCompiler", "install rustc")));
    for (name, input) in [("a", "a input [1]"), ("b", "b input [2]")] {
        talk.run(name, "give 1");
        assert_eq!([talk.hear(), talk.hear()], [format!("{name} busy"), input.to_owned()]);
        assert_eq!(talk.hear(), format!("{name} error NoCompiler: install rustc"));
        assert!(talk.hear().ends_with("NoCompiler"));
        assert_eq!(talk.hear(), format!("{name} idle"));
    }
    talk.shell("tab", CompleteRequest { code: "x".to_owned(), cursor_pos: 1 });
    talk.expect(&["tab busy", "tab reply: [] at 1..1", "tab idle"]);
    talk.end();
}

#[test]
fn unknown_and_malformed_messages_are_answered_and_forgotten() {
    let mut talk = Conversation::start();
    let unknown = |kind: &str| UnknownMessage { msg_type: kind.to_owned(), content: serde_json::json!({}) };
    talk.shell("a", unknown("teleport_request"));
    talk.expect(&["a busy", "a reply: teleport_reply error UnknownMessage", "a idle"]);
    talk.shell("b", unknown("execute_request"));
    talk.expect(&["b busy", "b reply: execute_reply error MalformedMessage", "b idle"]);
    talk.shell("c", unknown("gossip"));
    talk.expect(&["c busy", "c idle"]);
    talk.run("d", "give 1");
    talk.expect(&["d busy", "d input [1]", "d result [1] \"1\"", "d reply: ok [1]", "d idle"]);
    talk.end();
}

#[test]
fn a_comm_for_an_unknown_target_is_closed() {
    let mut talk = Conversation::start();
    talk.shell("a", CommOpen { target_name: "jupyter.widget".to_owned(), ..CommOpen::default() });
    talk.expect(&["a busy", "a comm_close", "a idle"]);
    talk.end();
}

#[test]
fn a_shutdown_leaves_no_cell_without_reply_and_idle() {
    let mut talk = Conversation::start();
    talk.run("a", "wait never");
    talk.script.await_arrival("never");
    talk.run("b", "give 1");
    talk.control("end", ShutdownRequest { restart: true });
    talk.expect(&["a busy", "a input [1]"]);
    talk.expect(&["end busy", "end shutdown_reply ok", "end control reply: shutdown_reply ok", "end idle"]);
    talk.expect(&["b busy", "b reply: aborted [1]", "b idle"]);
    talk.expect(&[
        "a error Interrupted: the cell was interrupted",
        "a reply: error [1] Interrupted",
        "a idle",
        "closed",
    ]);
    talk.kernel.join().expect("the kernel does not panic").expect("the kernel ends well");
}

#[test]
fn a_kernel_whose_frontends_are_gone_ends() {
    let talk = Conversation::start();
    drop(talk.frontend);
    talk.kernel.join().expect("the kernel does not panic").expect("the kernel ends well");
}
