#include "scene.h"
#include "coordinator/report/plot.h"
#include "coordinator/report/plot_layout.h"
#include "coordinator/report/figure.h"

#include <float.h>

static struct results *results;
static struct figure_set figures;

static int make_figures(void **state)
{
    struct error error;
    const char *name = "grid";
    make_scene(state);
    struct fixture *f = *state;
    return results_read(&results, f->store->db, &name, 1, &error) &&
                   figures_make(&figures, results, f->store->db, NULL, &error)
               ? 0
               : -1;
}

static int drop_figures(void **state)
{
    figures_free(&figures);
    results_destroy(&results);
    return remove_all(state);
}

static const struct figure *find_figure(const char *name)
{
    for (size_t i = 0; i < figures.count; i++) {
        if (strcmp(figures.list[i]->name, name) == 0)
            return figures.list[i];
    }
    fail_msg("there is no figure %s", name);
    return NULL;
}

/* The first lines of its CSV, up to `bytes`. */
static const char *csv_of(const char *name)
{
    static char text[1 << 16];
    FILE *file = tmpfile();
    figure_write_csv(find_figure(name), file);
    rewind(file);
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    return text;
}

static void the_value_is_drawn_along_the_numeric_key(void **state)
{
    assert_string_equal(
        csv_of("grid.by.n"),
        "panel,series,n,n,mean,sd,low,high,least,most\r\n"
        ",ours,10,2,0.6,0.14142135623730948,-0.6706199999999999,1.8706199999999997,0.5,0.7\r\n"
        ",ours,20,2,0.8500000000000001,0.07071067811865474,0.21469000000000016,"
        "1.4853100000000001,0.8,0.9\r\n"
        ",ours,40,2,0.95,0.07071067811865474,0.31469,1.5853099999999998,0.9,1\r\n"
        ",plain,10,2,0.4,0,0.4,0.4,0.4,0.4\r\n"
        ",plain,20,1,0.6,,,,0.6,0.6\r\n");
}

static void a_curve_is_the_mean_over_seeds_at_each_epoch(void **state)
{
    const struct figure *figure = find_figure("grid.curves.test_score");
    assert_string_equal(figure->x_name, "epoch");
    assert_int_equal(figure->count, 1);
    assert_int_equal(figure->panels[0].count, 5); /* the sixth study has no runs */
    const struct series *series = &figure->panels[0].series[0];
    assert_string_equal(series->label, "ours, n 10");
    assert_int_equal(series->count, 3);
    assert_float_equal(series->cells[0].summary.mean, 0.1, 1e-15);
    assert_float_equal(series->cells[1].summary.mean, 0.3, 1e-15);
    assert_float_equal(series->cells[2].summary.mean, 0.6, 1e-15);
    assert_int_equal(series->cells[2].summary.n, 2);
}

static void the_gap_is_test_minus_train_at_the_end(void **state)
{
    const struct figure *figure = find_figure("grid.gap.score");
    const struct series *series = &figure->panels[0].series[0];
    assert_string_equal(figure->y_label, "test_score - train_score");
    assert_float_equal(series->cells[0].summary.mean, 0.6 - 1, 1e-15);
    assert_int_equal(series->cells[0].summary.n, 2);
}

static void the_table_has_methods_side_by_side(void **state)
{
    assert_string_equal(csv_of("grid.values") + strlen("panel,series,study,n,mean,sd,low,high,"
                                                       "least,most\r\n,ours,n 10,2,"),
                        "0.6,0.14142135623730948,-0.6706199999999999,1.8706199999999997,0.5,0.7\r\n"
                        ",ours,n 20,2,0.8500000000000001,0.07071067811865474,0.21469000000000016,"
                        "1.4853100000000001,0.8,0.9\r\n"
                        ",ours,n 40,2,0.95,0.07071067811865474,0.31469,1.5853099999999998,0.9,1\r\n"
                        ",plain,n 10,2,0.4,0,0.4,0.4,0.4,0.4\r\n"
                        ",plain,n 20,1,0.6,,,,0.6,0.6\r\n"
                        ",plain,n 40,0,,,,,,\r\n");
}

static void what_is_missing_is_said(void **state)
{
    assert_string_equal(find_figure("grid.by.n")->notes,
                        "No run has ended well in 1 of 6 studies: grid/plain,40. Runs that are in "
                        "no mean: 1 diverged, 0 failed or stopped.");
}

static void constant_parameters_make_no_table_and_one_key_no_map(void **state)
{
    for (size_t i = 0; i < figures.count; i++) {
        assert_true(figures.list[i]->kind != FIGURE_WORDS);
        assert_true(figures.list[i]->kind != FIGURE_HEAT);
    }
    assert_int_equal(figures.count, 4);
}

static void two_numeric_keys_make_a_map_with_the_examples_across(void **state)
{
    struct fixture *f = *state;
    struct error error;
    const char *name = "map";
    struct results *own;
    struct figure_set set;
    add_search(f, 3, 20,
               "{\"name\":\"map\",\"command\":[\"x\"],\"metric\":{\"name\":\"m\"},\"trials\":1,"
               "\"matrix\":{\"n_train\":[8,2,4],\"d\":[6,3]},"
               "\"parameters\":{\"x\":{\"value\":1}}}");
    for (int64_t i = 0; i < 5; i++)
        add_run(f, 20 + i, 0, 1, (double)i, "{\"x\":1}");
    assert_true(results_read(&own, f->store->db, &name, 1, &error));
    assert_true(figures_make(&set, own, f->store->db, NULL, &error));
    const struct figure *map = NULL;
    for (size_t i = 0; i < set.count; i++)
        map = strcmp(set.list[i]->name, "map.map.d.n_train") == 0 ? set.list[i] : map;
    assert_non_null(map);
    assert_int_equal(map->n_x_texts, 3);
    assert_string_equal(map->x_texts[0], "2");
    assert_string_equal(map->series_label, "d");
    const struct panel *panel = &map->panels[0];
    assert_int_equal(panel->count, 2);
    size_t cells = panel->series[0].count + panel->series[1].count;
    assert_int_equal(cells, 5); /* the sixth has no run */
    figures_free(&set);
    results_destroy(&own);
}

static void the_plain_row_among_variations_is_not_called_all(void **state)
{
    struct fixture *f = *state;
    struct error error;
    const char *name = "spoilt";
    struct results *own;
    struct figure_set set;
    add_search(f, 3, 20,
               "{\"name\":\"spoilt\",\"command\":[\"x\"],\"metric\":{\"name\":\"m\"},\"trials\":1,"
               "\"matrix\":{\"method\":[\"a\",\"b\"],\"ablation\":[\"none\",\"permuted\"]},"
               "\"parameters\":{\"x\":{\"value\":1}}}");
    for (int64_t i = 0; i < 4; i++)
        add_run(f, 20 + i, 0, 1, (double)i, "{\"x\":1}");
    assert_true(results_read(&own, f->store->db, &name, 1, &error));
    assert_true(figures_make(&set, own, f->store->db, NULL, &error));
    const struct figure *table = NULL;
    for (size_t i = 0; i < set.count; i++)
        table = strcmp(set.list[i]->name, "spoilt.values") == 0 ? set.list[i] : table;
    assert_non_null(table);
    assert_int_equal(table->n_x_texts, 2);
    assert_string_equal(table->x_texts[0], "none");
    assert_string_equal(table->x_texts[1], "permuted");
    figures_free(&set);
    results_destroy(&own);
}

static void the_best_parameters_are_those_that_were_searched_over(void **state)
{
    struct fixture *f = *state;
    struct error error;
    const char *name = "figure-3d";
    struct results *own;
    struct figure_set set;
    assert_true(results_read(&own, f->store->db, &name, 1, &error));
    assert_true(figures_make(&set, own, f->store->db, NULL, &error));
    const struct figure *best = set.list[set.count - 1];
    assert_int_equal(best->kind, FIGURE_WORDS);
    assert_int_equal(best->n_rows, 3);
    assert_string_equal(best->words[0][3], "student_lr");
    assert_string_equal(best->words[1][0], "figure-3d/ldt/rerun");
    assert_string_equal(best->words[1][2], "3");
    assert_string_equal(best->words[1][3], "0.005");
    assert_string_equal(best->words[2][3], "0.001");
    figures_free(&set);
    results_destroy(&own);
}

static void names_below_bars_stand_upright_when_there_is_no_room_side_by_side(void **state)
{
    struct summary summary = { .n = 1, .mean = 1, .low = 1, .high = 1 };
    struct figure *figure = figure_create(FIGURE_BARS);
    struct series *series = figure_series(figure, figure_panel(figure, ""), "ldt");
    figure_add(figure, series, (double)figure_x(figure, "n 1"), summary);
    figure_add(figure, series, (double)figure_x(figure, "n 2"), summary);
    struct layout beside = layout_of(figure);
    assert_true(beside.upright_height == 0);
    for (int i = 0; i < 8; i++) {
        char name[64];
        snprintf(name, sizeof name, "n_train 160, student_hidden %d", i);
        figure_add(figure, series, (double)figure_x(figure, name), summary);
    }
    struct layout upright = layout_of(figure);
    assert_true(upright.upright_height > 0);
    assert_true(upright.height > beside.height);
    struct buf script;
    buf_init(&script, 1 << 20);
    plot_script(&script, figure, PLOT_SVG);
    assert_non_null(strstr(script.bytes, "xtics rotate by 90"));
    buf_free(&script);
    figure_destroy(&figure);
}

static void an_interval_that_is_cut_has_no_end_in_the_picture(void **state)
{
    struct figure *figure = figure_create(FIGURE_BARS);
    struct series *series = figure_series(figure, figure_panel(figure, ""), "ldt");
    figure_add(figure, series, (double)figure_x(figure, "both"),
               (struct summary){ .n = 2, .mean = 1, .low = 0.9, .high = 1.1 });
    figure_add(figure, series, (double)figure_x(figure, "lower"),
               (struct summary){ .n = 2, .mean = 1, .low = 0.9, .high = 50 });
    figure_add(figure, series, (double)figure_x(figure, "none"),
               (struct summary){ .n = 2, .mean = 1, .low = -50, .high = 50 });
    struct buf script;
    buf_init(&script, 1 << 20);
    plot_script(&script, figure, PLOT_SVG);
    assert_non_null(strstr(script.bytes, "\n0 1 0.9 1.1 4\n"));
    assert_non_null(strstr(script.bytes, "\n1 1 0.9 1.58 3\n"));
    assert_non_null(strstr(script.bytes, "\n2 1 -0.58 1.58 1\n"));
    buf_free(&script);
    figure_destroy(&figure);
}

/* A picture of three cells, of which one is `value`; at `x`, where x is a number. `spread`: how far
 * the others are apart. */
static void assert_drawn_among(enum figure_kind kind, bool log_y, double x, double value,
                               double other, double spread)
{
    struct error error = { "" };
    struct figure *figure = figure_create(kind);
    struct series *series = figure_series(figure, figure_panel(figure, ""), "ldt");
    const double xs[] = { 0, 1, x }, values[] = { other, other + spread, value };
    figure->log_y = log_y;
    for (int i = 0; i < 3; i++) {
        struct summary summary =
            summary_of((const double[]){ values[i], values[i] - spread / 2 }, 2);
        char name[16];
        snprintf(name, sizeof name, "n %d", i);
        double at = kind == FIGURE_LINES ? xs[i] : (double)figure_x(figure, name);
        figure_add(figure, series, at, summary);
    }
    figure->x_label = figure->y_label = figure->title = figure->series_label = figure->name = "x";
    struct buf picture;
    buf_init(&picture, 1 << 20);
    bool drawn = plot_draw(&picture, figure, PLOT_SVG, &error);
    if (!drawn || picture.length == 0)
        fail_msg("kind %d, x %g, value %g: %s", (int)kind, x, value, error.text);
    buf_free(&picture);
    figure_destroy(&figure);
}

static void assert_drawn(enum figure_kind kind, bool log_y, double x, double value)
{
    assert_drawn_among(kind, log_y, x, value, 0.5, 0.5);
}

/* The loss of a network that learns nothing is log 2 but for its twelfth digit. */
static void what_hardly_differs_is_drawn(void **state)
{
    const double values[] = { 0.69314718056, 1, 1e9, 1e15, 1e300 };
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        double value = values[i], spread = value * 1e-13;
        assert_drawn_among(FIGURE_LINES, false, 2, value, value, spread);
        assert_drawn_among(FIGURE_LINES, true, 2, value, value, spread);
        assert_drawn_among(FIGURE_LINES, false, 1 + 1e-13, value, value, 0);
        assert_drawn_among(FIGURE_BARS, false, 2, value, value, spread);
        assert_drawn_among(FIGURE_HEAT, false, 2, value, value, spread);
    }
}

static void a_run_that_explodes_does_not_keep_the_others_from_being_drawn(void **state)
{
    const double values[] = { 1e300, DBL_MAX / 2, DBL_MAX, -DBL_MAX, 5e-324, INFINITY, NAN };
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        assert_drawn(FIGURE_LINES, false, 2, values[i]);
        assert_drawn(FIGURE_LINES, true, 2, fabs(values[i]));
        assert_drawn(FIGURE_BARS, false, 2, values[i]);
        assert_drawn(FIGURE_HEAT, false, 2, values[i]);
    }
    assert_drawn(FIGURE_LINES, false, DBL_MAX, 1);
    assert_drawn(FIGURE_LINES, false, -DBL_MAX, 1);
}

int main(void)
{
#define WITH_FIGURES(test) cmocka_unit_test_setup_teardown(test, make_figures, drop_figures)
    const struct CMUnitTest tests[] = {
        WITH_FIGURES(the_value_is_drawn_along_the_numeric_key),
        WITH_FIGURES(a_curve_is_the_mean_over_seeds_at_each_epoch),
        WITH_FIGURES(the_gap_is_test_minus_train_at_the_end),
        WITH_FIGURES(the_table_has_methods_side_by_side),
        WITH_FIGURES(what_is_missing_is_said),
        WITH_FIGURES(constant_parameters_make_no_table_and_one_key_no_map),
        WITH_FIGURES(two_numeric_keys_make_a_map_with_the_examples_across),
        WITH_FIGURES(the_plain_row_among_variations_is_not_called_all),
        WITH_FIGURES(the_best_parameters_are_those_that_were_searched_over),
        cmocka_unit_test(names_below_bars_stand_upright_when_there_is_no_room_side_by_side),
        cmocka_unit_test(an_interval_that_is_cut_has_no_end_in_the_picture),
        cmocka_unit_test(what_hardly_differs_is_drawn),
        cmocka_unit_test(a_run_that_explodes_does_not_keep_the_others_from_being_drawn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
