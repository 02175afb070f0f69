"""docs/performance.svg: what a cold listing costs against the number of records, both axes logarithmic."""
import math

import scale

LEFT, TOP, WIDTH, HEIGHT, GAP = 70, 40, 400, 300, 110
COLOURS = "#1f6fb4", "#888888", "#c4541d"
PANELS = (("seconds", ((scale.LS, "ls -l, nothing cached", 1), (scale.LOOP, "page loop, four connections", 1), (scale.CPU, "CPU of the mount", None))),
          ("MiB of memory at most", ((scale.PEAK, "ls -l, nothing cached", 1),)))


def decades(values):
    return math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))


def number(power):
    return "{:,}".format(10 ** power) if power >= 0 else "%g" % 10.0 ** power


def panel(at, unit, lines, sizes):
    """One pair of axes; `lines` is [(label, values)]."""
    x0, x1 = decades(sizes)
    y0, y1 = decades([value for _, values in lines for value in values if value > 0])
    x1, y1 = max(x1, x0 + 1), max(y1, y0 + 1)

    def place(size, value):
        return (at + WIDTH * (math.log10(size) - x0) / (x1 - x0), TOP + HEIGHT * (1 - (math.log10(value) - y0) / (y1 - y0)))

    out = ['<text x="%d" y="%d" class="unit">%s</text>' % (at, TOP - 14, unit)]
    for power in range(x0, x1 + 1):
        x = place(10 ** power, 10 ** y0)[0]
        out.append('<path d="M%.1f %dv%d" class="grid"/><text x="%.1f" y="%d" text-anchor="middle">%s</text>'
                   % (x, TOP, HEIGHT, x, TOP + HEIGHT + 20, number(power)))
    for power in range(y0, y1 + 1):
        y = place(10 ** x0, 10.0 ** power)[1]
        out.append('<path d="M%d %.1fh%d" class="grid"/><text x="%d" y="%.1f" text-anchor="end">%s</text>'
                   % (at, y, WIDTH, at - 8, y + 4, number(power)))
    for i, (label, values) in enumerate(lines):
        points = [place(size, value) for size, value in zip(sizes, values) if value > 0]  # 0: not measured, or less than a hundredth of a second
        out.append('<polyline points="%s" stroke="%s"/>' % (" ".join("%.1f,%.1f" % point for point in points), COLOURS[i]))
        out += ['<circle cx="%.1f" cy="%.1f" r="3.5" fill="%s"/>' % (*point, COLOURS[i]) for point in points]
        out.append('<text x="%d" y="%d" fill="%s" class="label">%s</text>' % (at + 10, TOP + 18 + 18 * i, COLOURS[i], label))
    out.append('<text x="%d" y="%d" text-anchor="middle">records</text>' % (at + WIDTH / 2, TOP + HEIGHT + 42))
    return out


def write(path, figures):
    sizes = sorted({size for what, size in figures.values if what == scale.LS})
    out = ['<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif" font-size="12">'
           % (LEFT + 2 * WIDTH + GAP + 40, TOP + HEIGHT + 60),
           "<style>.grid{stroke:#ddd}.unit,.label{font-weight:bold}polyline{fill:none;stroke-width:2}</style>",
           '<rect width="100%" height="100%" fill="#fff"/>']
    for i, (unit, lines) in enumerate(PANELS):
        out += panel(LEFT + i * (WIDTH + GAP), unit,
                     [(label, [(figures.median(what, size) or 0) * (factor or size / 1e6) for size in sizes]) for what, label, factor in lines], sizes)
    with open(path, "w", encoding="utf-8") as file:
        file.write("\n".join(out) + "\n</svg>\n")
