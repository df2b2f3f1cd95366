(function () {
  "use strict";
  var data = JSON.parse(document.getElementById("structure").textContent);
  var host = document.getElementById("viewer");

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
  var model = null;
  function fill(times) {
    if (model) { viewer.removeModel(model); }
    model = viewer.addModel();
    var atoms = [];
    for (var i = 0; i < times; i++) {
      for (var j = 0; j < times; j++) {
        data.atoms.forEach(function (atom) {
          var n = atoms.length, a = data.cell[0], b = data.cell[1];
          atoms.push({ elem: atom.e, serial: n, index: n, bonds: [], bondOrder: [],
            x: atom.p[0] + i * a[0] + j * b[0], y: atom.p[1] + i * a[1] + j * b[1],
            z: atom.p[2] + i * a[2] + j * b[2], properties: { region: atom.r, layer: atom.l } });
        });
      }
    }
    model.addAtoms(atoms);
  }
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
  var surfaces = [];
  function cube(i, j) {
    var f = data.field, a = data.cell[0], b = data.cell[1], bytes = atob(f.values);
    var lines = ["charge difference", "", "0 " + [0, 1, 2].map(function (k) { return f.origin[k] + i * a[k] + j * b[k]; }).join(" ")];
    f.size.forEach(function (n, axis) { lines.push(-n + " " + f.steps[axis].join(" ")); });
    var row = [];
    for (var n = 0; n < bytes.length; n++) {
      row.push(bytes.charCodeAt(n) << 24 >> 24);
      if (row.length === 60) { lines.push(row.join(" ")); row = []; }
    }
    return lines.concat(row.join(" ")).join("\n") + "\n";
  }
  function drawField() {
    surfaces.forEach(function (shape) { viewer.removeShape(shape); });
    surfaces = [];
    var box = document.getElementById("field");
    if (!box || !box.checked) { return; }
    var times = repeat ? Number(repeat.value) : 1;
    for (var i = 0; i < times; i++) {
      for (var j = 0; j < times; j++) {
        var volume = new $3Dmol.VolumeData(cube(i, j), "cube");
        surfaces.push(viewer.addIsosurface(volume, { isoval: data.field.level, color: data.field.colours.gain, opacity: 0.85, smoothness: 2 }));
        surfaces.push(viewer.addIsosurface(volume, { isoval: -data.field.level, color: data.field.colours.loss, opacity: 0.85, smoothness: 2 }));
      }
    }
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
    var groups = {};
    model.selectedAtoms({}).forEach(function (atom) {
      var key = atom.elem + " " + colourOf(atom, mode);
      (groups[key] = groups[key] || []).push(atom.serial);
    });
    Object.keys(groups).forEach(function (key) {
      var words = key.split(" ");
      model.setStyle({ serial: groups[key] }, { sphere: { radius: data.radii[words[0]], color: words[1] } });
    });
    legend(mode);
    viewer.render();
  }
  function reset() {
    viewer.setView([0, 0, 0, 0, 0, 0, 0, 1]);
    viewer.rotate(-90, "vx");
    viewer.rotate(-22, "vy");
    viewer.rotate(7, "vx");
    viewer.zoomTo({ elem: Object.keys(data.radii) });
    viewer.render();
  }
  var mode = document.getElementById("colour");
  var repeat = document.getElementById("repeat");
  if (repeat) {
    repeat.value = data.repeat;
    repeat.addEventListener("change", function () { fill(Number(repeat.value)); paint(mode.value); drawField(); reset(); });
  }
  mode.addEventListener("change", function () { paint(mode.value); });
  document.getElementById("cell").addEventListener("change", function (event) { drawCell(event.target.checked); viewer.render(); });
  if (document.getElementById("field")) {
    document.getElementById("field").addEventListener("change", function () { drawField(); viewer.render(); });
  }
  document.getElementById("spin").addEventListener("change", function (event) { viewer.spin(event.target.checked ? "y" : false); });
  document.getElementById("reset").addEventListener("click", reset);
  window.addEventListener("resize", function () { viewer.resize(); });
  mode.value = data.start;
  fill(repeat ? Number(repeat.value) : 1);
  drawCell(true);
  paint(mode.value);
  reset();
  document.documentElement.dataset.viewer = "drawn";
})();
