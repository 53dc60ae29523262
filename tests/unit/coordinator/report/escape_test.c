#include "coordinator/report/escape.h"
#include "coordinator/report/plot.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#define assert_escaped(escape, text, expected) \
    do { \
        struct buf out; \
        buf_init(&out, 1 << 16); \
        escape(&out, text); \
        assert_string_equal(out.bytes, expected); \
        buf_free(&out); \
    } while (0)

static void nothing_but_letters_and_blanks_reaches_gnuplot_as_itself(void **state)
{
    assert_escaped(escape_gnuplot, "no teacher", "\"no teacher\"");
    assert_escaped(escape_gnuplot, "a\"b'c`d\\e", "\"a\\042b\\047c\\140d\\134e\"");
    assert_escaped(escape_gnuplot, "@^_{}$#;", "\"\\100\\136\\137\\173\\175\\044\\043\\073\"");
    assert_escaped(escape_gnuplot, "0.1", "\"\\060\\056\\061\"");
    for (int c = 1; c < 128; c++) {
        char text[2] = { (char)c, '\0' };
        struct buf out;
        buf_init(&out, 1 << 16);
        escape_gnuplot(&out, text);
        assert_null(strpbrk(out.bytes, "`'$@%\n\r\t{}^_#;"));
        assert_true(out.length == 3 || (out.length == 6 && out.bytes[1] == '\\'));
        buf_free(&out);
    }
}

static void control_characters_become_blanks(void **state)
{
    assert_escaped(escape_gnuplot, "a\nb\r\tc\x7f\x1b", "\"a b  c  \"");
    assert_escaped(escape_html, "a\nb\x1b\xc2\x9b", "a b  ");
}

static void what_is_no_utf8_becomes_a_question_mark(void **state)
{
    assert_escaped(escape_gnuplot, "\xff", "\"\\077\"");
    assert_escaped(escape_html, "\xc3\xa9 \xc3 \xc0\xaf \xed\xa0\x80", "\xc3\xa9 ? ?? ???");
}

static void letters_of_other_alphabets_stay(void **state)
{
    assert_escaped(escape_gnuplot, "\xce\xb2", "\"\\316\\262\"");
    assert_escaped(escape_html, "\xce\xb2", "\xce\xb2");
}

static void the_percent_of_a_tic_is_doubled(void **state)
{
    assert_escaped(escape_gnuplot_tic, "50%d", "\"\\065\\060\\045\\045d\"");
    assert_escaped(escape_gnuplot, "50%d", "\"\\065\\060\\045d\"");
}

static void markup_is_text_in_a_page(void **state)
{
    assert_escaped(escape_html, "<script>\"&'", "&lt;script&gt;&quot;&amp;&#39;");
}

static void a_file_name_leaves_no_directory(void **state)
{
    char name[200], expected[81] = "";
    assert_escaped(escape_file, "../a b/c", "_._a_b_c");
    assert_escaped(escape_file, "task-b.v1_2", "task-b.v1_2");
    memset(name, 'x', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    memset(expected, 'x', 80);
    assert_escaped(escape_file, name, expected);
}

/* ---- what gnuplot makes of it */

static const char hostile[] = "a\"b'c`touch hostile-file`d\\n@x^y_z{w}%d$1<b>&\n'; exit #1 0.1 ]]>";
static const char as_seen[] = "a&quot;b&#39;c`touch hostile-file`d\\n@x^y_z{w}%d$1&lt;b&gt;&amp; "
                              "&#39;; exit #1 0.1 ]]&gt;";

static struct figure *figure_with(const char *label, enum figure_kind kind)
{
    const double values[] = { 1, 2, 3 };
    struct figure *figure = figure_create(kind);
    struct series *series = figure_series(figure, figure_panel(figure, label), label);
    figure->title = figure->x_label = figure->y_label = figure->series_label = label;
    series->number = 1;
    figure_x(figure, label);
    figure_add(figure, series, 0, summary_of(values, 3));
    series = figure_series(figure, figure_panel(figure, label), "another");
    figure_add(figure, series, 0, summary_of(values, 2));
    return figure;
}

static size_t count_text(const char *svg, const char *text)
{
    size_t count = 0;
    for (const char *at = svg; (at = strstr(at, text)) != NULL; at++)
        count++;
    return count;
}

static void hostile_names_are_only_drawn(void **state)
{
    static const enum figure_kind kinds[] = { FIGURE_LINES, FIGURE_BARS, FIGURE_HEAT };
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        struct error error;
        struct buf svg;
        struct figure *figure = figure_with(hostile, kinds[i]);
        buf_init(&svg, 1 << 24);
        if (!plot_draw(&svg, figure, PLOT_SVG, &error))
            fail_msg("%s", error.text);
        assert_non_null(strstr(svg.bytes, as_seen)); /* the title, by us */
        assert_null(strstr(svg.bytes, "<b>"));
        assert_null(strstr(svg.bytes, "]]>"));
        /* the rest by gnuplot: legend or axis, panel, both axes */
        assert_true(count_text(svg.bytes, "`touch hostile-file`d\\n@x^y_z{w}%d$1&lt;b") >= 4);
        assert_int_equal(access("hostile-file", F_OK), -1);
        buf_free(&svg);
        figure_destroy(&figure);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_but_letters_and_blanks_reaches_gnuplot_as_itself),
        cmocka_unit_test(control_characters_become_blanks),
        cmocka_unit_test(what_is_no_utf8_becomes_a_question_mark),
        cmocka_unit_test(letters_of_other_alphabets_stay),
        cmocka_unit_test(the_percent_of_a_tic_is_doubled),
        cmocka_unit_test(markup_is_text_in_a_page),
        cmocka_unit_test(a_file_name_leaves_no_directory),
        cmocka_unit_test(hostile_names_are_only_drawn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
