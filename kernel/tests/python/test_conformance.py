"""The protocol's own test suite, run against the kernel."""

import unittest

import jupyter_kernel_test


class LazuliKernelTests(jupyter_kernel_test.KernelTests):
    kernel_name = "lazuli"
    language_name = "rust"
    file_extension = ".rs"

    code_hello_world = 'println!("hello, world");'
    code_stderr = 'eprintln!("this goes to stderr");'
    completion_samples = [
        {"text": "std::collections::HashM", "matches": {"HashMap"}},
    ]
    complete_code_samples = ["1 + 1", "let a = 5;", "fn f() -> i32 { 1 }", "struct A {\n    a: i32,\n}"]
    incomplete_code_samples = ["fn f() {", "let a = (1,", "vec![1,", 'let s = "open']
    invalid_code_samples = ["let = 5;;)", "fn f( }"]
    code_execute_result = [
        {"code": "6 * 7", "result": "42"},
        {"code": '"lapis".len()', "result": "5"},
    ]
    code_display_data = [
        {
            "code": 'println!("EVCXR_BEGIN_CONTENT text/html\\n<b>blue</b>\\nEVCXR_END_CONTENT");',
            "mime": "text/html",
        },
    ]
    code_generate_error = 'panic!("on purpose")'
    code_inspect_sample = "random"
    code_history_pattern = "6 ?*"
    supported_history_operations = ("tail", "range", "search")
    code_clear_output = "clear_output(false);"


class LazuliWelcomeTests(jupyter_kernel_test.IopubWelcomeTests):
    """JEP 65: a subscriber is greeted, so that it knows that it hears everything from now on."""

    kernel_name = "lazuli"
    support_iopub_welcome = True


if __name__ == "__main__":
    unittest.main()
