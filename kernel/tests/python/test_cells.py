"""Cells as users write them: what must be kept, what must be told, and what stock kernels get wrong."""

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
    assert "invalid digit" in cell.complaint
    assert "line 2" in cell.complaint
    assert kernel.ok("before + kept").result == "3"


def test_panic_keeps_variables_and_kernel(kernel):
    kernel.ok("let data = vec![1, 2, 3];")
    cell = kernel.fails("let index = data.len();\ndata[index]")
    assert "index out of bounds" in cell.complaint
    assert kernel.ok("data.len() + index").result == "6"


def test_panic_names_the_cell_and_line_it_happened_in(kernel):
    kernel.ok("let a = 1;")
    kernel.ok("let b = 2;")
    kernel.ok("fn risky(n: i32) -> i32 {\n    if n > 1 {\n        panic!(\"too big: {n}\");\n    }\n    n\n}")
    for number in (4, 5, 6):
        assert kernel.ok(f"risky({number - 6})").reply["execution_count"] == number
    cell = kernel.fails("let c = a + b;\nrisky(c)")
    assert "too big: 3" in cell.complaint
    assert "cell 3, line 3" in cell.complaint
    assert "cell 7, line 2" in cell.complaint


def test_panic_in_a_closure_of_a_graph_names_operation_cell_and_line(kernel):
    kernel.ok("let numbers = from_sequence(0..100i64, 4);")
    kernel.ok('let mapped = numbers.map(|n| {\n    if n == 60 { panic!("sixty") }\n    n\n});')
    cell = kernel.fails("mapped.compute()?")
    assert "sixty" in cell.complaint and "map" in cell.complaint
    assert "cell 2" in cell.complaint
    assert kernel.ok("numbers.compute()?.len()").result == "100"


def test_compile_error_shows_the_users_code_only(kernel):
    cell = kernel.fails('let fine = 1;\nlet wrong: i32 = "text";')
    assert 'let wrong: i32 = "text";' in cell.complaint
    assert "line 2" in cell.complaint
    assert "evcxr" not in cell.complaint.lower()
    assert "lazuli_cell" not in cell.complaint
    assert "mismatched types" in cell.complaint
    assert kernel.ok("1 + 1").result == "2"


def test_compile_error_hands_on_the_librarys_advice(shared):
    cell = shared.fails("let square = call(|n: i64| n * n, 3);")
    assert "arguments are a tuple, also when there is but one" in cell.complaint
    cell = shared.fails('let words = from_sequence(["lapis"], 1);')
    assert "`String` in place of `&str`" in cell.complaint


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
    again = kernel.run("points.compute()?[0].a.len()")
    words = told.stdout + told.stderr + (told.result or "") + told.html + again.complaint
    assert "points" in words, "the lost variable is named"
    assert not again.ok, "a value of the old type must not be read as the new one"
    kernel.ok('let points = from_sequence(vec![Point { a: "new".to_string() }], 1);')
    assert kernel.ok("points.compute()?[0].a.len()").result == "3"


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
    for failing in (f"{code}?;", f"{code}.unwrap();"):
        cell = kernel.fails(failing)
        assert "this frontend does not take input from the user" in cell.complaint
        assert "line 2" in cell.complaint and "os error" not in cell.complaint
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


def check(session: Session, code: str, *parts: str):
    cell = session.fails(code)
    for part in parts:
        assert part in cell.complaint, f"{part!r} is missing in\n{cell.complaint}"
    assert session.ok("witness").result == "7"


def test_missing_file_is_named(careful):
    check(careful, 'let frame = read_csv("/nowhere/at-all-*.csv")?;', "/nowhere/at-all-*.csv")
    check(careful, 'let lines = read_text("/nowhere/at-all-*.txt")?;', "/nowhere/at-all-*.txt")


def test_malformed_csv_names_file_and_place(careful, tmp_path):
    file = tmp_path / "bad.csv"
    file.write_text("a,b\n1,2\n3,4,5,6\n7,x\n")
    check(careful, f'let frame = read_csv("{file}")?;\nframe.compute()?', "bad.csv")


def test_missing_column_fails_where_it_is_written(careful):
    careful.ok('let cities = from_polars(polars::df!["city" => ["Rome", "Oslo"]]?, 1)?;')
    check(careful, 'let wrong = cities.select([col("town")])?;', "town", "city", "line 1")


def test_mismatched_shapes_name_both(careful):
    careful.ok("let wide = zeros((4, 6), (2, 2)); let tall = zeros((5, 6), (2, 2));")
    check(careful, "let sum = &wide + &tall;", "4", "5", "6")


def test_zero_chunks_are_refused(careful):
    check(careful, "let none = zeros((4, 4), (0, 2));", "0")


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
