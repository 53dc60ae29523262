/* Boards are worked on one at a time, so that everything a board needs stays in the nearest cache
 * from the ReLU to the last product. */
#include "worker/numeric/conv3x3.h"

#include "worker/numeric/conv3x3_kernels.h"

#include <assert.h>
#include <string.h>

const struct conv3x3_kernels *conv3x3_kernels(void)
{
#ifdef __x86_64__
    if (conv3x3_avx512.supported())
        return &conv3x3_avx512;
#endif
    return &conv3x3_portable;
}

const char *conv3x3_kernel_name(void)
{
    return conv3x3_kernels()->name;
}

int conv3x3_stride(int channels)
{
    return (channels + CONV3X3_PAD - 1) / CONV3X3_PAD * CONV3X3_PAD;
}

static struct conv3x3_window output_window(const struct conv3x3 *shape)
{
    return (struct conv3x3_window){ shape->side, shape->margin, shape->side - shape->margin };
}

static struct conv3x3_window input_window(const struct conv3x3 *shape)
{
    int margin = shape->margin > 0 ? shape->margin - 1 : 0;
    return (struct conv3x3_window){ shape->side, margin, shape->side - margin };
}

/* ---- weights: padded copies, which the kernels can load by whole vectors --------------------- */

/* to [9][inputs][stride] from w [9 inputs, outputs]; NULL counts as zero. */
static void pad_weights(real *to, const real *w, const struct conv3x3 *shape, int stride)
{
    size_t rows = CONV3X3_TAPS * (size_t)shape->inputs, cols = (size_t)shape->outputs;
    memset(to, 0, rows * (size_t)stride * sizeof *to);
    for (size_t row = 0; w && row < rows; row++)
        memcpy(to + row * (size_t)stride, w + row * cols, cols * sizeof *to);
}

/* to [9][outputs][stride], for the way back: to[8 - tap][o][i] = w[tap][i][o]. */
static void turn_weights(real *to, const real *w, const struct conv3x3 *shape, int stride)
{
    size_t inputs = (size_t)shape->inputs, outputs = (size_t)shape->outputs;
    memset(to, 0, CONV3X3_TAPS * outputs * (size_t)stride * sizeof *to);
    for (size_t tap = 0; w && tap < CONV3X3_TAPS; tap++)
        for (size_t i = 0; i < inputs; i++)
            for (size_t o = 0; o < outputs; o++)
                to[((CONV3X3_TAPS - 1 - tap) * outputs + o) * (size_t)stride + i] =
                    w[(tap * inputs + i) * outputs + o];
}

static struct mat padded_weights(struct pass *pass, const struct conv3x3 *shape, struct mat w)
{
    int stride = conv3x3_stride(shape->outputs);
    struct mat to = mat_new(pass, CONV3X3_TAPS * shape->inputs, stride);
    if (pass->fill_values)
        pad_weights(to.value, w.value, shape, stride);
    if (pass->fill_tangents)
        pad_weights(to.tangent, w.tangent, shape, stride);
    return to;
}

static struct mat turned_weights(struct pass *pass, const struct conv3x3 *shape, struct mat w)
{
    int stride = conv3x3_stride(shape->inputs);
    struct mat to = mat_new(pass, CONV3X3_TAPS * shape->outputs, stride);
    if (pass->fill_values)
        turn_weights(to.value, w.value, shape, stride);
    if (pass->fill_tangents)
        turn_weights(to.tangent, w.tangent, shape, stride);
    return to;
}

/* The padded bias [1, stride], or zeros if b has no rows. */
static struct mat padded_row(struct pass *pass, int stride, struct mat b)
{
    struct mat to = mat_new(pass, 1, stride);
    for (int tangent = 0; tangent < 2; tangent++) {
        real *row = tangent ? to.tangent : to.value;
        const real *from = tangent ? b.tangent : b.value;
        if (!(tangent ? pass->fill_tangents : pass->fill_values))
            continue;
        memset(row, 0, (size_t)stride * sizeof *row);
        if (from)
            memcpy(row, from, mat_count(b) * sizeof *row);
    }
    return to;
}

/* ---- framed boards: room to work in, in the workspaces of the pass but never kept ------------ */

static bool works(const struct pass *pass)
{
    return pass->fill_values || pass->fill_tangents;
}

static struct mat framed_board(struct pass *pass, int side, int stride)
{
    struct mat board = mat_new(pass, (side + 2) * (side + 2), stride);
    if (works(pass))
        memset(board.value, 0, mat_count(board) * sizeof(real));
    if (pass->fill_tangents)
        memset(board.tangent, 0, mat_count(board) * sizeof(real));
    return board;
}

/* to = x within the window, or x where gate > 0 unless gate is NULL. */
static void frame_board(real *to, const real *x, const real *gate,
                        const struct conv3x3_window *window, int stride)
{
    size_t count = (size_t)(window->end - window->first) * (size_t)stride;
    for (int row = window->first; row < window->end; row++) {
        size_t from = (size_t)(row * window->side + window->first) * (size_t)stride;
        size_t at = (size_t)((row + 1) * (window->side + 2) + window->first + 1) * (size_t)stride;
        if (!gate)
            memcpy(to + at, x + from, count * sizeof *to);
        for (size_t i = 0; gate && i < count; i++)
            to[at + i] = gate[from + i] > 0 ? x[from + i] : 0;
    }
}

/* The same, so that a NaN stays one instead of becoming a quiet 0. */
static void frame_rectified(real *to, const real *x, const struct conv3x3_window *window,
                            int stride)
{
    size_t count = (size_t)(window->end - window->first) * (size_t)stride;
    for (int row = window->first; row < window->end; row++) {
        const real *from = x + (size_t)(row * window->side + window->first) * (size_t)stride;
        real *at =
            to + (size_t)((row + 1) * (window->side + 2) + window->first + 1) * (size_t)stride;
        for (size_t i = 0; i < count; i++)
            at[i] = from[i] < 0 ? 0 : from[i];
    }
}

/* x of one board, through the ReLU: its value always, its tangent where a pass wants it. */
static void frame_inputs(const struct pass *pass, const struct conv3x3 *shape, struct mat framed,
                         struct mat x)
{
    struct conv3x3_window window = input_window(shape);
    int stride = shape->input_stride;
    if (shape->rectify)
        frame_rectified(framed.value, x.value, &window, stride);
    else
        frame_board(framed.value, x.value, NULL, &window, stride);
    if (pass->fill_tangents && x.tangent)
        frame_board(framed.tangent, x.tangent, shape->rectify ? x.value : NULL, &window, stride);
}

static void frame_gradient(const struct pass *pass, const struct conv3x3 *shape, struct mat framed,
                           struct mat d)
{
    struct conv3x3_window window = output_window(shape);
    frame_board(framed.value, d.value, NULL, &window, conv3x3_stride(shape->outputs));
    if (pass->fill_tangents)
        frame_board(framed.tangent, d.tangent, NULL, &window, conv3x3_stride(shape->outputs));
}

/* ---- forward -------------------------------------------------------------------------------- */

static void assert_boards(const struct conv3x3 *shape, struct mat x, struct mat y)
{
    assert(x.cols == shape->side * shape->side * shape->input_stride && x.rows == y.rows);
    assert(y.cols == shape->side * shape->side * conv3x3_stride(shape->outputs));
    assert(shape->margin >= 0 && 2 * shape->margin < shape->side);
    (void)shape, (void)x, (void)y;
}

/* y' of one board. The weights' term comes first, because it brings the bias. */
static void forward_tangent(const struct conv3x3 *shape, real *y, struct mat framed, struct mat w,
                            struct mat b, bool inputs_move)
{
    struct conv3x3_window window = output_window(shape);
    int in_stride = shape->input_stride;
    conv3x3_kernels()->product(&window, y, w.cols, framed.value, in_stride, shape->inputs,
                               w.tangent, b.tangent);
    if (inputs_move)
        conv3x3_kernels()->product(&window, y, w.cols, framed.tangent, in_stride, shape->inputs,
                                   w.value, NULL);
}

void conv3x3_forward(struct pass *pass, const struct conv3x3 *shape, struct mat y, struct mat x,
                     struct mat w, struct mat b)
{
    struct conv3x3_window window = output_window(shape);
    int in_stride = shape->input_stride;
    assert_boards(shape, x, y);
    struct mat padded_w = padded_weights(pass, shape, w);
    struct mat padded_b = padded_row(pass, padded_w.cols, b);
    struct mat framed = framed_board(pass, shape->side, in_stride);
    for (int n = 0; works(pass) && n < x.rows; n++) {
        struct mat board = mat_rows(x, n, 1), out = mat_rows(y, n, 1);
        frame_inputs(pass, shape, framed, board);
        if (pass->fill_values)
            conv3x3_kernels()->product(&window, out.value, padded_w.cols, framed.value, in_stride,
                                       shape->inputs, padded_w.value, padded_b.value);
        if (pass->fill_tangents)
            forward_tangent(shape, out.tangent, framed, padded_w, padded_b, x.tangent != NULL);
    }
}

/* ---- backward ------------------------------------------------------------------------------- */

/* db += the sum of the cells of a framed board outside whose window everything is zero. */
static void add_cells(real *restrict db, const real *restrict framed, int cells, int stride)
{
    for (int lane = 0; lane < stride; lane += CONV3X3_PAD) {
        real sum[CONV3X3_PAD] = { 0 };
        for (int cell = 0; cell < cells; cell++)
            for (int i = 0; i < CONV3X3_PAD; i++)
                sum[i] += framed[cell * stride + lane + i];
        for (int i = 0; i < CONV3X3_PAD; i++)
            db[lane + i] += sum[i];
    }
}

/* Sums over all boards, in padded places of their own. */
struct sums {
    struct mat w, b;
};

static struct sums new_sums(struct pass *pass, const struct conv3x3 *shape)
{
    int stride = conv3x3_stride(shape->outputs);
    struct sums sums = { mat_new(pass, CONV3X3_TAPS * shape->inputs, stride),
                         mat_new(pass, 1, stride) };
    if (pass->fill_values) {
        memset(sums.w.value, 0, mat_count(sums.w) * sizeof(real));
        memset(sums.b.value, 0, mat_count(sums.b) * sizeof(real));
    }
    if (pass->fill_tangents) {
        memset(sums.w.tangent, 0, mat_count(sums.w) * sizeof(real));
        memset(sums.b.tangent, 0, mat_count(sums.b) * sizeof(real));
    }
    return sums;
}

/* dw and db without what pads them. */
static void copy_sums(real *dw, real *db, const real *w, const real *b, const struct conv3x3 *shape)
{
    size_t rows = CONV3X3_TAPS * (size_t)shape->inputs, cols = (size_t)shape->outputs;
    size_t stride = (size_t)conv3x3_stride(shape->outputs);
    for (size_t row = 0; row < rows; row++)
        memcpy(dw + row * cols, w + row * stride, cols * sizeof *dw);
    memcpy(db, b, cols * sizeof *db);
}

static void add_weights(const struct pass *pass, const struct conv3x3 *shape, struct sums *sums,
                        struct mat x, struct mat d, bool inputs_move)
{
    struct conv3x3_window window = output_window(shape);
    int in_stride = x.cols;
    if (pass->fill_values) {
        conv3x3_kernels()->weights(&window, sums->w.value, d.value, d.cols, x.value, in_stride,
                                   shape->inputs);
        add_cells(sums->b.value, d.value, d.rows, d.cols);
    }
    if (!pass->fill_tangents)
        return;
    conv3x3_kernels()->weights(&window, sums->w.tangent, d.tangent, d.cols, x.value, in_stride,
                               shape->inputs);
    if (inputs_move)
        conv3x3_kernels()->weights(&window, sums->w.tangent, d.value, d.cols, x.tangent, in_stride,
                                   shape->inputs);
    add_cells(sums->b.tangent, d.tangent, d.rows, d.cols);
}

/* Zero where x is not positive, within the window; outside nothing is defined. */
static void gate_board(real *restrict dx, const real *restrict x,
                       const struct conv3x3_window *window, int stride)
{
    size_t count = (size_t)(window->end - window->first) * (size_t)stride;
    for (int row = window->first; row < window->end; row++) {
        size_t at = (size_t)(row * window->side + window->first) * (size_t)stride;
        for (size_t i = 0; i < count; i++)
            dx[at + i] = x[at + i] > 0 ? dx[at + i] : 0;
    }
}

/* dx of one board from the framed gradient d; `zero` is the sum's start. */
static void backward_inputs(const struct pass *pass, const struct conv3x3 *shape, struct mat dx,
                            struct mat x, struct mat d, struct mat turned, struct mat zero)
{
    struct conv3x3_window window = input_window(shape);
    int stride = turned.cols;
    if (pass->fill_values) {
        conv3x3_kernels()->product(&window, dx.value, stride, d.value, d.cols, shape->outputs,
                                   turned.value, zero.value);
        if (shape->rectify)
            gate_board(dx.value, x.value, &window, stride);
    }
    if (!pass->fill_tangents)
        return;
    conv3x3_kernels()->product(&window, dx.tangent, stride, d.tangent, d.cols, shape->outputs,
                               turned.value, zero.tangent);
    conv3x3_kernels()->product(&window, dx.tangent, stride, d.value, d.cols, shape->outputs,
                               turned.tangent, NULL);
    if (shape->rectify)
        gate_board(dx.tangent, x.value, &window, stride);
}

void conv3x3_backward(struct pass *pass, const struct conv3x3 *shape, struct mat dx, struct mat dw,
                      struct mat db, struct mat x, struct mat d, struct mat w)
{
    struct mat turned = { 0 }, zero = { 0 };
    assert_boards(shape, x, d);
    if (dx.rows > 0) {
        assert(shape->input_stride == conv3x3_stride(shape->inputs));
        turned = turned_weights(pass, shape, w);
        zero = padded_row(pass, turned.cols, (struct mat){ 0 });
    }
    struct sums sums = new_sums(pass, shape);
    struct mat framed_x = framed_board(pass, shape->side, shape->input_stride);
    struct mat framed_d = framed_board(pass, shape->side, conv3x3_stride(shape->outputs));
    for (int n = 0; works(pass) && n < x.rows; n++) {
        struct mat board = mat_rows(x, n, 1);
        frame_inputs(pass, shape, framed_x, board);
        frame_gradient(pass, shape, framed_d, mat_rows(d, n, 1));
        add_weights(pass, shape, &sums, framed_x, framed_d, x.tangent != NULL);
        if (dx.rows > 0)
            backward_inputs(pass, shape, mat_rows(dx, n, 1), board, framed_d, turned, zero);
    }
    if (pass->fill_values)
        copy_sums(dw.value, db.value, sums.w.value, sums.b.value, shape);
    if (pass->fill_tangents)
        copy_sums(dw.tangent, db.tangent, sums.w.tangent, sums.b.tangent, shape);
}
