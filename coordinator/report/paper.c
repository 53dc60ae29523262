#include "coordinator/report/paper.h"

#include <string.h>

#define SPECS "deploy/searches/paper/"

const struct paper_figure paper_figures[] = {
    { "Figure 3b", "task A: maximum test accuracy over input dimension and training examples",
      "figure-3b", SPECS "figure-3b.yaml", "both methods at every D and n, 5 seeds", FIGURE_HEAT,
      "map." },
    { "Figure 3d", "task B: test KL over training, LDT and the regularised student", "figure-3d",
      SPECS "figure-3d.yaml", "ldt, and no-teacher at each entropy coefficient", FIGURE_LINES,
      "curves." },
    { "Figure 4", "game of life: test accuracy by the number of training examples", "game-of-life*",
      SPECS "game-of-life.yaml", "each method from 128 to 8192 examples", FIGURE_LINES, "by." },
    { "Figure 5", "MuJoCo: test MSE over training in four environments", "mujoco*",
      SPECS "mujoco-*.yaml", "ldt, auxiliary and no-teacher, the best of each on 8 seeds",
      FIGURE_LINES, "curves." },
    { "Figure 6", "MuJoCo: generalisation gaps", "mujoco*", SPECS "mujoco-*.yaml",
      "the runs of Figure 5", FIGURE_BARS, "gap." },
    { "Figure 7", "ablations in Walker2d", "ablations*walker2d", SPECS "ablations-walker2d.yaml",
      "FT, PT, RT-n, AR, beside ldt and no-teacher", FIGURE_LINES, "curves." },
    { "Figure 8", "ablations in all environments", "ablations*", SPECS "ablations-*.yaml",
      "the runs of Figure 7 in every environment", FIGURE_LINES, "curves." },
    { "Table 5", "MuJoCo: the best settings of LDT in each environment", "mujoco*",
      SPECS "mujoco-*.yaml", "the grid searches", FIGURE_WORDS, "best" },
    { "Table 7", "MuJoCo: minimum test MSE of each method in each environment", "mujoco*",
      SPECS "mujoco-*.yaml", "the runs of Figure 5", FIGURE_TABLE, "values" },
};
const size_t n_paper_figures = sizeof paper_figures / sizeof *paper_figures;

static const char small[] = "-small";

bool paper_is_small(const char *search)
{
    size_t length = strlen(search), tail = strlen(small);
    return length > tail && strcmp(search + length - tail, small) == 0;
}

/* '*' stands for any text, also for none. */
static bool matches(const char *pattern, const char *text, size_t length)
{
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

bool paper_matches(const struct paper_figure *figure, const char *search)
{
    size_t length = strlen(search) - (paper_is_small(search) ? strlen(small) : 0);
    return matches(figure->search, search, length);
}

bool paper_knows(const char *search)
{
    for (size_t i = 0; i < n_paper_figures; i++) {
        if (paper_matches(&paper_figures[i], search))
            return true;
    }
    return false;
}
