(function () {
  "use strict";
  var NS = "http://www.w3.org/2000/svg", LINE = 14;

  function shape(name, attributes, parent) {
    var node = document.createElementNS(NS, name);
    Object.keys(attributes).forEach(function (key) { node.setAttribute(key, attributes[key]); });
    if (parent) { parent.appendChild(node); }
    return node;
  }
  function element(name, attributes, parent) {
    var node = document.createElement(name);
    Object.keys(attributes).forEach(function (key) {
      if (key === "text") { node.textContent = attributes[key]; } else { node.setAttribute(key, attributes[key]); }
    });
    parent.appendChild(node);
    return node;
  }
  function decoded(array) {
    var values = [], i;
    if (array.n) {
      for (i = 0; i < array.n; i++) { values.push(array.from + i * (array.to - array.from) / (array.n - 1)); }
      return values;
    }
    var scale = Math.pow(10, -array.d);
    return array.v.map(function (v) { return v === null ? NaN : v * scale; });
  }
  function plain(runs) { return runs.map(function (run) { return run[0]; }).join("").replace(/\n/g, " "); }
  function shown(value) { return String(Number(value.toPrecision(5))).replace("-", "−"); }
  function reading(runs, value) {
    var label = plain(runs), unit = /^(.*?) \(([^()]*(?:\([^()]*\))?[^()]*)\)/.exec(label);
    return unit ? { value: shown(value) + " " + unit[2], name: unit[1] } : { value: shown(value), name: label };
  }
  function ticks(low, high, most) {
    var raw = (high - low) / Math.max(most, 1), power = Math.pow(10, Math.floor(Math.log10(raw))), found = [];
    var step = [1, 2, 5, 10].map(function (k) { return k * power; }).filter(function (s) { return s >= raw * 0.999; })[0];
    var digits = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
    for (var k = Math.ceil(low / step - 1e-9); k * step <= high + 1e-9 * step; k++) {
      found.push([k * step, (Math.abs(k) ? (k * step).toFixed(digits) : "0").replace("-", "−")]);
    }
    return found;
  }
  function write(runs, parent, x, y, attributes) {
    var text = shape("text", Object.assign({ fill: "currentColor" }, attributes), parent), first = true, level = 0, lines = 0;
    text.setAttribute("transform", "translate(" + x.toFixed(1) + " " + y.toFixed(1) + ")" + (attributes.turn || ""));
    runs.forEach(function (run) {
      run[0].split("\n").forEach(function (part, i) {
        var span = shape("tspan", {}, text), drop = 4 * (level - run[1]);
        if (first || i) { span.setAttribute("x", 0); }
        if (i) { lines += 1; drop = LINE; }
        if (run[1]) { span.setAttribute("font-size", "75%"); }
        if (drop) { span.setAttribute("dy", drop); }
        span.textContent = part;
        first = false; level = run[1];
      });
    });
    return text;
  }
  function lineCount(runs) { return plainLines(runs).length; }
  function plainLines(runs) { return runs.map(function (run) { return run[0]; }).join("").split("\n"); }

  function Plot(host, data) {
    var self = this;
    this.data = data;
    this.values = data.arrays.map(decoded);
    this.hidden = {};
    this.zoom = data.panels.map(function () { return { x: null, y: null }; });
    data.panels.forEach(function (panel, i) {
      panel.x.zoom = panel.shared ? self.zoom[panel.column] : self.zoom[i];
      panel.y.zoom = self.zoom[i];
    });
    this.live = element("div", { class: "plot-live" }, host);
    host.insertBefore(this.live, host.querySelector(".plot-file"));
    this.legend();
    this.frame = element("div", { class: "plot-frame" }, this.live);
    this.tip = element("div", { class: "plot-tip", hidden: "" }, this.frame);
    this.svg = shape("svg", { tabindex: 0, role: "application", "aria-roledescription": "plot", "aria-label": host.dataset.about +
      ". Left and right read along a curve, up and down change the curve, plus and minus zoom, 0 resets the zoom." }, this.frame);
    this.tools();
    this.said = element("p", { class: "hidden", role: "status", "aria-live": "polite" }, this.live);
    this.listen();
    this.draw();
    new ResizeObserver(function () {
      if (Math.abs(self.frame.clientWidth - (self.drawnFor || 0)) > 1) { self.draw(); }
    }).observe(this.frame);
  }

  Plot.prototype.legend = function () {
    var self = this, bar = element("div", { class: "plot-legend", role: "group", "aria-label": "Curves shown" }, this.live), known = {};
    this.names = [];
    this.data.panels.forEach(function (panel) {
      panel.marks.forEach(function (mark) {
        if (!mark.series || known[mark.series]) { return; }
        known[mark.series] = true;
        self.names.push(mark.series);
        var key = element("button", { type: "button", "aria-pressed": "true", title: "show or hide" }, bar);
        var swatch = element("i", {}, key);
        swatch.style.background = mark.colour;
        swatch.style.opacity = mark.colour === "currentColor" ? Math.max(0.35, mark.alpha) : 1;
        key.appendChild(document.createTextNode(mark.series));
        key.addEventListener("click", function () {
          self.hidden[mark.series] = !self.hidden[mark.series];
          key.setAttribute("aria-pressed", String(!self.hidden[mark.series]));
          self.draw();
        });
      });
    });
  };

  Plot.prototype.tools = function () {
    var self = this, bar = element("div", { class: "plot-tools" }, this.live);
    this.reset = element("button", { type: "button", text: "Reset zoom", disabled: "" }, bar);
    this.reset.addEventListener("click", function () { self.unzoom(); });
    var save = element("button", { type: "button", text: "Save data (csv)" }, bar);
    save.addEventListener("click", function () {
      var note = self.data.note ? "# " + self.data.note + "\n" : "", text = note + [self.heading()].concat(self.rows()).map(function (row) {
        return row.map(function (cell) { return /[",\n]/.test(cell) ? '"' + String(cell).replace(/"/g, '""') + '"' : cell; }).join(",");
      }).join("\n") + "\n";
      var link = document.createElement("a");
      link.href = URL.createObjectURL(new Blob(["\ufeff" + text], { type: "text/csv" }));
      link.download = self.data.name + ".csv";
      link.click();
      URL.revokeObjectURL(link.href);
    });
    var more = element("details", {}, bar);
    element("summary", { text: "Data as a table" }, more);
    more.addEventListener("toggle", function () {
      if (more.open && more.children.length === 1) { self.table(element("div", { class: "scroll plot-table", tabindex: 0 }, more)); }
    });
    element("span", { class: "plot-help", text: "Drag to zoom, click a name to hide its curve." }, bar);
  };

  Plot.prototype.heading = function () {
    var first = this.data.panels[0];
    return ["panel", "curve", plain(first.x.label) || "place", plain(first.y.label)];
  };
  Plot.prototype.rows = function () {
    var self = this, rows = [];
    this.data.panels.forEach(function (panel) {
      panel.marks.forEach(function (mark) {
        if (!self.readable(mark)) { return; }
        var xs = self.values[mark.x], ys = self.values[mark.y];
        xs.forEach(function (x, i) {
          if (mark.kind === "segments" && i % 2) { return; }
          rows.push([plain(panel.title), mark.series, panel.x.names ? self.named(panel, x) : Number(x.toPrecision(7)), Number(ys[i].toPrecision(6))]);
        });
      });
    });
    return rows;
  };
  Plot.prototype.table = function (place) {
    var table = element("table", {}, place), head = element("tr", {}, element("thead", {}, table)), body = element("tbody", {}, table);
    this.heading().forEach(function (name) { element("th", { scope: "col", text: name }, head); });
    this.rows().forEach(function (row) {
      var line = element("tr", {}, body);
      row.forEach(function (cell) { element("td", { text: typeof cell === "number" ? shown(cell) : cell }, line); });
    });
  };
  Plot.prototype.named = function (panel, x) {
    var best = panel.x.names.slice().sort(function (a, b) { return Math.abs(a[0] - x) - Math.abs(b[0] - x); })[0];
    return best[1].replace(/\n/g, " ");
  };
  Plot.prototype.readable = function (mark) {
    if (!mark.series) { return false; }
    if (mark.kind === "segments") { var y = this.values[mark.y]; return y[0] === y[1]; }
    return mark.kind === "line" || mark.kind === "points";
  };

  Plot.prototype.draw = function () {
    var self = this, room = this.frame.clientWidth, stacked = room < 640;
    if (!room) { return; }
    this.drawnFor = room;
    this.silence();
    this.svg.textContent = "";
    var columns = stacked ? 1 : 1 + Math.max.apply(null, this.data.panels.map(function (p) { return p.column; }));
    var least = Math.max.apply(null, this.data.panels.map(function (p) { return p.x.names ? 60 + 118 * p.x.names.length : 0; }));
    var width = Math.max(least, Math.min(room, this.data.width * 6)), each = width / columns, top = this.data.note ? 16 : 0, across = 0, tallest = 0;
    var panels = this.data.panels.slice();
    panels.forEach(function (panel, i) {
      var next = panels[i + 1], last = !next || next.column !== panel.column || !panel.shared;
      var above = 9 + (panel.title.length ? 18 : 0) + (panel.y.label.length ? 18 : 0), below = last ? 40 : 12;
      panel.marks.forEach(function (mark) {
        if (mark.kind === "words" && !mark.in[1] && mark.at[1] > 1) { panel.head = Math.max(panel.head || 0, LINE * lineCount(mark.text)); }
      });
      if (panel.x.names) { below = 10 + LINE * Math.max.apply(null, panel.x.names.map(function (n) { return n[1].split("\n").length; })); }
      above += panel.head || 0;
      var size = Math.max(120, panel.height * 5.2);
      panel.box = { x: across * each + 50, y: top + above, w: each - 64, h: size };
      panel.last = last;
      tallest = Math.max(tallest, above + size + below);
      across += 1;
      if (across === columns) { top += tallest; tallest = 0; across = 0; }
    });
    var height = top + tallest;
    this.svg.setAttribute("width", width);
    this.svg.setAttribute("height", height);
    this.svg.setAttribute("viewBox", "0 0 " + width + " " + height);
    if (this.data.note) { write([[this.data.note, 0]], this.svg, width - 14, 12, { "text-anchor": "end", class: "plot-note" }); }
    panels.forEach(function (panel, i) { self.panel(panel, i); });
    this.reset.disabled = !this.zoom.some(function (z) { return z.x || z.y; });
  };

  Plot.prototype.scales = function (panel) {
    var box = panel.box, x = panel.x.zoom.x || panel.x.limits, y = panel.y.zoom.y || panel.y.limits;
    return {
      x: function (v) { return box.x + box.w * (v - x[0]) / (x[1] - x[0]); },
      y: function (v) { return box.y + box.h * (y[1] - v) / (y[1] - y[0]); },
      fromX: function (p) { return x[0] + (x[1] - x[0]) * (p - box.x) / box.w; },
      fromY: function (p) { return y[1] - (y[1] - y[0]) * (p - box.y) / box.h; }
    };
  };

  Plot.prototype.panel = function (panel, index) {
    var self = this, box = panel.box, at = this.scales(panel), id = "clip-" + this.data.name + "-" + index;
    var x = panel.x.zoom.x || panel.x.limits, y = panel.y.zoom.y || panel.y.limits, axis = shape("g", { class: "plot-axis" }, this.svg);
    panel.at = at;
    shape("path", { d: "M" + box.x + " " + box.y + "v" + box.h + "h" + box.w }, axis);
    ticks(y[0], y[1], box.h / 34).forEach(function (tick) {
      shape("path", { d: "M" + (box.x - 4) + " " + at.y(tick[0]).toFixed(1) + "h4" }, axis);
      write([[tick[1], 0]], axis, box.x - 7, at.y(tick[0]) + 4, { "text-anchor": "end" });
    });
    (panel.x.names || ticks(x[0], x[1], box.w / 55)).forEach(function (tick) {
      if (tick[0] < Math.min(x[0], x[1]) || tick[0] > Math.max(x[0], x[1])) { return; }
      if (!panel.x.names) { shape("path", { d: "M" + at.x(tick[0]).toFixed(1) + " " + (box.y + box.h) + "v4" }, axis); }
      if (panel.last) { write([[tick[1], 0]], axis, at.x(tick[0]), box.y + box.h + 17, { "text-anchor": "middle" }); }
    });
    if (panel.last && !panel.x.names) { write(panel.x.label, axis, box.x + box.w, box.y + box.h + 34, { "text-anchor": "end", class: "plot-label" }); }
    var head = box.y - 11 - (panel.head || 0);
    write(panel.y.label.map(function (run) { return [run[0].replace(/\n/g, " "), run[1]]; }), axis, box.x - 44, head, { class: "plot-label" });
    if (panel.title.length) {
      var title = write(panel.title, this.svg, box.x - 44, head - (panel.y.label.length ? 18 : 0), { class: "plot-title", fill: panel.colour });
      var most = box.w + 50, long = title.getComputedTextLength();
      if (long > most) { title.style.fontSize = Math.max(9, 12.5 * most / long) + "px"; }
    }
    shape("rect", { x: box.x, y: box.y, width: box.w, height: box.h }, shape("clipPath", { id: id }, this.svg));
    var inside = shape("g", { "clip-path": "url(#" + id + ")" }, this.svg), words = shape("g", {}, this.svg), kept = [];
    panel.marks.forEach(function (mark) {
      if (mark.series && self.hidden[mark.series]) { return; }
      if (mark.kind === "words") { self.words(mark, panel, words, kept); } else { self.mark(mark, panel, inside); }
    });
  };

  Plot.prototype.mark = function (mark, panel, parent) {
    var at = panel.at, box = panel.box, xs = this.values[mark.x], ys = this.values[mark.y], path = "", pen = false;
    var look = { fill: "none", stroke: mark.colour, "stroke-opacity": mark.alpha, "stroke-width": mark.width || 1.2, "stroke-linejoin": "round" };
    if (mark.dash) { look["stroke-dasharray"] = mark.dash; }
    if (mark.series) { look["data-series"] = mark.series; }
    function place(i) { return at.x(xs[i]).toFixed(1) + " " + at.y(ys[i]).toFixed(1); }
    if (mark.kind === "rule") {
      path = mark.axis === "x" ? "M" + at.x(mark.at).toFixed(1) + " " + box.y + "v" + box.h : "M" + box.x + " " + at.y(mark.at).toFixed(1) + "h" + box.w;
    } else if (mark.kind === "line" || mark.kind === "fill") {
      xs.forEach(function (x, i) {
        if (isNaN(x) || isNaN(ys[i])) { pen = false; return; }
        path += (pen ? "L" : "M") + place(i);
        pen = true;
      });
      if (mark.kind === "fill") {
        if (mark.base !== undefined) { path += "L" + at.x(xs[xs.length - 1]).toFixed(1) + " " + at.y(mark.base).toFixed(1) + "L" + at.x(xs[0]).toFixed(1) + " " + at.y(mark.base).toFixed(1); }
        look.fill = mark.colour; look["fill-opacity"] = mark.alpha; look.stroke = "none"; path += "Z";
      }
    } else if (mark.kind === "segments") {
      for (var i = 0; i + 1 < xs.length; i += 2) { path += "M" + place(i) + "L" + place(i + 1); }
    } else if (mark.kind === "arrow") {
      var a = at.x(mark.ends[0]), b = at.x(mark.ends[2]), y = at.y(mark.ends[1]);
      path = "M" + a + " " + y + "H" + b + "m-5 -3l5 3l-5 3M" + (a + 5) + " " + (y - 3) + "l-5 3l5 3";
    } else if (mark.kind === "points") {
      xs.forEach(function (x, i) {
        path += "M" + (at.x(x) - mark.radius).toFixed(1) + " " + at.y(ys[i]).toFixed(1) + "a" + mark.radius + " " + mark.radius + " 0 1 0 " + 2 * mark.radius + " 0a" + mark.radius + " " + mark.radius + " 0 1 0 " + -2 * mark.radius + " 0";
      });
      if (!mark.ring) { look.fill = mark.colour; look["fill-opacity"] = 0.8 * mark.alpha; look.stroke = "none"; }
    }
    if (path) { look.d = path; shape("path", look, parent); }
  };

  Plot.prototype.words = function (mark, panel, parent, kept) {
    var box = panel.box, at = panel.at, lines = lineCount(mark.text);
    var x = mark.in[0] ? at.x(mark.at[0]) : box.x + box.w * mark.at[0], y = mark.in[1] ? at.y(mark.at[1]) : box.y + box.h * (1 - mark.at[1]);
    if (x < box.x - 1 || x > box.x + box.w + 1 || (mark.in[1] && (y < box.y - 1 || y > box.y + box.h + 1))) { return; }
    x += mark.offset[0]; y -= mark.offset[1];
    var anchor = { left: "start", center: "middle", right: "end" }[mark.across];
    var look = { "text-anchor": mark.turned ? "start" : anchor, fill: mark.colour, "fill-opacity": mark.alpha, class: "plot-words" };
    if (mark.series) { look["data-series"] = mark.series; }
    if (mark.turned) { look.turn = " rotate(-90)"; x += 4; } else {
      y += { top: 11, center: 4 - LINE * (lines - 1) / 2, center_baseline: 4, baseline: 0, bottom: -3 - LINE * (lines - 1) }[mark.up];
    }
    var node = write(mark.text, parent, x, y, look), mine = node.getBoundingClientRect();
    var clash = kept.some(function (other) { return mine.left < other.right && other.left < mine.right && mine.top < other.bottom && other.top < mine.bottom; });
    if (clash) { node.remove(); } else { kept.push(mine); }
  };

  window.QdstructPlot = Plot;
  Plot.shape = shape;
  Plot.element = element;
  Plot.reading = reading;
})();
