/* The game of life of the paper (section 4.2, appendix C): the label is a cell's future, and the
 * privileged information shows how it comes about.
 *     x: a board of 17 x 17 cells, each alive with probability 0.4
 *     y: is the middle cell alive after three steps?
 *     x*: the boards after one, two and three steps, as frames of 289 cells; with `scramble` in an
 *         order that is drawn once for the whole data set
 * The paper does not say what is outside the board: dead cells, or with `wraps` the opposite edge.
 * The label is the same for both: in three steps nothing outside reaches the middle cell. */
#include "worker/task/game_of_life.h"
#include "worker/task/task.h"

#include <string.h>

static const double probability_alive = 0.4;

static int neighbours(const struct life_board *board, int row, int column)
{
    const unsigned char *above = board->cell[row - 1] + column - 1;
    const unsigned char *beside = board->cell[row] + column - 1;
    const unsigned char *below = board->cell[row + 1] + column - 1;
    return above[0] + above[1] + above[2] + beside[0] + beside[2] + below[0] + below[1] + below[2];
}

struct life_board life_step(const struct life_board *board)
{
    struct life_board next = { 0 };
    for (int row = 1; row <= LIFE_SIDE; row++) {
        for (int column = 1; column <= LIFE_SIDE; column++) {
            int count = neighbours(board, row, column);
            next.cell[row][column] = count == 3 || (count == 2 && board->cell[row][column]);
        }
    }
    return next;
}

void life_wrap(struct life_board *board)
{
    enum { LAST = LIFE_SIDE, BEYOND = LIFE_SIDE + 1 };
    for (int row = 1; row <= LIFE_SIDE; row++) {
        board->cell[row][0] = board->cell[row][LAST];
        board->cell[row][BEYOND] = board->cell[row][1];
    }
    memcpy(board->cell[0], board->cell[LAST], sizeof board->cell[0]);
    memcpy(board->cell[BEYOND], board->cell[1], sizeof board->cell[0]);
}

static struct life_board draw_board(struct rng *rng)
{
    struct life_board board = { 0 };
    for (int row = 1; row <= LIFE_SIDE; row++)
        for (int column = 1; column <= LIFE_SIDE; column++)
            board.cell[row][column] = rng_uniform(rng) < probability_alive;
    return board;
}

static void copy_cells(real *cells, const struct life_board *board)
{
    for (int row = 0; row < LIFE_SIDE; row++)
        for (int column = 0; column < LIFE_SIDE; column++)
            cells[row * LIFE_SIDE + column] = board->cell[row + 1][column + 1];
}

/* What the examples of a data set have in common. */
struct game {
    int frame_of_step[TASK_FRAMES];
    bool wraps;
};

static void draw_example(struct rng *rng, struct task_set *set, int i, double *x, int inputs,
                         const void *context)
{
    const struct game *game = context;
    real cells[LIFE_CELLS];
    real *xstar = set->xstar + (size_t)i * TASK_FRAMES * LIFE_CELLS;
    struct life_board board = draw_board(rng);
    copy_cells(cells, &board);
    for (int j = 0; j < inputs; j++)
        x[j] = cells[j];
    for (int step = 0; step < TASK_FRAMES; step++) {
        if (game->wraps)
            life_wrap(&board);
        board = life_step(&board);
        copy_cells(xstar + game->frame_of_step[step] * LIFE_CELLS, &board);
    }
    set->labels[i] = board.cell[LIFE_SIDE / 2 + 1][LIFE_SIDE / 2 + 1];
}

static void draw_order(int frame_time[TASK_FRAMES], const struct task_request *request)
{
    for (int i = 0; i < TASK_FRAMES; i++)
        frame_time[i] = i;
    struct rng rng;
    rng_init(&rng, request->data_seed, RNG_DATA_MAP, 0);
    if (request->scramble)
        rng_shuffle(&rng, frame_time, TASK_FRAMES);
}

bool game_of_life_make(struct task_data *out, const struct task_request *request,
                       struct error *error)
{
    out->inputs = out->features = LIFE_CELLS;
    out->steps = TASK_FRAMES;
    out->privileged = TASK_FRAMES * LIFE_CELLS;
    out->outputs = 1;
    out->label_loss = LABEL_LOGISTIC;
    draw_order(out->frame_time, request);
    struct game game = { .wraps = request->wraps };
    for (int i = 0; i < TASK_FRAMES; i++)
        game.frame_of_step[out->frame_time[i]] = i;
    task_draw_sets(out, request, false, draw_example, &game);
    return true;
}
