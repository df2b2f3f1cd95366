(function () {
  "use strict";
  var cells = JSON.parse(document.getElementById("cells").textContent);
  var rows = Array.prototype.slice.call(document.querySelectorAll("#matches tbody tr"));
  var NS = "http://www.w3.org/2000/svg";

  function shape(name, attributes) {
    var node = document.createElementNS(NS, name);
    Object.keys(attributes).forEach(function (key) { node.setAttribute(key, attributes[key]); });
    return node;
  }
  function draw(row) {
    var place = row.cells[0], cell = cells[Number(row.dataset.row)];
    if (place.firstChild || !cell.length) { return; }
    var xs = cell[0].map(function (p) { return p[0]; }), ys = cell[0].map(function (p) { return p[1]; });
    var left = Math.min.apply(null, xs), bottom = Math.min.apply(null, ys);
    var wide = Math.max.apply(null, xs) - left, tall = Math.max.apply(null, ys) - bottom;
    var scale = 52 / Math.max(wide, tall), dot = 2.2;
    var svg = shape("svg", { width: 60, height: Math.ceil(tall * scale) + 8, "aria-hidden": "true" });
    function at(p) { return [4 + (p[0] - left) * scale, 4 + (tall - p[1] + bottom) * scale]; }
    svg.appendChild(shape("polygon", {
      points: cell[0].map(function (p) { return at(p).join(","); }).join(" "),
      fill: "none", stroke: "currentColor", "stroke-width": 1 }));
    cell[2].forEach(function (p) {
      svg.appendChild(shape("circle", { cx: at(p)[0], cy: at(p)[1], r: dot + 1, fill: "none", stroke: "#0072b2", "stroke-width": 1.2 }));
    });
    cell[1].forEach(function (p) {
      svg.appendChild(shape("circle", { cx: at(p)[0], cy: at(p)[1], r: dot - 0.4, fill: "#d55e00" }));
    });
    place.appendChild(svg);
  }
  if ("IntersectionObserver" in window) {
    var seen = new IntersectionObserver(function (entries) {
      entries.forEach(function (entry) {
        if (entry.isIntersecting) { draw(entry.target); seen.unobserve(entry.target); }
      });
    }, { rootMargin: "400px" });
    rows.forEach(function (row) { seen.observe(row); });
    window.addEventListener("beforeprint", function () { rows.forEach(draw); });
  } else {
    rows.forEach(draw);
  }

  var form = document.getElementById("filters");
  function words(id) { return document.getElementById(id).value.trim().toLowerCase(); }
  function most(id) {
    var value = parseFloat(document.getElementById(id).value);
    return isNaN(value) ? Infinity : value + 1e-9;
  }
  function has(row, column, text) {
    return !text || row.cells[column].textContent.replace("−", "-").toLowerCase().indexOf(text) >= 0;
  }
  function number(row, column) { return parseFloat(row.cells[column].textContent); }
  function filter() {
    var film = words("by-film"), substrate = words("by-substrate"), planes = words("by-planes");
    var area = most("by-area"), strain = most("by-strain"), best = {};
    var kept = rows.filter(function (row) {
      return has(row, 1, film) && has(row, 2, substrate) && has(row, 3, planes) &&
        number(row, 4) <= area && number(row, 5) <= strain;
    });
    if (document.getElementById("by-pair").checked) {
      kept.forEach(function (row) {
        var pair = row.cells[1].textContent + " on " + row.cells[2].textContent;
        if (!best[pair] || number(row, 5) < number(best[pair], 5)) { best[pair] = row; }
      });
      kept = Object.keys(best).map(function (pair) { return best[pair]; });
    }
    rows.forEach(function (row) { row.hidden = true; });
    kept.forEach(function (row) { row.hidden = false; });
    document.getElementById("shown").textContent = kept.length + " of " + rows.length + " matches shown";
  }
  form.addEventListener("input", filter);
  form.addEventListener("submit", function (event) { event.preventDefault(); });
  form.addEventListener("reset", function () { window.setTimeout(filter, 0); });
  document.documentElement.dataset.screening = "ready";
})();
