use lazuli_kernel::interpreter::*;
use std::sync::Arc;
use std::time::Instant;
struct Print;
impl OutputSink for Print {
    fn emit(&self, output: Output) {
        println!("   {output:?}");
    }
    fn input(&self, _: &str, _: bool) -> Result<String, InputError> {
        Ok("typed".into())
    }
}
fn main() {
    evcxr::hook();
    let begun = Instant::now();
    let launch = evcxr::launch();
    let mut session = match (launch.start)() {
        Ok(s) => s,
        Err(e) => {
            println!("{e:?}");
            return;
        }
    };
    println!("started {:?}", begun.elapsed());
    let text = std::fs::read_to_string(std::env::args().nth(1).unwrap()).unwrap();
    for (n, code) in text.split("//---\n").enumerate() {
        let begun = Instant::now();
        let sink: Arc<dyn OutputSink> = Arc::new(Print);
        let outcome = session.execute(&Cell::new(n as u32 + 1, code), &sink);
        let steps: Vec<String> = std::fs::read_dir("/tmp")
            .unwrap()
            .flatten()
            .filter(|e| e.file_name().to_string_lossy().starts_with("lazuli-"))
            .filter_map(|e| std::fs::read_to_string(e.path().join("evcxr/step")).ok())
            .collect();
        println!("[{}] {:?} steps {}", n + 1, begun.elapsed(), steps.join(","));
        match outcome {
            Outcome::Done { result } => println!("   -> {:?}", result.map(|r| r.data)),
            Outcome::Failed(f) => println!("   FAILED {} | {}\n{}", f.name, f.value, f.traceback.join("\n")),
        }
    }
    session.shutdown();
}
