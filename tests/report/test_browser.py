"""The pages in a real browser: nothing on its console, the viewer draws, tables sort and filter."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from report_factories import make_results

from qdstruct import matching, phases, report

webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not installed")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
DRIVER = shutil.which("chromedriver")
pytestmark = pytest.mark.skipif(
    not (CHROMIUM and DRIVER), reason="SKIPPED ALOUD: no chromium with chromedriver on this machine"
)
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--use-gl=angle", "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader", "--disable-background-networking", "--no-first-run",
    "--disable-dev-shm-usage",
)  # fmt: skip


@pytest.fixture(scope="module")
def browser():
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for flag in FLAGS:
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(DRIVER))
    driver.set_window_size(1280, 900)
    yield driver
    driver.quit()


@pytest.fixture(scope="module")
def figures():
    return report.study_figures(make_results())


@pytest.fixture(scope="module")
def study(browser, figures, tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("study") / "report.html"
    report.write_page(make_results(), path, figures=figures)
    return path


@pytest.fixture(scope="module")
def flat(study) -> Path:
    """The same page where the browser offers no WebGL: drawing in space takes most of the time."""
    path = study.with_name("flat.html")
    refuse = "<script>HTMLCanvasElement.prototype.getContext = () => null</script>"
    path.write_text(study.read_text(encoding="utf-8").replace("<body>", f"<body>{refuse}", 1))
    return path


@pytest.fixture(scope="module")
def screening(browser, tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("screening") / "table.csv"
    films = [phases.load(name) for name in ("PbS-galena", "CdS-zincblende")]
    substrates = [phases.load(name) for name in ("CsPbBr3-cubic", "CsPbBr3-tetragonal")]
    settings = matching.ScreenSettings(max_area=250, per_facet=True)
    matching.screen(films, substrates, path, settings=settings, n_workers=1)
    page = path.with_suffix(".html")
    report.write_screening_page(matching.read_table(path), page, title="four pairs")
    return page


def load(browser, path: Path) -> None:
    browser.get(path.as_uri())
    problems = [
        entry for entry in browser.get_log("browser")
        if entry["level"] in ("SEVERE", "WARNING") and "GPU" not in entry["message"]
    ]  # fmt: skip
    assert problems == []


def wait_until(browser, script: str):
    from selenium.webdriver.support.ui import WebDriverWait

    return WebDriverWait(browser, 30).until(lambda driver: driver.execute_script(script))


def visible(browser, column: int) -> list[str]:
    script = """
        return Array.from(document.querySelectorAll("#matches tbody tr"))
            .filter(row => row.offsetParent !== null)
            .map(row => row.cells[arguments[0]].textContent)"""
    return browser.execute_script(script, column)


def type_into(browser, name: str, text: str) -> None:
    field = browser.find_element("id", name)
    field.clear()
    field.send_keys(text)


def click(browser, css: str) -> None:
    browser.execute_script("arguments[0].click()", browser.find_element("css selector", css))


def coloured_share(browser) -> float:
    """Return which share of the viewer's pixels is not white."""
    import io

    from PIL import Image

    element = browser.find_element("id", "viewer")
    browser.execute_script("arguments[0].scrollIntoView()", element)
    pixels = np.asarray(Image.open(io.BytesIO(element.screenshot_as_png)).convert("RGB"))
    return float((pixels.min(axis=2) < 200).mean())


def test_the_viewer_draws_and_its_colours_change(browser, study) -> None:
    load(browser, study)
    assert wait_until(browser, "return document.documentElement.dataset.viewer") == "drawn"
    assert browser.execute_script("return document.documentElement.dataset.plots") == "drawn"
    assert coloured_share(browser) > 0.03
    before = browser.find_element("id", "viewer").screenshot_as_png
    choice = browser.find_element("id", "colour")
    choice.send_keys("region")
    legend = browser.find_element("id", "legend").text
    assert "film" in legend
    assert "substrate" in legend
    assert browser.find_element("id", "viewer").screenshot_as_png != before
    assert [e for e in browser.get_log("browser") if e["level"] == "SEVERE"] == []


def test_a_browser_without_webgl_is_told_where_the_structure_is(browser, flat) -> None:
    load(browser, flat)
    words = browser.find_element("id", "viewer-failed")
    assert words.is_displayed()
    assert "structures/interface.cif" in words.text


def test_tables_of_a_study_sort_by_number_and_by_keyboard(browser, flat) -> None:
    from selenium.webdriver.common.keys import Keys

    load(browser, flat)
    heading = browser.find_element("css selector", "#jobs thead th:nth-child(5)")
    for expected in (sorted, lambda values: sorted(values, reverse=True)):
        heading.send_keys(Keys.ENTER)
        cells = browser.find_elements("css selector", "#jobs tbody tr td:nth-child(5)")
        numbers = [float(cell.text) for cell in cells if cell.text]
        assert numbers == expected(numbers)
    assert heading.get_attribute("aria-sort") == "descending"


def test_every_control_has_a_name(browser, flat, screening) -> None:
    script = """
        return Array.from(document.querySelectorAll("input, select, button"))
            .filter(each => !(each.labels && each.labels.length) && !each.textContent.trim())
            .map(each => each.outerHTML)"""
    for page in (flat, screening):
        load(browser, page)
        assert browser.execute_script(script) == []


@pytest.mark.parametrize("width", [1280, 390])
def test_pages_do_not_scroll_sideways(browser, study, screening, width) -> None:
    metrics = {"width": width, "height": 844, "deviceScaleFactor": 1, "mobile": width < 600}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    for page in (study, screening):
        load(browser, page)
        assert browser.execute_script("return document.documentElement.scrollWidth") <= width
    browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_dark_and_light_are_told_apart(browser, plots) -> None:
    shades = []
    for scheme in ("light", "dark"):
        feature = {"name": "prefers-color-scheme", "value": scheme}
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})
        load(browser, plots)
        script = "return getComputedStyle(document.body).backgroundColor"
        shades.append(browser.execute_script(script))
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
    assert shades[0] == "rgb(255, 255, 255)"
    assert max(int(word) for word in shades[1].strip("rgb()").split(",")) < 60


def test_a_screening_filters(browser, screening) -> None:
    load(browser, screening)
    everything = visible(browser, 1)
    assert len(everything) > 20
    type_into(browser, "by-film", "cds")
    assert set(visible(browser, 1)) == {"CdS-zincblende"}
    type_into(browser, "by-strain", "1.5")
    strains = [float(text) for text in visible(browser, 5)]
    assert strains
    assert max(strains) <= 1.5
    shown = browser.find_element("id", "shown").text
    assert shown == f"{len(strains)} of {len(everything)} matches shown"
    click(browser, "#by-pair")
    pairs = list(zip(visible(browser, 1), visible(browser, 2), strict=True))
    assert len(pairs) == len(set(pairs)) == 2
    click(browser, "#filters button[type=reset]")
    wait_until(browser, f"return document.getElementById('shown').textContent.startsWith("
                        f"'{len(everything)} of')")  # fmt: skip
    assert visible(browser, 1) == everything


def test_a_screening_sorts_and_draws_its_cells(browser, screening) -> None:
    load(browser, screening)
    click(browser, "#matches thead th:nth-child(6)")
    strains = [float(text) for text in visible(browser, 5)]
    assert strains == sorted(strains)
    assert wait_until(browser, "return document.querySelectorAll('td.picture svg').length > 3")


def test_the_surfaces_of_the_charge_difference_can_be_switched_on(browser, tmp_path) -> None:
    from qdstruct.model import ChargeField
    from qdstruct.report.structure_page import page_template
    from qdstruct.report.viewer import viewer_context

    atoms = phases.load("CdS-zincblende").atoms
    x, y, z = np.meshgrid(*3 * [np.arange(16) / 16], indexing="ij")
    values = np.cos(2 * np.pi * x) * np.cos(2 * np.pi * y) * np.cos(2 * np.pi * z)
    field = ChargeField(
        values=values.astype(np.float32),
        atoms=atoms,
        origin=(0.0, 0.0, 0.0),
        level=0.5,
        sections=(),
    )
    viewer = viewer_context(atoms, description="a cell", elsewhere="", field=field)
    page = page_template("structure.html").render(
        title="cell",
        css="#viewer{position:relative;height:400px}",
        cards=[],
        problems=[],
        facts={},
        version="0",
        viewer=viewer,
    )
    path = tmp_path / "cell.html"
    path.write_text(page, encoding="utf-8")
    load(browser, path)
    assert wait_until(browser, "return document.documentElement.dataset.viewer") == "drawn"
    before = browser.find_element("id", "viewer").screenshot_as_png
    click(browser, "#field")
    assert browser.find_element("id", "viewer").screenshot_as_png != before
    assert [e for e in browser.get_log("browser") if e["level"] == "SEVERE"] == []


@pytest.fixture(scope="module")
def plots(browser, figures, tmp_path_factory) -> Path:
    """The figures of the study alone, without the three-dimensional view, which is slow."""
    from qdstruct.report.page_figures import drawn_figures, page_scripts

    drawn = drawn_figures(figures, "figures").values()
    body = "".join(f"<figure>{figure}</figure>" for figure in drawn)
    css, script = page_scripts("report.css"), page_scripts("plots.js", "plots_reading.js")
    path = tmp_path_factory.mktemp("plots") / "plots.html"
    path.write_text(
        f"<!DOCTYPE html><meta charset=utf-8><title>plots</title><style>{css}</style>{body}"
        f"<script>{script}</script>",
        encoding="utf-8",
    )
    return path


def plot_centre(browser, name: str) -> tuple[float, float]:
    """Scroll a live figure to the middle of the window and return its centre there."""
    script = """
        const data = Array.from(document.querySelectorAll(".plot script"))
            .find(each => JSON.parse(each.textContent).name === arguments[0]);
        const svg = data.parentNode.querySelector(".plot-frame svg");
        document.querySelectorAll(".tried").forEach(each => each.classList.remove("tried"));
        data.parentNode.classList.add("tried");
        svg.scrollIntoView({block: "center"});
        const box = svg.getBoundingClientRect();
        return [box.left + box.width / 2, box.top + box.height / 2]"""
    return browser.execute_script(script, name)


def mouse(browser, kind: str, x: float, y: float) -> None:
    event = {
        "type": kind,
        "x": x,
        "y": y,
        "button": "left",
        "clickCount": 1,
        "pointerType": "mouse",
    }
    if kind == "mouseMoved":
        event["button"] = "none"
    browser.execute_cdp_cmd("Input.dispatchMouseEvent", event)


def text_of(browser, css: str) -> str:
    return browser.find_element("css selector", css).text


def test_a_curve_is_read_under_the_pointer(browser, plots) -> None:
    load(browser, plots)
    x, y = plot_centre(browser, "dos_region")
    mouse(browser, "mouseMoved", x, y)
    name, energy, states = text_of(browser, ".tried .plot-tip").split("\n")
    assert name in ("film", "substrate")
    value = float(energy.removesuffix(" eV E − EF").replace("−", "-"))
    index = {"film": 0, "substrate": 1}[name]
    dos = make_results().calculated.dos_by_region
    expected = float(dos[index].sel(energy=value, method="nearest"))
    assert float(states.removesuffix(" states/eV")) == pytest.approx(expected, abs=2e-3)


def test_a_series_is_hidden_from_its_name_and_by_keyboard(browser, plots) -> None:
    from selenium.webdriver.common.keys import Keys

    load(browser, plots)
    plot_centre(browser, "dos_region")
    curves = ".tried path[data-series=film]"
    assert browser.find_elements("css selector", curves)
    key = browser.find_element("xpath", "//*[contains(@class,'tried')]//button[.='film']")
    key.send_keys(Keys.ENTER)
    assert key.get_attribute("aria-pressed") == "false"
    assert not browser.find_elements("css selector", curves)
    assert browser.find_elements("css selector", ".tried path[data-series=substrate]")
    key.click()
    assert browser.find_elements("css selector", curves)


def test_dragging_enlarges_and_a_button_takes_it_back(browser, plots) -> None:
    load(browser, plots)
    x, y = plot_centre(browser, "powder")
    everything = text_of(browser, ".tried .plot-frame svg")
    y += 80  # inside the lower of the two panels
    mouse(browser, "mousePressed", x - 60, y)
    mouse(browser, "mouseMoved", x + 60, y + 4)
    mouse(browser, "mouseReleased", x + 60, y + 4)
    closer = text_of(browser, ".tried .plot-frame svg")
    assert closer != everything
    click(browser, ".tried .plot-tools button")
    assert text_of(browser, ".tried .plot-frame svg") == everything


def test_curves_are_read_by_keyboard_and_said_aloud(browser, plots) -> None:
    from selenium.webdriver.common.keys import Keys

    load(browser, plots)
    plot_centre(browser, "potential")
    svg = browser.find_element("css selector", ".tried .plot-frame svg")
    svg.send_keys(Keys.ARROW_RIGHT)
    said = browser.execute_script(
        "return document.querySelector('.tried [role=status]').textContent"
    )
    svg.send_keys(Keys.ARROW_RIGHT)
    later = browser.execute_script(
        "return document.querySelector('.tried [role=status]').textContent"
    )
    assert re.match(r".+: height z \S+ Å, potential energy of an electron \S+ eV", said)
    assert later != said


def test_numbers_stand_in_a_table_and_are_saved(browser, plots) -> None:
    load(browser, plots)
    plot_centre(browser, "match")
    click(browser, ".tried summary")
    wait_until(browser, "return document.querySelectorAll('.tried tbody tr').length > 0")
    rows = browser.find_elements("css selector", ".tried tbody tr")
    heading = text_of(browser, ".tried thead")
    assert "coincidence cell area (Å2)" in heading
    assert len(rows) == len(make_results().matches) + 1
    save = "return document.querySelector('.tried .plot-tools button:nth-of-type(2)').textContent"
    assert browser.execute_script(save) == "Save data (csv)"


def test_print_and_no_script_show_the_static_figure(browser, plots) -> None:
    script = """
        return Array.from(document.querySelectorAll(".plot > svg"))
            .every(svg => svg.getBoundingClientRect().width > 100)"""
    load(browser, plots)
    assert not browser.execute_script(script)
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    assert wait_until(browser, script)
    hidden = "return getComputedStyle(document.querySelector('.plot-live')).display === 'none'"
    assert wait_until(browser, hidden)
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    browser.get(plots.as_uri())
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})
    assert wait_until(browser, script)
    assert not browser.find_elements("css selector", ".plot-live")
