"""The dashboard's page in a real browser while a run goes on, and the profile that is left of it."""

import urllib.error
import urllib.request

import pytest
from browser import MINUTE, keep
from session import Session

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
            before = done(page)
            page.wait_for_function(
                "before => parseInt(document.querySelector('#state span').innerText.replaceAll('\\u00a0', '')) > before",
                arg=before,
            )
            keep(page, f"dashboard-{scheme}.png")
        session.manager.interrupt_kernel()
        assert "the run was cancelled" in session.collect(request).complaint
        page.wait_for_selector("text=stopped after")
        session.manager.shutdown_kernel(now=True)
        page.wait_for_selector("#ended", state="visible")
        assert "stopped after" in page.locator("#state").inner_text(), "what it showed last stays"
        keep(page, "dashboard-ended.png")


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
    assert opened(kernel) == address, "there is one dashboard"
    kernel.ok("dashboard().close()")
    with pytest.raises(OSError):
        urllib.request.urlopen(address, timeout=10)


def test_the_view_in_the_cell_follows_later_runs(kernel):
    shown = kernel.ok("dashboard()").shown[0]
    name = shown["transient"]["display_id"]
    assert "?token=" in shown["data"]["text/html"]
    run = kernel.ok(NAPS)
    views = [item["data"]["text/html"] for item in run.shown if item.get("transient", {}).get("display_id") == name]
    assert len(views) > 1 and "worker 1" in views[-1] and "tasks in" in views[-1]
    kernel.ok("dashboard().close()")


def test_the_profile_of_a_run_names_its_tasks_and_lines(kernel):
    kernel.ok("from_sequence(0..100i64, 10).map(|n| n * n).sum().compute()?")
    profile = kernel.ok("profile()")
    cell = kernel.ok("1").reply["execution_count"] - 2
    assert "slowest tasks" in profile.result and f"cell {cell}, line 1" in profile.result
    assert "<img" in profile.html and "from_sequence" in profile.html
    assert kernel.ok("profile().tasks().height()").result == kernel.ok("last_run().unwrap().records.len()").result


def test_progress_can_be_switched_off(kernel):
    bar = kernel.ok(NAPS).html
    assert "a second" in bar and "held" in bar and "tasks in" in bar
    kernel.ok("set_config(config().progress(false))?;")
    assert not kernel.ok(NAPS).html
    kernel.ok("set_config(config().progress(true))?;")
