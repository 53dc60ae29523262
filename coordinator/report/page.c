#include "coordinator/report/page.h"
#include "coordinator/report/escape.h"
#include "coordinator/report/paper.h"
#include "coordinator/report/plot_layout.h"

#include <math.h>
#include <stdint.h>

static const char head[] =
    "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
    "<title>ldt report</title>\n<style>\n"
    ":root { color-scheme: light dark; }\n"
    "body { font-family: sans-serif; line-height: 1.45; max-width: 64em; margin: 2em auto;"
    " padding: 0 1em; }\n"
    "h2 { margin-top: 2.5em; border-bottom: 1px solid #888; }\n"
    "figure { margin: 1.5em 0; }\n"
    "img { max-width: 100%; height: auto; background: #fff; border-radius: 4px; }\n"
    "figcaption { margin-top: .5em; }\n"
    ".table { overflow-x: auto; }\n"
    "table { border-collapse: collapse; font-variant-numeric: tabular-nums; }\n"
    "th, td { padding: .25em .8em; text-align: left; border-bottom: 1px solid #8886; }\n"
    "td.number { text-align: right; white-space: nowrap; }\n"
    "code { font-size: 95%; }\n"
    "</style>\n</head>\n<body>\n<h1>ldt report</h1>\n"
    "<p>Lines, bars and cells are means over seeds; bands, whiskers and &plusmn; are 95&nbsp;% "
    "intervals of the mean by Student's t, absent where only one run counts. The numbers of every "
    "figure stand in its CSV file.</p>\n";

void page_begin(struct buf *out)
{
    buf_text(out, head);
}

void page_end(struct buf *out)
{
    buf_text(out, "</body>\n</html>\n");
}

void page_heading(struct buf *out, const char *text)
{
    buf_text(out, "<h2>");
    escape_html(out, text);
    buf_text(out, "</h2>\n");
}

/* ---- pictures ------------------------------------------------------------------------------ */

static void add_base64(struct buf *out, const struct buf *bytes)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const unsigned char *data = (const unsigned char *)bytes->bytes;
    for (size_t i = 0; i < bytes->length; i += 3) {
        size_t left = bytes->length - i;
        uint32_t group = (uint32_t)data[i] << 16 | (left > 1 ? (uint32_t)data[i + 1] << 8 : 0) |
                         (left > 2 ? data[i + 2] : 0);
        char text[4] = { digits[group >> 18], digits[group >> 12 & 63],
                         left > 1 ? digits[group >> 6 & 63] : '=',
                         left > 2 ? digits[group & 63] : '=' };
        buf_add(out, text, sizeof text);
    }
}

/* As a picture of its own, not as part of the page: the names inside one SVG must not meet those of
 * another, and nothing in it can run. */
static void add_picture(struct buf *out, const struct figure *figure, const struct buf *svg)
{
    struct layout layout = layout_of(figure);
    buf_printf(out, "<img width=\"%.0f\" height=\"%.0f\" alt=\"", layout.width, layout.height);
    escape_html(out, figure->title);
    buf_text(out, "\" src=\"data:image/svg+xml;base64,");
    add_base64(out, svg);
    buf_text(out, "\">\n");
}

/* ---- tables -------------------------------------------------------------------------------- */

static void add_cell_text(struct buf *out, const char *tag, const char *text)
{
    buf_printf(out, "<%s>", tag);
    escape_html(out, text);
    buf_printf(out, "</%s>", tag[0] == 't' && tag[1] == 'h' ? "th" : "td");
}

static void add_summary(struct buf *out, const struct summary *summary)
{
    if (summary->n == 0) {
        buf_text(out, "<td class=\"number\">&ndash;</td>");
        return;
    }
    buf_printf(out, "<td class=\"number\">%.4g", summary->mean);
    if (summary->n > 1)
        buf_printf(out, " &plusmn; %.2g", summary->high - summary->mean);
    buf_printf(out, " (n&nbsp;=&nbsp;%zu)</td>", summary->n);
}

static const struct summary *cell_at(const struct series *series, size_t row)
{
    static const struct summary none = { 0, NAN, NAN, NAN, NAN, NAN, NAN };
    for (size_t i = 0; i < series->count; i++) {
        if (series->cells[i].x == (double)row)
            return &series->cells[i].summary;
    }
    return &none;
}

static void add_values(struct buf *out, const struct figure *figure)
{
    const struct panel *panel = &figure->panels[0];
    buf_text(out, "<div class=\"table\"><table>\n<tr><th></th>");
    for (size_t s = 0; s < panel->count; s++)
        add_cell_text(out, "th scope=\"col\"", panel->series[s].label);
    buf_text(out, "</tr>\n");
    for (size_t row = 0; row < figure->n_x_texts; row++) {
        buf_text(out, "<tr>");
        add_cell_text(out, "th scope=\"row\"", figure->x_texts[row]);
        for (size_t s = 0; s < panel->count; s++)
            add_summary(out, cell_at(&panel->series[s], row));
        buf_text(out, "</tr>\n");
    }
    buf_text(out, "</table></div>\n");
}

static void add_words(struct buf *out, const struct figure *figure)
{
    buf_text(out, "<div class=\"table\"><table>\n");
    for (size_t i = 0; i < figure->n_rows; i++) {
        buf_text(out, "<tr>");
        for (size_t k = 0; k < figure->n_columns; k++) {
            const char *word = figure->words[i][k];
            add_cell_text(out,
                          i == 0   ? "th scope=\"col\""
                          : k == 0 ? "th scope=\"row\""
                                   : "td",
                          word != NULL ? word : "");
        }
        buf_text(out, "</tr>\n");
    }
    buf_text(out, "</table></div>\n");
}

/* ---- figures ------------------------------------------------------------------------------- */

static void add_file(struct buf *out, const struct figure *figure, const char *ending)
{
    buf_text(out, " <a href=\"");
    escape_html(out, figure->name);
    buf_printf(out, ".%s\">%s</a>", ending, ending);
}

/* How many runs, and whether every interval fits the picture. */
static void add_runs(struct buf *out, const struct figure *figure, bool drawn)
{
    size_t fewest, most;
    double low, high;
    bool cut = false;
    figure_runs(figure, &fewest, &most);
    if (most > 0 && fewest == most)
        buf_printf(out, " n&nbsp;=&nbsp;%zu.", most);
    else if (most > 0)
        buf_printf(out, " n&nbsp;=&nbsp;%zu to %zu.", fewest, most);
    for (size_t i = 0; drawn && figure->kind != FIGURE_HEAT && i < figure->count; i++)
        layout_range(figure, &figure->panels[i], &low, &high, &cut);
    if (cut)
        buf_text(out, " Intervals wider than the picture are cut at its edge.");
}

void page_figure(struct buf *out, const struct figure *figure, const struct buf *svg)
{
    bool is_table = figure->kind == FIGURE_TABLE || figure->kind == FIGURE_WORDS;
    buf_text(out, "<figure id=\"");
    escape_html(out, figure->name);
    buf_text(out, "\">\n");
    if (svg != NULL)
        add_picture(out, figure, svg);
    else if (figure->kind == FIGURE_TABLE)
        add_values(out, figure);
    else if (is_table)
        add_words(out, figure);
    else
        buf_text(out, "<p>Nothing to draw yet: no run has ended well.</p>\n");
    buf_text(out, "<figcaption><strong>");
    escape_html(out, figure->title);
    buf_text(out, ".</strong>");
    add_runs(out, figure, svg != NULL);
    buf_text(out, " ");
    escape_html(out, figure->notes);
    buf_text(out, " Files:");
    if (svg != NULL) {
        add_file(out, figure, "svg");
        add_file(out, figure, "png");
    }
    add_file(out, figure, "csv");
    buf_text(out, "</figcaption>\n</figure>\n");
}

void page_link(struct buf *out, const struct figure *figure)
{
    buf_text(out, out->length > 0 ? ", <a href=\"#" : "<a href=\"#");
    escape_html(out, figure->name);
    buf_text(out, "\">");
    escape_html(out, figure->title);
    buf_text(out, "</a>");
}

void page_paper(struct buf *out, const char *const *shown)
{
    page_heading(out, "The paper's figures and tables");
    buf_text(out, "<div class=\"table\"><table>\n<tr><th scope=\"col\">In the paper</th>"
                  "<th scope=\"col\">Shows</th><th scope=\"col\">Here</th></tr>\n");
    for (size_t i = 0; i < n_paper_figures; i++) {
        const struct paper_figure *figure = &paper_figures[i];
        buf_text(out, "<tr>");
        add_cell_text(out, "th scope=\"row\"", figure->name);
        add_cell_text(out, "td", figure->shows);
        if (shown[i][0] != '\0')
            buf_printf(out, "<td>%s</td>", shown[i]);
        else
            buf_printf(out, "<td>Its runs are missing (%s): <code>ldt submit %s</code></td>",
                       figure->needs, figure->spec);
        buf_text(out, "</tr>\n");
    }
    buf_text(out, "</table></div>\n");
}
