"""Cells as users write them: what must be kept, what must be told, and what stock kernels get wrong."""

from pathlib import Path

import pytest
from session import PATIENCE, Session

DERIVE = "use serde::{Serialize, Deserialize};\n#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]\n"


def test_first_cell_is_number_one_and_collections_are_there(kernel):
    first = kernel.ok("let x = random((1000, 1000), (100, 100), 7);")
    assert first.reply["execution_count"] == 1
    second = kernel.ok("x.sum().compute()?")
    assert second.reply["execution_count"] == 2
    assert 490_000 < float(second.result) < 510_000


def test_lazy_collection_shows_itself_without_computing(shared):
    shared.ok("let counted = random((400, 400), (100, 100), 1);")
    cell = shared.ok("counted")
    assert "(400, 400)" in cell.html and "<img" in cell.html
    assert "f64" in cell.html
    shared.ok("counted.sum().compute()?")


def test_graph_is_drawn_for_frontends_of_both_kinds(shared):
    cell = shared.ok("random((40, 40), (20, 20), 1).sum().visualize()")
    bundle = cell.shown[-1]["data"]
    assert "data:image/svg+xml" in bundle["text/html"]
    assert "<svg" not in bundle["text/html"], "untrusted notebooks lose inline svg"
    assert "image/svg+xml" in bundle and bundle["text/plain"].strip()


def test_computed_frame_is_a_table(shared):
    shared.ok('let table = from_polars(polars::df!["city" => ["Rome", "Oslo", "Rome"], "n" => [1i64, 2, 3]]?, 2)?;')
    cell = shared.ok('table.group_by(["city"]).agg([col("n").sum()])?.compute()?')
    assert "<table" in cell.html and "Rome" in cell.html


# What a user's mistake must not cost


def test_failing_question_mark_keeps_variables_bound_before_it(kernel):
    kernel.ok("let before = 1;")
    cell = kernel.fails('let kept = before + 1;\nlet broken: i32 = "no number".parse()?;')
    assert cell.message == "invalid digit found in string"
    assert cell.places == ["cell 2, line 2"]
    assert kernel.ok("before + kept").result == "3"


def test_a_variable_that_is_moved_costs_no_other(kernel):
    cell = kernel.ok('let taken = vec![1, 2];\nlet n: i32 = "1".parse()?;\nlet shown = n + 1;\nlet text = "a".repeat(2);\ndrop(taken);\ntext')
    assert cell.result == '"aa"'
    assert kernel.ok("text.len() as i32 + n + shown").result == "5"
    assert kernel.fails("taken.len()").message == "cannot find value `taken` in this scope"


@pytest.mark.parametrize(
    "code, value",
    [
        ("let mut kept = vec![1]; kept = kept.into_iter().map(|n| n + 1).collect();", "[2]"),
        ("let kept = vec![2, 1]; let kept = { let mut kept = kept; kept.sort(); kept };", "[1, 2]"),
        ("let kept = vec![1]; let n = if kept.is_empty() { drop(kept); panic!() } else { kept.len() };", "[1]"),
        ('let kept = "5"; let kept: i32 = kept.parse()?;', "5"),
        ("enum Health { Ok, Bad } use Health::*; let kept = 7; let gone = vec![1]; drop(gone);", "7"),
    ],
)
def test_variables_that_are_moved_and_bound_again_are_kept(kernel, code, value):
    kernel.ok(code)
    assert kernel.ok("kept").result == value


def test_panic_keeps_variables_and_kernel(kernel):
    kernel.ok("let data = vec![1, 2, 3];")
    cell = kernel.fails("let index = data.len();\ndata[index]")
    assert cell.message == "index out of bounds: the len is 3 but the index is 3"
    assert cell.places == ["cell 2, line 2"]
    assert kernel.ok("data.len() + index").result == "6"


def test_panic_names_the_cell_and_line_it_happened_in(kernel):
    kernel.ok("let a = 1;")
    kernel.ok("let b = 2;")
    kernel.ok("fn risky(n: i32) -> i32 {\n    if n > 1 {\n        panic!(\"too big: {n}\");\n    }\n    n\n}")
    for number in (4, 5, 6):
        assert kernel.ok(f"risky({number - 6})").reply["execution_count"] == number
    cell = kernel.fails("let c = a + b;\nrisky(c)")
    assert cell.message == "too big: 3"
    assert cell.places == ["cell 3, line 3", "cell 7, line 2"]


def test_panic_in_a_closure_of_a_graph_names_operation_cell_and_line(kernel):
    kernel.ok("let numbers = from_sequence(0..100i64, 4);")
    kernel.ok('let mapped = numbers.map(|n| {\n    if n == 60 { panic!("sixty") }\n    n\n});')
    cell = kernel.fails("mapped.compute()?")
    assert cell.message.startswith("map failed in partition 2 of 4 (built in cell 2, line 1): panicked at cell 2, line 2: sixty")
    assert cell.places == ["cell 3, line 1"]
    assert kernel.ok("numbers.compute()?.len()").result == "100"


def test_compile_error_shows_the_users_code_only(kernel):
    cell = kernel.fails('let fine = 1;\nlet wrong: i32 = "text";')
    assert cell.message == "mismatched types"
    assert set(cell.places) == {"cell 1, line 2"}
    assert '2 | let wrong: i32 = "text";' in cell.traceback
    assert "evcxr" not in cell.complaint.lower()
    assert "lazuli_cell" not in cell.complaint
    assert kernel.ok("1 + 1").result == "2"


def test_compile_error_hands_on_the_librarys_advice(shared):
    cell = shared.fails("let square = call(|n: i64| n * n, 3);")
    assert "arguments are a tuple, also when there is but one" in cell.complaint
    cell = shared.fails('let words = from_sequence(["lapis"], 1);')
    assert "`String` in place of `&str`" in cell.complaint


def test_compile_error_beside_variables_of_the_library_is_the_users_own(shared):
    shared.ok("let beside = zeros((4, 4), (2, 2));")
    cell = shared.fails('let wrong: i32 = "text";')
    assert cell.message == "mismatched types"
    cell = shared.fails("let borrowed = &beside;")
    assert "non-static lifetime" in cell.message and "`borrowed`" in cell.message


def test_cells_queued_behind_an_error_are_aborted(kernel):
    kernel.ok("1")
    requests = [kernel.client.execute(code) for code in ('panic!("first")', "let never = 1;")]
    first, second = [kernel.collect(request) for request in requests]
    assert first.reply["status"] == "error"
    assert second.reply["status"] == "aborted"


def test_overflow_in_a_cell_is_an_error(kernel):
    kernel.ok("let most = i32::MAX;")
    cell = kernel.fails("most + 1")
    assert "overflow" in cell.complaint
    assert kernel.ok("most").result == "2147483647"


# Types of the user


def test_redefined_struct_takes_its_old_values_with_it(kernel):
    kernel.ok(f"{DERIVE}struct Point {{ a: i64 }}")
    kernel.ok("let points = from_sequence((0..8).map(|a| Point { a }), 2);")
    assert kernel.ok("points.compute()?.len()").result == "8"
    told = kernel.ok(f"{DERIVE}struct Point {{ a: String }}")
    assert told.stderr.startswith("`Point` was redefined: the variable `points: ")
    # A value of the old type must not be read as the new one.
    again = kernel.fails("points.compute()?[0].a.len()")
    assert again.message == "cannot find value `points` in this scope"
    assert "`points` was made with another `Point` and went when cell 4 redefined that" in again.traceback
    kernel.ok('let points = from_sequence(vec![Point { a: "new".to_string() }], 1);')
    assert kernel.ok("points.compute()?[0].a.len()").result == "3"


def test_impl_in_a_cell_of_its_own_does_not_hold_its_struct_as_it_was(kernel):
    """Neither the struct nor the impl could be changed first."""
    kernel.ok("struct Side { x: i64 }")
    kernel.ok("impl Side {\n    fn area(&self) -> i64 {\n        self.x * self.x\n    }\n}")
    assert kernel.ok("Side { x: 3 }.area()").result == "9"
    told = kernel.ok("struct Side { y: i64 }")
    assert told.stderr == (
        "`impl Side` of cell 2 does not fit the new `Side` (no field `x` on type `&Side`, cell 2, line 3): "
        "it is set aside until it is run again\n"
    )
    missed = kernel.fails("Side { y: 4 }.area()")
    assert missed.message.startswith("no method named `area` found")
    assert "`impl Side` of cell 2 was set aside when `Side` was redefined" in missed.traceback
    unchanged = kernel.fails("impl Side {\n    fn area(&self) -> i64 {\n        self.x * self.x\n    }\n}")
    assert unchanged.message.startswith("no field `x`")
    kernel.ok("impl Side {\n    fn area(&self) -> i64 {\n        self.y * self.y\n    }\n}")
    assert kernel.ok("Side { y: 4 }.area()").result == "16"
    # With the old fields back, what was written for them is not: the last text counts.
    assert "of cell 7 does not fit" in kernel.ok("struct Side { x: i64 }").stderr
    kernel.ok("impl Side {\n    fn area(&self) -> i64 {\n        self.x * self.x\n    }\n}")
    assert kernel.ok("Side { x: 5 }.area()").result == "25"


def test_impl_that_does_not_fit_stays_where_the_cell_fails_otherwise(kernel):
    kernel.ok("struct Edge { x: i64 }")
    kernel.ok("impl Edge { fn length(&self) -> i64 { self.x } }")
    assert kernel.fails("struct Edge { y: i64 }\nlet n: i64 = \"\";").stderr == ""
    assert kernel.ok("Edge { x: 3 }.length()").result == "3"
    # Compiled once with the variable, and once more without.
    kernel.ok("let edge = Edge { x: 4 };")
    assert "does not fit" not in kernel.fails("struct Edge { y: i64 }\nprintln!(\"{}\", edge.y);").stderr
    assert kernel.ok("Edge { x: 4 }.length()").result == "4"


def test_return_outside_of_a_function_is_refused_at_its_line(kernel):
    wrong = kernel.fails("for i in 0..3 {\n    if i > 1 { return; }\n}")
    assert wrong.message == "`return` in a cell, which is no function: put what may end early into one, or use `if`"
    assert wrong.places == ["cell 1, line 2"]


def test_wrong_import_is_shown_at_its_line(kernel):
    wrong = kernel.fails("use std::fmt::Debug;\nuse std::collections::{BTreeMap, Nope};\n1")
    assert wrong.message.startswith("unresolved import `std::collections::Nope`")
    assert wrong.places == ["cell 1, line 2"]


def test_type_that_nothing_decides_is_asked_for(shared):
    wrong = shared.fails('let x = "7".parse()?;')
    assert "nothing says which type is meant: write it, as in `let x: i64 = …`" in wrong.traceback
    shown = shared.fails("std::thread::spawn(|| panic!()).join().unwrap()")
    assert shown.message.startswith("nothing says of which type the value is that this cell ends with")


def test_cell_that_does_not_compile_changes_nothing(kernel):
    """Its unchanged items are still those of the cell before."""
    kernel.ok("fn fall() {\n    panic!(\"down\")\n}")
    kernel.fails("\n\nfn fall() {\n    panic!(\"down\")\n}\nlet n: i64 = \"\";")
    assert kernel.fails("fall()").places == ["cell 1, line 2", "cell 3, line 1"]


def test_redefined_struct_takes_the_values_that_hold_it(kernel):
    kernel.ok("struct Inner { a: i64 }\nstruct Outer { inner: Inner }")
    kernel.ok("let outer = vec![Outer { inner: Inner { a: 1 } }]; let other = 5usize;")
    told = kernel.ok("struct Inner { a: String }")
    assert told.stderr == "`Inner` was redefined: the variable `outer: Vec<Outer>` had the old one and is gone\n"
    again = kernel.fails("outer[0].inner.a.len() + other")
    assert "`outer` was made with another `Inner` and went when cell 3 redefined that" in again.traceback
    assert kernel.ok("other").result == "5"
    kernel.ok('let outer = vec![Outer { inner: Inner { a: "two".into() } }];')
    assert kernel.ok("outer[0].inner.a.len() + other").result == "8"


def test_unchanged_struct_sent_again_keeps_its_values(kernel):
    text = f"{DERIVE}struct Point {{ a: i64 }}"
    kernel.ok(text)
    kernel.ok("let point = Point { a: 5 };")
    kernel.ok(text)
    assert kernel.ok("point.a").result == "5"


def test_derived_serde_type_in_a_bag(kernel):
    kernel.ok(f"{DERIVE}struct Word {{ text: String, count: u32 }}")
    kernel.ok('let word = Word { text: "lapis".into(), count: 3 };')
    assert kernel.ok("serde_json::to_string(&word)?").result == r'"{\"text\":\"lapis\",\"count\":3}"'
    kernel.ok("let words = from_sequence(vec![word.clone(); 6], 3);")
    assert kernel.ok("words.map(|word| word.count as u64).sum().compute()?").result == "18"


# Definitions run again, as one does who changes a cell and tries once more


def test_impl_cell_can_be_run_again(kernel):
    kernel.ok("struct Lawn { strips: u32 }")
    area = "impl Lawn {\n    fn area(&self) -> u32 { self.strips * 10 }\n}"
    kernel.ok(area)
    kernel.ok(area)
    assert kernel.ok("Lawn { strips: 2 }.area()").result == "20"
    kernel.ok("impl Lawn {\n    fn area(&self) -> u32 { self.strips * 20 }\n    fn new() -> Self { Lawn { strips: 8 } }\n}")
    assert kernel.ok("Lawn::new().area()").result == "160"
    kernel.ok("impl Lawn { fn mown(self) -> Self { Lawn { strips: 0 } } }")
    kernel.ok("impl Lawn { fn area(&self) -> u32 { self.strips } }")
    assert kernel.ok("(Lawn::new().area(), Lawn::new().mown().area())").result == "(8, 0)", "methods of other cells stay"
    kernel.ok(area)
    assert kernel.ok("Lawn::new().area()").result == "80", "an earlier text may be the last word"


def test_a_method_that_was_replaced_still_panics_on_the_line_of_its_cell(kernel):
    kernel.ok("struct Lawn;")
    kernel.ok('impl Lawn {\n    fn first(&self) {}\n    fn second(&self) {\n        panic!("grass");\n    }\n}')
    kernel.ok("impl Lawn {\n    fn first(&self) { self.second() }\n}")
    assert kernel.fails("Lawn.first()").places == ["cell 2, line 4", "cell 4, line 1"]


def test_trait_impl_cell_can_be_run_again(kernel):
    kernel.ok("use std::fmt;\nstruct Lawn(u32);")
    shown = """impl fmt::Display for Lawn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { write!(f, "%s {}", self.0) }
}"""
    for word in ("lawn", "lawn", "meadow"):
        kernel.ok(shown % word)
    assert kernel.ok("Lawn(3).to_string()").result == '"meadow 3"'


def test_compile_error_beside_an_impl_that_ran_twice_is_the_users_own(kernel):
    kernel.ok("struct Lawn;")
    for _ in range(2):
        kernel.ok("impl Lawn { fn area(&self) -> u32 { 1 } }")
    cell = kernel.fails("let area: String = Lawn.area();")
    assert cell.message == "mismatched types"


def test_two_definitions_of_a_method_in_one_cell_are_an_error(kernel):
    kernel.ok("struct Lawn;")
    cell = kernel.fails("impl Lawn { fn area(&self) {} }\nimpl Lawn { fn area(&self) -> u32 { 1 } }")
    assert "duplicate definitions with name `area`" in cell.message


def test_functions_imports_and_macros_can_be_run_again(kernel):
    for factor in (2, 2, 3):
        kernel.ok("use std::collections::*;\nuse std::fmt::Write as _;\nuse std::time::Duration;")
        kernel.ok(f"macro_rules! times {{ ($n:expr) => {{ {factor} * $n }} }}")
        kernel.ok("fn tripled(n: u32) -> u32 { times!(n) }")
        assert kernel.ok("(tripled(7), times!(2))").result == f"({factor * 7}, {factor * 2})"
    kernel.ok("fn tripled(n: u32) -> String { n.to_string() }")
    assert kernel.ok("tripled(3)").result == '"3"'


def test_a_macro_run_again_serves_the_functions_of_earlier_cells(kernel):
    kernel.ok("macro_rules! times { ($n:expr) => { 2 * $n } }")
    kernel.ok("fn doubled(n: u32) -> u32 { times!(n) }")
    kernel.ok("macro_rules! times { ($n:expr) => { 3 * $n } }")
    assert kernel.ok("doubled(7)").result == "21"
    assert kernel.fails("let wrong: String = doubled(7);").message == "mismatched types"


# Input and output


def test_read_line_asks_the_user(kernel):
    cell = kernel.ok(
        "let mut line = String::new();\nstd::io::stdin().read_line(&mut line)?;\nline.trim().to_uppercase()",
        answers=["blue"],
    )
    assert cell.result == '"BLUE"'


def test_read_line_where_the_frontend_cannot_ask_says_so(kernel):
    kernel.ok("let kept = 5;")
    code = "let mut line = String::new();\nstd::io::stdin().read_line(&mut line)"
    for number, failing in [(2, f"{code}?;"), (3, f"{code}.unwrap();")]:
        cell = kernel.fails(failing)
        assert cell.message.startswith("this frontend does not take input from the user")
        assert cell.places == [f"cell {number}, line 2"] and "os error" not in cell.complaint
    assert kernel.ok("kept").result == "5"


def test_stdout_and_stderr_arrive_whole_and_before_idle(kernel):
    cell = kernel.ok('for i in 0..2000 { println!("line {i}"); }\neprintln!("last");')
    assert cell.stdout.splitlines()[-1] == "line 1999"
    assert len(cell.stdout.splitlines()) == 2000
    assert cell.stderr.strip() == "last"


def test_output_that_looks_like_the_evaluators_own_is_only_output(kernel):
    cell = kernel.ok('println!("EVCXR_EXECUTION_COMPLETE");\nprintln!("after");')
    assert "after" in cell.stdout
    assert kernel.ok("1 + 1").result == "2"


# Bad input: what and where, and everything lives on


@pytest.fixture(scope="module")
def careful():
    with Session() as session:
        session.ok("let witness = 7;")
        yield session


def check(session: Session, code: str, message: str, line: int):
    """`message` is all that the error says, not what it quotes of the code; `line` is the user's."""
    cell = session.fails(code)
    assert cell.message == message
    assert cell.places[0] == f"cell {cell.reply['execution_count']}, line {line}"
    assert session.ok("witness").result == "7"


@pytest.mark.parametrize("read", ["read_csv", "read_text"])
def test_missing_file_is_named(careful, read):
    code = f'let pattern = "/nowhere/at-all-*";\nlet found = {read}(pattern)?;'
    check(careful, code, f"no file matches `/nowhere/at-all-*`, looked for from {Path.cwd()}", line=2)


def test_malformed_csv_names_file_and_line(careful, tmp_path):
    file = tmp_path / "bad.csv"
    file.write_text("a,b\n1,2\n3,4\n5,6,7,8\n9,10\n")
    message = f"{file}, line 4 (byte 12): more fields than the 2 columns of the header: 5,6,7,8"
    check(careful, f'let file = "{file}";\nlet frame = read_csv(file)?;', message, line=2)


def test_missing_column_fails_where_it_is_written(careful):
    careful.ok('let cities = from_polars(polars::df!["city" => ["Rome", "Oslo"]]?, 1)?;')
    message = 'select: there is no column "town"; the columns are city'
    check(careful, 'let name = "town";\nlet wrong = cities.select([col(name)])?;', message, line=2)


def test_mismatched_shapes_name_both(careful):
    careful.ok("let wide = zeros((4, 6), (2, 2)); let tall = zeros((5, 6), (2, 2));")
    message = "shapes (4, 6) and (5, 6) do not broadcast: counted from the last axis, lengths must be equal or one of them 1"
    check(careful, "println!(\"{:?}\", tall.shape());\nlet sum = &wide + &tall;", message, line=2)


def test_zero_chunks_are_refused(careful):
    message = "chunks of length 0 along axis 1 of shape (4, 6); give a length of at least 1"
    check(careful, "let chunk = (2, 0);\nlet none = zeros((4, 6), chunk);", message, line=2)


def test_unknown_message_is_answered_with_an_error(careful):
    client = careful.client
    request = client.session.send(client.shell_channel.socket, client.session.msg("no_such_request", {}))
    reply = client.get_shell_msg(timeout=PATIENCE)
    assert reply["parent_header"]["msg_id"] == request["header"]["msg_id"]
    assert (reply["content"]["status"], reply["content"]["ename"]) == ("error", "UnknownMessage")
    assert "no_such_request" in reply["content"]["evalue"] and "no_such_request" in careful.log
    assert careful.ok("witness").result == "7"


def test_bad_signature_is_refused_with_a_line_in_the_log(careful):
    client = careful.client
    key, client.session.key = client.session.key, b"wrong"
    try:
        client.execute("let witness = 8;")
    finally:
        client.session.key = key
    assert careful.ok("witness").result == "7"
    assert "dropped a message on the shell channel: bad signature" in careful.log


# Kernels beside each other


def test_two_kernels_do_not_see_each_other():
    with Session() as one, Session() as two:
        one.ok("let secret = 1;")
        two.ok("let secret = 2;")
        assert (one.ok("secret").result, two.ok("secret").result) == ("1", "2")
