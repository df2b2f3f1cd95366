(function () {
  "use strict";
  var data = JSON.parse(document.getElementById("structure").textContent);
  var host = document.getElementById("viewer");

  function sortTable(table, column, heading) {
    var ascending = heading.getAttribute("aria-sort") !== "ascending";
    table.querySelectorAll("thead th").forEach(function (th) { th.removeAttribute("aria-sort"); });
    heading.setAttribute("aria-sort", ascending ? "ascending" : "descending");
    var body = table.tBodies[0];
    var rows = Array.prototype.slice.call(body.rows);
    rows.sort(function (a, b) {
      var x = a.cells[column].textContent.trim(), y = b.cells[column].textContent.trim();
      var u = parseFloat(x.replace("−", "-")), v = parseFloat(y.replace("−", "-"));
      var order = isNaN(u) || isNaN(v) ? x.localeCompare(y) : u - v;
      return ascending ? order : -order;
    });
    rows.forEach(function (row) { body.appendChild(row); });
  }
  document.querySelectorAll("table.sortable").forEach(function (table) {
    Array.prototype.forEach.call(table.tHead.rows[0].cells, function (heading, column) {
      heading.tabIndex = 0;
      heading.addEventListener("click", function () { sortTable(table, column, heading); });
      heading.addEventListener("keydown", function (event) {
        if (event.key === "Enter" || event.key === " ") { event.preventDefault(); sortTable(table, column, heading); }
      });
    });
  });

  function webgl() {
    try { var c = document.createElement("canvas"); return !!(c.getContext("webgl2") || c.getContext("webgl")); }
    catch (error) { return false; }
  }
  if (!webgl() || typeof $3Dmol === "undefined") {
    host.hidden = true;
    document.getElementById("viewer-failed").hidden = false;
    return;
  }
  var viewer = $3Dmol.createViewer(host, { backgroundColor: "white", antialias: true });
  viewer.setProjection("orthographic");
  var model = viewer.addModel();
  model.addAtoms(data.atoms.map(function (atom, i) {
    return { elem: atom.e, x: atom.p[0], y: atom.p[1], z: atom.p[2], serial: i, index: i, bonds: [], bondOrder: [],
             properties: { region: atom.r, layer: atom.l } };
  }));
  var box = [];
  function drawCell(visible) {
    box.forEach(function (shape) { viewer.removeShape(shape); });
    box = [];
    if (!visible) { return; }
    data.edges.forEach(function (edge) {
      box.push(viewer.addLine({
        start: { x: edge[0][0], y: edge[0][1], z: edge[0][2] },
        end: { x: edge[1][0], y: edge[1][1], z: edge[1][2] }, color: "#888888" }));
    });
  }
  function colourOf(atom, mode) {
    if (mode === "element") { return data.colours.element[atom.elem]; }
    if (mode === "region") { return data.colours.region[atom.properties.region]; }
    var palette = data.colours.layer;
    return palette[Math.max(0, atom.properties.layer) % palette.length];
  }
  function legend(mode) {
    var list = document.getElementById("legend");
    list.textContent = "";
    var entries = mode === "layer" ? {} : data.colours[mode];
    Object.keys(entries).forEach(function (name) {
      var item = document.createElement("li"), dot = document.createElement("i");
      dot.style.background = entries[name];
      item.appendChild(dot);
      item.appendChild(document.createTextNode(name));
      list.appendChild(item);
    });
    if (mode === "layer") {
      var item = document.createElement("li");
      item.textContent = "neighbouring layers of each crystal in alternating colours";
      list.appendChild(item);
    }
  }
  function paint(mode) {
    model.atoms = model.atoms || [];
    viewer.setStyle({}, { sphere: { scale: 1.0 } });
    model.selectedAtoms({}).forEach(function (atom) {
      model.setStyle({ serial: atom.serial }, {
        sphere: { radius: data.radii[atom.elem], color: colourOf(atom, mode) } });
    });
    legend(mode);
    viewer.render();
  }
  function reset() {
    viewer.setView([0, 0, 0, 0, 0, 0, 0, 1]);
    viewer.rotate(-90, "x");
    viewer.rotate(-20, "y");
    viewer.rotate(8, "x");
    viewer.zoomTo();
    viewer.render();
  }
  var mode = document.getElementById("colour");
  mode.addEventListener("change", function () { paint(mode.value); });
  document.getElementById("cell").addEventListener("change", function (event) { drawCell(event.target.checked); viewer.render(); });
  document.getElementById("spin").addEventListener("change", function (event) { viewer.spin(event.target.checked ? "y" : false); });
  document.getElementById("reset").addEventListener("click", reset);
  window.addEventListener("resize", function () { viewer.resize(); });
  drawCell(true);
  paint("element");
  reset();
  document.documentElement.dataset.viewer = "drawn";
})();
