#include "worker/task/game_of_life.h"
#include "worker/task/task.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <math.h>
#include <string.h>

enum { FRAME_BYTES = LIFE_CELLS * sizeof(real) };

/* Rows of text, '#' alive, with their upper left corner at (row, column). */
static struct life_board board_of(int row, int column, const char *const *lines, int count)
{
    struct life_board board = { 0 };
    for (int i = 0; i < count; i++)
        for (int j = 0; lines[i][j] != '\0'; j++)
            board.cell[row + i + 1][column + j + 1] = lines[i][j] == '#';
    return board;
}

static struct life_board after(struct life_board board, int steps)
{
    while (steps-- > 0)
        board = life_step(&board);
    return board;
}

static void assert_boards_equal(struct life_board a, struct life_board b)
{
    assert_memory_equal(a.cell, b.cell, sizeof a.cell);
}

static void a_block_stays(void **state)
{
    const char *block[] = { "##", "##" };
    struct life_board middle = board_of(7, 7, block, 2), corner = board_of(15, 15, block, 2);
    assert_boards_equal(after(middle, 1), middle);
    assert_boards_equal(after(corner, 5), corner);
}

static void a_blinker_turns_and_turns_back(void **state)
{
    const char *lying[] = { "###" }, *standing[] = { "#", "#", "#" };
    assert_boards_equal(after(board_of(8, 7, lying, 1), 1), board_of(7, 8, standing, 3));
    assert_boards_equal(after(board_of(8, 7, lying, 1), 2), board_of(8, 7, lying, 1));
}

static void a_glider_moves_one_cell_down_and_right_in_four_steps(void **state)
{
    const char *glider[] = { ".#.", "..#", "###" };
    assert_boards_equal(after(board_of(1, 1, glider, 3), 4), board_of(2, 2, glider, 3));
    assert_boards_equal(after(board_of(1, 1, glider, 3), 40), board_of(11, 11, glider, 3));
}

/* On a torus the blinker would go on; here a row outside the board is dead, and its third of the
 * blinker is never born. */
static void cells_outside_the_board_are_dead(void **state)
{
    const char *lying[] = { "###" }, *upright[] = { "#", "#" };
    struct life_board edge = after(board_of(0, 7, lying, 1), 1);
    assert_boards_equal(edge, board_of(0, 8, upright, 2));
    assert_boards_equal(after(edge, 1), (struct life_board){ 0 });
}

static void a_cell_lives_with_two_or_three_neighbours_and_is_born_with_three(void **state)
{
    for (int neighbours = 0; neighbours <= 8; neighbours++) {
        for (int alive = 0; alive <= 1; alive++) {
            struct life_board board = { 0 };
            for (int i = 0, left = neighbours; i < 9; i++)
                if (i != 4 && left > 0 && left--)
                    board.cell[8 + i / 3][8 + i % 3] = 1;
            board.cell[9][9] = (unsigned char)alive;
            int expected = neighbours == 3 || (neighbours == 2 && alive);
            assert_int_equal(life_step(&board).cell[9][9], expected);
        }
    }
}

static struct task_data make(uint64_t seed, int n_train, bool scramble)
{
    struct task_request request = {
        .data_seed = seed, .n_train = n_train, .n_test = 20, .scramble = scramble
    };
    struct task_data data;
    struct error error;
    assert_true(task_make(&data, "game-of-life", &request, &error));
    return data;
}

static struct life_board board_of_cells(const real *cells)
{
    struct life_board board = { 0 };
    for (int i = 0; i < LIFE_CELLS; i++)
        board.cell[i / LIFE_SIDE + 1][i % LIFE_SIDE + 1] = (unsigned char)cells[i];
    return board;
}

static const real *frame(const struct task_data *data, int example, int which)
{
    return data->train.xstar + (size_t)(example * TASK_FRAMES + which) * LIFE_CELLS;
}

static void the_frames_follow_from_x_and_the_label_is_the_last_middle_cell(void **state)
{
    struct task_data data = make(3, 200, false);
    assert_int_equal(data.inputs, 289);
    assert_int_equal(data.steps, 3);
    assert_int_equal(data.features, 289);
    assert_int_equal(data.privileged, 867);
    assert_int_equal(data.outputs, 1);
    assert_int_equal(data.label_loss, LABEL_LOGISTIC);
    for (int i = 0; i < data.train.count; i++) {
        struct life_board board = board_of_cells(data.train.x + (size_t)i * LIFE_CELLS);
        for (int t = 0; t < TASK_FRAMES; t++) {
            board = life_step(&board);
            assert_boards_equal(board_of_cells(frame(&data, i, t)), board);
        }
        assert_true(data.train.labels[i] == frame(&data, i, 2)[LIFE_MIDDLE]);
    }
    task_free(&data);
}

static void the_scramble_is_the_same_for_all_examples_and_undone_by_what_is_told(void **state)
{
    bool seen[TASK_FRAMES] = { false };
    int moved = 0;
    for (uint64_t seed = 0; seed < 20; seed++) {
        struct task_data plain = make(seed, 30, false), scrambled = make(seed, 30, true);
        assert_memory_equal(plain.train.x, scrambled.train.x, 30 * FRAME_BYTES);
        assert_memory_equal(plain.train.labels, scrambled.train.labels, 30 * sizeof(real));
        for (int k = 0; k < TASK_FRAMES; k++)
            for (int i = 0; i < 30; i++)
                assert_memory_equal(frame(&scrambled, i, k),
                                    frame(&plain, i, scrambled.frame_time[k]), FRAME_BYTES);
        for (int k = 0; k < TASK_FRAMES; k++)
            assert_int_equal(plain.frame_time[k], k);
        seen[scrambled.frame_time[0]] = true;
        moved += memcmp(plain.frame_time, scrambled.frame_time, sizeof plain.frame_time) != 0;
        task_free(&plain);
        task_free(&scrambled);
    }
    assert_true(seen[0] && seen[1] && seen[2]);
    assert_true(moved >= 10); /* one order in six is the true one */
}

static void cells_start_alive_with_probability_0_4_independently_of_their_neighbours(void **state)
{
    struct task_data data = make(11, 4000, true);
    double alive = 0, both = 0, lowest = 1, highest = 0;
    for (int cell = 0; cell < LIFE_CELLS; cell++) {
        double at_cell = 0;
        for (int i = 0; i < data.train.count; i++) {
            const real *x = data.train.x + (size_t)i * LIFE_CELLS;
            assert_true(x[cell] == 0 || x[cell] == 1);
            at_cell += x[cell];
            both += x[cell] * x[(cell + 1) % LIFE_CELLS];
        }
        alive += at_cell;
        lowest = fmin(lowest, at_cell / data.train.count);
        highest = fmax(highest, at_cell / data.train.count);
    }
    double cells = (double)LIFE_CELLS * data.train.count;
    assert_true(fabs(alive / cells - 0.4) < 0.0023); /* five standard errors */
    assert_true(fabs(both / cells - 0.16) < 0.003);
    assert_true(lowest > 0.36 && highest < 0.44); /* of one cell: five standard errors of its own */
    task_free(&data);
}

/* Boards of density 0.4 thin out. Another program counted 0.3623, 0.3147 and 0.3019 of the middle
 * cells alive after one, two and three steps, on 400,000 boards. */
static void the_boards_thin_out_and_labels_are_not_balanced(void **state)
{
    static const double share_alive[TASK_FRAMES] = { 0.3623, 0.3147, 0.3019 };
    struct task_data data = make(12, 8192, false);
    for (int t = 0; t < TASK_FRAMES; t++) {
        double alive = 0;
        for (int i = 0; i < data.train.count; i++)
            alive += frame(&data, i, t)[LIFE_MIDDLE];
        assert_true(fabs(alive / data.train.count - share_alive[t]) < 0.026); /* five errors */
    }
    task_free(&data);
}

static void a_larger_data_set_begins_with_the_smaller_one_and_shares_its_test_set(void **state)
{
    struct task_data small = make(5, 10, true), large = make(5, 100, true);
    assert_memory_equal(small.train.x, large.train.x, 10 * FRAME_BYTES);
    assert_memory_equal(small.train.xstar, large.train.xstar, 30 * FRAME_BYTES);
    assert_memory_equal(small.test.xstar, large.test.xstar, 60 * FRAME_BYTES);
    assert_memory_not_equal(small.train.x, small.test.x, 10 * FRAME_BYTES);
    task_free(&small);
    task_free(&large);
}

static void too_many_boards_are_refused(void **state)
{
    struct task_request request = { .n_train = 10000000, .n_test = 20 };
    struct task_data data;
    struct error error;
    assert_false(task_make(&data, "game-of-life", &request, &error));
    assert_string_equal(error.text, "n_train, n_test: 10000000 examples of 867 numbers are too "
                                    "many; a matrix holds 2147483647 at most");
}

/* Alone in a corner but for the other three corners, a block that lies across all edges. */
static void opposite_edges_can_meet(void **state)
{
    static const int ends[] = { 1, LIFE_SIDE };
    struct life_board board = { 0 };
    for (int i = 0; i < 4; i++)
        board.cell[ends[i / 2]][ends[i % 2]] = 1;
    struct life_board alone = life_step(&board);
    life_wrap(&board);
    struct life_board met = life_step(&board);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(alone.cell[ends[i / 2]][ends[i % 2]], 0);
        assert_int_equal(met.cell[ends[i / 2]][ends[i % 2]], 1);
    }
}

static void edges_show_in_the_frames_and_never_in_the_label(void **state)
{
    struct task_data dead, wrapped;
    struct task_request request = { .data_seed = 1, .n_train = 50, .n_test = 1 };
    struct error error;
    assert_true(task_make(&dead, "game-of-life", &request, &error));
    request.wraps = true;
    assert_true(task_make(&wrapped, "game-of-life", &request, &error));
    size_t numbers = 50 * (size_t)dead.privileged * sizeof(real);
    assert_memory_equal(dead.train.x, wrapped.train.x, 50 * LIFE_CELLS * sizeof(real));
    assert_memory_equal(dead.train.labels, wrapped.train.labels, 50 * sizeof(real));
    assert_memory_not_equal(dead.train.xstar, wrapped.train.xstar, numbers);
    task_free(&dead);
    task_free(&wrapped);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_block_stays),
        cmocka_unit_test(a_blinker_turns_and_turns_back),
        cmocka_unit_test(a_glider_moves_one_cell_down_and_right_in_four_steps),
        cmocka_unit_test(cells_outside_the_board_are_dead),
        cmocka_unit_test(a_cell_lives_with_two_or_three_neighbours_and_is_born_with_three),
        cmocka_unit_test(the_frames_follow_from_x_and_the_label_is_the_last_middle_cell),
        cmocka_unit_test(the_scramble_is_the_same_for_all_examples_and_undone_by_what_is_told),
        cmocka_unit_test(cells_start_alive_with_probability_0_4_independently_of_their_neighbours),
        cmocka_unit_test(the_boards_thin_out_and_labels_are_not_balanced),
        cmocka_unit_test(a_larger_data_set_begins_with_the_smaller_one_and_shares_its_test_set),
        cmocka_unit_test(too_many_boards_are_refused),
        cmocka_unit_test(opposite_edges_can_meet),
        cmocka_unit_test(edges_show_in_the_frames_and_never_in_the_label),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
