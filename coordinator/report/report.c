#include "coordinator/report/report.h"
#include "common/directory.h"
#include "common/xalloc.h"
#include "coordinator/report/page.h"
#include "coordinator/report/paper.h"
#include "coordinator/report/plot.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PAGE_MAXIMUM = 512 << 20, PICTURE_MAXIMUM = 64 << 20, LINKS_MAXIMUM = 1 << 20 };

struct report {
    const struct report_request *request;
    sqlite3 *db;
    struct error *error;
    struct buf page;
    struct buf *links; /* for each figure of the paper, where it is in the page */
    struct group *groups;
    size_t n_figures;
};

/* ---- files --------------------------------------------------------------------------------- */

/* DIRECTORY/NAME.ENDING, under another name while it is written, so that no reader meets half. */
struct output_file {
    char *path, *part;
    FILE *stream;
};

static bool file_open(struct output_file *file, const struct report *report, const char *name,
                      const char *ending)
{
    file->path = xasprintf("%s/%s.%s", report->request->directory, name, ending);
    file->part = xasprintf("%s.part", file->path);
    file->stream = fopen(file->part, "wb");
    if (file->stream != NULL)
        return true;
    error_set(report->error, "cannot write %s: %s", file->part, strerror(errno));
    free(file->path);
    free(file->part);
    return false;
}

static bool file_close(struct output_file *file, struct error *error)
{
    bool good = !ferror(file->stream);
    good = fclose(file->stream) == 0 && good;
    good = good && rename(file->part, file->path) == 0;
    if (!good) {
        error_set(error, "cannot write %s: %s", file->path, strerror(errno));
        unlink(file->part);
    }
    free(file->path);
    free(file->part);
    return good;
}

static bool write_bytes(const struct report *report, const char *name, const char *ending,
                        const struct buf *bytes)
{
    struct output_file file;
    if (!file_open(&file, report, name, ending))
        return false;
    fwrite(bytes->bytes, 1, bytes->length, file.stream);
    return file_close(&file, report->error);
}

static bool write_csv(const struct report *report, const struct figure *figure)
{
    struct output_file file;
    if (!file_open(&file, report, figure->name, "csv"))
        return false;
    figure_write_csv(figure, file.stream);
    return file_close(&file, report->error);
}

static bool write_picture(const struct report *report, const struct figure *figure,
                          enum plot_format format, struct buf *picture)
{
    return plot_draw(picture, figure, format, report->error) &&
           write_bytes(report, figure->name, format == PLOT_SVG ? "svg" : "png", picture);
}

/* ---- figures ------------------------------------------------------------------------------- */

static bool add_drawn(struct report *report, const struct figure *figure)
{
    struct buf svg, png;
    buf_init(&svg, PICTURE_MAXIMUM);
    buf_init(&png, PICTURE_MAXIMUM);
    bool good = write_picture(report, figure, PLOT_SVG, &svg) &&
                write_picture(report, figure, PLOT_PNG, &png);
    if (good)
        page_figure(&report->page, figure, &svg);
    buf_free(&svg);
    buf_free(&png);
    return good;
}

static bool add_figure(struct report *report, const struct figure *figure)
{
    if (!write_csv(report, figure))
        return false;
    report->n_figures++;
    if (plot_possible(figure))
        return add_drawn(report, figure);
    page_figure(&report->page, figure, NULL);
    return true;
}

static bool has_runs(const struct figure *figure)
{
    size_t fewest, most;
    figure_runs(figure, &fewest, &most);
    return most > 0 || figure->kind == FIGURE_WORDS;
}

/* Which searches of the request make a figure of the paper together. */
struct group {
    const char **searches;
    size_t count;
};

static void find_group(struct group *out, const struct report_request *request,
                       const struct paper_figure *row)
{
    enum paper_match best = PAPER_NONE;
    out->searches = xcalloc(request->n_searches + 1, sizeof *out->searches);
    out->count = 0;
    for (size_t i = 0; i < request->n_searches; i++) {
        enum paper_match match = paper_matches(row, request->searches[i]);
        best = match < best ? match : best;
    }
    for (size_t i = 0; i < request->n_searches && best != PAPER_NONE; i++) {
        if (paper_matches(row, request->searches[i]) == best)
            out->searches[out->count++] = request->searches[i];
    }
}

static bool same_group(const struct group *a, const struct group *b)
{
    if (a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count; i++) {
        if (strcmp(a->searches[i], b->searches[i]) != 0)
            return false;
    }
    return true;
}

/* Notes the figure beside those of the paper that it shows, which these searches make. */
static void link_paper(struct report *report, const struct figure *figure,
                       const struct group *searches)
{
    for (size_t i = 0; i < n_paper_figures; i++) {
        const struct paper_figure *row = &paper_figures[i];
        if (figure->kind == row->kind && strstr(figure->name, row->part) != NULL &&
            has_runs(figure) && same_group(&report->groups[i], searches))
            page_link(&report->links[i], figure);
    }
}

/* ---- searches ------------------------------------------------------------------------------ */

/* Every figure of searches taken as one; those of a single search come from here, too. */
static bool add_searches(struct report *report, const struct group *group)
{
    struct results *results;
    struct figure_set figures;
    if (!results_read(&results, report->db, group->searches, group->count, report->error))
        return false;
    page_heading(&report->page, results->title);
    bool good = figures_make(&figures, results, report->db, report->request->metric, report->error);
    for (size_t i = 0; good && i < figures.count; i++) {
        good = add_figure(report, figures.list[i]);
        link_paper(report, figures.list[i], group);
    }
    figures_free(&figures);
    results_destroy(&results);
    return good;
}

/* The searches that make figures of the paper together; each set of them once. */
static bool add_groups(struct report *report)
{
    for (size_t i = 0; i < n_paper_figures; i++) {
        bool known = report->groups[i].count < 2;
        for (size_t k = 0; k < i && !known; k++)
            known = same_group(&report->groups[k], &report->groups[i]);
        if (!known && !add_searches(report, &report->groups[i]))
            return false;
    }
    return true;
}

static bool add_all(struct report *report)
{
    const struct report_request *request = report->request;
    for (size_t i = 0; i < request->n_searches; i++) {
        struct group alone = { (const char *[]){ request->searches[i] }, 1 };
        if (!add_searches(report, &alone))
            return false;
    }
    return !request->paper || add_groups(report);
}

/* ---- the whole ----------------------------------------------------------------------------- */

static bool write_page(struct report *report)
{
    if (report->request->paper) {
        const char **shown = xcalloc(n_paper_figures, sizeof *shown);
        for (size_t i = 0; i < n_paper_figures; i++)
            shown[i] = report->links[i].bytes;
        page_paper(&report->page, shown);
        free(shown);
    }
    page_end(&report->page);
    if (!report->page.overflowed)
        return write_bytes(report, "index", "html", &report->page);
    error_set(report->error, "the page would be larger than %d MiB: name fewer searches",
              PAGE_MAXIMUM >> 20);
    return false;
}

bool report_write(sqlite3 *db, const struct report_request *request, size_t *n_figures,
                  struct error *error)
{
    struct report report = { .request = request, .db = db, .error = error };
    if (!directory_make(request->directory, 0777, error))
        return false;
    report.links = xcalloc(n_paper_figures, sizeof *report.links);
    report.groups = xcalloc(n_paper_figures, sizeof *report.groups);
    buf_init(&report.page, PAGE_MAXIMUM);
    for (size_t i = 0; i < n_paper_figures; i++) {
        buf_init(&report.links[i], LINKS_MAXIMUM);
        find_group(&report.groups[i], request, &paper_figures[i]);
    }
    page_begin(&report.page);
    bool good = add_all(&report) && write_page(&report);
    *n_figures = report.n_figures;
    for (size_t i = 0; i < n_paper_figures; i++) {
        buf_free(&report.links[i]);
        free(report.groups[i].searches);
    }
    free(report.links);
    free(report.groups);
    buf_free(&report.page);
    return good;
}
