(function () {
  "use strict";
  var Plot = window.QdstructPlot, shape = Plot.shape, element = Plot.element, reading = Plot.reading;

  Plot.prototype.nearest = function (panel, px, py) {
    var self = this, best = null, at = panel.at;
    panel.marks.forEach(function (mark) {
      if (!self.readable(mark) || self.hidden[mark.series]) { return; }
      var xs = self.values[mark.x], ys = self.values[mark.y], step = mark.kind === "segments" ? 2 : 1;
      for (var i = 0; i < xs.length; i += step) {
        var x = at.x(xs[i]), y = at.y(ys[i]);
        if (step === 2) { x = Math.max(Math.min(px, Math.max(x, at.x(xs[i + 1]))), Math.min(x, at.x(xs[i + 1]))); }
        var far = (x - px) * (x - px) + (y - py) * (y - py);
        if ((!best || far < best.far) && x >= panel.box.x - 1 && x <= panel.box.x + panel.box.w + 1) { best = { far: far, panel: panel, mark: mark, i: i, x: x, y: y }; }
      }
    });
    return best;
  };
  Plot.prototype.show = function (point, aloud) {
    var panel = point.panel, mark = point.mark, x = this.values[mark.x][point.i], y = this.values[mark.y][point.i];
    var name = mark.series + (mark.kind === "points" && this.values[mark.x].length > 1 ? " " + (point.i + 1) : "");
    var lines = [panel.x.names ? { value: this.named(panel, x), name: "" } : reading(panel.x.label, x), reading(panel.y.label, y)];
    this.current = point;
    this.tip.textContent = "";
    element("strong", { text: name }, this.tip).style.borderColor = mark.colour;
    lines.forEach(function (line) {
      var words = element("span", {}, this.tip);
      element("b", { text: line.value }, words);
      words.appendChild(document.createTextNode(" " + line.name));
    }, this);
    this.tip.hidden = false;
    if (!this.dot) { this.dot = shape("circle", { r: 4, class: "plot-dot" }); }
    this.dot.setAttribute("cx", point.x); this.dot.setAttribute("cy", Math.max(panel.box.y, Math.min(point.y, panel.box.y + panel.box.h)));
    this.dot.setAttribute("fill", mark.colour);
    this.svg.appendChild(this.dot);
    var from = this.svg.getBoundingClientRect().left - this.frame.getBoundingClientRect().left + this.frame.scrollLeft;
    var wide = this.tip.offsetWidth, start = this.frame.scrollLeft, end = start + this.frame.clientWidth, left = from + point.x + 12;
    if (left + wide > end) { left = from + point.x - wide - 12; }
    this.tip.style.left = Math.max(start, Math.min(left, end - wide)) + "px";
    this.tip.style.top = Math.max(0, Math.min(point.y, panel.box.y + panel.box.h) - this.tip.offsetHeight - 8) + "px";
    if (aloud) { this.said.textContent = name + ": " + lines.map(function (line) { return line.name + " " + line.value; }).join(", "); }
  };
  Plot.prototype.silence = function () {
    this.tip.hidden = true;
    this.current = null;
    if (this.dot) { this.dot.remove(); }
  };
  Plot.prototype.unzoom = function () {
    this.zoom.forEach(function (z) { z.x = z.y = null; });
    this.draw();
  };

  Plot.prototype.listen = function () {
    var self = this, start = null, box = null;
    function where(event) {
      var frame = self.svg.getBoundingClientRect();
      return { x: event.clientX - frame.left, y: event.clientY - frame.top };
    }
    function panelAt(p) {
      return self.data.panels.filter(function (panel) {
        var b = panel.box;
        return p.x >= b.x - 12 && p.x <= b.x + b.w + 12 && p.y >= b.y - 12 && p.y <= b.y + b.h + 12;
      })[0];
    }
    function dragged(p) {
      var b = start.panel.box, area = { x: Math.max(b.x, Math.min(start.x, p.x)), y: Math.max(b.y, Math.min(start.y, p.y)) };
      area.w = Math.min(b.x + b.w, Math.max(start.x, p.x)) - area.x;
      area.h = Math.min(b.y + b.h, Math.max(start.y, p.y)) - area.y;
      area.byX = !start.panel.x.names && area.w > 8;
      area.byY = area.h > (area.byX ? 30 : 8);
      return area;
    }
    this.svg.addEventListener("pointerdown", function (event) {
      var p = where(event), panel = panelAt(p);
      if (event.button || !panel) { return; }
      start = { x: p.x, y: p.y, panel: panel };
      self.svg.setPointerCapture(event.pointerId);
    });
    this.svg.addEventListener("pointermove", function (event) {
      var p = where(event), panel = panelAt(p), point;
      if (start) {
        var area = dragged(p), b = start.panel.box;
        if (!box) { box = shape("rect", { class: "plot-box" }, self.svg); }
        box.setAttribute("x", area.byX ? area.x : b.x); box.setAttribute("width", area.byX ? area.w : area.byY ? b.w : 0);
        box.setAttribute("y", area.byY ? area.y : b.y); box.setAttribute("height", area.byY ? area.h : b.h);
        return;
      }
      point = panel && self.nearest(panel, p.x, p.y);
      if (point) { self.show(point, false); } else { self.silence(); }
    });
    function finish(event) {
      if (!start) { return; }
      var area = dragged(where(event)), panel = start.panel, at = panel.at;
      start = null;
      if (box) { box.remove(); box = null; }
      if (event.type === "pointercancel") { return; }
      if (area.byX) { panel.x.zoom.x = [at.fromX(area.x), at.fromX(area.x + area.w)]; }
      if (area.byY) { panel.y.zoom.y = [at.fromY(area.y + area.h), at.fromY(area.y)]; }
      if (area.byX || area.byY) { self.draw(); return; }
      var p = where(event), point = self.nearest(panel, p.x, p.y);
      if (point) { self.show(point, true); }
    }
    this.svg.addEventListener("pointerup", finish);
    this.svg.addEventListener("pointercancel", finish);
    this.svg.addEventListener("pointerleave", function () { if (!start) { self.silence(); } });
    this.svg.addEventListener("dblclick", function () { self.unzoom(); });
    this.svg.addEventListener("keydown", function (event) { if (self.key(event.key, event.shiftKey)) { event.preventDefault(); } });
  };

  Plot.prototype.curves = function () {
    var self = this, found = [];
    this.data.panels.forEach(function (panel) {
      panel.marks.forEach(function (mark) { if (self.readable(mark) && !self.hidden[mark.series]) { found.push({ panel: panel, mark: mark }); } });
    });
    return found.filter(function (c) { return c.mark.kind !== "segments"; }).concat(found.filter(function (c) { return c.mark.kind === "segments"; }));
  };
  Plot.prototype.go = function (curve, i) {
    var xs = this.values[curve.mark.x], at = curve.panel.at;
    i = Math.max(0, Math.min(xs.length - 1, i));
    this.show({ panel: curve.panel, mark: curve.mark, i: i, x: at.x(xs[i]), y: at.y(this.values[curve.mark.y][i]) }, true);
  };
  Plot.prototype.key = function (key, fast) {
    var now = this.current, curves = this.curves(), step = fast ? 10 : 1;
    if (key === "0" || key === "Escape") { this.unzoom(); return true; }
    if (["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown", "+", "-"].indexOf(key) < 0 || !curves.length) { return false; }
    if (!now) { this.go(curves[0], Math.floor(this.values[curves[0].mark.x].length / 2)); return true; }
    var place = curves.findIndex(function (c) { return c.mark === now.mark; }), i = now.i;
    if (now.mark.kind === "segments") { step = 2; }
    if (key === "ArrowLeft") { this.go(curves[place], i - step); }
    if (key === "ArrowRight") { this.go(curves[place], i + step); }
    if (key === "ArrowUp" || key === "ArrowDown") {
      var next = curves[(place + (key === "ArrowUp" ? curves.length - 1 : 1)) % curves.length], x = this.values[now.mark.x][i], xs = this.values[next.mark.x], best = 0;
      xs.forEach(function (value, k) { if (Math.abs(value - x) < Math.abs(xs[best] - x)) { best = k; } });
      this.go(next, best);
    }
    if ((key === "+" || key === "-") && !now.panel.x.names) {
      var zoom = now.panel.x.zoom, limits = zoom.x || now.panel.x.limits, half = (limits[1] - limits[0]) * (key === "+" ? 0.25 : 1), centre = this.values[now.mark.x][i];
      zoom.x = [Math.max(now.panel.x.limits[0], centre - half), Math.min(now.panel.x.limits[1], centre + half)];
      if (zoom.x[0] === now.panel.x.limits[0] && zoom.x[1] === now.panel.x.limits[1]) { zoom.x = null; }
      this.draw();
      this.go({ panel: now.panel, mark: now.mark }, i);
    }
    return true;
  };

  if (!("ResizeObserver" in window) || !("PointerEvent" in window)) { return; }
  document.querySelectorAll(".plot").forEach(function (host) {
    var data = host.querySelector("script[type='application/json']");
    if (!data) { return; }
    host.classList.add("is-live");
    if (host.parentNode.tagName === "FIGURE") { host.parentNode.classList.add("is-live"); }
    new Plot(host, JSON.parse(data.textContent));
  });
  document.documentElement.dataset.plots = "drawn";
})();
