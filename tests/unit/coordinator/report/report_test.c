#include "scene.h"
#include "coordinator/report/paper.h"
#include "coordinator/report/report.h"

#include <dirent.h>
#include <glob.h>

static char directory[128];

static const char *path_of(const char *name)
{
    static char path[512];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    return path;
}

static int make_report_scene(void **state)
{
    make_scene(state);
    struct fixture *f = *state;
    snprintf(directory, sizeof directory, "%s/report", f->directory);
    return 0;
}

static int remove_report(void **state)
{
    DIR *entries = opendir(directory);
    for (struct dirent *entry; entries != NULL && (entry = readdir(entries)) != NULL;)
        unlink(path_of(entry->d_name));
    if (entries != NULL)
        closedir(entries);
    rmdir(directory);
    return remove_all(state);
}

/* The whole file, valid until the next call. */
static const char *content(const char *path)
{
    static char text[1 << 20];
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        fail_msg("%s is missing", path);
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    return text;
}

static bool write_report(struct fixture *f, const char *search, bool paper, struct error *error)
{
    size_t n_figures;
    struct report_request request = { .searches = &search, .n_searches = 1,
                                      .directory = directory, .paper = paper };
    return report_write(f->store->db, &request, &n_figures, error);
}

static void write_well(struct fixture *f, const char *search, bool paper)
{
    struct error error;
    if (!write_report(f, search, paper, &error))
        fail_msg("%s", error.text);
}

static void every_picture_has_its_numbers_beside_it(void **state)
{
    static const char *const names[] = { "grid.curves.test_score", "grid.by.n", "grid.gap.score" };
    write_well(*state, "grid", false);
    for (size_t i = 0; i < 3; i++) {
        char name[64];
        snprintf(name, sizeof name, "%s.svg", names[i]);
        assert_non_null(strstr(content(path_of(name)), "<svg"));
        snprintf(name, sizeof name, "%s.png", names[i]);
        assert_memory_equal(content(path_of(name)), "\x89PNG", 4);
        snprintf(name, sizeof name, "%s.csv", names[i]);
        assert_memory_equal(content(path_of(name)), "panel,series,", 13);
    }
}

static void the_same_numbers_give_the_same_svg(void **state)
{
    write_well(*state, "grid", false);
    char *first = strdup(content(path_of("grid.by.n.svg")));
    write_well(*state, "grid", false);
    assert_string_equal(content(path_of("grid.by.n.svg")), first);
    assert_null(strstr(first, "GNUPLOT"));
    free(first);
}

/* LDT_GOLDEN=write makes the files anew, to be looked at before they are committed. */
static void the_svgs_are_those_that_were_looked_at(void **state)
{
    static const char *const names[] = { "grid.curves.test_score.svg", "grid.by.n.svg",
                                         "grid.gap.score.svg" };
    write_well(*state, "grid", false);
    for (size_t i = 0; i < 3; i++) {
        char golden[128];
        snprintf(golden, sizeof golden, "tests/unit/coordinator/report/golden/%s", names[i]);
        char *drawn = strdup(content(path_of(names[i])));
        if (getenv("LDT_GOLDEN") != NULL) {
            FILE *file = fopen(golden, "wb");
            assert_non_null(file);
            fputs(drawn, file);
            fclose(file);
        }
        if (strcmp(content(golden), drawn) != 0)
            fail_msg("%s differs from %s", names[i], golden);
        free(drawn);
    }
}

static void the_page_needs_nothing_but_itself(void **state)
{
    write_well(*state, "grid", false);
    const char *page = content(path_of("index.html"));
    assert_non_null(strstr(page, "src=\"data:image/svg+xml;base64,"));
    assert_non_null(strstr(page, "color-scheme: light dark"));
    assert_non_null(strstr(page, "n&nbsp;=&nbsp;1 to 2."));
    assert_non_null(strstr(page, "0.6 &plusmn; 1.3 (n&nbsp;=&nbsp;2)"));
    assert_non_null(strstr(page, "No run has ended well in 1 of 6 studies: grid/plain,40."));
    assert_null(strstr(page, "<script"));
    assert_null(strstr(page, "http"));
    assert_null(strstr(page, "In the paper"));
}

static void a_figure_of_the_paper_is_linked_or_says_what_to_submit(void **state)
{
    write_well(*state, "figure-3d", true);
    const char *page = content(path_of("index.html"));
    assert_non_null(strstr(page, "In the paper"));
    assert_non_null(strstr(page, "<th scope=\"row\">Figure 3b</th>"));
    assert_non_null(strstr(page, "<code>ldt submit deploy/searches/paper/figure-3b.yaml</code>"));
    assert_non_null(strstr(page, "<code>ldt submit deploy/searches/paper/mujoco-grid.yaml</code>"));
    /* its runs have no curves: the figure is there, but still missing */
    assert_non_null(strstr(page, "<code>ldt submit deploy/searches/paper/figure-3d.yaml</code>"));
    assert_non_null(strstr(page, "Nothing to draw yet"));
    struct fixture *f = *state;
    struct point points[] = { { 1, 0, "test_kl", 0.5 }, { 2, 1, "test_kl", 0.2 } };
    assert_int_equal(save(f, points_action((struct attempt_ref){ 9, 0, 1 }, 0, points, 2)),
                     STORE_OK);
    write_well(f, "figure-3d", true);
    page = content(path_of("index.html"));
    assert_non_null(strstr(page, "<a href=\"#figure-3d.curves.test_kl\">"));
    assert_null(strstr(page, "<code>ldt submit deploy/searches/paper/figure-3d.yaml</code>"));
}

static void every_spec_that_is_named_is_there(void **state)
{
    for (size_t i = 0; i < n_paper_figures; i++) {
        glob_t found;
        if (glob(paper_figures[i].spec, 0, NULL, &found) != 0)
            fail_msg("%s names %s, which is missing", paper_figures[i].name, paper_figures[i].spec);
        globfree(&found);
    }
}

static void full_size_comes_before_the_twin_and_names_must_match_whole(void **state)
{
    const struct paper_figure *figure = &paper_figures[0]; /* figure-3b */
    assert_int_equal(paper_matches(figure, "figure-3b"), PAPER_FULL);
    assert_int_equal(paper_matches(figure, "figure-3b-small"), PAPER_SMALL);
    assert_int_equal(paper_matches(figure, "figure-3b-mine"), PAPER_NONE);
    assert_int_equal(paper_matches(figure, "my-figure-3b"), PAPER_NONE);
    assert_true(paper_knows("ablations-hopper-small"));
    assert_false(paper_knows("ablation"));
    assert_false(paper_knows("-small"));
}

static void searches_that_make_one_figure_are_drawn_together(void **state)
{
    static const char *const definitions[] = {
        "{\"name\":\"ablations-a\",\"command\":[\"x\"],\"metric\":{\"name\":\"m\"},\"trials\":1,"
        "\"matrix\":{\"kind\":[\"p\",\"q\"]},\"parameters\":{\"place\":{\"value\":1}}}",
        "{\"name\":\"ablations-b\",\"command\":[\"x\"],\"metric\":{\"name\":\"m\"},\"trials\":1,"
        "\"matrix\":{\"kind\":[\"p\",\"q\"]},\"parameters\":{\"place\":{\"value\":2}}}",
    };
    struct fixture *f = *state;
    struct error error;
    size_t n_figures;
    const char *const names[] = { "ablations-a", "ablations-b" };
    for (int64_t i = 0; i < 2; i++) {
        struct point points[] = { { 1, 0, "m", 1 }, { 2, 1, "m", 2 } };
        add_search(f, 3 + i, 20 + 2 * i, definitions[i]);
        add_run(f, 20 + 2 * i, 0, 1, 2, "{}");
        assert_int_equal(save(f, points_action((struct attempt_ref){ 20 + 2 * i, 0, 1 }, 0, points,
                                               2)),
                         STORE_OK);
    }
    struct report_request request = { names, 2, NULL, directory, true };
    if (!report_write(f->store->db, &request, &n_figures, &error))
        fail_msg("%s", error.text);
    const char *csv = content(path_of("ablations-a__ablations-b.curves.m.csv"));
    assert_non_null(strstr(csv, "p, place 1"));
    assert_non_null(strstr(csv, "p, place 2"));
    assert_non_null(strstr(content(path_of("index.html")),
                           "<a href=\"#ablations-a__ablations-b.curves.m\">"));
}

static void hostile_values_stay_text_in_every_file(void **state)
{
    struct fixture *f = *state;
    add_search(f, 3, 20,
               "{\"name\":\"evil\",\"command\":[\"x\"],\"metric\":{\"name\":\"m\"},\"trials\":1,"
               "\"matrix\":{\"mode\":[\"<script>`id`\",\"'%d\\\"\"]},"
               "\"parameters\":{\"x\":{\"value\":1}}}");
    for (int64_t study = 20; study < 22; study++) {
        struct point points[] = { { 1, 0, "m", 1 }, { 2, 1, "m", 2 } };
        add_run(f, study, 0, 1, 2, "{\"x\":1}");
        assert_int_equal(save(f, points_action((struct attempt_ref){ study, 0, 1 }, 0, points, 2)),
                         STORE_OK);
    }
    write_well(f, "evil", false);
    assert_null(strstr(content(path_of("index.html")), "<script"));
    assert_null(strstr(content(path_of("evil.curves.m.svg")), "<script"));
    assert_non_null(strstr(content(path_of("evil.curves.m.svg")), "&lt;script>`id`"));
    assert_non_null(strstr(content(path_of("evil.curves.m.csv")), "\"'%d\"\"\""));
}

static void without_gnuplot_the_package_is_named(void **state)
{
    struct error error;
    char *path = strdup(getenv("PATH"));
    setenv("PATH", "/nowhere", 1);
    bool written = write_report(*state, "grid", false, &error);
    setenv("PATH", path, 1);
    free(path);
    assert_false(written);
    assert_non_null(strstr(error.text, "apt-get install gnuplot-nox"));
}

static void a_place_that_cannot_be_written_is_named(void **state)
{
    struct fixture *f = *state;
    struct error error;
    snprintf(directory, sizeof directory, "%s", f->path); /* a file */
    assert_false(write_report(f, "grid", false, &error));
    assert_non_null(strstr(error.text, "cannot make the directory"));
    snprintf(directory, sizeof directory, "%s/missing/report", f->directory);
    assert_false(write_report(f, "grid", false, &error));
    assert_non_null(strstr(error.text, "the directory above it is not there; make that first"));
}

int main(void)
{
#define WITH_REPORT(test) cmocka_unit_test_setup_teardown(test, make_report_scene, remove_report)
    const struct CMUnitTest tests[] = {
        WITH_REPORT(every_picture_has_its_numbers_beside_it),
        WITH_REPORT(the_same_numbers_give_the_same_svg),
        WITH_REPORT(the_svgs_are_those_that_were_looked_at),
        WITH_REPORT(the_page_needs_nothing_but_itself),
        WITH_REPORT(a_figure_of_the_paper_is_linked_or_says_what_to_submit),
        WITH_REPORT(every_spec_that_is_named_is_there),
        WITH_REPORT(full_size_comes_before_the_twin_and_names_must_match_whole),
        WITH_REPORT(searches_that_make_one_figure_are_drawn_together),
        WITH_REPORT(hostile_values_stay_text_in_every_file),
        WITH_REPORT(without_gnuplot_the_package_is_named),
        WITH_REPORT(a_place_that_cannot_be_written_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
