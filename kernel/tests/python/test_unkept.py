"""Cells that are not kept in the history, and expressions that a frontend asks for: their errors speak of their own text."""


def test_a_compile_error_quotes_the_cell_that_has_it(shared):
    shared.ok("let real = 1;")
    cell = shared.fails("let fine = 2;\nlet wrong: i32 = \"unkept\";", store_history=False)
    assert "this cell, line 2" in cell.traceback and '2 | let wrong: i32 = "unkept";' in cell.traceback
    assert "let real" not in cell.traceback and "cell 0" not in cell.traceback


def test_a_panic_quotes_the_cell_that_has_it_once(shared):
    shared.ok("let real = 1;")
    cell = shared.fails("let fine = 2;\npanic!(\"unkept\")", store_history=False)
    assert "this cell, line 2" in cell.traceback and '2 | panic!("unkept")' in cell.traceback
    assert "called from" not in cell.traceback and "cell 0" not in cell.traceback
    assert shared.ok("fine").result == "2"


def test_an_item_of_an_unkept_cell_is_not_quoted_from_another(shared):
    shared.ok("fn fragile() {\n    panic!(\"inside\")\n}", store_history=False)
    shared.ok("let other = 1;\nlet another = 2;", store_history=False)
    cell = shared.fails("let fine = 1;\nfragile()")
    assert "a cell that is not in the history, line 2" in cell.traceback
    assert "let another" not in cell.traceback and "2 | fragile()" in cell.traceback


def test_an_expression_that_a_frontend_asks_for_has_its_own_text(shared):
    cell = shared.ok("let real = 1;", user_expressions={"wrong": "real + \"unkept\"", "right": "real + 1"})
    told = cell.reply["user_expressions"]
    assert told["right"]["data"]["text/plain"] == "2"
    assert 'real + "unkept"' in "\n".join(told["wrong"]["traceback"])
    assert "let real" not in "\n".join(told["wrong"]["traceback"])
