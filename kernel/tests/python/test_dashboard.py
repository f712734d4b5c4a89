"""The dashboard's page in a real browser while a run goes on, and the profile that is left of it."""

import re
import urllib.error
import urllib.request

import pytest
from browser import MINUTE, keep
from picture import READABLE, Shown
from session import PATIENCE, Session

# Longer than anyone looks, and stopped by the test.
LONG_RUN = """
let naps = from_sequence(0..100_000i64, 100_000).map(|n| {
    std::thread::sleep(std::time::Duration::from_millis(5));
    n
});
naps.sum().compute_with(config().workers(2))?
"""
# Two workers take longer for it than it takes until a bar is shown, on a machine of any number of cores.
NAPS = (
    "from_sequence(0..20i64, 20).map(|n| { std::thread::sleep(std::time::Duration::from_millis(80)); n })"
    ".sum().compute_with(config().workers(2))?"
)


def opened(session: Session) -> str:
    """The address of the dashboard."""
    return session.ok("dashboard().url().unwrap_or_default()").result.strip('"')


def done(page) -> int:
    """How many tasks the page says are done."""
    words = page.locator("#state span").first.inner_text()
    return int(words.split(" of ")[0].replace("\xa0", ""))


def wait_for_progress(page):
    """Waits until the page says that more tasks are done."""
    more = "before => parseInt(document.querySelector('#state span').innerText.replaceAll('\\u00a0', '')) > before"
    page.wait_for_function(more, arg=done(page))


def test_the_page_shows_a_run_while_it_goes_on(browser):
    with Session() as session:
        address = opened(session)
        request = session.client.execute(LONG_RUN)
        for scheme in ("light", "dark"):
            page = browser.new_page(viewport={"width": 1100, "height": 700}, color_scheme=scheme)
            page.set_default_timeout(MINUTE)
            page.goto(address)
            page.wait_for_selector("text=worker 0")
            picture = page.locator("#state img[src^='data:image/svg+xml']").first
            page.wait_for_function("image => image.complete && image.naturalWidth > 0", arg=picture.element_handle())
            wait_for_progress(page)
            keep(page, f"dashboard-{scheme}.png")
            shown = Shown.on(page.locator("#state"))
            assert len(shown.pictures) == 2 and all(found["opaque"] for found in shown.pictures), shown.pictures
            assert len(shown.texts) > 10
            assert not [text for text in shown.texts if text["contrast"] < READABLE]
        session.manager.interrupt_kernel()
        assert "the run was cancelled" in session.collect(request).complaint
        page.wait_for_selector("text=stopped after")
        session.manager.shutdown_kernel(now=True)
        page.wait_for_selector("#ended", state="visible")
        assert "stopped after" in page.locator("#state").inner_text(), "what it showed last stays"
        keep(page, "dashboard-ended.png")


def test_what_is_looked_at_on_the_page_stays_while_it_follows_a_run(browser):
    with Session() as session:
        page = browser.new_page(viewport={"width": 600, "height": 700})
        page.set_default_timeout(MINUTE)
        page.goto(opened(session))
        request = session.client.execute(LONG_RUN)
        page.wait_for_selector("text=worker 0")
        wait_for_progress(page)
        wide = page.locator("#state div:has(> img)").first.element_handle()
        wide.evaluate("element => { element.scrollLeft = 100; }")
        pointed_at = page.locator("#state span[title]").last.element_handle()
        for _ in range(2):
            wait_for_progress(page)
        assert wide.evaluate("element => [element.isConnected, element.scrollLeft]") == [True, 100]
        assert pointed_at.evaluate("element => [element.isConnected, element.title.length > 0]") == [True, True]
        # What another program answers at this port, or one that answers nothing, is not the dashboard.
        for other in (lambda route: route.fulfill(status=403, body="something else"), lambda route: None):
            page.route("**/state?*", other)
            page.wait_for_selector("#ended", state="visible")
            assert "worker 0" in page.locator("#state").inner_text(), "what it showed last stays"
            page.unroute("**/state?*", other)
            page.wait_for_selector("#ended", state="hidden")
        session.manager.interrupt_kernel()
        session.collect(request)


def status(address: str, **headers: str) -> int:
    try:
        return urllib.request.urlopen(urllib.request.Request(address, headers=headers), timeout=10).status
    except urllib.error.HTTPError as error:
        return error.code


def test_the_page_is_for_who_knows_its_token(kernel):
    address = opened(kernel)
    page, token = address.split("?")
    assert status(address) == status(f"{page}state?{token}") == 200
    assert status(page) == status(f"{page}state") == status(f"{page}state?token=0") == 403
    assert status(address, Host="attacker.example") == 403
    kernel.ok("let board = dashboard();")
    assert opened(kernel) == address, "there is one dashboard"
    kernel.ok("dashboard().close()")
    with pytest.raises(OSError):
        urllib.request.urlopen(address, timeout=10)
    assert kernel.ok("board.url().is_none()").result == "true"


def views(cell, name: str) -> list[str]:
    """What a cell showed in the place of that name."""
    return [item["data"]["text/html"] for item in cell.shown if item.get("transient", {}).get("display_id") == name]


@pytest.mark.parametrize("code", ["dashboard()", "display(&dashboard());"])
def test_the_view_in_the_cell_follows_later_runs(kernel, code):
    shown = kernel.ok(code).shown[0]
    name = shown["transient"]["display_id"]
    assert "?token=" in shown["data"]["text/html"]
    drawn = views(kernel.ok(NAPS), name)
    assert len(drawn) > 1 and "worker 1" in drawn[-1] and "tasks in" in drawn[-1]
    running = drawn[:-1]
    assert all(view.count("<img ") == 2 and "<details" not in view for view in running), "its graph is not folded away"
    (last,) = views(kernel.ok("dashboard().close()"), name)
    assert "tasks in" in last and "?token=" not in last, "no address that leads nowhere is left"


def test_the_view_in_the_cell_shows_the_last_of_many_short_runs(kernel):
    kernel.ok("dashboard()")
    # All within less time than there must be between two drawings, but the first.
    kernel.client.execute("for _ in 0..20 { from_sequence(0..9i64, 9).sum().compute()?; }\ncall(|| 3, ()).compute()?;")
    text = ""
    while "1\xa0task in" not in text:
        message = kernel.client.get_iopub_msg(timeout=PATIENCE)
        if message["msg_type"] == "update_display_data":
            text = message["content"]["data"]["text/plain"]


def test_the_profile_of_a_run_names_its_tasks_and_lines(kernel):
    kernel.ok("from_sequence(0..100i64, 10).map(|n| n * n).sum().compute()?")
    profile = kernel.ok("profile()")
    cell = kernel.ok("1").reply["execution_count"] - 2
    assert "slowest tasks" in profile.result and f"cell {cell}, line 1" in profile.result
    assert "<img" in profile.html and "from_sequence" in profile.html
    assert kernel.ok("profile().tasks().height()").result == kernel.ok("last_run().unwrap().records.len()").result


def test_progress_is_shown_ten_times_a_second_at_most_and_can_be_switched_off(kernel):
    run = kernel.ok(NAPS)
    bar = run.html
    assert "a second" in bar and "held" in bar and "tasks in" in bar
    took, unit = re.findall(r"tasks in ([\d.]+) (s|ms)", bar)[-1]
    seconds = float(took) / (1 if unit == "s" else 1000)
    drawn = [item for item in run.shown if "display_id" in item.get("transient", {})]
    # One at once where the run is found to be long, and one at its end.
    assert 2 <= len(drawn) <= 10 * seconds + 2
    kernel.ok("set_config(config().progress(false))?;")
    assert not kernel.ok(NAPS).html
    kernel.ok("set_config(config().progress(true))?;")
