#include "coordinator/report/paper.h"

#include <string.h>

#define SPECS "deploy/searches/paper/"

const struct paper_figure paper_figures[] = {
    { "Figure 3b", "task A: maximum test accuracy over input dimension and training examples",
      "figure-3b", NULL, SPECS "figure-3b.yaml", "both methods at every D and n, 5 seeds",
      FIGURE_HEAT, "map." },
    { "Figure 3d", "task B: test KL over training, LDT and the regularised student", "figure-3d",
      NULL, SPECS "figure-3d.yaml", "ldt, and no-teacher at each entropy coefficient", FIGURE_LINES,
      "curves." },
    { "Figure 4", "game of life: test accuracy by the number of training examples", "game-of-life",
      NULL, SPECS "game-of-life.yaml", "each method from few examples to many", FIGURE_LINES,
      "by." },
    { "Figure 5", "MuJoCo: test MSE over training in four environments", "mujoco-grid",
      "mujoco-rerun", SPECS "mujoco-grid.yaml", "the best of each method on 8 seeds", FIGURE_LINES,
      "curves." },
    { "Figure 6", "MuJoCo: generalisation gaps", "mujoco-grid", "mujoco-rerun",
      SPECS "mujoco-grid.yaml", "the runs of Figure 5", FIGURE_BARS, "gap." },
    { "Figure 7", "ablations in Walker2d", "ablations-walker2d", NULL,
      SPECS "ablations-walker2d.yaml", "mujoco-grid done, then the ablations", FIGURE_LINES,
      "curves." },
    { "Figure 8", "ablations in all environments", "ablations-*", NULL, SPECS "ablations-*.yaml",
      "mujoco-grid done, then the ablations of each environment", FIGURE_LINES, "curves." },
    { "Table 5", "MuJoCo: the best settings of LDT in each environment", "mujoco-grid", NULL,
      SPECS "mujoco-grid.yaml", "the grid search", FIGURE_WORDS, "best" },
    { "Table 7", "MuJoCo: minimum test MSE of each method in each environment", "mujoco-grid",
      "mujoco-rerun", SPECS "mujoco-grid.yaml", "the runs of Figure 5", FIGURE_TABLE, "values" },
};
const size_t n_paper_figures = sizeof paper_figures / sizeof *paper_figures;

static const char small[] = "-small";

static bool is_small_twin(const char *search)
{
    size_t length = strlen(search), tail = strlen(small);
    return length > tail && strcmp(search + length - tail, small) == 0;
}

/* '*' stands for any text, also for none. */
static bool matches(const char *pattern, const char *text, size_t length)
{
    if (pattern == NULL)
        return false;
    if (*pattern == '\0')
        return length == 0;
    if (*pattern != '*')
        return length > 0 && *pattern == *text && matches(pattern + 1, text + 1, length - 1);
    for (size_t skip = 0; skip <= length; skip++) {
        if (matches(pattern + 1, text + skip, length - skip))
            return true;
    }
    return false;
}

enum paper_match paper_matches(const struct paper_figure *figure, const char *search)
{
    bool is_small = is_small_twin(search);
    size_t length = strlen(search) - (is_small ? strlen(small) : 0);
    if (matches(figure->search, search, length))
        return is_small ? PAPER_SMALL : PAPER_FULL;
    if (matches(figure->other, search, length))
        return is_small ? PAPER_OTHER_SMALL : PAPER_OTHER;
    return PAPER_NONE;
}

bool paper_knows(const char *search)
{
    for (size_t i = 0; i < n_paper_figures; i++) {
        if (paper_matches(&paper_figures[i], search) != PAPER_NONE)
            return true;
    }
    return false;
}
