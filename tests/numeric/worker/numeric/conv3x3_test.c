#include "worker/numeric/conv3x3.h"

#include "tests/numeric/check.h"
#include "worker/numeric/conv3x3_kernels.h"

enum { BOARDS = 3 };

static const struct conv3x3 shapes[] = {
    { .side = 5, .inputs = 1, .outputs = 2, .input_stride = 1 },
    { .side = 5, .inputs = 3, .outputs = 4, .input_stride = 16, .rectify = true },
    { .side = 4, .inputs = 5, .outputs = 17, .input_stride = 5 },
    { .side = 17, .inputs = 16, .outputs = 16, .input_stride = 16, .rectify = true },
    { .side = 17, .inputs = 24, .outputs = 24, .input_stride = 32, .rectify = true },
    { .side = 7, .inputs = 33, .outputs = 9, .input_stride = 48, .rectify = true },
    { .side = 20, .inputs = 2, .outputs = 3, .input_stride = 16, .rectify = true },
    { .side = 7, .inputs = 4, .outputs = 4, .input_stride = 16, .rectify = true, .margin = 2 },
    { .side = 1, .inputs = 2, .outputs = 2, .input_stride = 16, .rectify = true },
};
enum { SHAPES = sizeof shapes / sizeof *shapes };

static struct conv3x3 shape; /* of the case being tested */

/* ---- operands ------------------------------------------------------------------------------- */

static void clear_padding(real *boards, int rows, int cells, int channels, int stride)
{
    for (int i = 0; i < rows * cells; i++)
        for (int c = channels; c < stride; c++)
            boards[i * stride + c] = 0;
}

static struct mat random_boards(struct rng *rng, int side, int channels, int stride)
{
    struct mat boards = random_mat(rng, BOARDS, side * side * stride);
    clear_padding(boards.value, BOARDS, side * side, channels, stride);
    clear_padding(boards.tangent, BOARDS, side * side, channels, stride);
    return boards;
}

enum { X, D, W, B, OPERANDS };

static void make_operands(struct mat *operands, uint64_t stream)
{
    struct rng rng = test_rng(stream);
    operands[X] = random_boards(&rng, shape.side, shape.inputs, shape.input_stride);
    operands[D] = random_boards(&rng, shape.side, shape.outputs, conv3x3_stride(shape.outputs));
    operands[W] = random_mat(&rng, 9 * shape.inputs, shape.outputs);
    operands[B] = random_mat(&rng, 1, shape.outputs);
}

/* ---- the kernels under test, as functions of operands --------------------------------------- */

/* Nothing outside the margin is defined: so that boards can be compared, it becomes zero. */
static void clear_margin(struct pass *pass, struct mat boards, int margin)
{
    int side = shape.side, stride = boards.cols / (side * side);
    for (int n = 0; n < boards.rows; n++)
        for (int row = 0; row < side; row++)
            for (int col = 0; col < side; col++) {
                size_t at = (size_t)((n * side + row) * side + col) * (size_t)stride;
                bool inside =
                    row >= margin && row < side - margin && col >= margin && col < side - margin;
                if (!inside && pass->fill_values)
                    memset(boards.value + at, 0, (size_t)stride * sizeof(real));
                if (!inside && pass->fill_tangents)
                    memset(boards.tangent + at, 0, (size_t)stride * sizeof(real));
            }
}

static struct mat run_forward(struct pass *pass, const struct mat *operands)
{
    struct mat y = mat_new(pass, BOARDS, shape.side * shape.side * conv3x3_stride(shape.outputs));
    conv3x3_forward(pass, &shape, y, operands[X], operands[W], operands[B]);
    clear_margin(pass, y, shape.margin);
    return y;
}

struct gradients {
    struct mat x, w, b;
};

static struct gradients run_backward(struct pass *pass, const struct mat *operands)
{
    struct gradients g = { .w = mat_new(pass, 9 * shape.inputs, shape.outputs),
                           .b = mat_new(pass, 1, shape.outputs) };
    if (shape.input_stride == conv3x3_stride(shape.inputs))
        g.x = mat_new(pass, BOARDS, operands[X].cols);
    conv3x3_backward(pass, &shape, g.x, g.w, g.b, operands[X], operands[D], operands[W]);
    if (g.x.rows > 0)
        clear_margin(pass, g.x, shape.margin > 0 ? shape.margin - 1 : 0);
    return g;
}

static struct mat run_dx(struct pass *pass, const struct mat *operands)
{
    return run_backward(pass, operands).x;
}

static struct mat run_dw(struct pass *pass, const struct mat *operands)
{
    return run_backward(pass, operands).w;
}

static struct mat run_db(struct pass *pass, const struct mat *operands)
{
    return run_backward(pass, operands).b;
}

/* ---- the naive reference -------------------------------------------------------------------- */

struct reference {
    double *y, *dx, *dw, *db;
};

static bool is_inside(int row, int col, int margin)
{
    return row >= margin && row < shape.side - margin && col >= margin && col < shape.side - margin;
}

static double rectified(double x)
{
    return shape.rectify && x < 0 ? 0 : x;
}

/* One output cell of one board and one tap: adds to everything that this product is part of. */
static void naive_tap(const struct mat *operands, struct reference *out, int board, int cell,
                      int other, int tap)
{
    int cells = shape.side * shape.side, in = shape.input_stride,
        stride = conv3x3_stride(shape.outputs);
    for (int i = 0; i < shape.inputs; i++)
        for (int o = 0; o < shape.outputs; o++) {
            size_t x_at = (size_t)((board * cells + other) * in + i);
            size_t y_at = (size_t)((board * cells + cell) * stride + o);
            size_t w_at = (size_t)((tap * shape.inputs + i) * shape.outputs + o);
            double x = (double)operands[X].value[x_at], d = (double)operands[D].value[y_at];
            double w = (double)operands[W].value[w_at];
            out->y[y_at] += rectified(x) * w;
            out->dw[w_at] += rectified(x) * d;
            out->dx[x_at] += shape.rectify && x <= 0 ? 0 : d * w;
        }
}

static void naive_cell(const struct mat *operands, struct reference *out, int board, int row,
                       int col)
{
    int side = shape.side, stride = conv3x3_stride(shape.outputs), cell = row * side + col;
    for (int o = 0; o < shape.outputs; o++) {
        size_t y_at = (size_t)((board * side * side + cell) * stride + o);
        out->y[y_at] += (double)operands[B].value[o];
        out->db[o] += (double)operands[D].value[y_at];
    }
    for (int tap = 0; tap < 9; tap++) {
        int other_row = row + tap / 3 - 1, other_col = col + tap % 3 - 1;
        if (is_inside(other_row, other_col, 0))
            naive_tap(operands, out, board, cell, other_row * side + other_col, tap);
    }
}

static struct reference naive(const struct mat *operands)
{
    struct reference out = { xcalloc(mat_count(operands[D]), sizeof(double)),
                             xcalloc(mat_count(operands[X]), sizeof(double)),
                             xcalloc(mat_count(operands[W]), sizeof(double)),
                             xcalloc(mat_count(operands[B]), sizeof(double)) };
    for (int board = 0; board < BOARDS; board++)
        for (int row = 0; row < shape.side; row++)
            for (int col = 0; col < shape.side; col++)
                if (is_inside(row, col, shape.margin))
                    naive_cell(operands, &out, board, row, col);
    return out;
}

static void reference_free(struct reference *reference)
{
    free(reference->y);
    free(reference->dx);
    free(reference->dw);
    free(reference->db);
}

/* ---- tests ---------------------------------------------------------------------------------- */

static void every_shape_gives_what_the_naive_loops_give(void **state)
{
    for (int k = 0; k < SHAPES; k++) {
        struct mat operands[OPERANDS];
        shape = shapes[k];
        make_operands(operands, 10 + (uint64_t)k);
        struct reference want = naive(operands);
        struct kernel_workspaces there = kernel_workspaces(run_forward, operands),
                                 back = kernel_workspaces(run_dw, operands);
        struct pass forward = pass_values(there.values), backward = pass_values(back.values);
        struct mat y = run_forward(&forward, operands);
        struct gradients g = run_backward(&backward, operands);
        expect_near("y", y.value, want.y, mat_count(y), rounding);
        expect_near("dw", g.w.value, want.dw, mat_count(g.w), rounding);
        expect_near("db", g.b.value, want.db, mat_count(g.b), rounding);
        if (g.x.rows > 0)
            expect_near("dx", g.x.value, want.dx, mat_count(g.x), rounding);
        kernel_workspaces_free(&there);
        kernel_workspaces_free(&back);
        reference_free(&want);
        free_mats(operands, OPERANDS);
    }
}

static void tangents_agree_with_differences_and_come_out_the_same_in_two_passes(void **state)
{
    for (int k = 0; k < SHAPES; k++) {
        struct mat operands[OPERANDS];
        shape = shapes[k];
        if (shape.side > 7)
            shape.side = 6;
        make_operands(operands, 30 + (uint64_t)k);
        expect_tangent("y'", run_forward, operands, OPERANDS);
        expect_tangent("dw'", run_dw, operands, OPERANDS);
        expect_tangent("db'", run_db, operands, OPERANDS);
        if (shape.input_stride == conv3x3_stride(shape.inputs))
            expect_tangent("dx'", run_dx, operands, OPERANDS);
        free_mats(operands, OPERANDS);
    }
}

static void inputs_that_do_not_move_drop_out_of_the_tangents(void **state)
{
    struct mat operands[OPERANDS];
    shape = shapes[0];
    make_operands(operands, 50);
    real *x_tangent = operands[X].tangent;
    operands[X].tangent = NULL;
    expect_tangent("y'", run_forward, operands, OPERANDS);
    expect_tangent("dw'", run_dw, operands, OPERANDS);
    operands[X].tangent = x_tangent;
    free_mats(operands, OPERANDS);
}

static void expect_padding_zero(const char *what, const real *boards, struct mat like, int channels)
{
    int cells = shape.side * shape.side, stride = like.cols / cells;
    for (int i = 0; i < like.rows * cells; i++)
        for (int c = channels; c < stride; c++)
            if (boards[i * stride + c] != 0)
                fail_msg("%s: cell %d, channel %d of %d is %g", what, i, c, channels,
                         (double)boards[i * stride + c]);
}

static void what_pads_the_channels_stays_zero(void **state)
{
    struct mat operands[OPERANDS];
    shape = shapes[5];
    make_operands(operands, 51);
    struct kernel_workspaces there = kernel_workspaces(run_forward, operands),
                             back = kernel_workspaces(run_dw, operands);
    struct pass forward = pass_both(there.values, there.tangents),
                backward = pass_both(back.values, back.tangents);
    struct mat y = run_forward(&forward, operands);
    struct mat dx = run_dx(&backward, operands);
    expect_padding_zero("y", y.value, y, shape.outputs);
    expect_padding_zero("y'", y.tangent, y, shape.outputs);
    expect_padding_zero("dx", dx.value, dx, shape.inputs);
    expect_padding_zero("dx'", dx.tangent, dx, shape.inputs);
    kernel_workspaces_free(&there);
    kernel_workspaces_free(&back);
    free_mats(operands, OPERANDS);
}

static void a_cell_has_the_same_bits_whether_or_not_others_are_left_out(void **state)
{
    struct mat operands[OPERANDS];
    shape = shapes[3];
    make_operands(operands, 52);
    for (int margin = 1; margin <= 8; margin++) {
        shape.margin = 0;
        struct kernel_workspaces whole = kernel_workspaces(run_forward, operands),
                                 part = kernel_workspaces(run_forward, operands);
        struct pass all = pass_both(whole.values, whole.tangents);
        struct mat want = run_forward(&all, operands);
        clear_margin(&all, want, margin);
        shape.margin = margin;
        struct pass some = pass_both(part.values, part.tangents);
        struct mat got = run_forward(&some, operands);
        expect_same_bits("y", got.value, want.value, mat_count(got));
        expect_same_bits("y'", got.tangent, want.tangent, mat_count(got));
        kernel_workspaces_free(&whole);
        kernel_workspaces_free(&part);
    }
    free_mats(operands, OPERANDS);
}

static void a_nan_on_a_board_is_not_lost_in_the_relu(void **state)
{
    struct mat operands[OPERANDS];
    shape = shapes[1];
    make_operands(operands, 53);
    operands[X].value[0] = (real)NAN;
    struct kernel_workspaces workspaces = kernel_workspaces(run_forward, operands);
    struct pass pass = pass_values(workspaces.values);
    assert_true(isnan(run_forward(&pass, operands).value[0]));
    kernel_workspaces_free(&workspaces);
    free_mats(operands, OPERANDS);
}

/* ---- the kinds of vector units, each by itself ---------------------------------------------- */

static real *aligned_random(struct rng *rng, int count)
{
    real *out = xaligned((size_t)count * sizeof *out);
    for (int i = 0; i < count; i++)
        out[i] = (real)rng_normal(rng);
    return out;
}

static double *naive_product(const real *in, const real *w, const real *start, int side,
                             int channels, int stride)
{
    double *out = xcalloc((size_t)(side * side * stride), sizeof *out);
    for (int cell = 0; cell < side * side; cell++)
        for (int o = 0; o < stride; o++) {
            double *sum = &out[cell * stride + o];
            *sum = (double)start[o];
            for (int tap = 0; tap < 9; tap++)
                for (int c = 0; c < channels; c++) {
                    int row = cell / side + tap / 3, col = cell % side + tap % 3;
                    *sum += (double)in[(row * (side + 2) + col) * stride + c] *
                            (double)w[(tap * channels + c) * stride + o];
                }
        }
    return out;
}

static void check_kind(const struct conv3x3_kernels *kind, int side, int channels)
{
    struct rng rng = test_rng(60);
    int stride = conv3x3_stride(channels), framed = (side + 2) * (side + 2) * stride;
    struct conv3x3_window window = { side, 0, side };
    real *in = aligned_random(&rng, framed), *w = aligned_random(&rng, 9 * channels * stride),
         *start = aligned_random(&rng, stride);
    real *out = xaligned((size_t)(side * side * stride) * sizeof *out);
    double *want = naive_product(in, w, start, side, channels, stride);
    kind->product(&window, out, stride, in, stride, channels, w, start);
    expect_near(kind->name, out, want, (size_t)(side * side * stride), rounding);
    kind->product(&window, out, stride, in, stride, channels, w, NULL);
    for (int i = 0; i < side * side * stride; i++)
        want[i] += want[i] - (double)start[i % stride];
    expect_near(kind->name, out, want, (size_t)(side * side * stride), rounding);
    free(in);
    free(w);
    free(start);
    free(out);
    free(want);
}

/* Both images framed; d is zero in its frame. */
static void check_weights(const struct conv3x3_kernels *kind, int side, int channels)
{
    struct rng rng = test_rng(61);
    int stride = conv3x3_stride(channels), pitch = side + 2, count = 9 * channels * stride;
    struct conv3x3_window window = { side, 0, side };
    real *in = xaligned((size_t)(pitch * pitch * stride) * sizeof *in),
         *d = xaligned((size_t)(pitch * pitch * stride) * sizeof *d);
    real *w = aligned_random(&rng, count);
    double *want = xcalloc((size_t)count, sizeof *want);
    for (int i = 0; i < count; i++)
        want[i] = (double)w[i];
    for (int row = 1; row <= side; row++)
        for (int i = stride; i < (side + 1) * stride; i++) {
            in[row * pitch * stride + i] = (real)rng_normal(&rng);
            d[row * pitch * stride + i] = (real)rng_normal(&rng);
        }
    for (int cell = 0; cell < side * side; cell++)
        for (int i = 0; i < count; i++) {
            int tap = i / (channels * stride), row = cell / side, col = cell % side;
            int other = (row + tap / 3) * pitch + col + tap % 3;
            want[i] += (double)in[other * stride + i / stride % channels] *
                       (double)d[((row + 1) * pitch + col + 1) * stride + i % stride];
        }
    kind->weights(&window, w, d, stride, in, stride, channels);
    expect_near(kind->name, w, want, (size_t)count, rounding);
    free(in);
    free(d);
    free(w);
    free(want);
}

/* Against the same loop of another kind, which mixture_test compares with a naive one. */
static void check_mix(const struct conv3x3_kernels *kind, int frames)
{
    enum { CELLS = 25, COUNT = CELLS * CONV3X3_PAD };
    const struct conv3x3_kernels *used = conv3x3_kernels();
    struct rng rng = test_rng(62);
    struct conv3x3_sums sums[2] = { 0 };
    real *x = aligned_random(&rng, frames * CELLS), *h = aligned_random(&rng, COUNT),
         *moved = aligned_random(&rng, COUNT), *d = aligned_random(&rng, COUNT),
         *other = xaligned(COUNT * sizeof *other);
    double want[COUNT], want_sums[sizeof sums[0] / sizeof(real)];
    struct conv3x3_mixture mixture = { frames, CELLS, CONV3X3_PAD, x, (real)0.3, { { 0 } } };
    for (int i = 0; i < frames * CONV3X3_PAD; i++)
        mixture.a[i / CONV3X3_PAD][i % CONV3X3_PAD] = (real)rng_normal(&rng);
    for (int tangent = 0; tangent < 2; tangent++) {
        memcpy(other, d, COUNT * sizeof *d);
        if (tangent) {
            kind->mix_tangent(&mixture, d, h, moved, &sums[0]);
            used->mix_tangent(&mixture, other, h, moved, &sums[1]);
        } else {
            kind->mix(&mixture, d, h, &sums[0]);
            used->mix(&mixture, other, h, &sums[1]);
        }
        for (int i = 0; i < COUNT; i++)
            want[i] = (double)other[i];
        for (size_t i = 0; i < sizeof sums[0] / sizeof(real); i++)
            want_sums[i] = (double)((const real *)&sums[1])[i];
        expect_near(kind->name, d, want, COUNT, rounding);
        expect_near(kind->name, (const real *)&sums[0], want_sums, sizeof sums[0] / sizeof(real),
                    rounding);
    }
    free(x);
    free(h);
    free(moved);
    free(d);
    free(other);
}

static void each_vector_unit_of_this_machine_agrees_with_the_naive_loop(void **state)
{
    const struct conv3x3_kernels *kinds[] = {
        &conv3x3_portable,
#ifdef __x86_64__
        &conv3x3_avx512,
#endif
    };
    int checked = 0;
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++)
        for (int side = 1; kinds[k]->supported() && side <= 20; side++, checked++) {
            check_kind(kinds[k], side, 3);
            check_kind(kinds[k], side, 24);
            check_weights(kinds[k], side, 3);
            check_weights(kinds[k], side, 11);
            check_mix(kinds[k], side % CONV3X3_MAX_FRAMES + 1);
        }
    assert_true(checked >= 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_shape_gives_what_the_naive_loops_give),
        cmocka_unit_test(tangents_agree_with_differences_and_come_out_the_same_in_two_passes),
        cmocka_unit_test(inputs_that_do_not_move_drop_out_of_the_tangents),
        cmocka_unit_test(what_pads_the_channels_stays_zero),
        cmocka_unit_test(a_cell_has_the_same_bits_whether_or_not_others_are_left_out),
        cmocka_unit_test(a_nan_on_a_board_is_not_lost_in_the_relu),
        cmocka_unit_test(each_vector_unit_of_this_machine_agrees_with_the_naive_loop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
